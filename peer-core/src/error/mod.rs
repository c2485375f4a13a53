//! Errors, by who has to act. The crate's page lists them.

mod codec;
mod config;
mod frame;
mod kind;
mod peer;
mod report;
mod request;

pub use codec::{CodecError, Excess};
pub use config::ConfigError;
pub use frame::FrameError;
pub use kind::ErrorKind;
pub use peer::{Error, Expected, SendError, TooManyHandshakes};
pub use report::Report;
pub use request::RequestError;
