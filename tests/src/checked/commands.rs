//! The owner's commands on a checked peer.

use core::fmt::Debug;

use peer_core::message::{Inventory, NetAddressV2, RejectCode};
use peer_core::{
    Announced, Announcement, Connection, EncodedFrame, Error, Hash, Interest, Mark, Message, Peer, Request,
    RequestError, RequestId, RequestOptions, SendError, Time,
};
use rand_core::Rng;

use super::Checked;

impl Checked {
    /// As [`Peer::finish`].
    pub fn finish(&mut self, now: Time) {
        self.both(|connection| connection.peer_mut().finish());
        self.check(now);
    }

    /// As [`Peer::leave`].
    pub fn leave(&mut self, deadline: Time, now: Time) {
        self.both(|connection| connection.peer_mut().leave(deadline, now));
        self.check(now);
    }

    /// As [`Peer::close`].
    pub fn close(&mut self, now: Time) -> Error {
        let (result, twin) = self.both(|connection| connection.peer_mut().close());
        self.agreed("close", result, twin, now)
    }

    /// As [`Peer::send`].
    pub fn send(&mut self, message: &Message, now: Time) -> Result<Mark, SendError> {
        self.queue("send", |peer| peer.send(message, now), now)
    }

    /// As [`Peer::send_encoded`].
    pub fn send_encoded(&mut self, frame: &EncodedFrame, now: Time) -> Result<Mark, SendError> {
        self.queue("send_encoded", |peer| peer.send_encoded(frame, now), now)
    }

    /// As [`Peer::announce_as_wanted`].
    pub fn announce_as_wanted(&mut self, announcement: &Announcement, now: Time) -> Announced {
        let call = |connection: &mut Connection| connection.peer_mut().announce_as_wanted(announcement, now);
        let (result, twin) = self.both(call);
        self.agreed("announce_as_wanted", result, twin, now)
    }

    fn queue(
        &mut self,
        call: &str,
        queue: impl Fn(&mut Peer) -> Result<Mark, SendError>,
        now: Time,
    ) -> Result<Mark, SendError> {
        let (result, twin) = self.both(|connection| queue(connection.peer_mut()));
        if let Ok(mark) = result {
            assert!(!self.connection.peer().is_flushed(mark), "marks: flushed before anything was written");
            self.history.on_mark(mark);
        }
        self.agreed(call, result, twin, now)
    }

    /// As [`Peer::send_addresses`].
    pub fn send_addresses<R: Rng + Clone + PartialEq + Debug>(
        &mut self,
        addresses: &[NetAddressV2],
        rng: &mut R,
        now: Time,
    ) -> Result<Vec<NetAddressV2>, SendError> {
        let same = self.twin.is_some().then(|| rng.clone());
        let result = self.connection.peer_mut().send_addresses(addresses, now, rng);
        let twin = self.twin.as_mut().zip(same).map(|(twin, mut same)| {
            let result = twin.connection.peer_mut().send_addresses(addresses, now, &mut same);
            assert_eq!(*rng, same, "purity: draws of send_addresses");
            result
        });
        self.agreed("send_addresses", result, twin, now)
    }

    /// As [`Peer::request_blocks`].
    pub fn request_blocks(&mut self, locator: &[Hash], stop: Hash, now: Time) -> Result<bool, SendError> {
        let (result, twin) = self.both(|connection| connection.peer_mut().request_blocks(locator, stop, now));
        self.agreed("request_blocks", result, twin, now)
    }

    /// As [`Peer::request_headers`].
    pub fn request_headers(&mut self, locator: &[Hash], stop: Hash, now: Time) -> Result<bool, SendError> {
        let (result, twin) =
            self.both(|connection| connection.peer_mut().request_headers(locator, stop, now));
        self.agreed("request_headers", result, twin, now)
    }

    /// As [`Peer::request`].
    pub fn request(
        &mut self,
        request: &Request,
        options: RequestOptions,
        now: Time,
    ) -> Result<RequestId, RequestError> {
        let (result, twin) = self.both(|connection| connection.peer_mut().request(request, options, now));
        if let Ok(id) = result {
            self.history.on_request(id);
        }
        self.agreed("request", result, twin, now)
    }

    /// As [`Peer::cancel`].
    pub fn cancel(&mut self, id: RequestId, now: Time) -> bool {
        let (result, twin) = self.both(|connection| connection.peer_mut().cancel(id, now));
        if result {
            self.history.on_cancelled(id);
        }
        self.agreed("cancel", result, twin, now)
    }

    /// As [`Peer::set_interest`].
    pub fn set_interest(&mut self, interest: Interest, now: Time) {
        self.both(|connection| connection.peer_mut().set_interest(interest));
        self.check(now);
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
        let (result, twin) =
            self.both(|connection| connection.peer_mut().reject(command, code, reason, hash, now));
        if let Ok(mark) = result {
            self.history.on_mark(mark);
        }
        self.agreed("reject", result, twin, now)
    }

    /// As [`Peer::announce`].
    pub fn announce(&mut self, item: Inventory, now: Time) -> Result<bool, SendError> {
        let (result, twin) = self.both(|connection| connection.peer_mut().announce(item, now));
        self.agreed("announce", result, twin, now)
    }

    /// As [`Peer::announce_now`].
    pub fn announce_now(&mut self, item: Inventory, now: Time) -> Result<bool, SendError> {
        let (result, twin) = self.both(|connection| connection.peer_mut().announce_now(item, now));
        self.agreed("announce_now", result, twin, now)
    }

    /// As [`Peer::add_known`].
    pub fn add_known(&mut self, item: &Inventory, now: Time) {
        self.both(|connection| connection.peer_mut().add_known(item, now));
        self.check(now);
    }

    /// As [`Peer::set_best_height`].
    pub fn set_best_height(&mut self, height: i32, now: Time) {
        self.both(|connection| connection.peer_mut().set_best_height(height));
        self.check(now);
    }

    /// As [`Peer::set_last_block`].
    pub fn set_last_block(&mut self, height: i32, now: Time) {
        self.both(|connection| connection.peer_mut().set_last_block(height));
        self.check(now);
    }

    /// As [`Peer::set_last_announced_block`].
    pub fn set_last_announced_block(&mut self, block: Option<Hash>, now: Time) {
        self.both(|connection| connection.peer_mut().set_last_announced_block(block));
        self.check(now);
    }
}
