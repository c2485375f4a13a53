//! `dcrpeer listen`: accepts peers and shows every message.

use core::net::SocketAddr;
use core::time::Duration;
use std::io;

use peer_core::{Direction, Network, Node};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;

use crate::args::{ListenArgs, network_name};
use crate::dial::{Tor, resolve, zone_advice};
use crate::error::Failure;
use crate::node;
use crate::output::invocation;
use crate::probes::Probes;
use crate::report::{Notice, Report};
use crate::session::{Outcome, Session};
use crate::shutdown::{Shutdown, ShutdownReason};
use crate::target::Target;
use crate::unserved::UnservedSet;

/// Most peers at a time, as many as a node of the network takes by default. Others wait in the backlog.
const MOST: usize = 125;

/// Connections that the system makes before they are accepted. The usual 128 are fewer than may come at once,
/// and who comes when all are taken tries again a second later.
const BACKLOG: u32 = 1024;

/// How long to wait when the system has no room for another connection.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts peers until it is time to end.
pub(crate) async fn run(args: ListenArgs) -> Result<(), Failure> {
    let network = args.peer.network;
    let mut shutdown = Shutdown::after(args.peer.duration)?;
    let node = node::build(args.service.configure(node::configure(&args.peer)).build())?;
    let (listener, address) = bind(&args.addr, network, &mut shutdown).await?;
    let report = Report::about_many(args.peer.json);
    report.tell(None, &Notice::Listening { address, network })?;

    let mut server = Server {
        node,
        report,
        shutdown: shutdown.clone(),
        sessions: JoinSet::new(),
        came: 0,
        established: 0,
    };
    let reason = loop {
        tokio::select! {
            accepted = listener.accept(), if server.sessions.len() < MOST => match accepted {
                Ok((stream, address)) => server.accept(stream, address),
                Err(_) => sleep(ACCEPT_PAUSE).await,
            },
            Some(visit) = server.sessions.join_next() => server.count(visit)?,
            reason = shutdown.wait() => break reason,
        }
    };
    server.close(reason).await
}

/// Listens there, and says where that is.
pub(crate) async fn bind(
    target: &Target,
    network: Network,
    shutdown: &mut Shutdown,
) -> Result<(TcpListener, SocketAddr), Failure> {
    let mut failures = Vec::new();
    for address in resolve(target, network, Tor::Never, shutdown).await? {
        match open(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => failures.push(explain(address, &error)),
        }
    }
    Err(Failure::new(format!("cannot listen on {}", failures.join("; nor on "))))
}

fn open(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Where a listener was a moment ago, the next may be. On Windows it would mean another thing.
    socket.set_reuseaddr(cfg!(unix))?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// All sessions, open and ended.
struct Server {
    node: Node,
    report: Report,
    shutdown: Shutdown,
    sessions: JoinSet<Result<Outcome, Failure>>,
    /// How many came.
    came: u64,
    /// How many of those who left had shaken hands.
    established: u64,
}

impl Server {
    fn accept(&mut self, stream: TcpStream, address: SocketAddr) {
        self.came = self.came.saturating_add(1);
        let session = Session {
            number: self.came,
            name: address.to_string(),
            address,
            direction: Direction::Inbound,
            isolated: None,
            node: self.node.clone(),
            report: self.report.clone(),
            shutdown: self.shutdown.clone(),
            probes: Probes::default(),
            unserved: UnservedSet::default(),
        };
        self.sessions.spawn(session.run(stream));
    }

    /// Counts a session that has ended.
    fn count(&mut self, visit: Result<Result<Outcome, Failure>, JoinError>) -> Result<(), Failure> {
        let outcome =
            visit.map_err(|error| Failure::new(format!("a connection's task ended: {error}")))??;
        self.established = self.established.saturating_add(u64::from(outcome.established));
        Ok(())
    }

    /// Ends all sessions, and tells the sum.
    async fn close(mut self, reason: ShutdownReason) -> Result<(), Failure> {
        while let Some(visit) = self.sessions.join_next().await {
            self.count(visit)?;
        }
        let told = self.report.tell(
            None,
            &Notice::Stopped {
                ok: self.established > 0,
                reason: reason.name(),
                detail: reason.to_string(),
                peers: self.came,
                established: self.established,
            },
        );
        if self.established > 0 {
            return told;
        }
        let name = network_name(self.node.config().network());
        let failure = Failure::new(format!(
            "nobody shook hands ({} came); visit with: {} connect ADDR --network {name}",
            self.came,
            invocation()
        ));
        Err(failure.reported().behind(told))
    }
}

fn explain(address: SocketAddr, error: &io::Error) -> String {
    let advice = match error.kind() {
        io::ErrorKind::AddrInUse => "; something listens there already: stop it, or choose another port",
        io::ErrorKind::AddrNotAvailable => "; choose an address of this machine, like 127.0.0.1",
        io::ErrorKind::PermissionDenied => "; choose a port above 1023",
        _ => zone_advice(address),
    };
    format!("{address}: {error}{advice}")
}
