//! Reserved for the adapter that drives [`peer_core`] machines over mio sockets, many peers on one thread.
//!
//! Until it comes, this crate re-exports the machine; its documentation shows the loop that drives one over any
//! stream that does not block.

pub use peer_core;
