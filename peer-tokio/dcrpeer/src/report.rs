//! Writes notices as they happen: a line for people, or an object for programs.

use core::time::Duration;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use humantime::format_rfc3339_seconds;
use peer_core::message::{BlockHeader, Headers, Version};
use peer_core::{Direction, Message, Stats};
use serde::Serialize;

use crate::causes::Cause;
use crate::clock::Stopwatch;
use crate::command_totals::CommandTotals;
use crate::error::Failure;
use crate::format::{At, Count, Signed, Span, milliseconds};
use crate::layout::{fill, screen_width, shorten};
use crate::notice::{End, Notice, Relayed};
use crate::options::{network_name, services_text};
use crate::output::{self, Escaped, FAINT, GOOD, IN, OUT, Output, STRONG, Styled};
use crate::stats;
use crate::versions::VersionKind;

/// Where notices are written. Clones write to the same output.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    out: Arc<Mutex<Output>>,
    clock: Stopwatch,
    json: bool,
    /// Whether lines for people name the peer.
    many: bool,
}

/// A line for programs.
#[derive(Serialize)]
struct Line<'a> {
    ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<u64>,
    #[serde(flatten)]
    notice: &'a Notice<'a>,
}

impl Report {
    /// About one peer.
    pub(crate) fn about_one(json: bool) -> Self {
        Self::new(json, false)
    }

    /// About any number of peers, each of which has a number.
    pub(crate) fn about_many(json: bool) -> Self {
        Self::new(json, true)
    }

    fn new(json: bool, many: bool) -> Self {
        let out = if json { output::for_programs() } else { output::for_people() };
        Self { out: Arc::new(Mutex::new(out)), clock: Stopwatch::start(), json, many }
    }

    pub(crate) const fn is_for_people(&self) -> bool {
        !self.json
    }

    /// Writes text that is for people only.
    pub(crate) fn write(&self, write: impl FnOnce(&mut Output) -> io::Result<()>) -> Result<(), Failure> {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        write(&mut out)?;
        out.flush()?;
        Ok(())
    }

    /// Writes a notice with the current time, and the peer's number if it is about one.
    pub(crate) fn emit(&self, peer: Option<u64>, notice: &Notice<'_>) -> Result<(), Failure> {
        self.emit_at(self.clock.elapsed(), peer, notice)
    }

    /// Writes a notice about something that happened after so long.
    pub(crate) fn emit_at(
        &self,
        elapsed: Duration,
        peer: Option<u64>,
        notice: &Notice<'_>,
    ) -> Result<(), Failure> {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        if self.json {
            let line = Line { ms: milliseconds(elapsed), peer, notice };
            serde_json::to_writer(&mut *out, &line).map_err(io::Error::from)?;
            writeln!(out)?;
        } else {
            write!(out, "{}  ", Styled(FAINT, At(elapsed)))?;
            if let Some(peer) = peer.filter(|_| self.many) {
                write!(out, "{:<PEER$}", Styled(STRONG, format!("#{peer}")))?;
            }
            let taken = if self.many && peer.is_some() { INDENT.saturating_add(PEER) } else { INDENT };
            let room = screen_width().map(|width| width.saturating_sub(taken));
            self.write_for_people(&mut out, notice, room)?;
        }
        out.flush()?;
        Ok(())
    }

    fn write_for_people(&self, out: &mut Output, notice: &Notice<'_>, room: Option<usize>) -> io::Result<()> {
        match notice {
            Notice::Connecting { address, others, through, network } => {
                let through = through.map(|proxy| format!(" through {proxy}")).unwrap_or_default();
                let others: String = others.iter().map(|other| format!(", or {other}")).collect();
                writeln!(out, "connecting to {address}{others} ({}){through}", network_name(*network))
            }
            Notice::Listening { address, network } => {
                writeln!(out, "listening on {address} ({}); Ctrl-C ends it", network_name(*network))
            }
            Notice::Metrics { address } => writeln!(out, "metrics on http://{address}/metrics"),
            Notice::Connected { address, direction: Direction::Inbound, .. } => {
                writeln!(out, "{address} came")
            }
            Notice::Connected { address, .. } => writeln!(out, "connected to {address}"),
            Notice::Waiting { command, at_most } => {
                writeln!(out, "waiting for its {command} message, {} at most", Span(*at_most))
            }
            Notice::Version { protocol_version_is, message } => {
                writeln!(out, "{}", incoming("version", &introduction(message, *protocol_version_is), room))
            }
            Notice::Established { protocol_version } => {
                let done = Styled(GOOD, "handshake complete");
                writeln!(out, "{done}, protocol version {protocol_version}")
            }
            Notice::Message { command, message, round_trip_ms } => {
                writeln!(out, "{}", incoming(command, &summarize(message, *round_trip_ms), room))
            }
            Notice::Sent { command, message } => {
                writeln!(out, "{}", outgoing(command, &summarize(message, None), room))
            }
            Notice::Unanswered { command, reason } => writeln!(out, "{command}: {reason}"),
            Notice::Announced { items } => {
                let text = format!("{} made-up transactions follow", Count((*items).into()));
                writeln!(out, "{}", outgoing("inv", &text, room))
            }
            Notice::Asked { items, of_announced, announced } => {
                let (of_announced, announced) = (Count((*of_announced).into()), Count((*announced).into()));
                let items = Count((*items).into());
                writeln!(out, "asked for {items} of our items: {of_announced} of {announced} so far")
            }
            Notice::Unserved { detail, .. } => writeln!(out, "{detail}"),
            Notice::Refused { command, detail } => writeln!(out, "{command} was not sent: {detail}"),
            Notice::Warning { detail } => writeln!(out, "{} {detail}", Styled(STRONG, "careful:")),
            Notice::End(end) => self.write_end(out, end),
            Notice::Relayed(Relayed { detail, bytes_from_dialer, bytes_from_listener, .. }) => {
                let (ended, detail) = (Styled(STRONG, "ended"), Escaped(detail));
                let (there, back) = (Count(*bytes_from_dialer), Count(*bytes_from_listener));
                writeln!(out, "{ended}: {detail}; {there} bytes from the dialer, {back} from the listener")
            }
            Notice::RelayStopped { detail, peers, .. } => writeln!(out, "stopped: {detail}; {peers} came"),
            Notice::Status(status) => writeln!(out, "{status}"),
            Notice::Stopped { detail, peers, established, .. } => {
                writeln!(out, "stopped: {detail}; {peers} came, {established} shook hands")
            }
        }
    }

