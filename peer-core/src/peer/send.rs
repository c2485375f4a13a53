//! Commands of the owner, and how a message becomes a frame in the queue.

use super::batch::Trickle;
use super::lifecycle::Session;
use super::mark::Mark;
use super::piece::Purpose;
use super::requests::Requests;
use super::{Peer, trace};
use crate::blake256;
use crate::error::{CodecError, Error, Excess, SendError};
use crate::frame::{EncodedFrame, Header, Parts};
use crate::message::{Command, Lane, Message, Pong};
use crate::time::Time;

impl Peer {
    /// Queues a message. The mark tells, through [`is_flushed`](Self::is_flushed), when it has been written.
    ///
    /// A block of 4 KiB or more shares its memory with the queue, and is hashed when the driver asks what to write: together
    /// with those that wait behind it, up to 4 MiB.
    ///
    /// Sending a request admits its answers. May change: queue, open requests.
    ///
    /// # Lanes
    ///
    /// Messages leave through two lanes. *Control*: `version`, `verack`, `ping`, `pong`, `reject`, every request (`get…`,
    /// `mempool`) and every setting (`sendheaders`, `feefilter`, `filter…`). *Bulk*: everything else. Control overtakes
    /// bulk that the driver has not shown. Within a lane the order is kept. So a flushed `pong` says nothing about an
    /// earlier `block`.
    ///
    /// ```
    /// use peer_core::{Message, Peer, SendError, Time};
    ///
    /// fn ask(peer: &mut Peer, now: Time) -> Result<(), SendError> {
    ///     let mark = peer.send(&Message::GetAddr, now)?; // refused without any effect before the handshake
    ///     assert!(!peer.is_flushed(mark), "it waits to be written");
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Refused without any effect: before the handshake is complete, if the queue or the number of open requests would
    /// exceed its limit, for inventory that no node serves, for what cannot be encoded at the protocol version in
    /// force, and for what today's nodes ban the sender for ([`BanRule`](crate::BanRule)).
    ///
    /// After [`Full`](SendError::Full) and [`TooManyRequests`](SendError::TooManyRequests), try again later. What
    /// exceeds a limit by itself is never accepted: [`NeverFits`](SendError::NeverFits) or
    /// [`RequestTooLarge`](SendError::RequestTooLarge).
    #[doc(alias = "QueueMessage")]
    pub fn send(&mut self, message: &Message, now: Time) -> Result<Mark, SendError> {
        self.queue(Outgoing::Message(message), true, now)
    }

    /// Queues a message that was encoded before, without encoding or hashing it again. Lanes, marks, limits, requests
    /// and refusals are those of [`send`](Self::send). May change: queue, open requests.
    ///
    /// Payloads of 4 KiB and more are shared by all queues of the frame. Each queue counts them in full.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and [`WrongNetwork`](SendError::WrongNetwork) for a frame of another network.
    pub fn send_encoded(&mut self, frame: &EncodedFrame, now: Time) -> Result<Mark, SendError> {
        self.queue(Outgoing::Encoded(frame), true, now)
    }

    /// As [`send`](Self::send), for callers that match the responses and need no timer for them.
    pub(super) fn send_untimed(&mut self, message: &Message, now: Time) -> Result<Mark, SendError> {
        self.queue(Outgoing::Message(message), false, now)
    }

    fn queue(&mut self, outgoing: Outgoing<'_>, is_timed: bool, now: Time) -> Result<Mark, SendError> {
        self.can_send()?;
        self.check_network(outgoing)?;
        let message = outgoing.message();
        let command = message.command();
        if [Command::VERSION, Command::VERACK].contains(&command) {
            return Err(SendError::HandshakeMessage(command));
        }
        let len = message.check(self.version)?;
        if matches!(message, Message::Raw(_)) && len > self.config().max_unrequested {
            return Err(CodecError::PayloadTooLarge(Excess::new(len, self.config().max_unrequested)).into());
        }
        self.check_room(len.saturating_add(Header::LEN))?;
        self.check_bans(message, now)?;
        let open = self.open_requests();
        Requests::check(open, message, self.version, self.config().max_requests)?;
        let purpose = match message {
            Message::Ping(_) => Purpose::Ping,
            _ if Requests::is_request(message) => {
                let session = self.lifecycle.open_session()?;
                session.requests.get_or_insert_default().open(message, self.version, is_timed);
                Purpose::Request
            }
            _ => Purpose::Ordinary,
        };
        let mark = self.push_outgoing(outgoing, purpose);
        self.note_standing(message, mark, now);
        if Requests::has_deadline(message, self.version) {
            trace::expects(self, command);
        }
        Ok(mark)
    }

