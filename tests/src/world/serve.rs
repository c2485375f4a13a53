//! One end's turn: what an adapter does when bytes came, a timer is due or its owner gave it work.
//!
//! The rules are those of `peer-tokio`: pull until the machine wants more bytes, then read a bounded piece; tell when there
//! is nothing left to read; run the timers; write what the transport takes.

use core::mem;
use core::time::Duration;

use peer_core::{Event, TransportError};

use super::link::{self, ConnectionId};
use super::pipe::Ending;
use super::queue::Due;
use super::state::{Drive, State};
use super::{Ended, Logic, Turn, What, World};
use crate::bound::Turns;

/// Most bytes that are read at once.
const READ: usize = 16 * 1024;

/// Bytes that an owner likes to write together.
const WRITE: usize = 16 * 1024;

impl<L: Logic> World<L> {
    /// A dial reaches the other node.
    pub(super) fn accept(&mut self, id: ConnectionId) {
        if !self.state.is_reachable(id) {
            self.state.give_up(id.other());
            return;
        }
        let Some(latency) = self.state.link(id).map(|link| link.latency) else { return };
        self.state.queue.push(self.state.now + latency, Due::Connect(id.other()));
        self.open(id);
    }

    /// The dialling node learns how its dial went.
    pub(super) fn connect(&mut self, id: ConnectionId) {
        if self.state.link(id).is_some_and(|link| link.is_refused) {
            self.finish(id, &Ended::Unreachable);
        } else {
            self.open(id);
        }
    }

    fn open(&mut self, id: ConnectionId) {
        match self.state.open(id) {
            Ok(()) => {
                self.tell(id, |logic, turn| logic.on_connected(id, turn));
                self.serve(id);
            }
            Err(error) => self.finish(id, &Ended::TooManyHandshakes(error)),
        }
    }

    /// An end's turn.
    pub(super) fn serve(&mut self, id: ConnectionId) {
        let now = self.state.now;
        let Some(end) = self.state.end_mut(id) else { return };
        end.is_due = false;
        end.timer = end.timer.filter(|at| *at > now);
        if end.machine.is_none() {
            return;
        }
        let mut turns = Turns::default();
        loop {
            turns.next();
            self.read(id);
            self.state.tick(id);
            let may_read_again = self.state.write(id);
            if let Some(error) = self.state.failure(id) {
                return self.finish(id, &Ended::Connection(error));
            }
            if !may_read_again {
                break;
            }
        }
        self.state.set_timer(id);
    }

    /// Hands out events and reads until there is nothing left of either.
    fn read(&mut self, id: ConnectionId) {
        let mut turns = Turns::default();
        while !self.state.is_held(id) {
            turns.next();
            if self.state.hold_events(id) {
                break;
            }
            if let Some(event) = self.state.pull(id) {
                self.tell(id, |logic, turn| logic.on_event(id, event, turn));
            } else if !self.state.read(id) {
                break;
            }
        }
    }

    fn finish(&mut self, id: ConnectionId, ended: &Ended) {
        let Some(node) = self.state.end(id).map(|end| end.node) else { return };
        self.state.retire(id, ended);
        self.act(node, |logic, turn| logic.on_ended(id, ended, turn));
    }

    fn tell(&mut self, id: ConnectionId, call: impl FnOnce(&mut L, &mut Turn<'_>)) {
        if let Some(node) = self.state.end(id).map(|end| end.node) {
            self.act(node, call);
        }
    }
}

impl State {
    /// Whether the owner looks away.
    fn is_held(&self, id: ConnectionId) -> bool {
        self.end(id).is_some_and(|end| end.held_until > self.now)
    }

    /// Tells the machine where the owner takes no events now.
    fn hold_events(&mut self, id: ConnectionId) -> bool {
        let is_held = self.end(id).is_some_and(|end| end.no_events_until > self.now);
        if is_held && let Some(Drive { machine, time, .. }) = self.drive(id) {
            machine.handle_hold(time);
        }
        is_held
    }

    /// The next event.
    fn pull(&mut self, id: ConnectionId) -> Option<Event> {
        let Drive { machine, time, .. } = self.drive(id)?;
        // A failure is found when the turn is over.
        let event = machine.receive(time).ok().flatten()?;
        self.note(self.end(id)?.node, Some(id), What::Event(&event));
        Some(event)
    }

