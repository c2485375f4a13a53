//! The handshake: the order of its messages, and what may come in between. Its states are those of [`Lifecycle`].

use alloc::boxed::Box;
use core::mem;

use super::batch::Trickle;
use super::close::Finish;
use super::early::Early;
use super::keepalive::Keepalive;
use super::lifecycle::{Lifecycle, Session};
use super::piece::Purpose;
use super::{Peer, trace};
use crate::error::Error;
use crate::event::{Direction, Event};
use crate::frame::FrameReader;
use crate::message::{Command, Message, NetAddress, Reject, Version};
use crate::node::NonceGuard;
use crate::protocol_version::ProtocolVersion;
use crate::time::Time;

/// The largest payload before a version is accepted, in bytes: the largest `version`.
pub(crate) const MAX_VERSION: usize = Version::MAX_LEN;

/// State of an open handshake.
#[derive(Clone, Debug, Default)]
pub(crate) struct PendingHandshake {
    /// Our best height, for our `version`.
    pub(crate) nonce: u64,
    /// An outbound handshake's slot in the node's table.
    pub(crate) guard: Option<NonceGuard>,
    pub(crate) reader: FrameReader,
    /// The delay of the first batch, drawn now for later.
    pub(crate) trickle: Trickle,
    pub(crate) finish: Option<Box<Finish>>,
}

impl PendingHandshake {
    pub(crate) const fn new(nonce: u64, trickle: Trickle) -> Self {
        Self { nonce, guard: None, reader: FrameReader::new(), trickle, finish: None }
    }
}

impl Peer {
    /// The remote's `version` came. The protocol version in force changes before the number is checked.
    pub(super) fn on_version(&mut self, version: Box<Version>, now: Time) -> Result<Event, Error> {
        if self.node.is_own(version.nonce) {
            return Err(Error::SelfConnection);
        }
        let advertised = ProtocolVersion::new(version.protocol_version.cast_unsigned());
        self.version = self.config().protocol_version.min(advertised);
        trace::negotiated(self);
        self.history.last_block = version.last_block;
        self.remote = Some(version.clone());
        let ours = i128::from(self.wall_clock(now).seconds());
        let ahead = i128::from(version.timestamp.seconds()).saturating_sub(ours);
        self.counters.time_offset = i64::try_from(ahead).unwrap_or_default();
        if let Lifecycle::AwaitingVersion { handshake } = &mut self.lifecycle {
            self.lifecycle = Lifecycle::VersionReceived { handshake: mem::take(handshake) };
        }
        Ok(Event::Version(version))
    }

    /// The owner pulls. If it has seen the remote's `version`, check the number and answer.
    pub(super) fn accept_version(&mut self, now: Time) -> Result<(), Error> {
        let Lifecycle::VersionReceived { handshake } = &mut self.lifecycle else { return Ok(()) };
        let min = self.node.config().min_protocol_version;
        let got = self.remote.as_ref().map_or(0, |version| version.protocol_version);
        if i64::from(got) < i64::from(min.get()) {
            return Err(Error::ProtocolVerTooOld { got, min });
        }
        let (nonce, handshake) = (handshake.nonce, mem::take(handshake));
        self.lifecycle = Lifecycle::AwaitingVerack { handshake, early: Early::default() };
        if self.direction == Direction::Inbound {
            self.push_version(nonce, now);
            self.push(&Message::Verack, Purpose::Handshake);
        }
        Ok(())
    }

    pub(super) fn on_verack(&mut self, now: Time) -> Event {
        if self.direction == Direction::Outbound {
            self.push(&Message::Verack, Purpose::Handshake);
        }
        if let Lifecycle::AwaitingVerack { handshake, early } = &mut self.lifecycle {
            let keepalive = Keepalive::new(now, self.node.config().ping_interval);
            let session = Session::new(mem::take(handshake), mem::take(early), keepalive);
            self.lifecycle = Lifecycle::Established(session);
        }
        Event::Established
    }

    /// The remote's reason against our `version`, from its early messages, before it left without a `verack`.
    pub(super) fn refusal(&mut self) -> Option<Box<Reject>> {
        let Lifecycle::AwaitingVerack { early, .. } = &mut self.lifecycle else { return None };
        while let Some(frame) = early.pop() {
            if let Ok(Message::Reject(reject)) = frame.decode(self.version)
                && reject.command() == Command::VERSION.as_str()
            {
                return Some(reject);
            }
        }
        None
    }

    /// Queues our `version`, with this nonce.
    pub(super) fn push_version(&mut self, nonce: u64, now: Time) {
        let config = self.node.config();
        let you = self.info.remote_address;
        let behind_proxy = config.proxy.is_some_and(|proxy| proxy.to_canonical() == you.socket_addr().ip());
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
            nonce,
            user_agent: config.user_agent.clone(),
            last_block: self.info.best_height,
            disable_relay_tx: config.disable_relay_tx,
        };
        self.push(&version.into(), Purpose::Handshake);
    }
}
