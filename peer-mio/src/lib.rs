//! Drives [`peer_core`] machines over mio sockets: many peers on one thread.
//!
//! This release reserves the crate's name and re-exports the machine, which any mio loop can already drive
//! by hand: see the `blocking` example of `peer-core` for the four calls a driver makes.

pub use peer_core;
