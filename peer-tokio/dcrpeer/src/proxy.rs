//! `dcrpeer proxy`: stands between two programs, passes on what they send, and records it.

mod pass;

use core::net::SocketAddr;
use core::time::Duration;
use std::io;

use clap::Args;
use peer_core::recording::{Header, Side};
use peer_core::{Direction, Error, Network};
use tokio::net::TcpStream;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};

use self::pass::{Passed, pass, reset_when_dropped};
use crate::dial::{CONNECT_TIMEOUT, Tor, dial, resolve};
use crate::error::Failure;
use crate::format::Span;
use crate::listener::{self, ACCEPT_PAUSE};
use crate::notice::{Notice, Relayed};
use crate::options::{RecordArgs, Target, parse_duration};
use crate::record::{self, Recording, Recordings};
use crate::report::Report;
use crate::shutdown::{Shutdown, ShutdownReason};

/// Most connections at a time. Further ones wait in the listen backlog.
const MOST: usize = 125;

#[derive(Args, Debug)]
pub(crate) struct ProxyArgs {
    /// Where to listen, with or without a port; port 0 takes a free one
    listen: Target,
    /// The node to connect to for each program that comes, with or without a port
    addr: Target,
    /// mainnet, testnet3, testnet2, simnet or regnet; it has the default port, and recordings name it
    #[arg(long, default_value = "mainnet", value_name = "NAME")]
    network: Network,
    /// End after so long, like 500ms, 10s, 2m or 1h
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration)]
    duration: Option<Duration>,
    /// Write one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    record: RecordArgs,
}

/// Passes on connections until it is time to end.
pub(crate) async fn run(args: ProxyArgs) -> Result<(), Failure> {
    let network = args.network;
    let mut shutdown = Shutdown::after(args.duration)?;
    let recordings = args.record.of_many()?;
    let addresses = resolve(&args.addr, network, Tor::Never, &mut shutdown).await?;
    let (listener, address) = listener::bind(&args.listen, network, &mut shutdown).await?;
    let report = Report::about_many(args.json);
    let relay = Relay { addresses, network, report, recordings, shutdown };
    relay.report.emit(None, &Notice::Listening { address, network })?;
    let (mut shutdown, mut connections, mut count) = (relay.shutdown.clone(), JoinSet::new(), 0_u64);
    let reason = loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MOST => match accepted {
                Ok((stream, address)) => {
                    count = count.saturating_add(1);
                    connections.spawn(relay.clone().run(count, stream, address));
                }
                Err(_) => sleep(ACCEPT_PAUSE).await,
            },
            Some(ended) = connections.join_next() => check(ended)?,
            reason = shutdown.wait() => break reason,
        }
    };
    drop(listener);
    while let Some(ended) = connections.join_next().await {
        check(ended)?;
    }
    relay.emit_stopped(reason, count)?;
    record::check(relay.recordings.as_ref())
}

fn check(ended: Result<Result<(), Failure>, JoinError>) -> Result<(), Failure> {
    ended.map_err(|error| Failure::new(format!("a connection's task ended: {error}")))?
}

/// What all connections share.
#[derive(Clone)]
struct Relay {
    addresses: Vec<SocketAddr>,
    network: Network,
    report: Report,
    recordings: Option<Recordings>,
    shutdown: Shutdown,
}

impl Relay {
    /// Connects to the node, and passes on what both send.
    async fn run(mut self, number: u64, dialer: TcpStream, address: SocketAddr) -> Result<(), Failure> {
        let name = address.to_string();
        let (address, direction) = (name.as_str(), Direction::Inbound);
        self.emit(number, &Notice::Connected { address, direction, isolated: None })?;
        let dialled = tokio::select! {
            dialled = timeout(CONNECT_TIMEOUT, dial(&self.addresses, self.network)) => dialled,
            reason = self.shutdown.wait() => return self.emit_end(number, false, reason.to_string(), [0; 2]),
        };
        let (listener, address) = match dialled {
            Ok(Ok(dialled)) => dialled,
            Ok(Err(Failure::Unreported(detail))) => return self.refuse(number, &dialer, detail),
            Ok(Err(failure)) => return Err(failure),
            Err(_) => {
                let detail = format!("the node did not answer within {}", Span(CONNECT_TIMEOUT));
                return self.refuse(number, &dialer, detail);
            }
        };
        self.pass_on(number, [dialer, listener], address).await
    }

    /// The program sees its connection reset, as it would without us.
    fn refuse(&self, number: u64, dialer: &TcpStream, detail: String) -> Result<(), Failure> {
        reset_when_dropped(dialer);
        self.emit_end(number, false, detail, [0; 2])
    }

    async fn pass_on(
        mut self,
        number: u64,
        streams: [TcpStream; 2],
        address: SocketAddr,
    ) -> Result<(), Failure> {
        let unix_time = peer_tokio::connection_info(address, 0).unix_time;
        let header = Header::between(self.network).unix_time(unix_time).address(address.to_string());
        let started = self.recordings.as_ref().map(|recordings| recordings.start_with(number, header));
        // A connection that cannot be recorded is passed on anyway.
        let recording = match started.transpose() {
            Err(Failure::Unreported(detail)) => {
                self.emit(number, &Notice::Warning { detail: &detail })?;
                None
            }
            started => started?.flatten(),
        };
        let recorder = recording.as_ref().map(Recording::recorder);
        let mut bytes = [0; 2];
        let passed = tokio::select! {
            passed = pass(streams, recorder, &mut bytes) => passed,
            reason = self.shutdown.wait() => Passed::Stopped(reason),
        };
        if let Some(recording) = recording {
            let problem = match &passed {
                Passed::Ended(_) => recording.close().await,
                Passed::Stopped(_) => recording.finish(&Error::ClosedByOwner).await,
                Passed::Failed(..) => recording.finish(&Error::TransportFailed).await,
            };
            if let Some(detail) = problem {
                self.emit(number, &Notice::Warning { detail: &detail })?;
            }
        }
        self.emit_end(number, matches!(passed, Passed::Ended(_)), describe(&passed), bytes)
    }

    fn emit_end(&self, number: u64, ok: bool, detail: String, bytes: [u64; 2]) -> Result<(), Failure> {
        let [bytes_from_dialer, bytes_from_listener] = bytes;
        let relayed = Relayed { ok, detail, bytes_from_dialer, bytes_from_listener };
        self.emit(number, &Notice::Relayed(relayed))
    }

    fn emit_stopped(&self, reason: ShutdownReason, peers: u64) -> Result<(), Failure> {
        let (reason, detail) = (reason.name(), reason.to_string());
        self.report.emit(None, &Notice::RelayStopped { ok: true, reason, detail, peers })
    }

    fn emit(&self, number: u64, notice: &Notice<'_>) -> Result<(), Failure> {
        self.report.emit(Some(number), notice)
    }
}

fn describe(passed: &Passed) -> String {
    match passed {
        Passed::Ended(Side::Dialer) => "the dialer ended its stream first".to_owned(),
        Passed::Ended(Side::Listener) => "the listener ended its stream first".to_owned(),
        Passed::Failed(side, error) if error.kind() == io::ErrorKind::ConnectionReset => {
            format!("the {side} reset the connection")
        }
        Passed::Failed(side, error) => format!("the connection of the {side} failed: {error}"),
        Passed::Stopped(reason) => reason.to_string(),
    }
}