    fn write_end(&self, out: &mut Output, end: &End<'_>) -> io::Result<()> {
        let (ended, headline) = (Styled(STRONG, "ended"), Escaped(&end.headline).to_string());
        let start = INDENT.saturating_add("ended: ".len());
        let headline = fill(&headline, start);
        if let (Some(stats), true) = (end.stats, self.many) {
            let (sent, received) = (Count(stats.bytes_sent), Count(stats.bytes_received));
            writeln!(out, "{ended}: {headline}; sent {sent} bytes, received {received} bytes")?;
            return write_causes(out, &end.causes);
        }
        writeln!(out, "{ended}: {headline}")?;
        write_causes(out, &end.causes)?;
        if let (Some(announced), Some(asked), true) = (end.announced, end.asked, end.established) {
            writeln!(out, "announced {}, {} asked for", Count(announced.into()), Count(asked.into()))?;
        }
        if let (Some(stats), true) = (end.stats, end.established) {
            writeln!(out)?;
            stats::write_table(out, end.offered, &[("", stats)])?;
            let mut totals = CommandTotals::default();
            totals.add(&stats.commands);
            totals.write(out)?;
        }
        Ok(())
    }
}

/// The possible causes, one a line, the likeliest first.
fn write_causes(out: &mut Output, causes: &[Cause]) -> io::Result<()> {
    for (index, cause) in causes.iter().enumerate() {
        let label = if index == 0 { "most likely: " } else { "or: " };
        let text = fill(&cause.to_string(), INDENT.saturating_add(label.len()));
        writeln!(out, "{:INDENT$}{}{text}", "", Styled(FAINT, label))?;
    }
    Ok(())
}

/// The column where the text behind the time begins.
const INDENT: usize = 12;

/// The width of a peer's number.
const PEER: usize = 4;

/// A line about something that came in.
fn incoming(command: &str, text: &str, room: Option<usize>) -> String {
    line(Styled(IN, "◀──"), command, text, room)
}

/// A line about something that went out.
fn outgoing(command: &str, text: &str, room: Option<usize>) -> String {
    line(Styled(OUT, "──▶"), command, text, room)
}

/// `room` is the width left for the line, if there is a limit.
fn line(arrow: Styled<&str>, command: &str, text: &str, room: Option<usize>) -> String {
    let before = ARROW.saturating_add(COMMAND.max(command.len()));
    let text = room.map_or_else(|| text.to_owned(), |room| shorten(text, room.saturating_sub(before)));
    let command = Styled(STRONG, command);
    if text.is_empty() { format!("{arrow} {command}") } else { format!("{arrow} {command:<COMMAND$} {text}") }
}

/// The width of an arrow with the spaces around the command.
const ARROW: usize = 5;

/// The width of most commands.
const COMMAND: usize = 12;

/// A remote's `version` in one line.
fn introduction(version: &Version, kind: VersionKind) -> String {
    format!(
        "{}, protocol {}, block {}, services {}",
        version.user_agent,
        kind.describe(version.protocol_version),
        Signed(version.last_block.into()),
        services_text(version.services)
    )
}

/// A message in one line.
fn summarize(message: &Message, round_trip_ms: Option<f64>) -> String {
    match (message, round_trip_ms) {
        (Message::Ping(ping), _) => format!("nonce {}", ping.nonce),
        (Message::Pong(_), Some(ms)) => format!("rtt {ms:.2} ms"),
        (Message::Pong(pong), None) => format!("nonce {}", pong.nonce),
        (Message::FeeFilter(filter), _) => format!("at least {} atoms/kB", filter.min_fee),
        (Message::Headers(headers), _) => range(headers),
        (other, _) => {
            let summary = other.summary().to_string();
            let len = other.encoded_len();
            match summary.as_str() {
                "" if len == 0 => summary,
                "" => format!("{} bytes", Count::from(len)),
                _ => Escaped(&summary).to_string(),
            }
        }
    }
}

/// How many headers there are, and from which block to which.
fn range(headers: &Headers) -> String {
    let (Some(first), Some(last)) = (headers.headers.first(), headers.headers.last()) else {
        return "none".to_owned();
    };
    let block = |header: &BlockHeader| {
        let time = UNIX_EPOCH.checked_add(Duration::from_secs(header.timestamp.into()));
        let time = time.map(|time| format_rfc3339_seconds(time).to_string()).unwrap_or_default();
        format!("block {} ({time})", Count(header.height.into()))
    };
    let count = Count::from(headers.headers.len());
    format!("{count}, from {} to {}", block(first), block(last))
}

/// A round trip as programs read it.
pub(crate) fn round_trip_ms(stats: &Stats) -> Option<f64> {
    stats.last_ping_round_trip.filter(|_| stats.last_ping_nonce == 0).map(milliseconds)
}
