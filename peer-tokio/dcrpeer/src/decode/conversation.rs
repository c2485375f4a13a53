//! Decodes what both sides of a connection sent, frame by frame.

use core::time::Duration;
use std::io::{self, Write};

use bytes::BytesMut;
use peer_core::frame::Rules;
use peer_core::recording::{EntryKind, Recording, Side};
use peer_core::{Message, Network, ProtocolVersion};
use serde::Serialize;

use super::frames::{Frames, Item};
use super::{Tally, Verdict, decode, refuse, write_for_people};
use crate::error::Failure;
use crate::format::{At, Count, milliseconds};
use crate::output::{FAINT, Output, STRONG, Styled};

/// Where frames are told.
pub(super) struct Teller {
    pub(super) out: Output,
    pub(super) json: bool,
    pub(super) tally: Tally,
}

/// For programs: a frame and where it was found.
#[derive(Serialize)]
struct Placed<'a> {
    ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<u64>,
    from: &'static str,
    #[serde(flatten)]
    verdict: &'a Verdict,
}

/// For programs: bytes that cannot be decoded.
#[derive(Serialize)]
struct Lost<'a> {
    event: &'a str,
    ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<u64>,
    from: &'static str,
    bytes: u64,
}

impl Teller {
    /// Writes an object for programs, or a line for people.
    pub(super) fn write(&mut self, object: &impl Serialize, line: &str) -> Result<(), Failure> {
        if self.json {
            serde_json::to_writer(&mut self.out, object).map_err(io::Error::from)?;
            self.out.write_all(b"\n")?;
        } else {
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }
}

/// What both sides of a connection sent.
#[derive(Debug)]
pub(super) struct Conversation {
    /// Where there are several.
    number: Option<u64>,
    dialer: Way,
    listener: Way,
    /// The version in force until both have told theirs.
    default: ProtocolVersion,
}

#[derive(Debug, Default)]
struct Way {
    frames: Frames,
    /// The version in the `version` of this side.
    told: Option<ProtocolVersion>,
}

impl Conversation {
    pub(super) fn new(number: Option<u64>, network: Option<Network>, default: ProtocolVersion) -> Self {
        let way = || Way { frames: Frames::of(network), told: None };
        Self { number, dialer: way(), listener: way(), default }
    }

    const fn way(&mut self, side: Side) -> &mut Way {
        match side {
            Side::Dialer => &mut self.dialer,
            Side::Listener => &mut self.listener,
        }
    }

    /// Decodes what is complete with these bytes.
    pub(super) fn bytes(
        &mut self,
        (at, from): (Duration, Side),
        bytes: &[u8],
        teller: &mut Teller,
    ) -> Result<(), Failure> {
        self.way(from).frames.extend(bytes);
        while let Some(item) = self.way(from).frames.next() {
            match item {
                Item::Skipped(bytes) => self.lost("skipped", (at, from), bytes, teller)?,
                Item::Frame(network, frame) => self.frame((at, from), network, &frame, teller)?,
            }
        }
        Ok(())
    }

    /// So many bytes are missing here.
    pub(super) fn hole(
        &mut self,
        (at, from): (Duration, Side),
        missing: u64,
        teller: &mut Teller,
    ) -> Result<(), Failure> {
        self.cut((at, from), teller)?;
        self.lost("missing", (at, from), missing, teller)
    }

    /// No more bytes follow what came.
    pub(super) fn cut(&mut self, place: (Duration, Side), teller: &mut Teller) -> Result<(), Failure> {
        match self.way(place.1).frames.cut() {
            0 => Ok(()),
            bytes => self.lost("skipped", place, bytes, teller),
        }
    }

    fn frame(
        &mut self,
        (at, from): (Duration, Side),
        network: Network,
        frame: &[u8],
        teller: &mut Teller,
    ) -> Result<(), Failure> {
        let rules = Rules::new(network, self.version());
        let verdict = match decode(BytesMut::from(frame), rules) {
            Ok(accepted) => {
                if let Message::Version(version) = &accepted.message {
                    let told = u32::try_from(version.protocol_version).unwrap_or_default();
                    self.way(from).told = Some(ProtocolVersion::new(told));
                }
                Verdict::Accepted(Box::new(accepted))
            }
            Err(error) => Verdict::Refused(refuse(frame, rules, &error)),
        };
        teller.tally.count(&verdict);
        if teller.json {
            let placed = Placed {
                ms: milliseconds(at),
                connection: self.number,
                from: from.name(),
                verdict: &verdict,
            };
            return teller.write(&placed, "");
        }
        write_for_people(&mut teller.out, &self.label(at, from), &verdict)
    }

    fn version(&self) -> ProtocolVersion {
        match (self.dialer.told, self.listener.told) {
            (Some(dialer), Some(listener)) => dialer.min(listener),
            _ => self.default,
        }
    }

    fn lost(
        &self,
        event: &str,
        (at, from): (Duration, Side),
        bytes: u64,
        teller: &mut Teller,
    ) -> Result<(), Failure> {
        let what = if event == "missing" { "bytes are missing" } else { "bytes are part of no whole frame" };
        let line = format!("{}  {} {what}", self.label(at, from), Styled(STRONG, Count(bytes)));
        let lost = Lost { event, ms: milliseconds(at), connection: self.number, from: from.name(), bytes };
        teller.write(&lost, &line)
    }

    /// When, on which connection, and by whom.
    fn label(&self, at: Duration, from: Side) -> String {
        let number = self.number.map(|number| format!("#{number} ")).unwrap_or_default();
        Styled(FAINT, format_args!("{}  {number}{from:<8}", At(at))).to_string()
    }
}

/// Decodes a recording.
pub(super) fn decode_recording(
    recording: &Recording,
    network: Network,
    default: ProtocolVersion,
    teller: &mut Teller,
) -> Result<(), Failure> {
    let mut conversation = Conversation::new(None, recording.network.or(Some(network)), default);
    let mut last = Duration::ZERO;
    for entry in &recording.entries {
        last = entry.at.elapsed();
        match &entry.kind {
            EntryKind::Bytes { from, bytes } => conversation.bytes((last, *from), bytes, teller)?,
            EntryKind::Skipped { from, bytes, .. } => {
                conversation.hole((last, *from), *bytes, teller)?;
            }
            EntryKind::Dropped { bytes, .. } => {
                conversation.cut((last, Side::Dialer), teller)?;
                conversation.hole((last, Side::Listener), *bytes, teller)?;
            }
            _ => {}
        }
    }
    conversation.cut((last, Side::Dialer), teller)?;
    conversation.cut((last, Side::Listener), teller)
}
