//! From a name to a connection.

use core::net::SocketAddr;
use core::time::Duration;
use std::io;

use peer_core::Network;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::args::{Target, network_name};
use crate::error::Failure;
use crate::output::{Span, called};
use crate::stop::Stop;

/// What a command can do about a name of Tor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tor {
    /// It takes `--proxy`, which was not given.
    WithProxy,
    /// Nothing.
    Never,
}

/// The addresses behind a name; without a port of its own, with that of the network. A name of Tor is not looked
/// up: that would tell the servers of the domain name system whom we visit, and find nothing.
///
/// A lookup that takes long is over when it is time to leave.
pub(crate) async fn resolve(
    target: &Target,
    network: Network,
    tor: Tor,
    stop: &mut Stop,
) -> Result<Vec<SocketAddr>, Failure> {
    if is_onion(&target.host) {
        return Err(refuse_onion(&target.host, tor));
    }
    let (host, port) = (&target.host, target.port(network));
    let unknown = |why: String| {
        Failure::new(format!(
            "cannot find {host:?}: {why}; check the name, or write an address like 127.0.0.1"
        ))
    };
    let found = tokio::select! {
        found = lookup_host((host.as_str(), port)) => found,
        reason = stop.wait() => return Err(Failure::new(format!("{host}: no address yet ({reason})"))),
    };
    let found = found.map_err(|error| unknown(error.to_string()))?;
    let addresses: Vec<_> = found.collect();
    if addresses.is_empty() { Err(unknown("it has no address".to_owned())) } else { Ok(addresses) }
}

/// Whether a host is an onion service, which nobody but Tor can find.
pub(crate) fn is_onion(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or_default();
    last.eq_ignore_ascii_case("onion")
}

fn refuse_onion(host: &str, tor: Tor) -> Failure {
    Failure::new(match tor {
        Tor::WithProxy => {
            format!("{host} is reached through Tor only; add --proxy 127.0.0.1:9050, where Tor listens")
        }
        Tor::Never => {
            format!("{host} is a name of Tor, which this command cannot use; write an address like 127.0.0.1")
        }
    })
}

/// Connects to the first of `addresses` that answers. A failure tells of the last one.
pub(crate) async fn dial(
    addresses: &[SocketAddr],
    network: Network,
) -> Result<(TcpStream, SocketAddr), Failure> {
    let mut failure = Failure::new("there is no address to connect to");
    for address in addresses {
        match timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok((stream, *address)),
            Ok(Err(error)) => failure = explain(*address, network, &error),
            Err(_) => {
                let patience = Span(PATIENCE);
                failure = Failure::new(format!(
                    "{address} did not answer within {patience}; check address and port, and firewalls between"
                ));
            }
        }
    }
    Err(failure)
}

/// How long one address may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

fn explain(address: SocketAddr, network: Network, error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::ConnectionRefused {
        let name = network_name(network);
        let port = network.default_port().unwrap_or_default();
        return Failure::new(format!(
            "{address} refused the connection, nothing listens there; check address and port ({name} nodes \
             listen on {port}), or start one: {} listen --network {name}",
            called()
        ));
    }
    Failure::new(format!("cannot reach {address}: {error}"))
}
