//! The driver: the only place that touches the stream.
//!
//! It goes round: commands, read, write, tick. Each step does a bounded amount and never waits for another,
//! so reading and writing are full duplex. When a round moved nothing, every reason to go on has a waker: the
//! stream in both directions, the sleep, and the shared. What one step makes possible for an earlier one (bytes
//! were read, so there may be a message; an answer was written, so reading resumes) is found by the next
//! round.
//!
//! When writing fails, what the remote said before is heard first. Then nothing is written and no timer runs:
//! reading goes on, at the owner's pace, until there is nothing more to read.
//!
//! A socket of tokio answers from what the runtime last knew of it, without asking the system. Where the thread
//! was busy, or the whole process stopped, that is older than the deadline that has come meanwhile, and "nothing
//! to read" says nothing. So a deadline is run only after the runtime has looked once more, and the stream was
//! asked after that. A timer shows that it has: the runtime looks at its sockets before its timers.

use core::fmt;
use core::future::Future;
use core::mem::{self, MaybeUninit};
use core::pin::Pin;
use core::task::{Context, Poll, ready};
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

/// Most rounds before other tasks have their turn: at most 256 KiB read, and as many writes.
const ROUNDS: usize = 16;

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
    /// What was read and not pulled: at most one frame and one read.
    input: BytesMut,
    /// Bytes that the stream took and has not flushed. Until it has, they count as not sent.
    unflushed: usize,
    /// Wakes the task when the machine's deadline has come. Whether it has, the clock tells.
    sleep: Option<Pin<Box<Sleep>>>,
    /// When a deadline was seen to have come: it waits until the runtime has looked at its sockets since, which
    /// is when a `sleep` until then is over.
    look: Option<Time>,
    /// Those that are not done: they wait for what is written, so none does after writing failed.
    commands: Vec<Command>,
}

// No field is ever pinned in place: the stream is `Unpin` where it is used, the sleep has its own box.
impl<S, R> Unpin for Driver<S, R> {}

