//! Accepts connections, within limits.

use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use peer_core::{AcceptLimits, AcceptRetries, Closed, Node};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use crate::{Driver, Events, Handle, SystemRng, connection_info, inbound};

/// Pause after the system could not accept, in case no descriptor is free.
const PAUSE: Duration = Duration::from_millis(200);

/// Accepts connections for a node, and limits their number.
///
/// At the limit of all connections, further ones wait in the system's backlog. A connection above the limit of its host
/// is closed at once. If the system cannot accept, for example without a free descriptor, accepting pauses for 200 ms.
/// If [only one connection](AcceptRetries) is lost, it continues at once.
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

    /// Waits for the next connection. The handshake has not begun.
    ///
    /// # Cancel safety
    ///
    /// No connection is lost.
    pub async fn accept(&mut self) -> Incoming {
        loop {
            // Fails only if the semaphore is closed, which never happens.
            let Ok(room) = Arc::clone(&self.room).acquire_owned().await else {
                return core::future::pending().await;
            };
            let (stream, address) = next(async || self.socket.accept().await).await;
            if let Some(slot) = ConnectionSlot::take(&self.limits, address, room) {
                return Incoming { stream, node: self.node.clone(), slot };
            }
        }
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

/// An accepted connection, before its handshake. It counts against the limits of its [`Listener`] until it is over. Its clocks
/// start with [`established`](Self::established) or [`start`](Self::start), so do not keep it.
///
/// ```
/// use peer_core::{Event, Message};
/// use peer_tokio::{Closed, Incoming, Listener};
///
/// async fn serve(mut listener: Listener) {
///     loop {
///         let incoming = listener.accept().await;
///         // A task of its own, so that a remote that is slow to shake hands delays no other.
///         tokio::spawn(talk(incoming));
///     }
/// }
///
/// async fn talk(incoming: Incoming) -> Result<(), Closed> {
///     let address = incoming.address();
///     let (handle, mut events) = incoming.established(0).await?;
///     while let Some(event) = events.next().await {
///         if let Event::Message(Message::GetAddr) = event {
///             println!("{address} asks for addresses");
///         }
///     }
///     Err(handle.closed().await)
/// }
/// ```
#[derive(Debug)]
#[must_use = "dropping it closes the connection"]
pub struct Incoming {
    stream: TcpStream,
    node: Node,
    slot: ConnectionSlot,
}

impl Incoming {
    /// Where it comes from.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.slot.address
    }

    /// Completes the handshake, as [`accept`](crate::accept) does, in the task that waits for it. From then on a task of the
    /// runtime drives the connection. `best_height` is the height of our chain.
    ///
    /// # Errors
    ///
    /// Why the handshake failed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn established(self, best_height: i32) -> Result<(Handle, Events), Closed> {
        let (handle, events, mut driver, slot) = self.drive(best_height);
        driver.shake_hands().await?;
        spawn(driver, slot);
        Ok((handle, events))
    }

    /// Lets a task of the runtime drive the connection at once. So the owner sees the remote's
    /// [`version`](peer_core::Event::Version), and may refuse it before it is answered.
    pub fn start(self, best_height: i32) -> (Handle, Events) {
        let (handle, events, driver, slot) = self.drive(best_height);
        spawn(driver, slot);
        (handle, events)
    }

    fn drive(self, best_height: i32) -> (Handle, Events, Driver<TcpStream, SystemRng>, ConnectionSlot) {
        let Self { stream, node, slot } = self;
        // If the stream is gone already, the first read reports it.
        stream.set_nodelay(true).ok();
        let info = connection_info(slot.address, best_height);
        let (handle, events, driver) = inbound(stream, &node, info, SystemRng);
        (handle, events, driver, slot)
    }
}

fn spawn(driver: Driver<TcpStream, SystemRng>, slot: ConnectionSlot) {
    tokio::spawn(async move {
        driver.await;
        drop(slot);
    });
}

/// What `accept` returns once it succeeds.
async fn next<T>(mut accept: impl AsyncFnMut() -> io::Result<T>) -> T {
    let mut retries = AcceptRetries::new();
    loop {
        match accept().await {
            Ok(accepted) => return accepted,
            Err(error) if retries.retry_at_once(&error) => {}
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// An open connection that counts against the limits. Dropping it makes room for another.
#[derive(Debug)]
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
        let copy = |error: &io::Error| {
            error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
        };
        let mut failures = failures.iter().map(|error| Err(copy(error)));
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

    #[cfg(target_os = "linux")]
    #[tokio::test(start_paused = true)]
    async fn a_listener_that_may_not_accept_does_not_spin() {
        let refuses_all = [(); 100].map(|()| io::Error::from_raw_os_error(EACCES));
        assert_eq!(delay_after(&refuses_all).await, 100 * PAUSE);
        let firewall = [(); 100].map(|()| io::Error::from_raw_os_error(EPERM));
        assert_eq!(delay_after(&firewall[..16]).await, Duration::ZERO);
        assert_eq!(delay_after(&firewall).await, 5 * PAUSE, "the 17th in a row, and so on");
    }

    /// A security module forbids it, and would forbid the next one as well.
    #[cfg(target_os = "linux")]
    const EACCES: i32 = 13;

    /// A firewall forbids this connection.
    #[cfg(target_os = "linux")]
    const EPERM: i32 = 1;
}
