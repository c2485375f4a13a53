//! The handshake: who says what first, and what may come in between.
//!
//! ```text
//!               their version           our owner pulls again
//! AwaitVersion ───────────────► Offered ─────────────────────► AwaitVerack ──────────► Established
//!  outbound: our version         Event::Version is held;        inbound: our version    their verack;
//!  is queued at the start        checked next: its number       and verack are queued   outbound: our
//!                                                                                       verack is queued
//! ```

use alloc::boxed::Box;
use core::time::Duration;

use super::early::Early;
use super::outbox::Purpose;
use super::{Peer, trace};
use crate::error::Error;
use crate::event::{Direction, Event};
use crate::message::{Command, Message, NetAddress, Reject, Version};
use crate::node::NonceGuard;
use crate::protocol_version::ProtocolVersion;
use crate::time::Time;

/// The largest payload before a version is accepted, in bytes: that of a `version`.
pub(crate) const MAX_VERSION: usize = Version::MAX_LEN;

/// Where the handshake stands.
#[derive(Clone, Debug)]
pub(crate) enum Handshake {
    /// The remote has said nothing.
    AwaitVersion,
    /// Its `version` was handed to the owner, who has not pulled since.
    VersionReceived,
    /// Both introduced themselves; the remote's `verack` is due.
    AwaitVerack(Early),
    /// Complete. What came early is still to be handed out.
    Established(Early),
}

/// What only an open handshake needs.
#[derive(Clone, Debug)]
pub(crate) struct PendingHandshake {
    /// Ours, told in our `version`.
    pub(crate) nonce: u64,
    /// An outbound handshake's place in the node's table.
    pub(crate) guard: Option<NonceGuard>,
    pub(crate) clock: Clock,
}

impl PendingHandshake {
    pub(crate) const fn new(nonce: u64, deadline: Time) -> Self {
        Self { nonce, guard: None, clock: Clock::Running(deadline) }
    }
}

/// The time left for the handshake. It rests while the owner holds the remote's `version`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Clock {
    /// It fails then.
    Running(Time),
    /// So much is left.
    Resting(Duration),
}

impl Clock {
    pub(crate) fn rest(&mut self, now: Time) {
        if let Self::Running(deadline) = *self {
            *self = Self::Resting(deadline.saturating_since(now));
        }
    }

    pub(crate) fn resume(&mut self, now: Time) {
        if let Self::Resting(left) = *self {
            *self = Self::Running(now + left);
        }
    }

    pub(crate) const fn deadline(self) -> Option<Time> {
        match self {
            Self::Running(deadline) => Some(deadline),
            Self::Resting(_) => None,
        }
    }
}

impl Peer {
    /// The remote introduced itself. The protocol version in force changes before its number is judged.
    pub(super) fn on_version(&mut self, version: Box<Version>, now: Time) -> Result<Event, Error> {
        if self.node.is_own(version.nonce) {
            return Err(Error::SelfConnection);
        }
        let advertised = ProtocolVersion::new(version.protocol_version.cast_unsigned());
        self.version = self.config().protocol_version.min(advertised);
        trace::negotiated(self);
        self.last_block = version.last_block;
        self.remote = Some(version.clone());
        let ours = i128::from(self.wall_clock(now).seconds());
        let ahead = i128::from(version.timestamp.seconds()).saturating_sub(ours);
        self.time_offset = i64::try_from(ahead).unwrap_or_default();
        if let Some(opening) = &mut self.opening {
            opening.clock.rest(now);
        }
        self.handshake = Handshake::VersionReceived;
        Ok(Event::Version(version))
    }

    /// The owner pulled again after seeing the remote's `version`: judge its number and answer.
    pub(super) fn accept_version(&mut self, now: Time) -> Result<(), Error> {
        let min = self.config().min_protocol_version;
        let got = self.remote.as_ref().map_or(0, |version| version.protocol_version);
        if i64::from(got) < i64::from(min.get()) {
            return Err(Error::ProtocolVerTooOld { got, min });
        }
        self.handshake = Handshake::AwaitVerack(Early::default());
        if let Some(opening) = &mut self.opening {
            opening.clock.resume(now);
        }
        if self.direction == Direction::Inbound {
            self.push_version(now);
            self.push(&Message::Verack, Purpose::Handshake);
        }
        Ok(())
    }

    pub(super) fn on_verack(&mut self, now: Time) -> Event {
        if self.direction == Direction::Outbound {
            self.push(&Message::Verack, Purpose::Handshake);
        }
        if let Handshake::AwaitVerack(early) = &mut self.handshake {
            self.handshake = Handshake::Established(core::mem::take(early));
        }
        self.opening = None;
        self.keepalive.schedule(now, self.node.config().ping_interval);
        Event::Established
    }

    /// What the remote said against our `version` before it left without a `verack`, from among what came early.
    pub(super) fn refusal(&mut self) -> Option<Box<Reject>> {
        let Handshake::AwaitVerack(early) = &mut self.handshake else { return None };
        while let Some(frame) = early.pop() {
            if let Ok(Message::Reject(reject)) = frame.decode(self.version)
                && reject.command() == Command::VERSION.as_str()
            {
                return Some(reject);
            }
        }
        None
    }

    /// Queues our `version`.
    pub(super) fn push_version(&mut self, now: Time) {
        let config = self.node.config();
        let you = self.info.remote_address;
        let behind_proxy = config.proxy.is_some_and(|proxy| proxy.to_canonical() == you.socket().ip());
        let services = match (self.direction, &self.remote) {
            (Direction::Inbound, Some(remote)) => remote.services,
            _ => you.services,
        };
        let version = Version {
            protocol_version: self.version.get().cast_signed(),
            services: config.services,
            timestamp: self.wall_clock(now),
            addr_you: if behind_proxy {
                NetAddress { services, ..NetAddress::ANY_V4 }
            } else {
                NetAddress { services, ..you }
            },
            addr_me: Some(NetAddress { services: config.services, ..NetAddress::UNSPECIFIED }),
            nonce: self.opening.as_ref().map_or(0, |opening| opening.nonce),
            user_agent: config.user_agent.clone(),
            last_block: self.info.best_height,
            disable_relay_tx: config.disable_relay_tx,
        };
        self.push(&version.into(), Purpose::Handshake);
    }

    /// When both must have introduced themselves.
    pub(super) fn handshake_deadline(&self) -> Option<Time> {
        self.waiting.and(self.opening.as_ref()?.clock.deadline())
    }
}
