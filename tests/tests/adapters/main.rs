//! Both adapters, over scripted and real streams.

mod mio;
mod tokio;
