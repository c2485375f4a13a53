//! The tokio adapter: over loopback TCP, and over pipes of a few bytes with a paused clock.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]
#![expect(clippy::disallowed_methods, reason = "the clock is tokio's paused one")]

mod backpressure;
mod budget;
mod cancel;
mod cancel_requests;
mod consent;
mod ends;
mod fairness;
mod flushing;
mod gathering;
mod heard;
mod leaving;
mod many;
mod panics;
mod recorded;
mod requests;
mod responses;
mod room;
mod runtimes;
mod sockets;
mod statistics;
mod talking;
mod time;
mod undriven;
mod wakes;
mod writes;

mod poll;
mod samples;
mod side;
mod streams;

use core::time::Duration;

/// Longer than anything lasts that ends by itself.
const HOUR: Duration = Duration::from_secs(3600);
