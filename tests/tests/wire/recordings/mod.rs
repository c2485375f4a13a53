//! Recordings: the format, what is dropped, and machines in the place of a recorded side.

#![expect(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a test fails by panicking")]

mod dropping;
mod filtering;
mod format;
mod replaying;
