//! Drives [`peer_core`] machines over tokio streams.

pub use peer_core;
