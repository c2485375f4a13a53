//! `dcrpeer load`: many connections to one peer, to measure both ends.

mod session;
mod summary;

use core::fmt;
use core::mem;
use core::net::SocketAddr;
use core::pin::pin;
use core::time::Duration;
use std::io::Write;
use std::sync::Arc;

use clap::Args;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use peer_core::Node;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use self::session::{Common, Session, SessionEvent};
use self::summary::{Memory, Percentiles, Reasons, Summary};
use crate::clock::Stopwatch;
use crate::dial::{Tor, connect, resolve};
use crate::error::Failure;
use crate::format::{self, Count, Span};
use crate::happy_eyeballs::{Connected, FailedAttempt};
use crate::node;
use crate::options::{PeerArgs, Target, network_name, parse_duration};
use crate::output;
use crate::shutdown::{Shutdown, ShutdownReason};
use crate::system;

#[derive(Args, Debug)]
pub(crate) struct LoadArgs {
    /// The peer, with or without a port
    addr: Target,
    /// How many connections to open
    #[arg(short = 'n', long = "connections", default_value_t = 1000, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=60_000))]
    connections: u32,
    /// Most connections being opened, and pings under way, at a time
    #[arg(long, default_value_t = 256, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=1024))]
    at_once: u32,
    /// How often to ping on each connection
    #[arg(long, default_value_t = 3, value_name = "N",
          value_parser = clap::value_parser!(u32).range(0..=1000))]
    rounds: u32,
    /// Keep the connections for this time after measuring, like 500ms, 10s, 2m or 1h
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    hold: Option<Duration>,
    /// The peer is on another machine, and its owner agrees
    #[arg(long)]
    with_permission: bool,
    #[command(flatten)]
    pub(crate) peer: PeerArgs,
}

/// Session events that may wait to be read.
const EVENTS: usize = 1024;

/// Opens the connections, measures, and reports.
pub(crate) async fn run(args: LoadArgs) -> Result<(), Failure> {
    let network = args.peer.network;
    let mut shutdown = Shutdown::after(args.peer.duration)?;
    let mut addresses = resolve(&args.addr, network, Tor::Never, &mut shutdown).await?;
    check_permission(&addresses, args.with_permission)?;
    check_room(args.connections)?;
    let node = node::from_args(&args.peer)?;
    // One connection goes first: what fails for it fails for all. The others use its address.
    let mut failures = Vec::new();
    while !addresses.is_empty() {
        let (before, clock) = (system::memory(), Stopwatch::start());
        let dialled = tokio::select! {
            dialled = connect(&addresses) => dialled,
            reason = shutdown.wait() => {
                return Err(Failure::new(format!("{}: no connection yet ({reason})", args.addr.host)));
            }
        };
        let connected = match dialled {
            Ok(connected) => connected,
            Err(attempts) => {
                failures.extend(attempts.iter().map(|FailedAttempt { address, reason }| {
                    format!("{address}: {}", session::unreachable(*address, reason, network))
                }));
                break;
            }
        };
        addresses.retain(|address| *address != connected.address);
        let mut load = Load::new(connected.address, &args, &node, shutdown.clone(), (before, clock))?;
        match load.open_first(connected).await {
            Ok(()) => return load.run(&args).await,
            Err(failure) => failures.push(failure),
        }
    }
    Err(Failure::new(failures.join("; ")))
}

/// A load test is for peers on this machine, unless the user has permission.
fn check_permission(addresses: &[SocketAddr], with_permission: bool) -> Result<(), Failure> {
    let is_local = |address: &SocketAddr| {
        let ip = address.ip().to_canonical();
        ip.is_loopback() || ip.is_unspecified()
    };
    match addresses.iter().find(|address| !is_local(address)) {
        Some(address) if !with_permission => Err(Failure::new(format!(
            "{address} is not on this machine, and so many connections are an attack unless its owner agrees: \
             then use --with-permission"
        ))),
        _ => Ok(()),
    }
}

fn check_room(wanted: u32) -> Result<(), Failure> {
    let room = system::room_for(wanted);
    if room >= wanted {
        return Ok(());
    }
    let (few, many, how) = (Count(room.into()), Count(wanted.into()), system::how_to_make_room(wanted));
    Err(Failure::new(format!(
        "the limit of open files allows {few} connections at a time, not {many}; raise it with {how}, or say \
         -n {room}"
    )))
}

