//! What must hold of a peer after every call, whatever the call was.
//!
//! | | |
//! | --- | --- |
//! | bound | what waits to be written stays within the configured limits |
//! | progress | `handle_timeout(timeout)` moves the timeout forward, or fails |
//! | calm | `handle_timeout` before the timeout changes nothing and draws nothing |
//! | final | after an error: the same error from everything, no bytes, no deadline |
//! | marks | a flushed mark stays flushed; what was taken is what is counted |
//! | requests | each id ends once; until then it is open, and less remains each time |
//! | purity | a twin that got the same calls and draws is in the same state |
//!
//! That chunking never matters is not a property of one call; see `chunking.rs` among the tests.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use bytes::BytesMut;
use peer_core::message::Inventory;
use peer_core::{
    Connection, Error, Event, Hash, Mark, Message, ProtocolVersion, RequestId, SendError, Stats, Time, Timer,
    TransportError,
};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use crate::rng::Counting;

/// The last representable time.
pub const END_OF_TIME: Time = Time::from_elapsed(Duration::MAX);

/// Size of a `ping` or `pong` as a frame, in bytes.
const PING: usize = 32;

/// Most bytes of a `reject` that ends a connection, as a frame: command, code and 250 bytes of reason.
const LAST_WORD: usize = 24 + 10 + 1 + 1 + 250;

/// How many of the bytes to be written next are compared in each state, so that large frames cost no more
/// than small ones.
const SHOWN: usize = 64;

/// What was seen of a peer so far, as far as later states must agree with it.
#[derive(Clone, Debug, Default)]
pub struct History {
    failure: Option<Error>,
    /// The latest marks that were flushed, no more than [`REMEMBERED`].
    flushed: VecDeque<Mark>,
    waiting: Vec<Mark>,
    taken: u64,
    received: u64,
    /// The latest time of all calls.
    latest: Time,
    /// Requests that have not ended, with what remained of each.
    requests: BTreeMap<RequestId, u32>,
}

/// How many flushed marks are asked for again, so that a long life costs no more than a short one.
const REMEMBERED: usize = 16;

impl History {
    /// Notes that what waits to be written was dropped, after a failed write.
    pub fn on_dropped(&mut self) {
        self.waiting.clear();
    }

    /// Notes that the transport took bytes.
    pub const fn on_taken(&mut self, count: usize) {
        self.taken += count as u64;
    }

    /// Notes that a request was made.
    ///
    /// # Panics
    ///
    /// If its id was used before.
    pub fn on_request(&mut self, id: RequestId) {
        assert_eq!(self.requests.insert(id, u32::MAX), None, "requests: {id} was used before");
    }

    /// Notes that a request was taken back.
    ///
    /// # Panics
    ///
    /// If it had ended.
    pub fn on_cancelled(&mut self, id: RequestId) {
        assert!(self.requests.remove(&id).is_some(), "requests: {id} was cancelled after its end");
    }

    /// Notes what was told.
    ///
    /// # Panics
    ///
    /// If it tells of a request that has ended, or more remains of one than before.
    pub fn on_event(&mut self, event: &Event) {
        match event {
            Event::Response(response) => {
                let left = self.requests.get_mut(&response.id);
                let left = left.unwrap_or_else(|| panic!("requests: {} has ended before", response.id));
                assert!(response.remaining < *left, "requests: {} of {left} remain", response.remaining);
                *left = response.remaining;
                if *left == 0 {
                    self.requests.remove(&response.id);
                }
            }
            Event::Unanswered { id, .. } => {
                assert!(self.requests.remove(id).is_some(), "requests: {id} has ended before");
            }
            _ => {}
        }
    }

    /// Notes what a command returned.
    pub fn on_mark(&mut self, mark: Mark) {
        self.waiting.push(mark);
    }
}