    fn check_network(&self, outgoing: Outgoing<'_>) -> Result<(), SendError> {
        let connection = self.config().network;
        match outgoing {
            Outgoing::Encoded(frame) if frame.network() != connection => {
                Err(SendError::WrongNetwork { frame: frame.network(), connection })
            }
            Outgoing::Encoded(_) | Outgoing::Message(_) | Outgoing::Hashed(..) => Ok(()),
        }
    }

    /// Whether the owner may queue something.
    pub(super) fn can_send(&self) -> Result<(), SendError> {
        let is_over = self.failure().is_some();
        if self.outbox.write_failure().is_some() && !is_over {
            return Err(Error::TransportFailed.into());
        }
        self.lifecycle.can_send()
    }

    /// The session, once there is one.
    pub(super) fn session(&self) -> Result<&Session, SendError> {
        self.lifecycle.session().ok_or(SendError::NotEstablished)
    }

    /// Whether the owner may queue frames of `wanted` more bytes.
    pub(super) fn check_room(&self, wanted: usize) -> Result<(), SendError> {
        let session = self.session()?;
        check_room(self.outbox.held(), &session.trickle, wanted, self.config().send_limit)
    }

    /// Queues a message that has been checked.
    pub(super) fn push(&mut self, message: &Message, purpose: Purpose) -> Mark {
        self.push_outgoing(Outgoing::Message(message), purpose)
    }

    /// Answers a ping. A pong has the payload of its ping, so it has that checksum too.
    pub(super) fn push_pong(&mut self, nonce: u64, checksum: [u8; 4]) {
        debug_assert!(checksum == blake256::checksum(&nonce.to_le_bytes()));
        let pong = Message::Pong(Pong { nonce });
        self.push_outgoing(Outgoing::Hashed(&pong, checksum), Purpose::Reply);
    }

    /// Queues what has been checked. This is the only place where a message becomes a frame in the queue.
    fn push_outgoing(&mut self, outgoing: Outgoing<'_>, purpose: Purpose) -> Mark {
        let message = outgoing.message();
        let network = self.config().network;
        let mut parts = match outgoing {
            Outgoing::Message(message) => Parts::new(message, message.kept_checksum(), network),
            Outgoing::Hashed(message, checksum) => Parts::new(message, Some(checksum), network),
            Outgoing::Encoded(frame) => frame.parts(),
        };
        trace::sending(self, message, &mut parts);
        let lane = message.spec().map_or(Lane::Bulk, |spec| spec.lane);
        self.outbox.push(parts, lane, purpose)
    }
}

/// What is to be queued.
#[derive(Clone, Copy)]
enum Outgoing<'a> {
    Message(&'a Message),
    /// With the checksum of its payload.
    Hashed(&'a Message, [u8; 4]),
    Encoded(&'a EncodedFrame),
}

impl<'a> Outgoing<'a> {
    fn message(self) -> &'a Message {
        match self {
            Self::Message(message) | Self::Hashed(message, _) => message,
            Self::Encoded(frame) => frame.message(),
        }
    }
}

/// Whether the owner may queue frames of `wanted` more bytes, beside the `held` ones and the room reserved for the next
/// batch. Replies that the remote causes have a limit of their own, so that they cannot take the owner's room.
pub(super) fn check_room(
    held: usize,
    trickle: &Trickle,
    wanted: usize,
    limit: usize,
) -> Result<(), SendError> {
    let queued = held.saturating_add(trickle.reserved());
    if wanted > limit {
        return Err(SendError::NeverFits { wanted, limit });
    }
    if queued.saturating_add(wanted) > limit {
        return Err(SendError::Full { queued, wanted, limit });
    }
    Ok(())
}
