//! The machine of a script: every call on it is checked.

use core::convert::Infallible;
use std::sync::LazyLock;

use bytes::BytesMut;
use peer_core::message::{Address, Inventory, NetAddressV2, RejectCode, Timestamp};
use peer_core::{Connection, Error, Event, Hash, Mark, RequestError, RequestId, SendError, Services, Time};
use rand_core::TryRng;

use super::call::Call;
use super::vocabulary::{numbered, write_frame};
use crate::invariants::{self, History};
use crate::remote::NETWORK;

/// How many calls there are from one thorough check to the next, where there is no twin.
const SAMPLING: u32 = 32;

/// Size of the pieces in which a twin gets its input.
const PIECE: usize = 7;

/// Whether everything is to be checked after each call, against a twin. It takes ten times as long, so one
/// script in sixteen is chosen, by all of its bytes: a bit that the fuzzer can find would soon be set in most.
pub(super) fn is_thorough(script: &[u8]) -> bool {
    script.iter().fold(1_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(*byte)).is_multiple_of(16)
}

/// A peer under a script, with all that a call on it needs.
#[derive(Debug)]
pub(super) struct Subject {
    machine: Machine,
    /// Gets the same calls, its input in small pieces, and must answer alike.
    twin: Option<Machine>,
    /// Size of those pieces.
    piece: usize,
    history: History,
    calls: u32,
}

impl Subject {
    /// Watches a peer. Where it is thorough, everything is checked after each call, against a twin; otherwise
    /// what is cheap, and the rest now and then.
    pub(super) fn new(peer: Connection, rng: Generator, thorough: bool) -> Self {
        let mut history = History::default();
        history.on_taken(peer.peer().stats().bytes_sent.try_into().unwrap());
        let machine = Machine { peer, input: BytesMut::new(), rng, now: Time::ZERO };
        Self { twin: thorough.then(|| machine.clone()), piece: PIECE, machine, history, calls: 0 }
    }

    /// Makes a call.
    pub(super) fn call(&mut self, call: &Call<'_>) -> Answer {
        let sent = self.peer().peer().stats().bytes_sent;
        let answer = self.machine.perform(call, usize::MAX);
        match &answer {
            Answer::Bytes(bytes) if call.is_taking() => self.history.on_taken(bytes.len()),
            // Of a false claim counts what was shown, which is known to the machine alone.
            _ if matches!(call, Call::Sent(_)) => {
                self.history.on_taken((self.peer().peer().stats().bytes_sent - sent).try_into().unwrap());
            }
            Answer::MayHaveEnded(_) if matches!(call, Call::FailWrite(_)) => self.history.on_dropped(),
            Answer::Pulled(events, _) => events.iter().for_each(|event| self.history.on_event(event)),
            Answer::Requested(Ok(id)) => self.history.on_request(*id),
            Answer::Cancelled(Some(id)) => self.history.on_cancelled(*id),
            _ => {}
        }
        if let Answer::Queued(Ok(mark)) = answer {
            assert!(!self.peer().peer().is_flushed(mark), "marks: flushed before anything was written");
            self.history.on_mark(mark);
        }
        if matches!(call, Call::Lose(_) | Call::Swap(_)) {
            // Of an owner who does more than append, only the same calls get the same answers.
            self.piece = usize::MAX;
        }
        if let Some(twin) = &mut self.twin {
            assert_eq!(
                twin.perform(call, self.piece),
                answer,
                "purity, chunking: {call:?} told the twin something else"
            );
            assert_eq!(twin.input, self.machine.input, "purity, chunking: input left by {call:?}");
            assert_eq!(twin.rng, self.machine.rng, "purity: draws of {call:?}");
        }
        self.check();
        answer
    }

    /// The last check.
    pub(super) fn finish(mut self) {
        self.calls = 0;
        self.check();
    }

    pub(super) const fn peer(&self) -> &Connection {
        &self.machine.peer
    }

    pub(super) const fn now(&self) -> Time {
        self.machine.now
    }

    fn check(&mut self) {
        let Machine { peer, now, .. } = &self.machine;
        if let Some(twin) = &self.twin {
            invariants::check(peer, &twin.peer, &mut self.history, *now);
        } else if self.calls.is_multiple_of(SAMPLING) {
            invariants::check(peer, &peer.clone(), &mut self.history, *now);
        } else {
            invariants::glance(peer, &mut self.history);
        }
        self.calls += 1;
    }
}

/// What a call returned.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    Nothing,
    Pulled(Vec<Event>, Option<Error>),
    Ticked(Result<(), Error>),
    Queued(Result<Mark, SendError>),
    Asked(Result<bool, SendError>),
    Requested(Result<RequestId, RequestError>),
    /// The request that was taken back.
    Cancelled(Option<RequestId>),
    /// These items are on their way.
    Announced(Vec<Inventory>),
    Addresses(Result<Vec<NetAddressV2>, SendError>),
    Bytes(Vec<u8>),
    Ended(Error),
    MayHaveEnded(Option<Error>),
}

