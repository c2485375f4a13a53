//! One visit: connect, shake hands, ping, ask for addresses, leave.

use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use std::sync::Arc;

use peer_core::message::Version;
use peer_core::{Direction, Event, Interest, Message, Node, Request, RequestOptions, Unanswered};
use peer_tokio::{Events, Handle, ResponseError};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::endpoint::Endpoint;
use super::outcome::{Answer, Outcome};
use crate::clock::Stopwatch;
use crate::dial::zone_advice;
use crate::error::{Failure, chain, plain};
use crate::first_bytes::FirstBytes;
use crate::format::Span;
use crate::outcome::{self, Ending};
use crate::record::{self, Recordings};
use crate::socks::{Blame, Proxy, UNKNOWN_ADDRESS};
use crate::{explain, node};

/// The settings of all visits.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    pub(crate) node: Node,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) connect_timeout: Duration,
    pub(crate) addresses_timeout: Duration,
    pub(crate) recordings: Option<Recordings>,
}

/// What a visit found.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) endpoint: Endpoint,
    /// Steps from a seed.
    pub(crate) level: u32,
    pub(crate) outcome: Outcome,
    /// Why it ended, unless we ended it: the reason's name, and a text for people.
    pub(crate) reason: Option<String>,
    pub(crate) detail: Option<String>,
    /// The peer's `version`, which is known even if the handshake fails later.
    pub(crate) version: Option<Box<Version>>,
    pub(crate) connect: Option<Duration>,
    /// Through a proxy: whether it took the user name that tells this connection from all others.
    pub(crate) isolated: Option<bool>,
    /// From the connection to the end of the handshake.
    pub(crate) handshake: Option<Duration>,
    pub(crate) round_trip: Option<Duration>,
    pub(crate) answer: Option<Answer>,
    /// The addresses of other peers that it sent.
    pub(crate) addresses: Vec<Endpoint>,
}

/// An open connection.
struct Dialled {
    stream: TcpStream,
    /// The address that our `version` tells the remote.
    address: SocketAddr,
    /// As in [`Visit`].
    isolated: Option<bool>,
}

impl Visit {
    fn to(endpoint: Endpoint, level: u32) -> Self {
        Self {
            endpoint,
            level,
            outcome: Outcome::Unreachable,
            reason: None,
            detail: None,
            version: None,
            connect: None,
            isolated: None,
            handshake: None,
            round_trip: None,
            answer: None,
            addresses: Vec::new(),
        }
    }

    fn fail(mut self, outcome: Outcome, detail: impl Into<String>) -> Self {
        self.outcome = outcome;
        self.detail = Some(detail.into());
        self
    }
}

impl Visitor {
    /// Visits an endpoint. A failure is ours, not the peer's.
    pub(crate) async fn visit(self: Arc<Self>, endpoint: Endpoint, level: u32) -> Result<Visit, Failure> {
        let mut visit = Visit::to(endpoint, level);
        let clock = Stopwatch::start();
        let dialled = timeout(self.connect_timeout, self.dial(&visit.endpoint)).await;
        let Dialled { stream, address, isolated } = match dialled {
            Ok(Ok(connected)) => connected,
            Ok(Err((outcome, detail))) => return Ok(visit.fail(outcome, detail)),
            Err(_) => {
                let detail = format!("no connection within {}", Span(self.connect_timeout));
                return Ok(visit.fail(Outcome::TimedOut, detail));
            }
        };
        visit.connect = Some(clock.elapsed());
        visit.isolated = isolated;
        stream.set_nodelay(true).ok();
        let (stream, first) = FirstBytes::of(stream);
        let info = peer_tokio::connection_info(address, 0);
        let recording = match &self.recordings {
            Some(recordings) => {
                let (config, name) = (self.node.config(), visit.endpoint.to_string());
                recordings.start_next((config, Direction::Outbound), &info, &name)?
            }
            None => None,
        };
        let stream = record::record(stream, recording.as_ref());
        let generator = node::generator()?;
        let (handle, events, driver) = match peer_tokio::outbound(stream, &self.node, info, generator) {
            Ok(parts) => parts,
            Err(error) => return Ok(visit.fail(Outcome::NoRoom, error.to_string())),
        };
        let driver = tokio::spawn(driver);
        self.run_session(&mut visit, &handle, events, first).await?;
        handle.close();
        // The dropped driver releases its open handshake and its file.
        if let (Ok(closed), Some(recording)) = (driver.await, recording)
            && let Some(problem) = Box::pin(recording.finish(&closed.reason)).await
        {
            record::warn(&problem);
        }
        Ok(visit)
    }

