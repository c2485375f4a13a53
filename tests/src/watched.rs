//! A peer whose every call is checked.

use core::fmt::Debug;
use core::ops::Deref;

use bytes::BytesMut;
use peer_core::message::{Inventory, NetAddressV2, RejectCode};
use peer_core::{End, Error, Event, Hash, Mark, Message, Peer, SendError, Time};
use rand_core::Rng;

use crate::invariants::{self, History};

/// A peer with its input, and a twin that gets the same calls and must answer alike.
///
/// It offers the methods of [`Peer`] that change something; after each, all [`invariants`] are checked.
/// Everything that looks is reached through [`Deref`].
#[derive(Debug)]
pub struct Watched {
    peer: Peer,
    input: BytesMut,
    twin: Peer,
    twin_input: BytesMut,
    history: History,
}

impl Watched {
    /// Watches a peer from its first moment on.
    pub fn new(peer: Peer, now: Time) -> Self {
        let (input, twin_input) = Default::default();
        let mut watched = Self { twin: peer.clone(), peer, input, twin_input, history: History::default() };
        watched.check(now);
        watched
    }

    /// Appends to the input.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
        self.twin_input.extend_from_slice(bytes);
    }

    /// What was fed and not taken yet.
    pub const fn input(&self) -> &BytesMut {
        &self.input
    }

    /// As [`Peer::receive`].
    pub fn receive(&mut self, now: Time) -> Result<Option<Event>, Error> {
        let result = self.peer.receive(&mut self.input, now);
        let twin = self.twin.receive(&mut self.twin_input, now);
        assert_eq!(self.input.len(), self.twin_input.len(), "purity: input left by receive");
        self.agreed("receive", result, twin, now)
    }

    /// As [`Peer::end`].
    pub fn end(&mut self, end: End, now: Time) -> Error {
        let (result, twin) = (self.peer.end(end, &self.input), self.twin.end(end, &self.twin_input));
        self.agreed("end", result, twin, now)
    }

    /// As [`Peer::close`].
    pub fn close(&mut self, now: Time) -> Error {
        let (result, twin) = (self.peer.close(), self.twin.close());
        self.agreed("close", result, twin, now)
    }

    /// As [`Peer::tick`].
    pub fn tick<R: Rng + Clone + PartialEq + Debug>(&mut self, now: Time, rng: &mut R) -> Result<(), Error> {
        let mut same = rng.clone();
        let (result, twin) = (self.peer.tick(now, rng), self.twin.tick(now, &mut same));
        assert_eq!(*rng, same, "purity: draws of tick");
        self.agreed("tick", result, twin, now)
    }

    /// As [`Peer::send`].
    pub fn send(&mut self, message: &Message, now: Time) -> Result<Mark, SendError> {
        let (result, twin) = (self.peer.send(message), self.twin.send(message));
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
        let mut same = rng.clone();
        let result = self.peer.send_addresses(addresses, rng);
        let twin = self.twin.send_addresses(addresses, &mut same);
        assert_eq!(*rng, same, "purity: draws of send_addresses");
        self.agreed("send_addresses", result, twin, now)
    }

    /// As [`Peer::request_blocks`].
    pub fn request_blocks(&mut self, locator: &[Hash], stop: Hash, now: Time) -> Result<bool, SendError> {
        let (result, twin) =
            (self.peer.request_blocks(locator, stop), self.twin.request_blocks(locator, stop));
        self.agreed("request_blocks", result, twin, now)
    }

    /// As [`Peer::request_headers`].
    pub fn request_headers(&mut self, locator: &[Hash], stop: Hash, now: Time) -> Result<bool, SendError> {
        let (result, twin) =
            (self.peer.request_headers(locator, stop), self.twin.request_headers(locator, stop));
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
        let result = self.peer.reject(command, code, reason, hash);
        let twin = self.twin.reject(command, code, reason, hash);
        if let Ok(mark) = result {
            self.history.on_mark(mark);
        }
        self.agreed("reject", result, twin, now)
    }

    /// As [`Peer::announce`].
    pub fn announce(&mut self, item: Inventory, now: Time) -> Result<bool, SendError> {
        let (result, twin) = (self.peer.announce(item, now), self.twin.announce(item, now));
        self.agreed("announce", result, twin, now)
    }

    /// As [`Peer::announce_now`].
    pub fn announce_now(&mut self, item: Inventory, now: Time) -> Result<bool, SendError> {
        let (result, twin) = (self.peer.announce_now(item, now), self.twin.announce_now(item, now));
        self.agreed("announce_now", result, twin, now)
    }

    /// As [`Peer::add_known`].
    pub fn add_known(&mut self, item: &Inventory, now: Time) {
        self.peer.add_known(item, now);
        self.twin.add_known(item, now);
        self.check(now);
    }

    /// As [`Peer::set_best_height`].
    pub fn set_best_height(&mut self, height: i32, now: Time) {
        self.peer.set_best_height(height);
        self.twin.set_best_height(height);
        self.check(now);
    }

    /// As [`Peer::set_last_block`].
    pub fn set_last_block(&mut self, height: i32, now: Time) {
        self.peer.set_last_block(height);
        self.twin.set_last_block(height);
        self.check(now);
    }

    /// As [`Peer::set_last_announced_block`].
    pub fn set_last_announced_block(&mut self, block: Option<Hash>, now: Time) {
        self.peer.set_last_announced_block(block);
        self.twin.set_last_announced_block(block);
        self.check(now);
    }

    /// As [`Peer::transmit`].
    pub fn transmit(&mut self, now: Time) -> Vec<u8> {
        let (result, twin) = (self.peer.transmit(now).to_vec(), self.twin.transmit(now).to_vec());
        self.agreed("transmit", result, twin, now)
    }

    /// As [`Peer::chunks`].
    pub fn chunks(&mut self, enough: usize, now: Time) -> Vec<Vec<u8>> {
        let result = self.peer.chunks(enough, now).map(<[u8]>::to_vec).collect();
        let twin = self.twin.chunks(enough, now).map(<[u8]>::to_vec).collect();
        self.agreed("chunks", result, twin, now)
    }

    /// As [`Peer::sent`].
    pub fn sent(&mut self, count: usize, now: Time) {
        let before = self.queued();
        self.peer.sent(count, now);
        self.twin.sent(count, now);
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

    fn agreed<T: PartialEq + Debug>(&mut self, call: &str, result: T, twin: T, now: Time) -> T {
        assert_eq!(result, twin, "purity: {call} told the twin something else");
        self.check(now);
        result
    }

    fn check(&mut self, now: Time) {
        invariants::check(&self.peer, &self.twin, &mut self.history, now);
    }
}

impl Deref for Watched {
    type Target = Peer;

    fn deref(&self) -> &Peer {
        &self.peer
    }
}