#[derive(Clone, Debug)]
struct Machine {
    peer: Connection,
    input: BytesMut,
    rng: Generator,
    now: Time,
}

impl Machine {
    /// Makes a call, and hands over the input in pieces of this size.
    fn perform(&mut self, call: &Call<'_>, piece: usize) -> Answer {
        let Self { peer, input, rng, now } = self;
        match call {
            Call::Hear { bytes, pull } => return self.hear(bytes, *pull, piece),
            Call::Echo => {
                let bytes = self.take(usize::MAX);
                self.input.extend_from_slice(&bytes);
                return Answer::Bytes(bytes);
            }
            Call::Pong => {
                let mut pong = Vec::new();
                write_frame(
                    &mut pong,
                    *b"pong\0\0\0\0\0\0\0\0",
                    &peer.peer().stats().last_ping_nonce.to_le_bytes(),
                );
                return self.hear(&pong, true, piece);
            }
            Call::Pull => return self.pull(1),
            Call::PullAll => return self.pull(usize::MAX),
            Call::Take(most) => return Answer::Bytes(self.take(*most)),
            Call::TakePieces(enough) => {
                let bytes = self.show_pieces(*enough);
                self.peer.handle_transmitted(bytes.len(), self.now);
                return Answer::Bytes(bytes);
            }
            Call::ShowPieces(enough) => return Answer::Bytes(self.show_pieces(*enough)),
            Call::Drained => peer.handle_drained(input, *now),
            Call::Tick => return Answer::Ticked(peer.handle_timeout(*now, rng)),
            Call::Advance => {
                *now = peer.peer().next_timeout().map_or(*now, |(at, _)| at.max(*now));
                return Answer::Ticked(peer.handle_timeout(*now, rng));
            }
            Call::TickAt(time) => return Answer::Ticked(peer.handle_timeout(*time, rng)),
            Call::Wait(duration) => *now += *duration,
            Call::SetClock(time) => *now = *time,
            Call::End(None) => return Answer::Ended(peer.handle_eof(input)),
            Call::End(Some(error)) => return Answer::Ended(peer.handle_transport_error(*error, input)),
            Call::EndWith(bytes) => return Answer::Ended(peer.handle_eof(bytes)),
            Call::HalfClose => return Answer::MayHaveEnded(peer.handle_half_close(input)),
            Call::FailWrite(error) => {
                return Answer::MayHaveEnded(peer.handle_write_error(*error, input, *now));
            }
            Call::Hold => peer.handle_hold(*now),
            Call::Close => return Answer::Ended(peer.peer_mut().close()),
            Call::Fork => *peer = peer.clone(),
            Call::Lose(kept) => input.truncate(*kept),
            Call::Swap(bytes) => *input = BytesMut::from(*bytes),
            Call::Reseed(generator) => *rng = generator.clone(),
            command => return self.command(command),
        }
        Answer::Nothing
    }

    /// What the owner wants, and looks.
    fn command(&mut self, call: &Call<'_>) -> Answer {
        let Self { peer, rng, now, .. } = self;
        match call {
            Call::Send(message) => return Answer::Queued(peer.peer_mut().send(message, *now)),
            Call::SendEncoded(message) => {
                let version = peer.peer().protocol_version();
                return Answer::Queued(match message.encode_frame(NETWORK, version) {
                    Ok(frame) => peer.peer_mut().send_encoded(&frame, *now),
                    Err(error) => Err(error.into()),
                });
            }
            Call::Finish => peer.peer_mut().finish(),
            Call::Leave(within) => peer.peer_mut().leave(*now + *within, *now),
            Call::AnnounceItem(item) => {
                return announced([*item], |item| peer.peer_mut().announce(item, *now));
            }
            Call::AnnounceNow(item) => {
                return announced([*item], |item| peer.peer_mut().announce_now(item, *now));
            }
            Call::Announce(first, count) => {
                let items = (0..*count).map(|number| numbered(first.wrapping_add(number)));
                return announced(items, |item| peer.peer_mut().announce(item, *now));
            }
            Call::AddKnown(item) => peer.peer_mut().add_known(item, *now),
            Call::SendAddresses(count) => {
                return Answer::Addresses(peer.peer_mut().send_addresses(
                    &ADDRESSES[..ADDRESSES.len().min(*count)],
                    *now,
                    rng,
                ));
            }
            Call::RequestBlocks(count, stop) => {
                return Answer::Asked(peer.peer_mut().request_blocks(
                    &locator(*count),
                    Hash::from_bytes([*stop; 32]),
                    *now,
                ));
            }
            Call::RequestHeaders(count, stop) => {
                return Answer::Asked(peer.peer_mut().request_headers(
                    &locator(*count),
                    Hash::from_bytes([*stop; 32]),
                    *now,
                ));
            }
            Call::Reject { command, code, reason, hash } => {
                let (command, reason) = (command.clone(), reason.clone());
                return Answer::Queued(peer.peer_mut().reject(
                    command,
                    RejectCode::new(*code),
                    reason,
                    *hash,
                    *now,
                ));
            }
            Call::Request(request, options) => {
                return Answer::Requested(peer.peer_mut().request(request, *options, *now));
            }
            Call::Cancel(place) => {
                let mut open = peer.peer().requests().map(|(id, _)| id);
                let id = open.nth(*place);
                drop(open);
                return Answer::Cancelled(id.filter(|id| peer.peer_mut().cancel(*id, *now)));
            }
            Call::SetInterest(interest) => peer.peer_mut().set_interest(*interest),
            Call::SetBestHeight(height) => peer.peer_mut().set_best_height(*height),
            Call::SetLastBlock(height) => peer.peer_mut().set_last_block(*height),
            Call::SetLastAnnounced(block) => peer.peer_mut().set_last_announced_block(*block),
            Call::Show => return Answer::Bytes(peer.poll_transmit(*now).to_vec()),
            Call::Sent(count) => peer.handle_transmitted(*count, *now),
            Call::Look(item) => look(peer, item, *now),
            other => unreachable!("{other:?} is no command"),
        }
        Answer::Nothing
    }