/// Checks all of them. `twin` got the same calls as `peer`; `now` is the time of the latest.
///
/// # Panics
///
/// If one does not hold; the message names it.
pub fn check(peer: &Connection, twin: &Connection, history: &mut History, now: Time) {
    assert_eq!(State::of(peer), State::of(twin), "purity: the twin went its own way");
    check_counts(&peer.peer().stats(), history);
    glance(peer, history);
    history.latest = history.latest.max(now);
    match peer.peer().failure() {
        Some(error) => check_final(peer, error, now),
        None => {
            // Where the clock went back, the next call bounds what lies too far ahead.
            if now >= history.latest {
                check_calm(peer, now);
            }
            check_progress(peer);
        }
    }
}

/// Checks what can be seen of a peer without trying anything on a clone of it, which costs next to nothing.
///
/// # Panics
///
/// As [`check`].
pub fn glance(peer: &Connection, history: &mut History) {
    check_bound(peer);
    check_marks(peer, history);
    check_over(peer, history);
    check_requests(peer, history);
}

/// What can be seen from outside.
#[derive(Debug, PartialEq)]
struct State {
    deadline: Option<(Time, Timer)>,
    queued: usize,
    wants_read: bool,
    wants_write: bool,
    is_established: bool,
    wants_headers: bool,
    open_requests: usize,
    requests: Vec<(RequestId, usize)>,
    failure: Option<Error>,
    stats: Stats,
}

impl State {
    fn of(peer: &Connection) -> Self {
        Self {
            deadline: peer.peer().next_timeout(),
            queued: peer.peer().queued(),
            wants_read: peer.wants_read(),
            wants_write: peer.wants_write(),
            is_established: peer.peer().is_established(),
            wants_headers: peer.peer().wants_headers(),
            open_requests: peer.peer().open_requests(),
            requests: peer.peer().requests().collect(),
            failure: peer.peer().failure().cloned(),
            stats: peer.peer().stats(),
        }
    }
}

/// Beside the owner's messages: owed answers up to the pause and those to one frame more, and one ping; below
/// version 9 also the last word, behind what was shown.
fn check_bound(peer: &Connection) {
    let config = peer.peer().node().config();
    let has_last_word = peer.peer().protocol_version() < ProtocolVersion::REMOVE_REJECT;
    let last_word = if has_last_word { LAST_WORD } else { 0 };
    let limit = config.send_limit() + config.send_pause() + 2 * PING + last_word;
    assert!(
        peer.peer().queued() <= limit,
        "bound: {} bytes queued, at most {limit} allowed",
        peer.peer().queued()
    );
}

fn check_counts(stats: &Stats, history: &mut History) {
    assert_eq!(stats.bytes_sent, history.taken, "marks: bytes taken and bytes counted");
    assert!(stats.bytes_received >= history.received, "bytes received became less");
    history.received = stats.bytes_received;
}

fn check_marks(peer: &Connection, history: &mut History) {
    for mark in &history.flushed {
        assert!(peer.peer().is_flushed(*mark), "marks: {mark:?} is not flushed any more");
    }
    let flushed = history.waiting.extract_if(.., |mark| peer.peer().is_flushed(*mark));
    history.flushed.extend(flushed);
    let old = history.flushed.len().saturating_sub(REMEMBERED);
    history.flushed.drain(..old);
    if !peer.wants_write() && peer.peer().failure().is_none() {
        assert!(history.waiting.is_empty(), "marks: nothing waits, yet some are not flushed");
    }
}

/// A request is open until the owner was told of its end.
fn check_requests(peer: &Connection, history: &History) {
    let open = peer.peer().requests();
    let (count, ids) = (open.len(), open.map(|(id, _)| id));
    let known = ids.filter(|id| history.requests.contains_key(id)).count();
    assert_eq!(known, count, "requests: one is open that had ended");
    let is_settled = !peer.wants_pull() && peer.peer().is_established();
    assert!(!is_settled || known == history.requests.len(), "requests: one has ended in silence");
}

