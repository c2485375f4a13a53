//! Errors, by who has to act.
//!
//! [`FrameError`] and [`CodecError`] tell what is wrong with bytes (or with a message that was to become
//! bytes); [`Error`] why a connection is over; [`SendError`] why a command was refused and that the peer is
//! unharmed; [`ConfigError`] what does not fit together in a configuration. All are
//! plain values that compare with `==`.
//!
//! The text of an error is the whole sentence, its cause included: `bad ping message: payload ends early: …`. Therefore
//! [`source`](core::error::Error::source) gives nothing, and a reporter that joins sources tells no cause twice. Programs
//! find the cause as a field.

mod codec;
mod config;
mod frame;
mod kind;
mod peer;

pub use codec::{CodecError, Excess};
pub use config::ConfigError;
pub use frame::FrameError;
pub use kind::ErrorKind;
pub use peer::{Error, Expected, SendError, TooManyHandshakes};
