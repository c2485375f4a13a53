//! The socket that peers connect to.

use core::net::SocketAddr;
use core::time::Duration;
use std::io;

use peer_core::Network;
use tokio::net::{TcpListener, TcpSocket};

use crate::dial::{Tor, resolve, zone_advice};
use crate::error::{Failure, plain};
use crate::options::Target;
use crate::shutdown::Shutdown;

/// Connections that the system completes before they are accepted. With the usual 128 a burst overflows, and the
/// clients retry only a second later.
const BACKLOG: u32 = 1024;

/// How long to wait when the system has no room for another connection.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Listens at the target, and returns the address in use.
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
    // Lets a listener follow another at once. On Windows the option means something else.
    socket.set_reuseaddr(cfg!(unix))?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

fn explain(address: SocketAddr, error: &io::Error) -> String {
    let advice = match error.kind() {
        io::ErrorKind::AddrInUse => "; something listens there already: stop it, or choose another port",
        io::ErrorKind::AddrNotAvailable => "; choose an address of this machine, like 127.0.0.1",
        io::ErrorKind::PermissionDenied => "; choose a port above 1023",
        _ => zone_advice(address),
    };
    format!("{address}: {}{advice}", plain(error))
}