fn check_over(peer: &Connection, history: &mut History) {
    let Some(error) = peer.peer().failure() else {
        assert_eq!(history.failure, None, "final: the failure was forgotten");
        return;
    };
    let first = history.failure.get_or_insert_with(|| error.clone());
    assert_eq!(error, first, "final: another failure");
    assert_eq!(peer.peer().next_timeout(), None, "final: a deadline remains");
    assert!(!peer.wants_read() && !peer.wants_write() && !peer.peer().is_established(), "final: still alive");
    assert_eq!(peer.peer().queued(), 0, "final: bytes are queued");
}

fn check_final(peer: &Connection, error: &Error, now: Time) {
    let mut peer = peer.clone();
    let mut rng = Counting::new(ChaCha8Rng::seed_from_u64(0));
    let mut input = BytesMut::from(&[0; 24][..]);
    let item = Inventory::tx(Hash::ZERO);
    let refused = SendError::Closed(error.clone());
    assert_eq!(peer.receive(&mut input, now), Err(error.clone()), "final: receive");
    assert_eq!(input.len(), 24, "final: input was taken");
    assert_eq!(peer.handle_timeout(END_OF_TIME, &mut rng), Err(error.clone()), "final: handle_timeout");
    assert_eq!(
        peer.handle_transport_error(TransportError::Other, &input),
        *error,
        "final: handle_transport_error"
    );
    assert_eq!(peer.peer_mut().close(), *error, "final: close");
    assert_eq!(peer.peer_mut().send(&Message::GetAddr, now), Err(refused.clone()), "final: send");
    assert_eq!(peer.peer_mut().announce(item, now), Err(refused.clone()), "final: announce");
    assert_eq!(peer.peer_mut().announce_now(item, now), Err(refused.clone()), "final: announce_now");
    assert_eq!(
        peer.peer_mut().send_addresses(&[], now, &mut rng),
        Err(refused.clone()),
        "final: send_addresses"
    );
    assert_eq!(
        peer.peer_mut().request_blocks(&[], Hash::ZERO, now),
        Err(refused.clone()),
        "final: request_blocks"
    );
    assert_eq!(peer.peer_mut().request_headers(&[], Hash::ZERO, now), Err(refused), "final: request_headers");
    assert!(
        peer.poll_transmit(now).is_empty() && peer.poll_transmit_chunks(usize::MAX, now).next().is_none(),
        "final: bytes"
    );
    assert_eq!(rng.draws(), 0, "final: something was drawn");
}

/// Just before the deadline, or at the end of time where there is none.
fn check_calm(peer: &Connection, now: Time) {
    // A clock that went back bounds what lies too far ahead at the next call, which is this one.
    let mut peer = peer.clone();
    peer.poll_transmit(now);
    let peer = &peer;
    let before = match peer.peer().next_timeout() {
        None => Some(END_OF_TIME),
        Some((at, _)) => at.elapsed().checked_sub(Duration::from_nanos(1)).map(Time::from_elapsed),
    };
    let Some(before) = before.filter(|before| *before >= now) else { return };
    let mut calm = peer.clone();
    let mut rng = Counting::new(ChaCha8Rng::seed_from_u64(0));
    assert_eq!(calm.handle_timeout(before, &mut rng), Ok(()), "calm: failed before its deadline");
    assert_eq!(rng.draws(), 0, "calm: something was drawn");
    assert_eq!(State::of(&calm), State::of(peer), "calm: something changed");
    if peer.wants_write() {
        let same =
            calm.poll_transmit(now).iter().take(SHOWN).eq(peer.clone().poll_transmit(now).iter().take(SHOWN));
        assert!(same, "calm: something else is written next");
    }
}

fn check_progress(peer: &Connection) {
    let Some((at, timer)) = peer.peer().next_timeout() else { return };
    let mut later = peer.clone();
    if later.handle_timeout(at, &mut ChaCha8Rng::seed_from_u64(0)).is_ok() {
        let next = later.peer().next_timeout();
        assert!(next.is_none_or(|(next, _)| next > at), "progress: {timer} at {at} led to {next:?}");
    }
}
