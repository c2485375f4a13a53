//! Errors. The crate's page says who acts on which.

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
