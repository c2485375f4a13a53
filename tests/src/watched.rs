//! A peer whose every call is checked, with all the [`invariants`] or with the cheap ones.

use core::fmt::Debug;
use core::ops::Deref;

use bytes::BytesMut;
use peer_core::message::{Inventory, NetAddressV2, RejectCode};
use peer_core::{End, Error, Event, Hash, Mark, Message, Peer, SendError, Time};
use rand_core::Rng;

use crate::invariants::{self, History};

/// A peer with its input. Unless it is watched lightly, a twin gets the same calls and must answer alike.
///
/// It offers the methods of [`Peer`] that change something; after each, the [`invariants`] are checked.
/// Everything that looks is reached through [`Deref`].
#[derive(Debug)]
pub struct Watched {
    peer: Peer,
    input: BytesMut,
    twin: Option<Box<Twin>>,
    history: History,
}

/// The same peer once more, with its own copy of the input.
#[derive(Debug)]
struct Twin {
    peer: Peer,
    input: BytesMut,
}

impl Watched {
    /// Watches a peer from its first moment on.
    pub fn new(peer: Peer, now: Time) -> Self {
        let twin = Twin { peer: peer.clone(), input: BytesMut::new() };
        Self::with_twin(peer, Some(Box::new(twin)), now)
    }

    /// The same without a twin, and with only those [`invariants`] that cost next to nothing.
    pub fn lightly(peer: Peer, now: Time) -> Self {
        Self::with_twin(peer, None, now)
    }

    fn with_twin(peer: Peer, twin: Option<Box<Twin>>, now: Time) -> Self {
        let mut watched = Self { peer, input: BytesMut::new(), twin, history: History::default() };
        watched.check(now);
        watched
    }

