//! The mio adapter: over scripted streams, whose every answer is planned, and over real ones.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod accepting;
mod ends;
mod gathering;
mod ids;
mod leaving;
mod loopback;
mod many;
mod not_ready;
mod pausing;
mod recorded;
mod room;
mod scripted;
mod shutdown;
mod streams;
mod time;
mod transports;
mod turns;
