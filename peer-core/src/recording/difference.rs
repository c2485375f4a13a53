//! Where a replay left the recording.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;
use core::time::Duration;

use bytes::Bytes;

use super::RecordedMessage;
use crate::error::{Error, SendError};
use crate::frame::Header;
use crate::message::Message;
use crate::peer::Timer;
use crate::time::Time;

/// The first place where our machine does something else than the recorded side did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// When.
    pub at: Time,
    /// What the recorded side did.
    pub expected: Action,
    /// What our machine did instead.
    pub ours: Action,
    /// Whether the handshake of our machine was complete.
    pub is_established: bool,
    /// Why our connection had failed, if it had.
    pub failure: Option<Error>,
    /// When our machine would have acted next by itself, and by which timer.
    pub next_timeout: Option<(Time, Timer)>,
}

/// Something that a side did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Nothing.
    Nothing,
    /// It sent this frame.
    Frame {
        /// Its bytes.
        frame: Bytes,
        /// What it says, where it can be read.
        message: Option<Message>,
    },
    /// It sent bytes that are no frame.
    NoFrame,
    /// It refused to send what the owner said.
    Refused(SendError),
    /// The connection ended for the reason with this name.
    End(String),
}

impl From<&RecordedMessage> for Action {
    fn from(said: &RecordedMessage) -> Self {
        Self::Frame { frame: said.frame.clone(), message: Some(said.message.clone()) }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing"),
            Self::Frame { frame, message: Some(message) } => {
                let (command, summary) = (message.command(), message.summary());
                write!(f, "{command} of {} bytes", frame.len().saturating_sub(Header::LEN))?;
                let summary = summary.to_string();
                if summary.is_empty() { Ok(()) } else { write!(f, " ({summary})") }
            }
            Self::Frame { frame, message: None } => write!(f, "a frame of {} bytes", frame.len()),
            Self::NoFrame => f.write_str("bytes that are no frame"),
            Self::Refused(error) => write!(f, "nothing: {error}"),
            Self::End(reason) => write!(f, "the end, {reason}"),
        }
    }
}

impl Difference {
    /// The first byte in which the two frames differ, where both are frames.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        let (Action::Frame { frame: expected, .. }, Action::Frame { frame: ours, .. }) =
            (&self.expected, &self.ours)
        else {
            return None;
        };
        let same = expected.iter().zip(ours).take_while(|(expected, ours)| expected == ours);
        Some(same.count())
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, expected, ours, is_established, failure, next_timeout } = self;
        let at = Decimal(at.elapsed(), Unit::Milliseconds);
        write!(f, "at {at} ms: expected {expected}; ours: {ours}")?;
        if let Some(offset) = self.offset() {
            write!(f, "; first difference at byte {offset}")?;
        }
        match failure {
            Some(error) => write!(f, "; state: failed ({error})")?,
            None if *is_established => f.write_str("; state: established")?,
            None => f.write_str("; state: handshake")?,
        }
        match next_timeout {
            Some((at, timer)) => {
                let at = Decimal(at.elapsed(), Unit::Seconds);
                write!(f, "; next timeout: {timer} at {at} s")
            }
            None => f.write_str("; no timeout"),
        }
    }
}

impl core::error::Error for Difference {}

/// The unit of a time that people read.
#[derive(Clone, Copy, Debug)]
enum Unit {
    Seconds,
    Milliseconds,
}

/// A time to the nanosecond, with no more decimals than it needs.
#[derive(Clone, Copy, Debug)]
struct Decimal(Duration, Unit);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.subsec_nanos();
        let (whole, decimals) = match self.1 {
            Unit::Seconds => (u128::from(self.0.as_secs()), format!("{nanos:09}")),
            Unit::Milliseconds => (self.0.as_millis(), format!("{:06}", nanos % 1_000_000)),
        };
        let decimals = decimals.trim_end_matches('0');
        if decimals.is_empty() { write!(f, "{whole}") } else { write!(f, "{whole}.{decimals}") }
    }
}
