//! Harness of the integration tests: everything that more than one test file needs.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test harness fails by panicking"
)]

pub mod bound;
pub mod checked;
pub mod dcrd_node;
pub mod figures;
pub mod fuzz;
pub mod hex;
pub mod invariants;
pub mod neighbour;
pub mod pair;
pub mod palette;
pub mod recordings;
pub mod remote;
pub mod requests;
pub mod rng;
pub mod samples;
pub mod schedule;
pub mod snapshot;
pub mod stated;
pub mod text;
pub mod vectors;
pub mod world;
