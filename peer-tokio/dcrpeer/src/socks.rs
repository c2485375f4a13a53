//! Connects through a SOCKS5 proxy, such as Tor. The proxy looks up the target's name, so that this machine's network
//! does not learn what we visit.

mod reply;

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::str::FromStr;
use core::time::Duration;
use std::io::{self, Write};

use tokio::net::{TcpStream, lookup_host};
use tokio::time::sleep;
use tokio_socks::Error as Socks;
use tokio_socks::tcp::Socks5Stream;

pub(crate) use self::reply::Blame;
use crate::dial;
use crate::first_bytes::FirstBytes;
use crate::format::Span;
use crate::options::{HostPort, Target, is_onion, zone};

/// The address of a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proxy {
    host: String,
    port: u16,
}

/// A connection to a target.
#[derive(Debug)]
pub(crate) struct Reached {
    pub(crate) stream: TcpStream,
    /// The address by which the proxy was reached.
    pub(crate) through: SocketAddr,
    /// Whether the proxy took the user name that tells this connection from all others.
    pub(crate) isolated: bool,
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) blame: Blame,
    /// What happened and what to do, in one line.
    pub(crate) text: String,
}

/// What our `version` tells a remote whose address only the proxy knows. The reference tells the same.
pub(crate) const UNKNOWN_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// How long connecting to the proxy may take, and its first byte.
const GREETING: Duration = Duration::from_secs(10);

/// How long it may take to reach the target. Tor builds a circuit first.
const REPLY_TIMEOUT: Duration = Duration::from_secs(60);

/// Most bytes of a name that the protocol can carry.
const LONGEST: usize = 255;

impl Proxy {
    /// Connects to a target.
    ///
    /// Every call has a user name and a password of its own, drawn at random: proxies that isolate streams, as
    /// Tor does, then use another circuit for each connection. A proxy may ask for neither.
    pub(crate) async fn dial(&self, host: &str, port: u16) -> Result<Reached, Refusal> {
        if host.len() > LONGEST {
            let text = format!("a host has {LONGEST} characters at most, not {}; check the name", host.len());
            return Err(Refusal { blame: Blame::Unreachable, text });
        }
        if zone(host).is_some() {
            let text = format!(
                "{host} is behind an interface of this machine, which no proxy uses; leave --proxy out"
            );
            return Err(Refusal { blame: Blame::Unreachable, text });
        }
        let stream = self.reach().await?;
        let through = stream.peer_addr().map_err(|error| self.blame(error))?;
        // Nagle's algorithm affects only the speed.
        stream.set_nodelay(true).ok();
        let (user, password) = (secret().map_err(|text| self.blame(text))?, secret());
        let password = password.map_err(|text| self.blame(text))?;
        let (stream, first) = FirstBytes::of(stream);
        // An IP address is sent as such; the proxy looks up any other name.
        let exchange = Socks5Stream::connect_with_password_and_socket(stream, (host, port), &user, &password);
        tokio::select! {
            result = exchange => match result {
                Ok(stream) => {
                    let stream = stream.into_inner().into_inner();
                    Ok(Reached { stream, through, isolated: reply::asked_for_user(&first) })
                }
                Err(error) => Err(self.explain(&error, reply::code(&first), HostPort(host, port))),
            },
            refusal = self.time_out(&first, host) => Err(refusal),
        }
    }

    /// Warns that this proxy asks for no user name.
    pub(crate) fn warn_shared(&self) {
        // Without standard error the warning is lost, and nothing else.
        writeln!(
            io::stderr(),
            "dcrpeer: {self} asks for no user name, so connections may share a circuit; choose one that does, \
             as Tor does"
        )
        .ok();
    }

    /// Connects to the proxy itself, which may have several addresses.
    async fn reach(&self) -> Result<TcpStream, Refusal> {
        let found = lookup_host((self.host.as_str(), self.port)).await;
        let addresses: Vec<_> = found.map_err(|error| self.blame(error))?.collect();
        match dial::connect(&addresses).await {
            Ok(connected) => Ok(connected.stream),
            Err(failures) => Err(match failures.as_slice() {
                [] => self.blame("has no address"),
                [failed] => self.blame(&failed.reason),
                several => self.blame(format_args!("is not reached: {}", dial::list(several))),
            }),
        }
    }

    async fn time_out(&self, first: &FirstBytes, host: &str) -> Refusal {
        sleep(GREETING).await;
        if first.is_empty() {
            return self
                .blame(format_args!("said nothing for {}, it may be no SOCKS5 proxy", Span(GREETING)));
        }
        sleep(REPLY_TIMEOUT.saturating_sub(GREETING)).await;
        let text = format!("{self} did not reach {host} within {}; try again later", Span(REPLY_TIMEOUT));
        Refusal { blame: Blame::Unreachable, text }
    }

    /// A refusal that blames the proxy itself.
    fn blame(&self, what: impl fmt::Display) -> Refusal {
        let text = format!("{self} {what}; check --proxy (Tor listens on 127.0.0.1:9050)");
        Refusal { blame: Blame::Proxy, text }
    }

    /// Why there is no connection. The target is blamed if the proxy has tried to reach it.
    fn explain(&self, error: &Socks, code: Option<u8>, target: HostPort<'_>) -> Refusal {
        match code {
            Some(code) if code != 0 => {
                let ((blame, what), HostPort(host, port)) = (reply::meaning(code), target);
                let text = format!(
                    "{self} says of {host} port {port}: {what}; check host and port, or try again later"
                );
                Refusal { blame, text }
            }
            _ => self.blame_for(error),
        }
    }

    /// Why the proxy has not tried to reach the target.
    fn blame_for(&self, error: &Socks) -> Refusal {
        match error {
            Socks::InvalidResponseVersion | Socks::InvalidReservedByte | Socks::UnknownAddressType => {
                self.blame("is no SOCKS5 proxy")
            }
            Socks::NoAcceptableAuthMethods
            | Socks::AuthorizationRequired
            | Socks::PasswordAuthFailure(_)
            | Socks::UnknownAuthMethod => self.blame(
                "rejected our random user name and password; choose a proxy that takes any, as Tor does",
            ),
            Socks::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.blame("closed the connection before it answered, it may be no SOCKS5 proxy")
            }
            other => self.blame(format_args!("failed: {other}")),
        }
    }
}

impl FromStr for Proxy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Target { host, port } = text.parse()?;
        let port = port.ok_or("write the proxy's port too, like 127.0.0.1:9050")?;
        if is_onion(&host) {
            return Err("a proxy has no name of Tor; write where Tor listens, like 127.0.0.1:9050".to_owned());
        }
        Ok(Self { host, port })
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the proxy {}", HostPort(&self.host, self.port))
    }
}

/// 128 random bits as text.
fn secret() -> Result<String, String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| format!("needs random numbers: {error}"))?;
    Ok(hex::encode(bytes))
}
