//! The Decred peer-to-peer protocol as a pure state machine.
#![no_std]

extern crate alloc;

pub mod blake256;
mod config;
pub mod error;
mod event;
pub mod frame;
mod hash;
pub mod message;
mod network;
mod node;
mod peer;
mod protocol;
#[cfg(feature = "serde")]
mod serialize;
mod services;
mod time;

pub use config::{Config, ConfigBuilder, ConfigError, UnrequestedAnswers};
pub use error::{CodecError, Error, ErrorKind, Excess, FrameError, SendError, TooManyHandshakes};
pub use event::{Direction, Event, Hello};
pub use hash::{Hash, ParseHashError};
pub use message::{Command, Message};
pub use network::{Network, UnknownNetwork};
pub use node::Node;
pub use peer::{End, Mark, Peer, Stats, Timer};
pub use protocol::ProtocolVersion;
pub use services::Services;
pub use time::Time;
