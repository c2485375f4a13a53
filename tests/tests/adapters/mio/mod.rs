//! The mio adapter: over scripted streams, whose every answer is planned, and over real ones.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod ends;
mod ids;
mod leaving;
mod loopback;
mod not_ready;
mod room;
mod scripted;
mod streams;
mod time;
mod turns;