    fn hear(&mut self, bytes: &[u8], pull: bool, piece: usize) -> Answer {
        if !pull {
            self.input.extend_from_slice(bytes);
            return Answer::Nothing;
        }
        let mut events = Vec::new();
        for piece in bytes.chunks(piece) {
            self.input.extend_from_slice(piece);
            self.pull_into(&mut events, usize::MAX);
        }
        let error = self.pull_into(&mut events, usize::MAX);
        Answer::Pulled(events, error)
    }

    fn pull(&mut self, most: usize) -> Answer {
        let mut events = Vec::new();
        let error = self.pull_into(&mut events, most);
        Answer::Pulled(events, error)
    }

    fn pull_into(&mut self, events: &mut Vec<Event>, most: usize) -> Option<Error> {
        for _ in 0..most {
            match self.peer.receive(&mut self.input, self.now) {
                Ok(Some(event)) => events.push(event),
                Ok(None) => return None,
                Err(error) => return Some(error),
            }
        }
        None
    }

    fn take(&mut self, most: usize) -> Vec<u8> {
        let shown = self.peer.poll_transmit(self.now);
        let bytes = shown[..shown.len().min(most)].to_vec();
        self.peer.handle_transmitted(bytes.len(), self.now);
        bytes
    }

    fn show_pieces(&mut self, enough: usize) -> Vec<u8> {
        self.peer.poll_transmit_chunks(enough, self.now).flatten().copied().collect()
    }
}

/// The items that were accepted.
fn announced(
    items: impl IntoIterator<Item = Inventory>,
    mut announce: impl FnMut(Inventory) -> Result<bool, SendError>,
) -> Answer {
    Answer::Announced(items.into_iter().filter(|item| announce(*item) == Ok(true)).collect())
}

/// Looks at all there is to see. It has no wrong answer, only ways to fail.
fn look(peer: &Connection, item: &Inventory, now: Time) {
    let seen = (
        peer.peer().knows(item, now),
        peer.peer().marks(),
        peer.peer().remote(),
        peer.peer().waiting_announcements(),
    );
    assert!(
        !format!(
            "{} {seen:?} {:?} {:?}",
            peer.peer(),
            peer.peer().stats(),
            peer.peer().last_announced_block()
        )
        .is_empty()
    );
}

/// Hashes to begin a request with.
fn locator(count: u8) -> Vec<Hash> {
    (0..count).map(|number| Hash::from_bytes([number; 32])).collect()
}

/// More addresses than a message takes, of all kinds.
static ADDRESSES: LazyLock<Vec<NetAddressV2>> = LazyLock::new(|| {
    let entry = |port: u16| {
        let address = match port % 3 {
            0 => Address::Ipv4([10, 0, 0, 1].into()),
            1 => Address::Ipv6([0x20; 16].into()),
            _ => Address::TorV3([7; 32]),
        };
        NetAddressV2 { timestamp: Timestamp::default(), services: Services::NONE, address, port }
    };
    (0..1100).map(entry).collect()
});

/// A generator as plain as can be: each number is the last one plus a step.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Generator {
    state: u64,
    step: u64,
}

impl Generator {
    /// One whose numbers spread well.
    pub(super) const fn new(seed: u64) -> Self {
        Self::with_step(seed, 0x9e37_79b9_7f4a_7c15)
    }

    /// One with this step; with 0 it always gives the same number.
    pub(super) const fn with_step(state: u64, step: u64) -> Self {
        Self { state, step }
    }
}

impl TryRng for Generator {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.try_next_u64()? >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.state = self.state.wrapping_add(self.step);
        Ok(self.state)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.try_next_u64()?.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}
