//! One session of `load`: a task that dials, shakes hands, waits for the others, pings, and stays connected.

use core::future::Future;
use core::net::SocketAddr;
use core::pin::{Pin, pin};
use core::time::Duration;
use std::io;
use std::sync::Arc;

use peer_core::message::Ping;
use peer_core::{Event, Message, Network, Node};
use peer_tokio::{Closed, Events, Handle};
use rand_chacha::ChaCha12Rng;
use rand_core::Rng;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::clock::Stopwatch;
use crate::dial::{CONNECT_TIMEOUT, zone_advice};
use crate::error::{chain, plain};
use crate::explain;
use crate::first_bytes::FirstBytes;
use crate::format::Span;
use crate::happy_eyeballs::ConnectError;
use crate::options::network_name;
use crate::outcome::{Ending, Outcome};
use crate::output::invocation;
use crate::traffic::Traffic;

/// What all sessions share.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) address: SocketAddr,
    pub(super) node: Node,
    pub(super) traffic: Arc<Traffic>,
    /// A ping needs a permit until its pong has come.
    pub(super) pings: Semaphore,
    pub(super) rounds: u32,
    pub(super) session_events: mpsc::Sender<SessionEvent>,
    /// Whether all connections are open and pinging may begin.
    pub(super) all_open: watch::Receiver<bool>,
}

/// An event of a session.
#[derive(Debug)]
pub(super) enum SessionEvent {
    /// It is open: how long the transport took, and then the handshake.
    Opened { connect: Duration, handshake: Duration },
    /// It was never open.
    Failed(String),
    /// The round trip of a ping; `None` where no pong came in time.
    Pong(Option<Duration>),
    /// It has done all its pings.
    Pinged,
    /// It was open, and ended too early.
    Lost { reason: String, is_pinged: bool },
}

type Connection<D> = (Handle, Events, Pin<Box<D>>, FirstBytes);

/// One connection.
pub(super) struct Session {
    common: Arc<Common>,
    /// Limits how many connections are being opened; released when the connection is open or has failed.
    permit: Option<OwnedSemaphorePermit>,
    /// The nonce of the latest ping.
    nonce: u64,
    established: bool,
    is_pinged: bool,
    /// Whether another connection has completed its handshake before.
    others_opened: bool,
}

impl Session {
    /// Runs one connection to its end. It is dialled unless `dialled` has it, with the time that dialling took;
    /// `others_opened` is whether another session has completed its handshake. Dropping the future closes the connection.
    pub(super) async fn run(
        common: Arc<Common>,
        permit: OwnedSemaphorePermit,
        mut generator: Box<ChaCha12Rng>,
        others_opened: bool,
        dialled: Option<(TcpStream, Duration)>,
    ) {
        let nonce = generator.next_u64();
        let mut session =
            Self { common, permit: Some(permit), nonce, established: false, is_pinged: false, others_opened };
        let reason = session.connect_and_measure(generator, dialled).await;
        let is_pinged = session.is_pinged;
        let event = if session.established {
            SessionEvent::Lost { reason, is_pinged }
        } else {
            SessionEvent::Failed(reason)
        };
        session.send_event(event).await;
    }

    /// Runs the connection to its end. Returns why it ended.
    ///
    /// Nested futures hold copies, so what is large is boxed, and dropped when it is not needed: with thousands of
    /// connections that is most of the memory.
    async fn connect_and_measure(
        &mut self,
        generator: Box<ChaCha12Rng>,
        dialled: Option<(TcpStream, Duration)>,
    ) -> String {
        let dialled = match dialled {
            Some(dialled) => Ok(dialled),
            None => Box::pin(self.connect()).await,
        };
        let (stream, connect) = match dialled {
            Ok(dialled) => dialled,
            Err(reason) => return reason,
        };
        // Nagle's algorithm affects only the speed.
        stream.set_nodelay(true).ok();
        let clock = Stopwatch::start();
        let (handle, events, driver, first) = match self.join(stream, generator) {
            Ok(connection) => connection,
            Err(reason) => return reason,
        };
        let measuring = self.measure(&handle, events, clock, connect);
        let (closed, ()) = tokio::join!(driver, measuring);
        Box::pin(self.ending(closed, &handle, first)).await
    }

    /// The connection over this stream, and its driver.
    fn join(
        &self,
        stream: TcpStream,
        generator: Box<ChaCha12Rng>,
    ) -> Result<Connection<impl Future<Output = Closed> + use<>>, String> {
        let (stream, first) = FirstBytes::of(stream);
        let stream = Arc::clone(&self.common.traffic).count(stream);
        let info = peer_tokio::connection_info(self.common.address, 0);
        let connection = peer_tokio::outbound(stream, &self.common.node, info, *generator);
        let (handle, events, driver) = connection.map_err(|error| chain(&error))?;
        Ok((handle, events, Box::pin(driver), first))
    }

