//! One connection of a check. No machine is in between, so that anything can be said on it.

use core::cell::Cell;
use core::time::Duration;
use std::rc::Rc;

use bytes::BytesMut;
use peer_core::frame::{FrameReader, Rules, encode};
use peer_core::message::{InitState, NetAddress, Ping, Pong, Version};
use peer_core::{Message, ProtocolVersion, Services};
use peer_tokio::Recorded;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::either::Either;

use super::lab::Lab;
use super::stop::Stop;
use crate::clock::Stopwatch;
use crate::format::Span;

/// One connection of a check.
pub(super) struct Wire<'a> {
    lab: &'a Lab,
    stream: Either<Recorded<TcpStream>, TcpStream>,
    reader: FrameReader,
    input: BytesMut,
    /// The version in force.
    version: ProtocolVersion,
    /// Whether the node has ended the connection.
    is_closed: Rc<Cell<bool>>,
    /// Whether any byte has come.
    is_spoken: bool,
    gave_init_state: bool,
    /// Whether the node's requests stay unanswered.
    is_mute: bool,
}

/// What came within the time.
#[derive(Debug)]
pub(super) enum Heard {
    Message(Message),
    Closed,
    Nothing,
}

impl<'a> Wire<'a> {
    pub(super) fn new(
        lab: &'a Lab,
        stream: Either<Recorded<TcpStream>, TcpStream>,
        is_closed: Rc<Cell<bool>>,
    ) -> Self {
        Self {
            lab,
            stream,
            reader: FrameReader::new(),
            input: BytesMut::new(),
            version: ProtocolVersion::LATEST,
            is_closed,
            is_spoken: false,
            gave_init_state: false,
            is_mute: false,
        }
    }

    /// Whether any byte has come.
    pub(super) const fn is_spoken(&self) -> bool {
        self.is_spoken
    }

    /// Leaves the node's requests unanswered from now on.
    pub(super) const fn mute(&mut self) {
        self.is_mute = true;
    }

    /// Sends a message at the version in force.
    pub(super) async fn send(&mut self, message: impl Into<Message>) -> Result<(), Stop> {
        let frame = encode(&message.into(), self.lab.network(), self.version)?;
        self.send_bytes(&frame).await;
        Ok(())
    }

    /// Writes bytes as they are. If the node has closed or reads nothing, that shows when it is heard.
    pub(super) async fn send_bytes(&mut self, bytes: &[u8]) {
        timeout(self.lab.limits.answer, self.stream.write_all(bytes)).await.ok();
    }

    /// The next message within the time, of whatever kind.
    pub(super) async fn hear(&mut self, limit: Duration) -> Result<Heard, Stop> {
        let clock = Stopwatch::start();
        loop {
            let rules = Rules::new(self.lab.network(), self.version);
            if let Some(frame) = self.reader.read(&mut self.input, &rules)? {
                return Ok(Heard::Message(frame.decode(self.version)?));
            }
            if self.is_closed.get() {
                return Ok(Heard::Closed);
            }
            let left = limit.saturating_sub(clock.elapsed());
            match timeout(left, self.stream.read_buf(&mut self.input)).await {
                Err(_) => return Ok(Heard::Nothing),
                Ok(Ok(1..)) => self.is_spoken = true,
                // A reset means that the node had not read everything.
                Ok(_) => self.is_closed.set(true),
            }
        }
    }

    /// The next message that a node does not send by itself. Its own requests are answered as those of a peer that has
    /// nothing.
    pub(super) async fn next(&mut self, limit: Duration) -> Result<Heard, Stop> {
        let clock = Stopwatch::start();
        loop {
            match self.hear(limit.saturating_sub(clock.elapsed())).await? {
                Heard::Message(message) if is_unasked(&message) => self.reply(&message).await?,
                heard => return Ok(heard),
            }
        }
    }

    async fn reply(&mut self, message: &Message) -> Result<(), Stop> {
        match message {
            _ if self.is_mute => Ok(()),
            Message::Ping(ping) => self.send(Pong { nonce: ping.nonce }).await,
            // A second one would be a reason for a ban.
            Message::GetInitState(_) if !core::mem::replace(&mut self.gave_init_state, true) => {
                self.send(InitState::default()).await
            }
            _ => Ok(()),
        }
    }

    /// The next message, which must come in time.
    pub(super) async fn answer(&mut self, due: &str) -> Result<Message, Stop> {
        match self.next(self.lab.limits.answer).await? {
            Heard::Message(message) => Ok(message),
            heard => Err(self.missing(&heard, due)),
        }
    }

    /// What to say where a message is due and none came.
    fn missing(&self, heard: &Heard, due: &str) -> Stop {
        match heard {
            Heard::Message(message) => Stop::unexpected(message, due),
            Heard::Closed => Stop::fail(format!("it closed the connection where {due} was due")),
            Heard::Nothing => Stop::fail(format!("no {due} within {}", Span(self.lab.limits.answer))),
        }
    }

