//! `replay --step` and `--until`: the machine as it is after each piece, or at a time.

use core::time::Duration;
use std::collections::BTreeMap;
use std::io::{self, Write};

use peer_core::recording::{Difference, Entry, EntryKind, Outcome, Recording, Replay, Side};
use peer_core::{Peer, Time};
use serde::Serialize;

use crate::error::Failure;
use crate::format::{At, Counted, milliseconds};
use crate::output::{self, FAINT, Output, STRONG, Styled};

/// Replays up to `until`, and shows the machine after each piece if `each`, and at `until`.
pub(super) fn run(
    mut replay: Replay<'_>,
    recording: &Recording,
    each: bool,
    until: Option<Duration>,
    json: bool,
) -> Result<Result<Outcome, Box<Difference>>, Failure> {
    let until = until.map(Time::from_elapsed);
    let mut view = View::new(recording, json);
    loop {
        let next = replay.next_entry();
        let is_left = next.is_some_and(|entry| until.is_none_or(|until| entry.at <= until));
        if !is_left {
            break;
        }
        let index = replay.position();
        match replay.step() {
            Err(difference) => return Ok(Err(difference)),
            Ok(Some(entry)) if each => view.show(replay.now(), Some((entry, index)), &replay)?,
            Ok(_) => {}
        }
    }
    let Some(until) = until.filter(|_| replay.next_entry().is_some()) else {
        return Ok(replay.finish());
    };
    if let Err(difference) = replay.pass_time(until) {
        return Ok(Err(difference));
    }
    view.show(until, None, &replay)?;
    Ok(Ok(replay.stop()))
}

struct View {
    out: Output,
    json: bool,
    /// The commands of the messages that end with an entry.
    commands: BTreeMap<usize, Vec<String>>,
}

/// For programs: an entry, and the machine after it.
#[derive(Serialize)]
struct Step<'a> {
    event: &'static str,
    at_ms: f64,
    /// The side that sent the piece, or whose stream ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<usize>,
    /// Messages that are complete with this piece.
    messages: &'a [String],
    state: String,
    /// Bytes that wait to be written.
    queued: usize,
    open_requests: usize,
    /// What the machine waits for, and until when.
    timeouts_ms: BTreeMap<String, f64>,
}

impl View {
    fn new(recording: &Recording, json: bool) -> Self {
        let mut commands: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for side in [Side::Dialer, Side::Listener] {
            for message in recording.messages(side).into_iter().flatten() {
                let command = message.message.command().to_string();
                commands.entry(message.entry).or_default().push(command);
            }
        }
        Self { out: if json { output::for_programs() } else { output::for_people() }, json, commands }
    }

    fn show(&mut self, at: Time, entry: Option<(&Entry, usize)>, replay: &Replay<'_>) -> Result<(), Failure> {
        let peer = replay.connection().peer();
        let messages = entry.and_then(|(_, index)| self.commands.remove(&index)).unwrap_or_default();
        if !self.json {
            return Ok(self.show_for_people(at, entry.map(|(entry, _)| entry), &messages, peer)?);
        }
        let (from, bytes) = entry.map_or((None, None), |(entry, _)| piece(entry));
        let timeouts = peer.timeouts().map(|(at, timer)| (timer.to_string(), milliseconds(at.elapsed())));
        let step = Step {
            event: "step",
            at_ms: milliseconds(at.elapsed()),
            from: from.map(Side::name),
            bytes,
            messages: &messages,
            state: state(peer),
            queued: peer.queued(),
            open_requests: peer.open_requests(),
            timeouts_ms: timeouts.collect(),
        };
        output::write_object(&mut self.out, &step)
    }

    fn show_for_people(
        &mut self,
        at: Time,
        entry: Option<&Entry>,
        messages: &[String],
        peer: &Peer,
    ) -> io::Result<()> {
        let out = &mut self.out;
        write!(out, "{}  ", Styled(FAINT, At(at.elapsed())))?;
        match entry.map(|entry| (piece(entry), &entry.kind)) {
            None => write!(out, "{}", Styled(STRONG, "stopped here"))?,
            Some(((Some(side), Some(bytes)), _)) => {
                write!(out, "{} sent {}", Styled(STRONG, side), Counted(bytes as u64, "byte"))?;
            }
            Some(((Some(side), None), _)) => write!(out, "{} ended its stream", Styled(STRONG, side))?,
            Some((_, EntryKind::End { reason, .. })) => write!(out, "the end: {reason}")?,
            Some(_) => out.write_all(b"pieces are missing from here on")?,
        }
        if !messages.is_empty() {
            write!(out, ": {}", messages.join(", "))?;
        }
        let queued = Counted(peer.queued() as u64, "byte");
        let requests = Counted(peer.open_requests() as u64, "request");
        write!(out, "\n            {}; {queued} queued; {requests} open", state(peer))?;
        for (at, timer) in peer.timeouts() {
            write!(out, "; {timer} at {at}")?;
        }
        writeln!(out)?;
        out.flush()
    }
}

/// The side of a piece and its length; no length at the end of a stream.
fn piece(entry: &Entry) -> (Option<Side>, Option<usize>) {
    match &entry.kind {
        EntryKind::Bytes { from, bytes } => (Some(*from), Some(bytes.len())),
        EntryKind::Skipped { from, bytes, .. } => (Some(*from), usize::try_from(*bytes).ok()),
        EntryKind::Eof(side) => (Some(*side), None),
        _ => (None, None),
    }
}

fn state(peer: &Peer) -> String {
    match peer.failure() {
        Some(error) => error.name(),
        None if peer.is_established() => "established".to_owned(),
        None => "handshake".to_owned(),
    }
}