/// All connections and their measurements.
struct Load {
    common: Arc<Common>,
    sessions: JoinSet<()>,
    permits: Arc<Semaphore>,
    generator: ChaCha12Rng,
    events: mpsc::Receiver<SessionEvent>,
    all_open: watch::Sender<bool>,
    shutdown: Shutdown,
    /// Why the test was cut short.
    stopped: Option<ShutdownReason>,
    clock: Stopwatch,
    /// From the beginning to the latest handshake.
    opening: Duration,
    /// Memory before the first connection.
    before: Option<u64>,
    measured: Measurements,
}

/// What the sessions measured.
#[derive(Debug, Default)]
struct Measurements {
    connects: Vec<Duration>,
    handshakes: Vec<Duration>,
    round_trips: Vec<Duration>,
    unanswered: u64,
    /// Sessions that have done all their pings, or were lost.
    pinged: u32,
    failures: u32,
    losses: u32,
    failed: Reasons,
    lost: Reasons,
}

impl Measurements {
    fn opened(&self) -> u32 {
        u32::try_from(self.handshakes.len()).unwrap_or(u32::MAX)
    }

    fn record(&mut self, event: SessionEvent) {
        match event {
            SessionEvent::Opened { connect, handshake } => {
                self.connects.push(connect);
                self.handshakes.push(handshake);
            }
            SessionEvent::Failed(reason) => {
                self.failures = self.failures.saturating_add(1);
                count(&mut self.failed, reason);
            }
            SessionEvent::Pong(Some(round_trip)) => self.round_trips.push(round_trip),
            SessionEvent::Pong(None) => self.unanswered = self.unanswered.saturating_add(1),
            SessionEvent::Pinged => self.pinged = self.pinged.saturating_add(1),
            SessionEvent::Lost { reason, is_pinged } => {
                self.pinged = self.pinged.saturating_add(u32::from(!is_pinged));
                self.losses = self.losses.saturating_add(1);
                count(&mut self.lost, reason);
            }
        }
    }
}

fn count(reasons: &mut Reasons, reason: String) {
    let times = reasons.entry(reason).or_default();
    *times = times.saturating_add(1);
}

impl Load {
    /// `before` is the memory before the first connection was dialled, and `clock` began then.
    fn new(
        address: SocketAddr,
        args: &LoadArgs,
        node: &Node,
        shutdown: Shutdown,
        (before, clock): (Option<u64>, Stopwatch),
    ) -> Result<Self, Failure> {
        let (sender, events) = mpsc::channel(EVENTS);
        let (all_open, is_all_open) = watch::channel(false);
        let common = Common {
            address,
            node: node.clone(),
            traffic: Arc::default(),
            pings: Semaphore::new(args.at_once as usize),
            rounds: args.rounds,
            session_events: sender,
            all_open: is_all_open,
        };
        Ok(Self {
            common: Arc::new(common),
            sessions: JoinSet::new(),
            permits: Arc::new(Semaphore::new(args.at_once as usize)),
            generator: node::generator()?,
            events,
            all_open,
            shutdown,
            stopped: None,
            before,
            clock,
            opening: Duration::ZERO,
            measured: Measurements::default(),
        })
    }

    /// Completes the first handshake.
    async fn open_first(&mut self, connected: Connected<TcpStream>) -> Result<(), String> {
        if let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await {
            self.open_session(permit, Some((connected.stream, connected.took)));
        }
        let address = self.common.address;
        tokio::select! {
            Some(event) = self.events.recv() => match event {
                SessionEvent::Failed(reason) => Err(format!("{address}: {reason}")),
                event => {
                    self.record(event);
                    Ok(())
                }
            },
            reason = self.shutdown.wait() => Err(format!("{address}: no connection yet ({reason})")),
        }
    }

    fn record(&mut self, event: SessionEvent) {
        if matches!(event, SessionEvent::Opened { .. }) {
            self.opening = self.clock.elapsed();
        }
        self.measured.record(event);
    }

    /// Starts a session, on an open connection if there is one.
    fn open_session(&mut self, permit: OwnedSemaphorePermit, dialled: Option<(TcpStream, Duration)>) {
        let generator = Box::new(ChaCha12Rng::from_rng(&mut self.generator));
        let others_opened = self.measured.opened() > 0;
        self.sessions.spawn(Session::run(
            Arc::clone(&self.common),
            permit,
            generator,
            others_opened,
            dialled,
        ));
    }