    async fn dial(&self, endpoint: &Endpoint) -> Result<Dialled, (Outcome, String)> {
        let (host, port, address) = match (endpoint, &self.proxy) {
            (Endpoint::Socket(address), None) => {
                let connected = TcpStream::connect(address).await;
                let dialled = |stream| Dialled { stream, address: *address, isolated: None };
                return connected.map(dialled).map_err(|error| explain_dial(*address, &error));
            }
            (Endpoint::Socket(address), Some(_)) => (address.ip().to_string(), address.port(), *address),
            (Endpoint::Name { host, port }, _) => (host.clone(), *port, UNKNOWN_ADDRESS),
        };
        let Some(proxy) = &self.proxy else {
            return Err((Outcome::Unreachable, format!("{host} is reached through a proxy only")));
        };
        match proxy.dial(&host, port).await {
            Ok(reached) => {
                // The proxy's address must not be disclosed.
                let address = if reached.through.ip() == address.ip() { UNKNOWN_ADDRESS } else { address };
                Ok(Dialled { stream: reached.stream, address, isolated: Some(reached.isolated) })
            }
            Err(refusal) => Err((
                match refusal.blame {
                    Blame::Proxy => Outcome::Proxy,
                    Blame::Refused => Outcome::Refused,
                    Blame::Unreachable => Outcome::Unreachable,
                },
                refusal.text,
            )),
        }
    }

    /// Shakes hands and asks for addresses.
    async fn run_session(
        &self,
        visit: &mut Visit,
        handle: &Handle,
        mut events: Events,
        first: FirstBytes,
    ) -> Result<(), Failure> {
        let clock = Stopwatch::start();
        loop {
            match events.next().await {
                Some(Event::Version(version)) => visit.version = Some(version),
                Some(Event::Established) => break,
                Some(_) => {}
                None => return self.record_failure(visit, handle, first).await,
            }
        }
        visit.outcome = Outcome::Reachable;
        visit.handshake = Some(clock.elapsed());
        // Kept, so that the connection stays open. If it has ended, the requests tell.
        let _open = events.only(Interest::NONE).await;
        visit.answer = Some(request_addresses(visit, handle, self.addresses_timeout).await);
        Ok(())
    }

    /// Records a failed handshake.
    async fn record_failure(
        &self,
        visit: &mut Visit,
        handle: &Handle,
        first: FirstBytes,
    ) -> Result<(), Failure> {
        let closed = handle.closed().await;
        visit.outcome = Outcome::of(&closed.reason, first.text().is_some());
        let (ending, stats) = (Ending::Theirs(closed), handle.stats().await);
        visit.reason = Some(explain::name(&ending));
        let outcome = outcome::Outcome { established: false, ending, stats, first };
        visit.detail = Some(explain::detail(&outcome, self.node.config()));
        Ok(())
    }
}

/// Measures the round trip and asks for addresses. Either may take as long as `limit`.
async fn request_addresses(visit: &mut Visit, peer: &Handle, limit: Duration) -> Answer {
    if request(peer, Request::Ping, limit).await.is_ok() {
        visit.round_trip = peer.stats().await.last_ping_round_trip;
    }
    match request(peer, Request::Addresses, limit).await {
        Ok(Message::Addr(addr)) => visit.addresses = addr.addresses.iter().map(Endpoint::from).collect(),
        Ok(Message::AddrV2(addr)) => visit.addresses = addr.addresses().iter().map(Endpoint::from).collect(),
        Ok(_) | Err(ResponseError::Unanswered { reason: Unanswered::Declined, .. }) => {}
        Err(ResponseError::Unanswered { .. }) => return Answer::Late,
        // What cannot be sent any more is refused, too.
        Err(_) => return record_end(visit, peer).await,
    }
    if visit.addresses.is_empty() { Answer::None } else { Answer::Addresses }
}

/// What responds to a request that is answered by one message.
async fn request(peer: &Handle, request: Request, limit: Duration) -> Result<Message, ResponseError> {
    peer.request(request, RequestOptions::new().timeout(limit)).await?.only().await
}

/// The connection ended before the peer had answered.
async fn record_end(visit: &mut Visit, handle: &Handle) -> Answer {
    let closed = handle.closed().await;
    let broke = closed.reason.is_misbehaviour();
    visit.detail = Some(chain(&closed));
    visit.reason = Some(explain::name(&Ending::Theirs(closed)));
    if broke { Answer::Broke } else { Answer::Left }
}

/// Why there is no connection.
fn explain_dial(address: SocketAddr, error: &io::Error) -> (Outcome, String) {
    let outcome = match (error.kind(), error.raw_os_error()) {
        (io::ErrorKind::ConnectionRefused, _) => Outcome::Refused,
        (io::ErrorKind::TimedOut, _) => Outcome::TimedOut,
        // The process or the system has no file left.
        (_, Some(23 | 24)) if cfg!(unix) => Outcome::NoRoom,
        _ => Outcome::Unreachable,
    };
    (outcome, format!("{}{}", plain(error), zone_advice(address)))
}
