//! One connection, from the handshake to the end, and everything that happens on it told.

use core::net::SocketAddr;

use peer_core::message::Ping;
use peer_core::{Direction, Event, Message, Network, Node, Stats};
use peer_tokio::{Closed, Handle};
use rand_core::Rng;
use tokio::net::TcpStream;

use crate::error::{Failure, chain};
use crate::explain;
use crate::node;
use crate::report::{self, End, Notice, Report};
use crate::sniff::{FirstBytes, Sniff};
use crate::stop::{Reason, Stop};

/// What a connection needs besides its stream.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    /// The peer's number.
    pub(crate) number: u64,
    pub(crate) address: SocketAddr,
    pub(crate) direction: Direction,
    pub(crate) node: Node,
    pub(crate) report: Report,
    pub(crate) stop: Stop,
}

/// How a connection went.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Whether hands were shaken.
    pub(crate) established: bool,
    pub(crate) ending: Ending,
    pub(crate) stats: Stats,
    pub(crate) first: FirstBytes,
}

/// Who ended a connection.
#[derive(Debug)]
pub(crate) enum Ending {
    /// We did.
    Ours(Reason),
    /// It ended by itself.
    Theirs(Closed),
}

impl Outcome {
    /// Whether hands were shaken and the end was ours.
    pub(crate) const fn is_success(&self) -> bool {
        self.established && matches!(self.ending, Ending::Ours(_))
    }

    /// The reason of the end, for people.
    pub(crate) fn detail(&self, network: Network) -> String {
        explain::detail(self, network)
    }
}

impl Watch {
    /// Holds the conversation until it ends or it is time to leave.
    pub(crate) async fn run(mut self, stream: TcpStream) -> Result<Outcome, Failure> {
        self.tell(&Notice::Connected { address: self.address, direction: self.direction })?;
        // Only speed depends on it.
        stream.set_nodelay(true).ok();
        let (stream, first) = Sniff::new(stream);
        let hello = peer_tokio::hello(self.address, 0).with_id(self.number);
        let mut generator = node::generator()?;
        let nonce = generator.next_u64();
        let (handle, mut events, driver) = match self.direction {
            Direction::Inbound => peer_tokio::inbound(stream, &self.node, hello, generator),
            Direction::Outbound => peer_tokio::outbound(stream, &self.node, hello, generator)
                .map_err(|error| Failure::new(chain(&error)))?,
        };
        tokio::spawn(driver);
        let mut established = false;
        let stopped = loop {
            let event = tokio::select! {
                event = events.next() => event,
                reason = self.stop.wait() => break Some(reason),
            };
            let Some(event) = event else { break None };
            let shaken = event == Event::Established;
            established |= shaken;
            self.tell_event(&handle, event).await?;
            if shaken && self.direction == Direction::Outbound {
                // The next one is due in two minutes or so. If it cannot be sent, the end is near.
                let message = Message::Ping(Ping { nonce });
                if handle.send(message.clone()).await.is_ok() {
                    self.tell(&Notice::Sent { command: message.command().to_string(), message: &message })?;
                }
            }
        };
        handle.close();
        let ending = match stopped {
            Some(reason) => Ending::Ours(reason),
            None => Ending::Theirs(handle.closed().await),
        };
        let outcome = Outcome { established, ending, stats: handle.stats().await, first };
        self.tell_end(&outcome)?;
        Ok(outcome)
    }

    async fn tell_event(&self, handle: &Handle, event: Event) -> Result<(), Failure> {
        match event {
            Event::Version(version) => self.tell(&Notice::Version { message: &version }),
            Event::Established => {
                let protocol_version = handle.stats().await.protocol_version.get();
                self.tell(&Notice::Established { protocol_version })
            }
            Event::Message(message) => {
                let round_trip_ms = match message {
                    Message::Pong(_) => report::round_trip_ms(&handle.stats().await),
                    _ => None,
                };
                let command = message.command().to_string();
                self.tell(&Notice::Message { command, message: &message, round_trip_ms })
            }
            _ => Ok(()),
        }
    }

    fn tell_end(&self, outcome: &Outcome) -> Result<(), Failure> {
        self.tell(&Notice::End(End {
            ok: outcome.is_success(),
            established: outcome.established,
            reason: explain::name(&outcome.ending),
            detail: outcome.detail(self.node.config().network()),
            stats: Some(&outcome.stats),
        }))
    }

    fn tell(&self, notice: &Notice<'_>) -> Result<(), Failure> {
        self.report.tell(Some(self.number), notice)
    }
}
