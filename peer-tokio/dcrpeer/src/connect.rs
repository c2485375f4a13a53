//! `dcrpeer connect`: a session with one peer.

mod args;

use core::net::{IpAddr, SocketAddr};

use peer_core::{Direction, ProtocolVersion};
use tokio::net::TcpStream;

pub(crate) use self::args::ConnectArgs;
use crate::dial::{Tor, dial, resolve};
use crate::error::Failure;
use crate::explain;
use crate::node;
use crate::notice::{End, Notice};
use crate::options::HostPort;
use crate::probes::{self, Probes};
use crate::record;
use crate::report::Report;
use crate::session::Session;
use crate::shutdown::Shutdown;
use crate::socks::{Proxy, UNKNOWN_ADDRESS};
use crate::unserved::UnservedSet;

/// The only peer's number.
const NUMBER: u64 = 1;

/// An open connection.
struct Reached {
    stream: TcpStream,
    /// The remote's name in the output.
    name: String,
    /// The address that our `version` tells the remote.
    address: SocketAddr,
    /// The proxy's address, which must not be disclosed.
    proxy: Option<IpAddr>,
    /// Whether the proxy can tell this connection from others.
    isolated: Option<bool>,
}

/// Connects to the peer and runs the session.
pub(crate) async fn run(args: ConnectArgs) -> Result<(), Failure> {
    let report = Report::about_one(args.peer.json);
    let shutdown = Shutdown::after(args.peer.duration)?;
    let recordings = args.record.of_one()?;
    if let Some(detail) = probes::warning(args.inv, args.service.rude) {
        emit_first(&report, &Notice::Warning { detail: &detail })?;
    }
    let reached = match reach(&args, &report, shutdown.clone()).await {
        Ok(reached) => reached,
        Err(failure) => return Err(emit_unreachable(&report, failure)),
    };
    let Reached { stream, name, address, proxy, isolated } = reached;
    let mut config = args.service.configure(node::configure(&args.peer)).proxy(proxy).count_commands(true);
    if let Some(agent) = args.user_agent {
        config = config.user_agent(agent.name, agent.version);
    }
    let node = node::build(config.build())?;
    let config = node.config().clone();
    let direction = Direction::Outbound;
    let probes = Probes::new(args.inv, args.getheaders);
    let session = Session {
        number: NUMBER,
        name: name.clone(),
        address,
        direction,
        isolated,
        node,
        report,
        shutdown,
        probes,
        unserved: UnservedSet::default(),
        recordings: recordings.clone(),
    };
    let outcome = session.run(stream).await?;
    if outcome.is_success() {
        return record::check(recordings.as_ref());
    }
    Err(Failure::new(format!("{name}: {}", explain::headline(&outcome, &config))).reported())
}

/// Finds the address and connects.
async fn reach(args: &ConnectArgs, report: &Report, mut shutdown: Shutdown) -> Result<Reached, Failure> {
    let lookup_shutdown = shutdown.clone();
    let connected = async move {
        match &args.proxy {
            Some(proxy) => reach_through(proxy, args, report).await,
            None => reach_directly(args, report, lookup_shutdown).await,
        }
    };
    tokio::select! {
        connected = connected => connected,
        reason = shutdown.wait() => {
            Err(Failure::new(format!("{}: no connection yet ({reason})", args.addr.host)))
        }
    }
}

async fn reach_directly(
    args: &ConnectArgs,
    report: &Report,
    mut shutdown: Shutdown,
) -> Result<Reached, Failure> {
    let network = args.peer.network;
    let addresses = resolve(&args.addr, network, Tor::WithProxy, &mut shutdown).await?;
    if let [address, others @ ..] = addresses.as_slice() {
        let address = address.to_string();
        emit_first(report, &Notice::Connecting { address: &address, others, through: None, network })?;
    }
    let (stream, address) = dial(&addresses, network).await?;
    Ok(Reached { stream, name: address.to_string(), address, proxy: None, isolated: None })
}

/// The proxy looks up the name; this machine does not.
async fn reach_through(proxy: &Proxy, args: &ConnectArgs, report: &Report) -> Result<Reached, Failure> {
    let network = args.peer.network;
    let (host, port) = (args.addr.host.as_str(), args.addr.port(network));
    let literal = host.parse().ok().map(|ip| SocketAddr::new(ip, port));
    let name = HostPort(host, port).to_string();
    let (address, through) = (name.as_str(), Some(proxy));
    emit_first(report, &Notice::Connecting { address, others: &[], through, network })?;
    let reached = proxy.dial(host, port).await.map_err(|refusal| Failure::new(refusal.text))?;
    if !reached.isolated {
        proxy.warn_shared();
    }
    let address = literal.unwrap_or(UNKNOWN_ADDRESS);
    let (through, isolated) = (Some(reached.through.ip()), Some(reached.isolated));
    Ok(Reached { stream: reached.stream, name, address, proxy: through, isolated })
}

/// Emits the failure as JSON. People read it on standard error.
fn emit_unreachable(report: &Report, failure: Failure) -> Failure {
    let Failure::Unreported(detail) = failure else {
        return failure;
    };
    if report.is_for_people() {
        return Failure::Unreported(detail);
    }
    let reason = "Unreachable".to_owned();
    let end = End {
        ok: false,
        established: false,
        reason,
        detail: detail.clone(),
        headline: detail.clone(),
        causes: Vec::new(),
        redial_after: None,
        announced: None,
        asked: None,
        offered: ProtocolVersion::LATEST,
        stats: None,
    };
    let emitted = report.emit(Some(NUMBER), &Notice::End(end));
    Failure::Unreported(detail).reported().after_reporting(emitted)
}

/// Reports before the connection is made. A closed pipe is not fatal yet, so that the exit status tells whether the
/// peer can be reached.
fn emit_first(report: &Report, notice: &Notice<'_>) -> Result<(), Failure> {
    match report.emit(Some(NUMBER), notice) {
        Err(Failure::ClosedPipe) => Ok(()),
        emitted => emitted,
    }
}
