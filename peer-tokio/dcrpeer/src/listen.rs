//! `dcrpeer listen`: accepts peers and shows every message.

use core::net::SocketAddr;

use clap::Args;
use peer_core::{Direction, Node};
use tokio::net::TcpStream;
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;

use crate::error::Failure;
use crate::listener;
use crate::node;
use crate::notice::Notice;
use crate::options::{PeerArgs, RecordArgs, ServiceArgs, Target, network_name};
use crate::outcome::Outcome;
use crate::output::invocation;
use crate::probes::Probes;
use crate::record::{self, Recordings};
use crate::report::Report;
use crate::session::Session;
use crate::shutdown::{Shutdown, ShutdownReason};
use crate::unserved::UnservedSet;

/// Most peers at a time, as many as a node of the network takes by default. Further ones wait in the listen backlog.
const MOST: usize = 125;

#[derive(Args, Debug)]
pub(crate) struct ListenArgs {
    /// Where to listen, with or without a port
    #[arg(default_value = "127.0.0.1")]
    pub(crate) addr: Target,
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
    #[command(flatten)]
    pub(crate) peer: PeerArgs,
    #[command(flatten)]
    pub(crate) record: RecordArgs,
}

/// Accepts peers until it is time to end.
pub(crate) async fn run(args: ListenArgs) -> Result<(), Failure> {
    let network = args.peer.network;
    let mut shutdown = Shutdown::after(args.peer.duration)?;
    let recordings = args.record.of_many()?;
    let node = node::build(args.service.configure(node::configure(&args.peer)).build())?;
    let (listener, address) = listener::bind(&args.addr, network, &mut shutdown).await?;
    let report = Report::about_many(args.peer.json);
    report.emit(None, &Notice::Listening { address, network })?;

    let mut server = Server {
        node,
        report,
        shutdown: shutdown.clone(),
        sessions: JoinSet::new(),
        accepted: 0,
        established: 0,
        recordings,
    };
    let reason = loop {
        tokio::select! {
            accepted = listener.accept(), if server.sessions.len() < MOST => match accepted {
                Ok((stream, address)) => server.accept(stream, address),
                Err(_) => sleep(listener::ACCEPT_PAUSE).await,
            },
            Some(session) = server.sessions.join_next() => server.count(session)?,
            reason = shutdown.wait() => break reason,
        }
    };
    server.close(reason).await
}

/// All sessions, open and ended.
struct Server {
    node: Node,
    report: Report,
    shutdown: Shutdown,
    sessions: JoinSet<Result<Outcome, Failure>>,
    /// Accepted connections.
    accepted: u64,
    /// Ended sessions that had completed the handshake.
    established: u64,
    /// Where they are recorded.
    recordings: Option<Recordings>,
}

impl Server {
    fn accept(&mut self, stream: TcpStream, address: SocketAddr) {
        self.accepted = self.accepted.saturating_add(1);
        let session = Session {
            number: self.accepted,
            name: address.to_string(),
            address,
            direction: Direction::Inbound,
            isolated: None,
            node: self.node.clone(),
            report: self.report.clone(),
            shutdown: self.shutdown.clone(),
            probes: Probes::default(),
            unserved: UnservedSet::default(),
            recordings: self.recordings.clone(),
        };
        self.sessions.spawn(session.run(stream));
    }

    /// Counts a session that has ended.
    fn count(&mut self, session: Result<Result<Outcome, Failure>, JoinError>) -> Result<(), Failure> {
        let outcome =
            session.map_err(|error| Failure::new(format!("a connection's task ended: {error}")))??;
        self.established = self.established.saturating_add(u64::from(outcome.established));
        Ok(())
    }

    /// Ends all sessions, and reports the totals.
    async fn close(mut self, reason: ShutdownReason) -> Result<(), Failure> {
        while let Some(session) = self.sessions.join_next().await {
            self.count(session)?;
        }
        let emitted = self.report.emit(
            None,
            &Notice::Stopped {
                ok: self.established > 0,
                reason: reason.name(),
                detail: reason.to_string(),
                peers: self.accepted,
                established: self.established,
                commands: None,
            },
        );
        if self.established > 0 {
            emitted?;
            return record::check(self.recordings.as_ref());
        }
        let name = network_name(self.node.config().network());
        let failure = Failure::new(format!(
            "no handshake was completed ({} connected); connect a peer with: {} connect ADDR --network {name}",
            self.accepted,
            invocation()
        ));
        Err(failure.reported().after_reporting(emitted))
    }
}
