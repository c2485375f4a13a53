//! The conversation, told as `connect` tells it live.

use core::time::Duration;

use peer_core::recording::{Entry, EntryKind, RecordedMessage, Recording, Side, Unreadable};
use peer_core::{Direction, Message, ProtocolVersion, Time};

use crate::error::{Failure, chain};
use crate::format::{Count, Counted, milliseconds};
use crate::notice::{End, Notice};
use crate::report::Report;

/// The only peer's number.
const NUMBER: u64 = 1;

/// Tells what the side that recorded saw; where neither did, what the dialer saw.
pub(super) fn tell(recording: &Recording, json: bool) -> Result<(), Failure> {
    let header = recording.header.as_ref();
    let direction = header.and_then(|header| header.direction).unwrap_or(Direction::Outbound);
    let side = Side::of(direction);
    let address = header.map_or("", |header| &header.address);
    let offered = recording.version_of(side).and_then(|version| u32::try_from(version.protocol_version).ok());
    let mut story = Story {
        report: Report::about_one(json),
        side,
        direction,
        offered: offered.map_or(ProtocolVersion::LATEST, ProtocolVersion::new),
        negotiated: recording.negotiated().unwrap_or(ProtocolVersion::LATEST),
        established: false,
        ping: None,
    };
    let address = if address.is_empty() { "a peer" } else { address };
    story.emit(Time::ZERO, &Notice::Connected { address, direction, isolated: None })?;
    let mut said: Vec<_> = [Side::Dialer, Side::Listener].map(|side| recording.messages(side)).concat();
    said.sort_by_key(index);
    let mut said = said.into_iter().peekable();
    for (number, entry) in recording.entries.iter().enumerate() {
        while let Some(said) = said.next_if(|said| index(said) <= number) {
            story.tell(said)?;
        }
        if let Some(end) = story.tell_entry(entry)? {
            return Ok(end);
        }
    }
    let at = recording.entries.last().map_or(Time::ZERO, |entry| entry.at);
    let first = recording.entries.iter().find_map(|entry| match entry.kind {
        EntryKind::Eof(side) => Some(side),
        _ => None,
    });
    match first.filter(|_| !recording.is_cut) {
        Some(side) => story.end(at, "Closed", &format!("the {side} ended its stream first")),
        None => story.end(at, "Cut", "the recording ends here"),
    }
}

fn index(said: &Result<RecordedMessage, Unreadable>) -> usize {
    match said {
        Ok(said) => said.entry,
        Err(unreadable) => unreadable.entry,
    }
}

struct Story {
    report: Report,
    side: Side,
    direction: Direction,
    /// The highest version of the side that recorded.
    offered: ProtocolVersion,
    negotiated: ProtocolVersion,
    established: bool,
    /// Our latest ping.
    ping: Option<(u64, Time)>,
}

impl Story {
    fn tell(&mut self, said: Result<RecordedMessage, Unreadable>) -> Result<(), Failure> {
        match said {
            Ok(said) if said.from == self.side => self.tell_ours(&said),
            Ok(said) => self.tell_theirs(&said),
            Err(unreadable) => self.emit(unreadable.at, &Notice::Warning { detail: &chain(&unreadable) }),
        }
    }

    /// What we said, but for what the machine always says by itself.
    fn tell_ours(&mut self, said: &RecordedMessage) -> Result<(), Failure> {
        match &said.message {
            Message::Version(_) | Message::Verack | Message::Pong(_) => return Ok(()),
            Message::Ping(ping) => self.ping = Some((ping.nonce, said.at)),
            _ => {}
        }
        let command = said.message.command().to_string();
        self.emit(said.at, &Notice::Sent { command, message: &said.message })
    }

    fn tell_theirs(&mut self, said: &RecordedMessage) -> Result<(), Failure> {
        let message = &said.message;
        match message {
            Message::Version(version) => {
                self.emit(said.at, &Notice::version(version, self.direction, self.offered))
            }
            Message::Verack => {
                self.established = true;
                let protocol_version = self.negotiated.get();
                self.emit(said.at, &Notice::Established { protocol_version })
            }
            _ => {
                let (command, round_trip_ms) = (message.command().to_string(), self.round_trip_ms(said));
                self.emit(said.at, &Notice::Message { command, message, round_trip_ms })
            }
        }
    }

    /// Only of a pong that answers our latest ping.
    fn round_trip_ms(&mut self, said: &RecordedMessage) -> Option<f64> {
        let Message::Pong(pong) = &said.message else { return None };
        let (_, sent) = self.ping.take_if(|(nonce, _)| *nonce == pong.nonce)?;
        Some(milliseconds(said.at.saturating_since(sent)))
    }

    /// Tells a line without bytes. Returns a value at the end.
    fn tell_entry(&self, entry: &Entry) -> Result<Option<()>, Failure> {
        match &entry.kind {
            EntryKind::Dropped { pieces, bytes } => {
                let (pieces, bytes) = (Counted(*pieces, "piece"), Counted(*bytes, "byte"));
                let detail = format!("missing from here on: {pieces} with {bytes}");
                self.emit(entry.at, &Notice::Warning { detail: &detail }).map(|()| None)
            }
            EntryKind::Skipped { from, bytes, hash } => {
                let (from, bytes) = (from.name(), Count(*bytes));
                let detail = format!(
                    "{bytes} bytes of the {from} are left out; BLAKE-256 {}",
                    hex::encode(hash.as_bytes())
                );
                self.emit(entry.at, &Notice::Warning { detail: &detail }).map(|()| None)
            }
            EntryKind::End { reason, detail } => self.end(entry.at, reason, detail).map(Some),
            _ => Ok(None),
        }
    }

    fn end(&self, at: Time, reason: &str, detail: &str) -> Result<(), Failure> {
        let notice = Notice::End(End {
            ok: self.established && reason == "ClosedByOwner",
            established: self.established,
            reason: reason.to_owned(),
            detail: detail.to_owned(),
            headline: detail.to_owned(),
            causes: Vec::new(),
            redial_after: None,
            announced: None,
            asked: None,
            offered: self.offered,
            stats: None,
        });
        self.emit(at, &notice)
    }

    fn emit(&self, at: Time, notice: &Notice<'_>) -> Result<(), Failure> {
        let elapsed: Duration = at.elapsed();
        self.report.emit_at(elapsed, Some(NUMBER), notice)
    }
}
