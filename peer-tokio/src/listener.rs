//! Accepts connections, within limits.

use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use peer_core::{AcceptLimits, Node, accept_can_continue};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use crate::{Events, Handle, SystemRng, connection_info, inbound};

/// Pause after the system could not accept, in case no descriptor is free.
const PAUSE: Duration = Duration::from_millis(200);

/// Accepts connections for a node, each driven by a task of the runtime, and limits their number.
///
/// At the limit of all connections, further ones wait in the system's backlog. A connection above the limit of its host
/// is closed at once. If the system cannot accept, for example without a free descriptor, accepting pauses for 200 ms.
/// If [only one connection](peer_core::accept_can_continue) is lost, it continues at once.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    node: Node,
    /// One permit for each connection that may be open, so that accepting can wait for one.
    room: Arc<Semaphore>,
    limits: Arc<Mutex<AcceptLimits>>,
}

impl Listener {
    /// Accepts at `socket` for `node`, within `limits`.
    #[must_use]
    pub fn new(socket: TcpListener, node: Node, limits: AcceptLimits) -> Self {
        let free = limits.most().saturating_sub(limits.len()).min(Semaphore::MAX_PERMITS);
        let room = Arc::new(Semaphore::new(free));
        Self { socket, node, room, limits: Arc::new(Mutex::new(limits)) }
    }

    /// Waits for the next connection. `best_height` is the height of our chain. The handshake has not begun: wait for
    /// [`Events::established`] in a task of its own, or look at [`Event::Version`](peer_core::Event::Version) to refuse
    /// the remote.
    ///
    /// # Cancel safety
    ///
    /// No connection is lost.
    pub async fn accept(&mut self, best_height: i32) -> (Handle, Events, SocketAddr) {
        loop {
            // Fails only if the semaphore is closed, which never happens.
            let Ok(room) = Arc::clone(&self.room).acquire_owned().await else {
                return core::future::pending().await;
            };
            let (stream, address) = next(async || self.socket.accept().await).await;
            if let Some(slot) = ConnectionSlot::take(&self.limits, address, room) {
                let (handle, events) = self.start(stream, address, best_height, slot);
                return (handle, events, address);
            }
        }
    }

    fn start(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        best_height: i32,
        slot: ConnectionSlot,
    ) -> (Handle, Events) {
        // If the stream is gone already, the first read reports it.
        stream.set_nodelay(true).ok();
        let info = connection_info(address, best_height);
        let (handle, events, driver) = inbound(stream, &self.node, info, SystemRng);
        tokio::spawn(async move {
            driver.await;
            drop(slot);
        });
        (handle, events)
    }

    /// How many connections are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        lock(&self.limits).len()
    }

    /// The socket, for its address.
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

/// An open connection that counts against the limits. Dropping it makes room for another.
struct ConnectionSlot {
    limits: Arc<Mutex<AcceptLimits>>,
    address: SocketAddr,
    _room: OwnedSemaphorePermit,
}

impl ConnectionSlot {
    /// `None` if the host has as many connections as it may.
    fn take(
        limits: &Arc<Mutex<AcceptLimits>>,
        address: SocketAddr,
        room: OwnedSemaphorePermit,
    ) -> Option<Self> {
        lock(limits).admit(address.ip()).ok()?;
        Some(Self { limits: Arc::clone(limits), address, _room: room })
    }
}

impl Drop for ConnectionSlot {
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

    /// A system's `accept` fails on demand only when nothing is left.
    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_lost_in_the_queue_delays_no_other() {
        let lost =
            [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset, io::ErrorKind::Interrupted];
        assert_eq!(delay_after(&lost.map(io::Error::from)).await, Duration::ZERO);
        let exhausted = [io::ErrorKind::OutOfMemory, io::ErrorKind::Other];
        assert_eq!(delay_after(&exhausted.map(io::Error::from)).await, 2 * PAUSE);
    }
}