    /// Appends to the input.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
        if let Some(twin) = &mut self.twin {
            twin.input.extend_from_slice(bytes);
        }
    }

    /// What was fed and not taken yet.
    pub const fn input(&self) -> &BytesMut {
        &self.input
    }

    /// Gives the memory of an input without bytes back, as adapters do for idle connections.
    pub fn shrink(&mut self) {
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
    }

    /// As [`Peer::receive`].
    pub fn receive(&mut self, now: Time) -> Result<Option<Event>, Error> {
        let result = self.peer.receive(&mut self.input, now);
        let twin = self.twin.as_mut().map(|twin| {
            let result = twin.peer.receive(&mut twin.input, now);
            assert_eq!(self.input.len(), twin.input.len(), "purity: input left by receive");
            result
        });
        self.agreed("receive", result, twin, now)
    }

    /// As [`Peer::end`].
    pub fn end(&mut self, end: End, now: Time) -> Error {
        let result = self.peer.end(end, &self.input);
        let twin = self.twin.as_mut().map(|twin| twin.peer.end(end, &twin.input));
        self.agreed("end", result, twin, now)
    }

    /// As [`Peer::close`].
    pub fn close(&mut self, now: Time) -> Error {
        let (result, twin) = self.both(Peer::close);
        self.agreed("close", result, twin, now)
    }

    /// As [`Peer::tick`].
    pub fn tick<R: Rng + Clone + PartialEq + Debug>(&mut self, now: Time, rng: &mut R) -> Result<(), Error> {
        let same = self.twin.is_some().then(|| rng.clone());
        let result = self.peer.tick(now, rng);
        let twin = self.twin.as_mut().zip(same).map(|(twin, mut same)| {
            let result = twin.peer.tick(now, &mut same);
            assert_eq!(*rng, same, "purity: draws of tick");
            result
        });
        let next = self.peer.deadline();
        assert!(next.is_none_or(|(at, _)| at > now), "progress: a tick at {now} left {next:?}");
        self.agreed("tick", result, twin, now)
    }

    /// As [`Peer::send`].
    pub fn send(&mut self, message: &Message, now: Time) -> Result<Mark, SendError> {
        let (result, twin) = self.both(|peer| peer.send(message, now));
        if let Ok(mark) = result {
            assert!(!self.peer.is_flushed(mark), "marks: flushed before anything was written");
            self.history.on_mark(mark);
        }
        self.agreed("send", result, twin, now)
    }

    /// As [`Peer::send_addresses`].
    pub fn send_addresses<R: Rng + Clone + PartialEq + Debug>(
        &mut self,
        addresses: &[NetAddressV2],
        rng: &mut R,
        now: Time,
    ) -> Result<Vec<NetAddressV2>, SendError> {
        let same = self.twin.is_some().then(|| rng.clone());
        let result = self.peer.send_addresses(addresses, now, rng);
        let twin = self.twin.as_mut().zip(same).map(|(twin, mut same)| {
            let result = twin.peer.send_addresses(addresses, now, &mut same);
            assert_eq!(*rng, same, "purity: draws of send_addresses");
            result
        });
        self.agreed("send_addresses", result, twin, now)
    }

    /// As [`Peer::request_blocks`].
    pub fn request_blocks(&mut self, locator: &[Hash], stop: Hash, now: Time) -> Result<bool, SendError> {
        let (result, twin) = self.both(|peer| peer.request_blocks(locator, stop, now));
        self.agreed("request_blocks", result, twin, now)
    }

    /// As [`Peer::request_headers`].
    pub fn request_headers(&mut self, locator: &[Hash], stop: Hash, now: Time) -> Result<bool, SendError> {
        let (result, twin) = self.both(|peer| peer.request_headers(locator, stop, now));
        self.agreed("request_headers", result, twin, now)
    }

    /// As [`Peer::reject`].
    pub fn reject(
        &mut self,
        command: &str,
        code: RejectCode,
        reason: &str,
        hash: Option<Hash>,
        now: Time,
    ) -> Result<Mark, SendError> {
        let (result, twin) = self.both(|peer| peer.reject(command, code, reason, hash, now));
        if let Ok(mark) = result {
            self.history.on_mark(mark);
        }
        self.agreed("reject", result, twin, now)
    }

    /// As [`Peer::announce`].
    pub fn announce(&mut self, item: Inventory, now: Time) -> Result<bool, SendError> {
        let (result, twin) = self.both(|peer| peer.announce(item, now));
        self.agreed("announce", result, twin, now)
    }

    /// As [`Peer::announce_now`].
    pub fn announce_now(&mut self, item: Inventory, now: Time) -> Result<bool, SendError> {
        let (result, twin) = self.both(|peer| peer.announce_now(item, now));
        self.agreed("announce_now", result, twin, now)
    }

    /// As [`Peer::add_known`].
    pub fn add_known(&mut self, item: &Inventory, now: Time) {
        self.both(|peer| peer.add_known(item, now));
        self.check(now);
    }

    /// As [`Peer::set_best_height`].
    pub fn set_best_height(&mut self, height: i32, now: Time) {
        self.both(|peer| peer.set_best_height(height));
        self.check(now);
    }

    /// As [`Peer::set_last_block`].
    pub fn set_last_block(&mut self, height: i32, now: Time) {
        self.both(|peer| peer.set_last_block(height));
        self.check(now);
    }

    /// As [`Peer::set_last_announced_block`].
    pub fn set_last_announced_block(&mut self, block: Option<Hash>, now: Time) {
        self.both(|peer| peer.set_last_announced_block(block));
        self.check(now);
    }

    /// As [`Peer::transmit`].
    pub fn transmit(&mut self, now: Time) -> Vec<u8> {
        let (result, twin) = self.both(|peer| peer.transmit(now).to_vec());
        self.agreed("transmit", result, twin, now)
    }

    /// As [`Peer::chunks`].
    pub fn chunks(&mut self, enough: usize, now: Time) -> Vec<Vec<u8>> {
        let (result, twin) =
            self.both(|peer| peer.chunks(enough, now).map(<[u8]>::to_vec).collect::<Vec<_>>());
        self.agreed("chunks", result, twin, now)
    }

    /// As [`Peer::sent`].
    pub fn sent(&mut self, count: usize, now: Time) {
        let before = self.queued();
        self.both(|peer| peer.sent(count, now));
        self.history.on_taken(before - self.queued());
        self.check(now);
    }

    /// Takes the next bytes to write, at most `most` of them, as a transport does in one call.
    pub fn take(&mut self, most: usize, now: Time) -> Vec<u8> {
        let mut bytes = self.transmit(now);
        bytes.truncate(most);
        self.sent(bytes.len(), now);
        bytes
    }

    /// The same into the hands of `write`, without a copy in between. Returns how many bytes it were.
    pub fn hand_over(&mut self, most: usize, now: Time, write: impl FnOnce(&[u8])) -> usize {
        let twin = self.twin.as_mut().map(|twin| twin.peer.transmit(now));
        let bytes = self.peer.transmit(now);
        assert!(twin.is_none_or(|twin| twin == bytes), "purity: transmit showed the twin something else");
        let bytes = &bytes[..bytes.len().min(most)];
        write(bytes);
        let count = bytes.len();
        self.sent(count, now);
        count
    }

    /// The same in pieces, as a vectored write takes them: whole frames until they have at least `enough` bytes
    /// together, of which at most `most` are taken.
    pub fn hand_over_pieces(
        &mut self,
        enough: usize,
        most: usize,
        now: Time,
        mut write: impl FnMut(&[u8]),
    ) -> usize {
        if let Some(twin) = &mut self.twin {
            let same = twin.peer.chunks(enough, now).eq(self.peer.chunks(enough, now));
            assert!(same, "purity: chunks showed the twin something else");
        }
        let mut count = 0;
        for piece in self.peer.chunks(enough, now) {
            let piece = &piece[..piece.len().min(most - count)];
            write(piece);
            count += piece.len();
        }
        self.sent(count, now);
        count
    }

    /// Takes everything there is to write.
    pub fn take_all(&mut self, now: Time) -> Vec<u8> {
        let mut all = Vec::new();
        while self.wants_write() {
            all.append(&mut self.take(usize::MAX, now));
        }
        all
    }

    /// A clone of the peer, to try on it what must not change this one.
    pub fn fork(&self) -> Peer {
        self.peer.clone()
    }

    fn both<T>(&mut self, call: impl Fn(&mut Peer) -> T) -> (T, Option<T>) {
        let result = call(&mut self.peer);
        (result, self.twin.as_mut().map(|twin| call(&mut twin.peer)))
    }

    fn agreed<T: PartialEq + Debug>(&mut self, call: &str, result: T, twin: Option<T>, now: Time) -> T {
        if let Some(twin) = twin {
            assert_eq!(result, twin, "purity: {call} told the twin something else");
        }
        self.check(now);
        result
    }

    fn check(&mut self, now: Time) {
        match &self.twin {
            Some(twin) => invariants::check(&self.peer, &twin.peer, &mut self.history, now),
            None => invariants::glance(&self.peer, &mut self.history),
        }
    }
}

impl Deref for Watched {
    type Target = Peer;

    fn deref(&self) -> &Peer {
        &self.peer
    }
}
