//! Accepts connections, no more than there is room for.

use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use peer_core::{AcceptLimits, Node, accept_can_continue};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use crate::{Events, Handle, SystemRng, connection_info, inbound};

/// How long to wait when the system has no room for another connection.
const PAUSE: Duration = Duration::from_millis(200);

/// Accepts connections for a node, each driven by a task of the runtime, and limits their number.
///
/// While as many are open as may be in all, further ones wait in the system's backlog. One from a host that has as many
/// as it may is closed without a word. Where the system cannot accept, as where no descriptor is left, accepting pauses for
/// 200 ms and goes on; it goes on at once where [only that one connection](peer_core::accept_can_continue) is lost.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    node: Node,
    /// One permit for each connection that may be open, so that accepting can wait for one.
    room: Arc<Semaphore>,
    limits: Arc<Mutex<AcceptLimits>>,
}

impl Listener {
    /// Accepts at `socket` for `node`, within these limits.
    #[must_use]
    pub fn new(socket: TcpListener, node: Node, limits: AcceptLimits) -> Self {
        let free = limits.most().saturating_sub(limits.len()).min(Semaphore::MAX_PERMITS);
        let room = Arc::new(Semaphore::new(free));
        Self { socket, node, room, limits: Arc::new(Mutex::new(limits)) }
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
            // Only closing a semaphore makes this fail, which no one does.
            let Ok(room) = Arc::clone(&self.room).acquire_owned().await else {
                return core::future::pending().await;
            };
            let (stream, address) = next(async || self.socket.accept().await).await;
            if let Some(place) = Place::take(&self.limits, address, room) {
                let (handle, events) = self.start(stream, address, best_height, place);
                return (handle, events, address);
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
        lock(&self.limits).len()
    }

    /// The socket, to ask for its address.
    #[must_use]
    pub const fn socket(&self) -> &TcpListener {
        &self.socket
    }
}

/// What `accept` returns once it succeeds.
async fn next<T>(mut accept: impl AsyncFnMut() -> io::Result<T>) -> T {
    loop {
        match accept().await {
            Ok(accepted) => return accepted,
            Err(error) if accept_can_continue(&error) => {}
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// One connection among those that are counted. Dropping it makes room for another.
struct Place {
    limits: Arc<Mutex<AcceptLimits>>,
    address: SocketAddr,
    _room: OwnedSemaphorePermit,
}

impl Place {
    /// `None` where the host has as many connections as it may.
    fn take(
        limits: &Arc<Mutex<AcceptLimits>>,
        address: SocketAddr,
        room: OwnedSemaphorePermit,
    ) -> Option<Self> {
        lock(limits).admit(address.ip()).ok()?;
        Some(Self { limits: Arc::clone(limits), address, _room: room })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.limits).release(self.address.ip());
    }
}

fn lock(limits: &Mutex<AcceptLimits>) -> MutexGuard<'_, AcceptLimits> {
    limits.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the clock is tokio's paused one")]
mod tests {
    use tokio::time::Instant;

    use super::*;

    /// How long it takes until the next connection, after these failures.
    async fn delay_after(failures: &[io::Error]) -> Duration {
        let start = Instant::now();
        let mut failures = failures.iter().map(|error| Err(error.kind().into()));
        next(async || failures.next().unwrap_or(Ok(()))).await;
        start.elapsed()
    }

    /// No system makes its `accept` fail on demand, but where nothing is left.
    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_lost_in_the_queue_delays_no_other() {
        let lost =
            [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset, io::ErrorKind::Interrupted];
        assert_eq!(delay_after(&lost.map(io::Error::from)).await, Duration::ZERO);
        let exhausted = [io::ErrorKind::OutOfMemory, io::ErrorKind::Other];
        assert_eq!(delay_after(&exhausted.map(io::Error::from)).await, 2 * PAUSE);
    }
}
