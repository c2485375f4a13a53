//! Both adapters, over scripted and real streams.

mod limit;
mod mio;
mod tokio;
