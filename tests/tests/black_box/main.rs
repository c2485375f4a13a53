//! Both adapters as a remote meets them: a node in a thread of its own behind a real socket, and a test that
//! knows nothing of it but what comes over the wire and what its owner is told.
//!
//! `bad_bytes`, `silence`, `endings` and `load` hold the cases, `subject` what they need of a node, `client` the
//! remote, and `tokio` and `mio` each run all cases against one adapter.
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod bad_bytes;
mod client;
mod endings;
mod load;
mod mio;
mod silence;
mod subject;
mod tokio;