    /// A stream to the peer and how long it took, or why there is none.
    async fn connect(&self) -> Result<(TcpStream, Duration), String> {
        let (address, clock) = (self.common.address, Stopwatch::start());
        let reason = match timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok((stream, clock.elapsed())),
            Ok(Err(error)) => ConnectError::System(error),
            Err(_) => ConnectError::TimedOut(CONNECT_TIMEOUT),
        };
        Err(unreachable(address, &reason, self.common.node.config().network()))
    }

    async fn ending(&self, closed: Closed, handle: &Handle, first: FirstBytes) -> String {
        let (established, ending) = (self.established, Ending::Theirs(closed));
        let outcome = Outcome { established, ending, stats: handle.stats().await, first };
        if self.others_opened && explain::is_full(&outcome) {
            return "it takes no more peers".to_owned();
        }
        let config = self.common.node.config();
        // Of an open connection only the end is counted, not advice.
        if self.established {
            explain::what_happened(&outcome, config)
        } else {
            explain::detail(&outcome, config)
        }
    }

    /// Measures the handshake and the pings, then keeps the connection until it ends.
    async fn measure(&mut self, handle: &Handle, mut events: Events, clock: Stopwatch, connect: Duration) {
        while !self.established {
            match events.next().await {
                Some(event) => self.established = event == Event::Established,
                None => return,
            }
        }
        let handshake = clock.elapsed();
        self.permit = None;
        self.send_event(SessionEvent::Opened { connect, handshake }).await;
        let mut all_open = self.common.all_open.clone();
        if while_open(&mut events, all_open.wait_for(|all_open| *all_open)).await.is_none() {
            return;
        }
        for _ in 0..self.common.rounds {
            let Some(round_trip) = Box::pin(self.ping(handle, &mut events)).await else { return };
            self.send_event(SessionEvent::Pong(round_trip)).await;
        }
        self.is_pinged = true;
        self.send_event(SessionEvent::Pinged).await;
        while events.next().await.is_some() {}
    }

    /// One ping and its pong, if that comes in time; `None` if the connection ends.
    async fn ping(&mut self, handle: &Handle, events: &mut Events) -> Option<Option<Duration>> {
        let permit = while_open(events, self.common.pings.acquire()).await?;
        // Nonce 0 means that there is no ping.
        self.nonce = self.nonce.wrapping_add(1).max(1);
        let nonce = self.nonce;
        handle.try_send(Message::Ping(Ping { nonce })).await.ok()?;
        let pong = async {
            while let Some(event) = events.next().await {
                if matches!(event, Event::Message(Message::Pong(pong)) if pong.nonce == nonce) {
                    return Some(());
                }
            }
            None
        };
        let mut pong = pin!(pong);
        let mut answered = timeout(PONG, &mut pong).await;
        if answered.is_err() {
            // After a suspended process, what has arrived meanwhile is read before the ping counts as unanswered.
            yield_now().await;
            answered = timeout(Duration::ZERO, pong).await;
        }
        drop(permit);
        match answered {
            Ok(Some(())) => handle.with(|peer, _| peer.stats().last_ping_round_trip).await.ok(),
            Ok(None) => None,
            Err(_) => Some(None),
        }
    }

    async fn send_event(&self, event: SessionEvent) {
        // The receiver is gone only when the command ends.
        self.common.session_events.send(event).await.ok();
    }
}

/// Why there is no connection, and what to do.
pub(super) fn unreachable(address: SocketAddr, reason: &ConnectError, network: Network) -> String {
    let error = match reason {
        ConnectError::TimedOut(timeout) => return format!("no answer within {}", Span(*timeout)),
        ConnectError::System(error) => error,
    };
    match error.kind() {
        io::ErrorKind::ConnectionRefused => format!(
            "it refused the connection, nothing listens there; start a node: {} serve {address} --network {}",
            invocation(),
            network_name(network)
        ),
        io::ErrorKind::AddrNotAvailable => {
            "no local port is left; wait a minute for those of earlier connections, or lower -n".to_owned()
        }
        _ if error.raw_os_error() == Some(TOO_MANY_FILES) => {
            format!("{}; raise the limit with `ulimit -n`, or lower -n", plain(error))
        }
        _ => format!("{}{}", plain(error), zone_advice(address)),
    }
}

/// How long the remote may take to answer a ping.
const PONG: Duration = Duration::from_secs(10);

/// The system's number for a process that has too many open files, the same on every Unix.
const TOO_MANY_FILES: i32 = 24;

/// Waits for a future and drops events meanwhile; `None` if the connection ends before.
async fn while_open<T>(events: &mut Events, wanted: impl Future<Output = T>) -> Option<T> {
    let mut wanted = pin!(wanted);
    loop {
        tokio::select! {
            wanted = &mut wanted => return Some(wanted),
            event = events.next() => drop(event?),
        }
    }
}
