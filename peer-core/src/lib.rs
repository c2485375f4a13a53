//! The Decred peer-to-peer protocol as a pure state machine.
#![no_std]

extern crate alloc;

pub mod blake256;
pub mod error;
mod hash;
pub mod message;
mod network;
mod protocol;
#[cfg(feature = "serde")]
mod serialize;
mod services;

pub use error::{CodecError, ErrorKind, Excess, FrameError};
pub use hash::{Hash, ParseHashError};
pub use message::{Command, Message};
pub use network::{Network, UnknownNetwork};
pub use protocol::ProtocolVersion;
pub use services::Services;