    /// Reads a piece. `false` where there is none, or the machine wants none.
    fn read(&mut self, id: ConnectionId) -> bool {
        let now = self.now;
        let Some(drive) = self.drive(id) else { return false };
        let Drive { machine, time, rng, pool, input, output, latency, rules, .. } = drive;
        let ending = input.ending(now);
        if ending == Some(Ending::Reset) {
            input.clear(pool);
            machine.handle_transport_error(TransportError::Other, time);
            return false;
        }
        if !machine.wants_read() {
            return false;
        }
        if input.arrived(now) == 0 {
            match ending {
                // What is queued can no longer be written: both directions have ended.
                Some(Ending::Fin) if output.is_finished() => {
                    machine.handle_eof(time);
                }
                Some(Ending::Fin) => {
                    machine.handle_half_close(time);
                }
                _ => {}
            }
            machine.shrink();
            machine.handle_drained(time);
            return false;
        }
        let most = rules.draw_piece(rng).min(READ);
        let count = input.read(most, |bytes| machine.feed(bytes), pool);
        if mem::take(&mut input.blocked) {
            self.queue.push(now + latency, Due::Serve(id.other()));
        }
        self.note_at(id, What::Read(count));
        true
    }

    /// Runs the timers that are due.
    fn tick(&mut self, id: ConnectionId) {
        if self.is_held(id) {
            return;
        }
        let Some(Drive { machine, time, rng, .. }) = self.drive(id) else { return };
        let due = machine.next_timeout().filter(|(at, _)| *at <= time);
        // A failure is found when the turn is over.
        machine.tick(time, rng).ok();
        if let Some((_, timer)) = due {
            self.note_at(id, What::Due(timer));
        }
    }

    /// Writes what the transport takes. Returns whether a machine that did not want to read does now.
    fn write(&mut self, id: ConnectionId) -> bool {
        let wanted = self.machine(id).is_some_and(|machine| machine.wants_read());
        let mut bytes = mem::take(&mut self.scratch);
        let mut turns = Turns::default();
        while self.write_piece(id, &mut bytes) {
            turns.next();
        }
        self.scratch = bytes;
        self.shut_down(id);
        !wanted && self.machine(id).is_some_and(|machine| machine.wants_read())
    }

    /// Ends this direction once everything of an owner that left is written.
    fn shut_down(&mut self, id: ConnectionId) {
        let now = self.now;
        let Some(Drive { machine, output, latency, .. }) = self.drive(id) else { return };
        if machine.wants_shutdown() && !output.is_finished() {
            let at = output.finish(now, latency);
            self.queue.push(at, Due::Serve(id.other()));
        }
    }

    /// Writes a piece, by way of `bytes`. `false` where nothing waits or nothing more is taken.
    fn write_piece(&mut self, id: ConnectionId, bytes: &mut Vec<u8>) -> bool {
        let now = self.now;
        let Some(drive) = self.drive(id) else { return false };
        let Drive { machine, time, rng, pool, output, latency, rules, is_heard, .. } = drive;
        if machine.wants_write() && output.is_finished() {
            // The scenario ended this direction while something waited.
            machine.handle_write_error(TransportError::Other, time);
        }
        if !machine.wants_write() {
            return false;
        }
        let room = rules.room.saturating_sub(output.len());
        let most = if room == 0 { 0 } else { rules.draw_piece(rng).min(room) };
        bytes.clear();
        let gather = |shown: &[u8]| bytes.extend_from_slice(shown);
        // Some owners write frame by frame, others what fits together; an owner that changes between them meets both.
        match link::below(rng, 3) {
            0 => machine.hand_over(most, time, gather),
            1 => machine.hand_over_pieces(most, most, time, gather),
            _ => machine.hand_over_pieces(WRITE, most, time, gather),
        };
        if bytes.is_empty() {
            if !mem::replace(&mut output.blocked, true) {
                self.note_at(id, What::Blocked);
            }
            return false;
        }
        // What no one will read is lost.
        if is_heard {
            let jitter = link::draw_duration(rng, &(Duration::ZERO..=rules.jitter));
            let arrival = output.write(bytes, now, (rules.duration_of(bytes.len()), latency + jitter), pool);
            if let Some(at) = arrival {
                self.queue.push(at, Due::Serve(id.other()));
            }
        }
        self.note_at(id, What::Wrote(bytes));
        true
    }

    fn note_at(&mut self, id: ConnectionId, what: What<'_>) {
        if let Some(node) = self.end(id).map(|end| end.node) {
            self.note(node, Some(id), what);
        }
    }
}