    async fn run(mut self, args: &LoadArgs) -> Result<(), Failure> {
        self.open(args.connections).await;
        let with_all = system::memory();
        self.ping(args.rounds).await;
        self.hold(args.hold.unwrap_or_default()).await;
        let summary = self.summary(args, with_all);
        // Dropping a session closes its connection.
        self.sessions.shutdown().await;
        if args.peer.json {
            output::write_object(&mut output::for_programs(), &summary)?;
        } else {
            let mut out = output::for_people();
            summary.write(&mut out)?;
            out.flush()?;
        }
        Ok(())
    }

    /// Opens the others, at most as many at a time as there are permits.
    async fn open(&mut self, wanted: u32) {
        let bar = bar("opening", wanted.into());
        let mut started = 1_u32;
        while self.stopped.is_none() && self.measured.opened().saturating_add(self.measured.failures) < wanted
        {
            bar.set_position(self.measured.opened().into());
            tokio::select! {
                Ok(permit) = Arc::clone(&self.permits).acquire_owned(), if started < wanted => {
                    started = started.saturating_add(1);
                    self.open_session(permit, None);
                }
                Some(event) = self.events.recv() => self.record(event),
                reason = self.shutdown.wait() => self.stopped = Some(reason),
            }
        }
        bar.finish_and_clear();
    }

    /// Pings on all connections that are open.
    async fn ping(&mut self, rounds: u32) {
        let pings = u64::from(self.measured.opened()).saturating_mul(rounds.into());
        let bar = bar("pinging", pings);
        self.all_open.send_replace(true);
        while self.stopped.is_none() && self.measured.pinged < self.measured.opened() {
            bar.set_position(self.measured.round_trips.len() as u64);
            tokio::select! {
                Some(event) = self.events.recv() => self.record(event),
                reason = self.shutdown.wait() => self.stopped = Some(reason),
            }
        }
        bar.finish_and_clear();
    }

    /// Keeps the connections for this time, or until all are lost.
    async fn hold(&mut self, time: Duration) {
        if time.is_zero() || self.stopped.is_some() {
            return;
        }
        let bar = ProgressBar::new_spinner().with_message(format!("holding all for {}", Span(time)));
        bar.tick();
        let mut end = pin!(sleep(time));
        while self.stopped.is_none() && self.measured.losses < self.measured.opened() {
            tokio::select! {
                () = &mut end => break,
                Some(event) = self.events.recv() => self.record(event),
                reason = self.shutdown.wait() => self.stopped = Some(reason),
            }
        }
        bar.finish_and_clear();
    }

    fn summary(&mut self, args: &LoadArgs, with_all: Option<u64>) -> Summary {
        let measured = mem::take(&mut self.measured);
        let opened = measured.opened();
        let answered = measured.round_trips.len() as u64;
        let memory = self.before.zip(with_all);
        Summary {
            address: self.common.address,
            network: network_name(args.peer.network),
            wanted: args.connections,
            opened,
            failed: measured.failed,
            lost: measured.lost,
            opening: self.opening,
            handshakes_per_second: format::per_second(opened.into(), self.opening),
            connect: Percentiles::of(measured.connects),
            handshake: Percentiles::of(measured.handshakes),
            pings: answered.saturating_add(measured.unanswered),
            unanswered: measured.unanswered,
            round_trip: Percentiles::of(measured.round_trips),
            bytes_sent: self.common.traffic.sent(),
            bytes_received: self.common.traffic.received(),
            memory: memory.map(|(before, with_all)| Memory::new(before, with_all, opened)),
            stopped: self.stopped.map(|reason| reason.to_string()),
        }
    }
}

/// A progress bar on standard error, if that is a terminal.
fn bar(what: &'static str, total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total).with_message(what);
    let rate = |state: &ProgressState, out: &mut dyn fmt::Write| {
        // A rate over less than a second means nothing.
        if state.elapsed() >= Duration::from_secs(1) {
            // A bar that cannot be drawn is left out.
            write!(out, ", {:.0} a second", state.per_sec()).ok();
        }
    };
    match ProgressStyle::with_template("{msg} {wide_bar:.cyan} {human_pos} of {human_len}{rate}") {
        Ok(style) => bar.with_style(style.with_key("rate", rate)),
        Err(_) => bar,
    }
}
