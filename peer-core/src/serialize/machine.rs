//! What the machine tells: events, ends and statistics.

use core::time::Duration;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::Text;
use crate::error::Error;
use crate::event::{Direction, Event};
use crate::message::Command;
use crate::peer::{CommandCount, Stats, Timer};
use crate::protocol_version::ProtocolVersion;

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The number of fields is that of those which are there: some formats write it first.
        let fields = match self {
            Self::Established => 1,
            Self::Version(_) => 2,
            Self::Message(_) => 3,
            Self::Unanswered { .. } => 4,
            Self::Response(_) => 5,
        };
        let mut fields = serializer.serialize_struct("Event", fields)?;
        match self {
            Self::Version(version) => {
                fields.serialize_field("event", "version")?;
                fields.skip_field("command")?;
                fields.serialize_field("message", version)?;
            }
            Self::Established => {
                fields.serialize_field("event", "established")?;
                fields.skip_field("command")?;
                fields.skip_field("message")?;
            }
            Self::Message(message) => {
                fields.serialize_field("event", "message")?;
                fields.serialize_field("command", &message.command())?;
                fields.serialize_field("message", message)?;
            }
            Self::Response(response) => {
                fields.serialize_field("event", "response")?;
                fields.serialize_field("id", &response.id.get())?;
                fields.serialize_field("remaining", &response.remaining)?;
                fields.serialize_field("command", &response.message.command())?;
                fields.serialize_field("message", &response.message)?;
            }
            Self::Unanswered { id, reason, missing } => {
                fields.serialize_field("event", "unanswered")?;
                fields.serialize_field("id", &id.get())?;
                fields.serialize_field("reason", reason)?;
                fields.serialize_field("missing", missing)?;
            }
        }
        fields.end()
    }
}

impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Error", 2)?;
        fields.serialize_field("reason", &self.name())?;
        fields.serialize_field("detail", &Text(self))?;
        fields.end()
    }
}

impl Serialize for Stats {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let seconds = |time| self.unix_seconds(time);
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let mut fields = serializer.serialize_struct("Stats", 19)?;
        fields.serialize_field("id", &self.id)?;
        fields.serialize_field("address", &Text(self.address))?;
        fields.serialize_field("direction", &self.direction)?;
        fields.serialize_field("services", &self.services)?;
        fields.serialize_field("last_send", &self.last_send.map(seconds))?;
        fields.serialize_field("last_recv", &self.last_recv.map(seconds))?;
        fields.serialize_field("bytes_sent", &self.bytes_sent)?;
        fields.serialize_field("bytes_received", &self.bytes_received)?;
        fields.serialize_field("connected", &seconds(self.connected))?;
        fields.serialize_field("time_offset", &self.time_offset)?;
        fields.serialize_field("advertised_version", &self.advertised_version)?;
        fields.serialize_field("protocol_version", &self.protocol_version)?;
        fields.serialize_field("user_agent", &self.user_agent)?;
        fields.serialize_field("starting_height", &self.starting_height)?;
        fields.serialize_field("last_block", &self.last_block)?;
        fields.serialize_field("last_ping_nonce", &self.last_ping_nonce)?;
        fields.serialize_field("last_ping_time", &self.last_ping_time.map(seconds))?;
        fields.serialize_field("last_ping_micros", &self.last_ping_round_trip.map(micros))?;
        fields.serialize_field("commands", &self.commands)?;
        fields.end()
    }
}

impl Serialize for CommandCount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("CommandCount", 5)?;
        fields.serialize_field("command", &self.command)?;
        fields.serialize_field("messages_sent", &self.messages_sent)?;
        fields.serialize_field("bytes_sent", &self.bytes_sent)?;
        fields.serialize_field("messages_received", &self.messages_received)?;
        fields.serialize_field("bytes_received", &self.bytes_received)?;
        fields.end()
    }
}

impl Serialize for Direction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Timer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Command {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for ProtocolVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.get())
    }
}
