//! The golden vectors: every line of every file, through the public API.
//!
//! `PEER_VECTORS=DIR` runs the same tests over another folder. A line is checked, or skipped by a rule that
//! has a name; anything else fails.

#![expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

mod building;
mod common;
mod constants;
mod hashes;
mod messages;
mod refusals;
mod structs;
mod synchronisation;
mod versions;
