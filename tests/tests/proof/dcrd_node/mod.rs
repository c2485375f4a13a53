//! The scripted node that stands for a real one, and our machine next to it.
//!
//! `server_case` has what it does case by case; here are whole conversations, and what takes its time.

#![expect(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a test fails by panicking")]

mod conversation;
mod demands;
mod hosts;
mod synchronisation;

use core::time::Duration;

use peer_core::{Config, ConfigBuilder, Network, Services};

/// How our machine is configured unless a test says otherwise.
fn config() -> ConfigBuilder {
    Config::builder(Network::SIMNET).services(Services::NODE_NETWORK)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
