//! Looks up names, and connects to their addresses.

use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;
use std::io;

use peer_core::Network;
use tokio::net::{TcpStream, lookup_host};

use crate::error::{Failure, plain};
use crate::format::{LONGEST_SHOWN, Span, clip};
use crate::happy_eyeballs::{self, ConnectError, Connected, FailedAttempt};
use crate::options::{Target, is_onion, network_name, zone};
use crate::output::invocation;
use crate::shutdown::Shutdown;

/// What a command can do with an onion address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tor {
    /// It has the option `--proxy`, which was not given.
    WithProxy,
    /// Nothing.
    Never,
}

/// The addresses behind a name; without a port of its own, with that of the network. A name of Tor is not looked
/// up: that would tell name servers what we visit, and find nothing.
///
/// A shutdown ends the lookup.
pub(crate) async fn resolve(
    target: &Target,
    network: Network,
    tor: Tor,
    shutdown: &mut Shutdown,
) -> Result<Vec<SocketAddr>, Failure> {
    if is_onion(&target.host) {
        return Err(refuse_onion(&target.host, tor));
    }
    let (host, port) = (&target.host, target.port(network));
    let unknown = |why: String| {
        let advice = match zone(host) {
            Some(zone) => format!("check whether this machine has an interface {zone:?}"),
            None => "check the name, or write an address like 127.0.0.1".to_owned(),
        };
        Failure::new(format!("cannot find {:?}: {why}; {advice}", clip(host, LONGEST_SHOWN)))
    };
    let found = tokio::select! {
        found = lookup_host((host.as_str(), port)) => found,
        reason = shutdown.wait() => return Err(Failure::new(format!("{host}: no address yet ({reason})"))),
    };
    let found = found.map_err(|error| unknown(plain(&error)))?;
    let addresses: Vec<_> = found.collect();
    if addresses.is_empty() { Err(unknown("it has no address".to_owned())) } else { Ok(addresses) }
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

/// Connects to the first of `addresses` that answers. The failure tells what happened at each.
pub(crate) async fn dial(
    addresses: &[SocketAddr],
    network: Network,
) -> Result<(TcpStream, SocketAddr), Failure> {
    match connect(addresses).await {
        Ok(connected) => Ok((connected.stream, connected.address)),
        Err(failures) => Err(explain(&failures, network)),
    }
}

/// As [`dial`], with the details of success and failures.
pub(crate) async fn connect(addresses: &[SocketAddr]) -> Result<Connected<TcpStream>, Vec<FailedAttempt>> {
    happy_eyeballs::connect(addresses, CONNECT_TIMEOUT, TcpStream::connect).await
}

/// How long one address may take to answer.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

impl FailedAttempt {
    /// Whether nothing listens there.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(&self.reason, ConnectError::System(error) if error.kind() == io::ErrorKind::ConnectionRefused)
    }
}

/// The address and what happened there.
impl fmt::Display for FailedAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.address, self.reason, zone_advice(self.address))
    }
}

/// Worded as a predicate, with an address or a proxy as its subject.
impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut(timeout) => write!(f, "did not answer within {}", Span(*timeout)),
            Self::System(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                f.write_str("refused the connection, nothing listens there")
            }
            Self::System(error) => write!(f, "cannot be reached: {}", plain(error)),
        }
    }
}

/// All failures in one line, with one advice at the end.
fn explain(failures: &[FailedAttempt], network: Network) -> Failure {
    let name = network_name(network);
    let port = network.default_port().unwrap_or_default();
    let advice = if failures.is_empty() {
        "there is no address to connect to".to_owned()
    } else if failures.iter().any(FailedAttempt::is_refused) {
        format!(
            "; check address and port ({name} nodes listen on {port}), or start one: {} listen --network {name}",
            invocation()
        )
    } else if failures.iter().any(|failed| matches!(failed.reason, ConnectError::TimedOut(_))) {
        "; check address and port, and firewalls between".to_owned()
    } else {
        "; check the address and the network of this machine".to_owned()
    };
    Failure::new(format!("{}{advice}", list(failures)))
}

/// What happened at each address.
pub(crate) fn list(failures: &[FailedAttempt]) -> String {
    let texts: Vec<_> = failures.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

/// Advice for a link-local address without its zone.
pub(crate) fn zone_advice(address: SocketAddr) -> &'static str {
    match address {
        SocketAddr::V6(v6) if v6.ip().is_unicast_link_local() && v6.scope_id() == 0 => NEEDS_ZONE,
        _ => "",
    }
}

const NEEDS_ZONE: &str = "; a link-local address needs its interface, like [fe80::1%eth0]:9108";
