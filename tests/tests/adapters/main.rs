//! Both adapters, over scripted and real streams.

#[cfg(target_os = "linux")]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod alone;
#[expect(clippy::arithmetic_side_effects, reason = "small numbers")]
mod generators;
mod limit;
mod mio;
mod tokio;
