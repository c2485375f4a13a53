//! The driver: the only place that touches the stream.
//!
//! A round runs commands, reads, writes and runs the timers. Each step does a bounded amount and never waits for
//! another, so reading and writing are full duplex. After a round without progress every cause of new work has a waker:
//! the stream in both directions, the sleep, and the shared state. One step may enable an earlier one (bytes were read,
//! so there may be a message; an answer was written, so reading resumes); the next round finds that.
//!
//! After a failed write nothing more is written and no timer runs. Reading continues, at the owner's pace, until the
//! stream is drained, so that what the remote sent before is delivered.
//!
//! A tokio socket answers from the readiness that the runtime last saw, without a system call. After a busy thread or a
//! suspended process that readiness may be older than a deadline that is due now, and `Pending` proves no silence. So
//! the driver tells of a drained stream, and runs the timers, only after the runtime has polled its sockets again and the
//! stream was read after that. An elapsed sleep shows that: the runtime polls its sockets before its timers.

use core::fmt;
use core::future::Future;
use core::mem::{self, MaybeUninit};
use core::pin::Pin;
use core::task::{Context, Poll, Waker, ready};
use core::time::Duration;
use std::io;
use std::sync::Arc;

use bytes::BytesMut;
use peer_core::{Closed, Connection, Time};
use rand_core::Rng;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop;
use tokio::time::{Sleep, sleep_until};

use crate::clock::Clock;
use crate::shared::{Command, Final, Shared};

/// Most bytes that are read, or gathered to be written, at a time. They pass through the stack, so an idle
/// connection has no buffer.
const CHUNK: usize = 16 * 1024;

/// Most rounds in one poll, before other tasks run: at most 256 KiB read, and as many writes.
const ROUNDS: usize = 16;

/// The longest time between a deadline that is found due and the runtime's next poll of its sockets, for what was found
/// then to be told.
const RECENT: Duration = Duration::from_secs(1);

/// Drives one connection: a future that ends with the connection and returns the reason.
///
/// Nothing happens unless it is polled, in a tokio runtime with its timer enabled: spawn it, or join it with
/// whatever uses the connection. Dropping it ends the connection.
///
/// A poll does a bounded amount of work, and asks to be polled again if there is more.
///
/// # Cancel safety
///
/// All state is in the driver, so a reference to it may be polled in `select!` and be left at any time.
#[doc(alias = "Run")]
#[must_use = "a connection that is not driven does nothing"]
pub struct Driver<S, R> {
    stream: S,
    rng: R,
    connection: Connection,
    shared: Arc<Shared>,
    clock: Clock,
    /// Bytes that were read and not yet pulled: at most one frame and one read.
    input: BytesMut,
    /// Bytes that the stream took and has not flushed. Until it has, they count as not sent.
    unflushed: usize,
    /// Wakes the task at the machine's deadline. The clock decides whether the deadline is due.
    sleep: Option<Pin<Box<Sleep>>>,
    /// When a deadline was found due. It runs after the runtime has polled its sockets since then, which an elapsed
    /// `sleep` until this time shows.
    due_since: Option<Time>,
    /// Commands that are not done. They wait for writes, so a failed write drops them.
    commands: Vec<Command>,
}

// No field is ever pinned in place: the stream is `Unpin` where it is used, the sleep has its own box.
impl<S, R> Unpin for Driver<S, R> {}