    /// Waits until the node closes the connection, which it must do without another answer. `why` is what it closes for.
    pub(super) async fn closes(&mut self, why: &str) -> Result<String, Stop> {
        let clock = Stopwatch::start();
        match self.next(self.lab.limits.answer).await? {
            Heard::Closed => Ok(format!("closed {} after {why}", Span(clock.elapsed()))),
            Heard::Message(message) => Err(Stop::fail(format!("it sent {} after {why}", message.command()))),
            Heard::Nothing => {
                Err(Stop::fail(format!("still open {} after {why}", Span(self.lab.limits.answer))))
            }
        }
    }

    /// Sends our `version`.
    pub(super) async fn introduce(&mut self, offer: u32, nonce: u64) -> Result<(), Stop> {
        let (lab, info) = (self.lab, peer_tokio::connection_info(self.lab.address, 0));
        let version = Version {
            protocol_version: offer.cast_signed(),
            services: Services::NONE,
            timestamp: info.unix_time,
            addr_you: NetAddress::new(lab.address, Services::NODE_NETWORK),
            addr_me: Some(NetAddress::UNSPECIFIED),
            nonce,
            user_agent: lab.config.user_agent().clone(),
            last_block: 0,
            // Transactions would only be in the way.
            disable_relay_tx: true,
        };
        self.version = ProtocolVersion::LATEST.min(ProtocolVersion::new(offer));
        self.send(version).await
    }

    /// The node's `version`, which must come first.
    pub(super) async fn hear_version(&mut self) -> Result<Box<Version>, Stop> {
        match self.hear(self.lab.limits.answer).await? {
            Heard::Message(Message::Version(version)) => {
                let told = ProtocolVersion::new(version.protocol_version.cast_unsigned());
                self.version = self.version.min(told);
                Ok(version)
            }
            Heard::Closed if !self.is_spoken => Err(Stop::TurnedAway),
            heard => Err(self.missing(&heard, "version")),
        }
    }

    /// The node's `verack`, which must come next.
    pub(super) async fn hear_verack(&mut self) -> Result<(), Stop> {
        match self.hear(self.lab.limits.answer).await? {
            Heard::Message(Message::Verack) => Ok(()),
            heard => Err(self.missing(&heard, "verack")),
        }
    }

    /// The whole handshake at this version. Returns what the node said of itself.
    pub(super) async fn shake_hands(&mut self, offer: u32) -> Result<Box<Version>, Stop> {
        self.introduce(offer, self.lab.random()?).await?;
        let version = self.hear_version().await?;
        self.hear_verack().await?;
        self.send(Message::Verack).await?;
        Ok(version)
    }

    /// Sends a `ping` and waits for its `pong`. Returns the round trip, and what came before the `pong`.
    pub(super) async fn fence(&mut self, limit: Duration) -> Result<(Duration, Vec<Message>), Stop> {
        let (clock, nonce) = (Stopwatch::start(), self.lab.random()?);
        self.send(Ping { nonce }).await?;
        let mut before = Vec::new();
        loop {
            match self.next(limit.saturating_sub(clock.elapsed())).await? {
                Heard::Message(Message::Pong(pong)) if pong.nonce == nonce => {
                    return Ok((clock.elapsed(), before));
                }
                Heard::Message(_) if before.len() >= MOST_BEFORE => {
                    return Err(Stop::fail(format!(
                        "more than {MOST_BEFORE} messages came where pong was due"
                    )));
                }
                Heard::Message(message) => before.push(message),
                Heard::Closed => return Err(Stop::fail("it closed the connection where pong was due")),
                Heard::Nothing => return Err(Stop::fail(format!("no pong within {}", Span(limit)))),
            }
        }
    }

    /// Fails unless the connection lives. Returns the round trip.
    pub(super) async fn lives(&mut self) -> Result<Duration, Stop> {
        self.fence(self.lab.limits.answer).await.map(|(round_trip, _)| round_trip)
    }
}

/// Most messages that are kept while a `pong` is waited for.
const MOST_BEFORE: usize = 16;

/// Whether a node sends this by itself: its requests, settings and announcements. What answers `getblocks` is an `inv` of
/// blocks, and no announcement has more than one.
fn is_unasked(message: &Message) -> bool {
    match message {
        Message::Inv(inv) => inv.inventory.len() <= 1,
        Message::SendHeaders
        | Message::GetHeaders(_)
        | Message::GetInitState(_)
        | Message::GetAddr
        | Message::Ping(_)
        | Message::FeeFilter(_)
        | Message::Addr(_)
        | Message::AddrV2(_) => true,
        _ => false,
    }
}
