//! Accepts connections, no more than there is room for.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use peer_core::Node;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use crate::{Events, Handle, SystemRng, connection_info, inbound};

/// How long to wait when the system has no room for another connection.
const PAUSE: Duration = Duration::from_millis(200);

/// Accepts connections for a node, each driven by a task of the runtime, and limits their number.
///
/// While as many are open as may be in all, further ones wait in the system's backlog. One from a host that has as many
/// as it may is closed without a word. Where the system has no descriptor left, accepting pauses for 200 ms and goes on.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    node: Node,
    room: Arc<Semaphore>,
    hosts: Hosts,
    per_host: usize,
}

/// How many connections each host has, of those that have any.
type Hosts = Arc<Mutex<HashMap<IpAddr, usize>>>;

impl Listener {
    /// Accepts at `socket` for `node`: at most `in_all` connections at a time, and `per_host` from one address. An IPv4
    /// address inside an IPv6 one is the same host.
    #[must_use]
    pub fn new(socket: TcpListener, node: Node, in_all: usize, per_host: usize) -> Self {
        let room = Arc::new(Semaphore::new(in_all.min(Semaphore::MAX_PERMITS)));
        Self { socket, node, room, hosts: Hosts::default(), per_host }
    }

    /// Waits for the next connection, while our chain ends at `best_height`. Its handshake has not begun:
    /// [`Events::established`] waits for it, best in a task of its own, and
    /// [`Event::Version`](peer_core::Event::Version) can be refused.
    ///
    /// # Cancel safety
    ///
    /// No connection is lost.
    pub async fn accept(&mut self, best_height: i32) -> (Handle, Events, SocketAddr) {
        loop {
            // Only closing a semaphore makes this fail, which nobody does.
            let Ok(room) = Arc::clone(&self.room).acquire_owned().await else {
                return core::future::pending().await;
            };
            match self.socket.accept().await {
                Ok((stream, address)) => {
                    if let Some(place) = Place::take(&self.hosts, address, self.per_host, room) {
                        let (handle, events) = self.start(stream, address, best_height, place);
                        return (handle, events, address);
                    }
                }
                Err(_) => sleep(PAUSE).await,
            }
        }
    }

    fn start(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        best_height: i32,
        place: Place,
    ) -> (Handle, Events) {
        // A stream that is gone already shows that when it is read.
        stream.set_nodelay(true).ok();
        let info = connection_info(address, best_height);
        let (handle, events, driver) = inbound(stream, &self.node, info, SystemRng);
        tokio::spawn(async move {
            driver.await;
            drop(place);
        });
        (handle, events)
    }

    /// How many connections are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        lock(&self.hosts).values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The socket, to ask for its address.
    #[must_use]
    pub const fn socket(&self) -> &TcpListener {
        &self.socket
    }
}

/// One connection among those that are counted. Dropping it makes room for another.
struct Place {
    hosts: Hosts,
    host: IpAddr,
    _room: OwnedSemaphorePermit,
}

impl Place {
    /// `None` where the host has as many connections as it may.
    fn take(hosts: &Hosts, address: SocketAddr, most: usize, room: OwnedSemaphorePermit) -> Option<Self> {
        let host = address.ip().to_canonical();
        let mut counts = lock(hosts);
        let count = counts.get(&host).copied().unwrap_or_default();
        if count >= most {
            return None;
        }
        counts.insert(host, count.saturating_add(1));
        drop(counts);
        Some(Self { hosts: Arc::clone(hosts), host, _room: room })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = lock(&self.hosts);
        if let Some(count) = counts.get_mut(&self.host) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.host);
            }
        }
    }
}

fn lock(hosts: &Hosts) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
    hosts.lock().unwrap_or_else(PoisonError::into_inner)
}