impl<S: AsyncRead + AsyncWrite + Unpin, R: Rng> Future for Driver<S, R> {
    type Output = Closed;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Closed> {
        let this = self.get_mut();
        if let Some(end) = this.shared.end.get() {
            return Poll::Ready(end.closed.clone());
        }
        this.shared.driver.register(cx.waker());
        for _ in 0..ROUNDS {
            match this.round(cx) {
                Ok(true) => {}
                Ok(false) => ready!(this.poll_sleep(cx)),
                Err(closed) => {
                    this.finish(closed.clone());
                    // One attempt to shut down in order; the driver does not wait for the remote.
                    drop(Pin::new(&mut this.stream).poll_shutdown(cx));
                    return Poll::Ready(closed);
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin, R: Rng> Driver<S, R> {
    /// Runs each step once. Returns `false` if there is nothing to do.
    fn round(&mut self, cx: &mut Context<'_>) -> Result<bool, Closed> {
        let now = self.clock.now();
        let polled_since_due =
            self.due_since.is_some() && self.sleep.as_ref().is_some_and(|sleep| sleep.is_elapsed());
        let finishing = self.run_commands(now)?;
        let drained = self.deliver(now)?;
        let read = drained && self.read(cx)?;
        if let Some(kind) = self.shared.broken.get().copied() {
            return if finishing { Err(self.failed(kind)) } else { Ok(read) };
        }
        let written = match self.poll_write(cx, now) {
            Poll::Ready(Ok(count)) => Some(count),
            Poll::Ready(Err(error)) => {
                self.shared.broken.set(error.kind()).ok();
                return Ok(true);
            }
            Poll::Pending => None,
        };
        // Without tokio's budget the stream was not polled at all: it may have bytes to read and room to write.
        if coop::has_budget_remaining() && (polled_since_due || !self.waits_for_socket_poll(cx, now)) {
            // What is told now holds for the time at which the deadline was found due. After a busy thread that is long ago.
            let found_due = self.due_since.take().unwrap_or(now);
            if now.saturating_since(found_due) <= RECENT {
                if drained && !read {
                    self.connection.handle_drained(&self.input, now);
                }
                if written.is_none() {
                    self.connection.handle_transmitted(0, now);
                }
            }
            self.connection.handle_timeout(now, &mut self.rng)?;
        }
        if finishing {
            self.connection.peer_mut().finish();
        }
        self.check_failure()?;
        // Written bytes may let reading resume, or complete a command that waits for them.
        let helps = |count| count > 0 && (!drained || !self.commands.is_empty());
        let writes = written.is_some_and(|count| self.connection.wants_write() || helps(count));
        // A timer may have ended a request.
        Ok(read || writes || self.connection.wants_pull() && self.shared.has_room())
    }

    /// Fails if the machine has failed. Commands and writes can both cause that.
    fn check_failure(&self) -> Result<(), Closed> {
        self.connection.peer().failure().map_or(Ok(()), |reason| Err(reason.clone().into()))
    }

    /// Runs the waiting commands. Returns whether no handle is left, so that the connection finishes.
    fn run_commands(&mut self, now: Time) -> Result<bool, Closed> {
        let mut state = self.shared.lock();
        let (new, close, finishing) = (mem::take(&mut state.commands), state.close, state.handles == 0);
        let cancelled = state.take_cancelled();
        drop(state);
        if close {
            return Err(self.connection.peer_mut().close().into());
        }
        self.shared.permits.add_permits(new.len());
        let commands = mem::take(&mut self.commands).into_iter().chain(new);
        let pending = |mut command: Command| (!command(self.connection.peer_mut(), now)).then_some(command);
        self.commands = commands.filter_map(pending).collect();
        if self.shared.broken.get().is_some() {
            self.commands = Vec::new();
        }
        for id in cancelled {
            self.connection.peer_mut().cancel(id, now);
        }
        Ok(finishing)
    }

    /// Delivers events while there is room. Returns whether the machine has used up the input and wants more.
    fn deliver(&mut self, now: Time) -> Result<bool, Closed> {
        let mut has_room = self.shared.has_room();
        while has_room {
            let before = self.input.len();
            let Some(event) = self.connection.receive(&mut self.input, now)? else {
                if self.input.is_empty() {
                    self.input = BytesMut::new();
                }
                let wants_read = self.connection.wants_read();
                // The machine pauses reading until its answers are written. After a failed write that never happens.
                return match self.shared.broken.get().copied().filter(|_| !wants_read) {
                    Some(kind) => Err(self.failed(kind)),
                    None => Ok(wants_read),
                };
            };
            has_room = self.shared.deliver(event, before.saturating_sub(self.input.len()));
        }
        Ok(false)
    }

    /// Reads once. Returns whether bytes came.
    fn read(&mut self, cx: &mut Context<'_>) -> Result<bool, Closed> {
        let mut space = [MaybeUninit::uninit(); CHUNK];
        let mut buffer = ReadBuf::uninit(&mut space);
        let polled = Pin::new(&mut self.stream).poll_read(cx, &mut buffer);
        let broken = self.shared.broken.get().copied();
        match (polled, broken) {
            (Poll::Ready(Ok(())), _) if !buffer.filled().is_empty() => {
                self.input.extend_from_slice(buffer.filled());
                Ok(true)
            }
            (Poll::Pending, None) => Ok(false),
            (Poll::Pending, Some(_)) if !coop::has_budget_remaining() => {
                // Without budget `Pending` does not show that the stream is drained: try again in the next poll.
                cx.waker().wake_by_ref();
                Ok(false)
            }
            (_, Some(kind)) => Err(self.failed(kind)),
            (Poll::Ready(Err(error)), None) => Err(self.failed(error.kind())),
            (Poll::Ready(Ok(())), None) => Err(self.connection.handle_eof(&self.input).into()),
        }
    }

    /// Writes once: small frames gathered, so that they leave whole, and large ones in place. Returns the number of
    /// bytes that were written and flushed.
    fn poll_write(&mut self, cx: &mut Context<'_>, now: Time) -> Poll<io::Result<usize>> {
        let mut stream = Pin::new(&mut self.stream);
        if self.unflushed == 0 {
            if !self.connection.wants_write() {
                return Poll::Ready(Ok(0));
            }
            let mut space = [MaybeUninit::uninit(); CHUNK];
            let mut gathered = ReadBuf::uninit(&mut space);
            let mut pieces = self.connection.poll_transmit_chunks(CHUNK, now).peekable();
            let bytes = if let Some(large) = pieces.next_if(|piece| piece.len() >= CHUNK) {
                large
            } else {
                for piece in pieces {
                    let (fits, _) = piece.split_at(piece.len().min(gathered.remaining()));
                    gathered.put_slice(fits);
                }
                gathered.filled()
            };
            self.unflushed = ready!(stream.as_mut().poll_write(cx, bytes))?;
            if self.unflushed == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
        }
        ready!(stream.poll_flush(cx))?;
        let count = mem::take(&mut self.unflushed);
        self.connection.handle_transmitted(count, now);
        Poll::Ready(Ok(count))
    }

    /// Whether a deadline is due. If so, starts the sleep after which it runs.
    fn waits_for_socket_poll(&mut self, cx: &mut Context<'_>, now: Time) -> bool {
        let is_due = self.connection.poll_timeout().is_some_and(|at| at <= now);
        self.due_since = is_due.then(|| self.due_since.unwrap_or(now));
        if is_due {
            // Polled here, because a busy stream keeps `poll` from reaching its own call of `poll_sleep`.
            let _begun = self.poll_sleep(cx);
        }
        is_due
    }

    /// Waits for the machine's deadline if its timers run, or for the runtime's next poll of its sockets.
    fn poll_sleep(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self.due_since.or_else(|| self.connection.poll_timeout());
        let deadline = deadline.filter(|_| self.shared.broken.get().is_none());
        let Some(at) = deadline.and_then(|at| self.clock.instant(at)) else {
            self.sleep = None;
            return Poll::Pending;
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if sleep.deadline() != at {
            sleep.as_mut().reset(at);
        }
        sleep.as_mut().poll(cx)
    }
}

impl<S, R> Driver<S, R> {
    pub(crate) fn new(stream: S, rng: R, connection: Connection, shared: Arc<Shared>, clock: Clock) -> Self {
        let (input, commands) = (BytesMut::new(), Vec::new());
        let (unflushed, sleep, due_since) = (0, None, None);
        Self { stream, rng, connection, shared, clock, input, unflushed, sleep, due_since, commands }
    }

    /// The transport failed.
    fn failed(&mut self, kind: io::ErrorKind) -> Closed {
        Closed::new(self.connection.handle_transport_error(kind.into(), &self.input), Some(kind))
    }

    /// Stores the final state and releases everything else. Events stay for the owner. A caller that waits for a
    /// command dropped here gets the reason.
    fn finish(&mut self, closed: Closed) {
        let end = Final { closed, stats: self.connection.peer().stats() };
        self.shared.end.set(Box::new(end)).ok();
        self.shared.permits.close();
        self.input = BytesMut::new();
        self.sleep = None;
        self.commands = Vec::new();
        let mut state = self.shared.lock();
        let (unrun, waiting) = (mem::take(&mut state.commands), state.waiting());
        drop(state);
        drop(unrun);
        waiting.into_iter().for_each(Waker::wake);
        self.shared.owner.wake();
    }
}

impl<S, R> Drop for Driver<S, R> {
    fn drop(&mut self) {
        if self.shared.end.get().is_none() {
            let closed = self.connection.peer_mut().close().into();
            self.finish(closed);
        }
    }
}

impl<S, R> fmt::Debug for Driver<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("peer", self.connection.peer()).finish_non_exhaustive()
    }
}