impl<S: AsyncRead + AsyncWrite + Unpin, R: Rng> Future for Driver<S, R> {
    type Output = Closed;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Closed> {
        let this = self.get_mut();
        if let Some(remains) = this.shared.remains.get() {
            return Poll::Ready(remains.closed.clone());
        }
        this.shared.driver.register(cx.waker());
        for _ in 0..ROUNDS {
            match this.round(cx) {
                Ok(true) => {}
                Ok(false) => ready!(this.poll_sleep(cx)),
                Err(closed) => {
                    this.finish(closed.clone());
                    // The one chance to say goodbye: a remote that does not take it is not waited for.
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
    /// Does a little of everything; `false` if there is nothing to do.
    fn round(&mut self, cx: &mut Context<'_>) -> Result<bool, Closed> {
        let now = self.clock.now();
        let looked = self.look.is_some() && self.sleep.as_ref().is_some_and(|sleep| sleep.is_elapsed());
        let leave = self.run_commands(now)?;
        let (heard, dry) = self.deliver(now)?;
        let read = dry && self.read(cx)?;
        if let Some(kind) = self.shared.broken.get().copied() {
            return if leave { Err(self.failed(kind)) } else { Ok(read) };
        }
        let written = match self.poll_write(cx, now) {
            Poll::Ready(Ok(count)) => Some(count),
            Poll::Ready(Err(error)) => {
                self.shared.broken.set(error.kind()).ok();
                return Ok(true);
            }
            Poll::Pending => None,
        };
        // Timers may blame the remote for being silent if it was heard just now, or if nothing of it is left
        // to read. Otherwise they rest, until the frame that is coming in has come or its bytes cease to. And
        // a stream that was not even asked, for want of budget, may have more to say and room to write.
        if (heard || !read) && coop::has_budget_remaining() && (looked || !self.looks_again(cx, now)) {
            // What has come to be due since that look waits for one of its own.
            let looked = self.look.take().unwrap_or(now);
            self.connection.handle_timeout(looked, &mut self.rng)?;
        }
        if leave {
            self.connection.peer_mut().finish();
        }
        self.check_failure()?;
        // What was written makes something possible where reading rested, or where a command waited for it.
        let helps = |count| count > 0 && (!dry || !self.commands.is_empty());
        Ok(read || written.is_some_and(|count| self.connection.wants_write() || helps(count)))
    }

    /// A failure may follow from what the owner did, or from what was written.
    fn check_failure(&self) -> Result<(), Closed> {
        self.connection.peer().failure().map_or(Ok(()), |reason| Err(reason.clone().into()))
    }

    /// Runs the commands that wait. Returns whether no handle is left.
    fn run_commands(&mut self, now: Time) -> Result<bool, Closed> {
        let mut state = self.shared.lock();
        let (new, close, leave) = (mem::take(&mut state.commands), state.close, state.handles == 0);
        drop(state);
        if close {
            return Err(self.connection.peer_mut().close().into());
        }
        self.shared.places.add_permits(new.len());
        let commands = mem::take(&mut self.commands).into_iter().chain(new);
        let undone = |mut command: Command| (!command(self.connection.peer_mut(), now)).then_some(command);
        self.commands = commands.filter_map(undone).collect();
        if self.shared.broken.get().is_some() {
            self.commands = Vec::new();
        }
        Ok(leave)
    }

    /// Hands out events while there is room. Returns whether there were any, and whether the machine has used
    /// up what was read and wants more.
    fn deliver(&mut self, now: Time) -> Result<(bool, bool), Closed> {
        let (mut heard, mut has_room) = (false, self.shared.has_room());
        while has_room {
            let before = self.input.len();
            let Some(event) = self.connection.receive(&mut self.input, now)? else {
                if self.input.is_empty() {
                    self.input = BytesMut::new();
                }
                let wants_read = self.connection.wants_read();
                // It waits for the remote to take what is owed, which cannot be any more.
                return match self.shared.broken.get().copied().filter(|_| !wants_read) {
                    Some(kind) => Err(self.failed(kind)),
                    None => Ok((heard, wants_read)),
                };
            };
            has_room = self.shared.deliver(event, before.saturating_sub(self.input.len()));
            heard = true;
        }
        Ok((heard, false))
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
                // Whether anything is left to read is not known before the next turn.
                cx.waker().wake_by_ref();
                Ok(false)
            }
            (_, Some(kind)) => Err(self.failed(kind)),
            (Poll::Ready(Err(error)), None) => Err(self.failed(error.kind())),
            (Poll::Ready(Ok(())), None) => Err(self.connection.handle_eof(&self.input).into()),
        }
    }

    /// Writes once: small frames together, so that the transport sees whole ones, and large ones as they lie.
    /// Returns how many bytes are out.
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

    /// Whether a deadline has come. It is run when the sleep that begins here is over.
    fn looks_again(&mut self, cx: &mut Context<'_>, now: Time) -> bool {
        let is_due = self.connection.poll_timeout().is_some_and(|at| at <= now);
        self.look = is_due.then(|| self.look.unwrap_or(now));
        if is_due {
            // A busy stream may not let the round end without anything to do.
            let _begun = self.poll_sleep(cx);
        }
        is_due
    }

    /// Waits for the machine's deadline, if its timers run, and then for the runtime's look.
    fn poll_sleep(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self.look.or_else(|| self.connection.poll_timeout());
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
        let (unflushed, sleep, look) = (0, None, None);
        Self { stream, rng, connection, shared, clock, input, unflushed, sleep, look, commands }
    }

    /// The transport failed.
    fn failed(&mut self, kind: io::ErrorKind) -> Closed {
        Closed::new(self.connection.handle_transport_error(kind.into(), &self.input), Some(kind))
    }

    /// Keeps what remains, and lets go of everything else; events stay for the owner. Whoever waits for a
    /// command that is dropped here learns why.
    fn finish(&mut self, closed: Closed) {
        let remains = Final { closed, stats: self.connection.peer().stats() };
        self.shared.remains.set(Box::new(remains)).ok();
        self.shared.places.close();
        self.input = BytesMut::new();
        self.sleep = None;
        self.commands = Vec::new();
        let unheard = mem::take(&mut self.shared.lock().commands);
        drop(unheard);
        self.shared.owner.wake();
    }
}

impl<S, R> Drop for Driver<S, R> {
    fn drop(&mut self) {
        if self.shared.remains.get().is_none() {
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
