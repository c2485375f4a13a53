//! The driver: the only place that touches the stream.
//!
//! A round runs commands, reads, writes and runs the timers. Each step does a bounded amount of work and never waits
//! for another, so reading and writing are full duplex. After a round without progress, everything that can cause new
//! work has a waker: the stream in both directions, the sleep, and the shared state. A step may enable an earlier one:
//! read bytes may complete a message, and a written reply may let reading resume. The next round runs it.
//!
//! When the stream ends in one direction, the machine is told and decides what follows. The rounds continue.
//!
//! A tokio socket answers from the readiness that the runtime saw last, without a system call. After a busy thread or a
//! suspended process, that may be older than a deadline that is due now, and `Pending` does not prove that the remote
//! was silent. So the driver reports a drained stream and runs the timers only after the runtime has polled its sockets
//! and the stream was read again. An elapsed sleep proves it: the runtime polls its sockets before its timers.

mod read;
#[cfg(feature = "net")]
mod shake_hands;

use core::fmt;
use core::future::Future;
use core::mem::{self, MaybeUninit};
use core::panic::AssertUnwindSafe;
use core::pin::Pin;
use core::task::{Context, Poll, Waker, ready};
use core::time::Duration;
use std::io;
use std::panic::{catch_unwind, resume_unwind};
use std::sync::Arc;

use bytes::BytesMut;
use peer_core::{Closed, Connection, Error, Gather, Time};
use rand_core::Rng;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop;
use tokio::time::{Sleep, sleep_until};

use self::read::End;
use crate::clock::Clock;
use crate::shared::{Command, Final, Shared};
use crate::write_waiters::{WriteWaiters, is_flushed};

/// Most bytes that are read at a time, or gathered for one write. They pass through the stack, so an idle connection
/// has no buffer.
const CHUNK: usize = 16 * 1024;

/// Most rounds in one poll, before other tasks run: at most 256 KiB read, and as many writes.
const ROUNDS: usize = 16;

/// Most time from a due deadline to the runtime's next poll of its sockets at which evidence is reported.
const RECENT: Duration = Duration::from_secs(1);

/// Later than every deadline.
const NEVER: Time = Time::from_elapsed(Duration::MAX);

/// Drives one connection: a future that ends with the connection and returns the reason.
///
/// Nothing happens unless it is polled, in a tokio runtime with its timer enabled: pass it to `tokio::spawn`, or await it
/// beside the calls that use the connection. Dropping it ends the connection. If it is dropped unpolled, the reason is
/// [`Error::NeverDriven`].
///
/// A poll does a bounded amount of work, and asks to be polled again if there is more.
///
/// # Cancel safety
///
/// All state is in the driver, so a reference to it may be polled in `select!` and be left at any time.
#[doc(alias = "Run")]
#[must_use = "nothing happens on a connection unless its driver is polled: pass it to `tokio::spawn`"]
pub struct Driver<S, R> {
    stream: S,
    rng: R,
    connection: Connection,
    shared: Arc<Shared>,
    clock: Clock,
    /// Bytes that were read and not yet pulled: at most one frame and one read, or what the machine wants gathered.
    input: BytesMut,
    /// Bytes taken off `input` since it was allocated.
    slack: usize,
    /// Whether input is gathered before the machine pulls.
    gather: Gather<End>,
    /// Bytes that the stream took and has not flushed. Until it has, they count as not sent.
    unflushed: usize,
    /// Wakes the task at the machine's deadline. The clock decides whether the deadline is due.
    sleep: Option<Pin<Box<Sleep>>>,
    /// When a deadline was found due. It runs once `sleep` until this time has elapsed: then the runtime has polled its
    /// sockets.
    due_since: Option<Time>,
    /// Our direction of the stream is shut down.
    is_shut_down: bool,
    /// Callers that wait for writes. A failed write drops them.
    waiting: Option<Box<WriteWaiters>>,
}

// No field is pinned in place: the stream is `Unpin` where it is used, and the sleep is boxed.
impl<S, R> Unpin for Driver<S, R> {}

impl<S: AsyncRead + AsyncWrite + Unpin, R: Rng> Future for Driver<S, R> {
    type Output = Closed;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Closed> {
        let this = self.get_mut();
        let end = this.poll_rounds(cx);
        if end.is_pending() {
            this.shared.snapshot.publish(this.connection.peer());
        }
        end
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin, R: Rng> Driver<S, R> {
    fn poll_rounds(&mut self, cx: &mut Context<'_>) -> Poll<Closed> {
        if let Some(end) = self.shared.end.get() {
            return Poll::Ready(end.closed.clone());
        }
        self.shared.driver.register(cx.waker());
        for _ in 0..ROUNDS {
            // A panic of a command or of the stream is passed on. First the connection ends, so that other callers do
            // not wait for it.
            let round = catch_unwind(AssertUnwindSafe(|| self.round(cx))).unwrap_or_else(|panic| {
                self.end();
                resume_unwind(panic)
            });
            match round {
                Ok(true) => {}
                Ok(false) => ready!(self.poll_sleep(cx)),
                Err(closed) => {
                    let peer = self.connection.peer();
                    let is_flushed = closed.reason == Error::ClosedByOwner && is_flushed(peer, &peer.marks());
                    let is_closed = self.shared.lock().close;
                    self.finish(closed.clone(), is_flushed && !is_closed);
                    // One attempt to shut down in order; the driver does not wait for the remote.
                    drop(Pin::new(&mut self.stream).poll_shutdown(cx));
                    return Poll::Ready(closed);
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Runs each step once. Returns `false` if there is nothing to do.
    fn round(&mut self, cx: &mut Context<'_>) -> Result<bool, Closed> {
        let now = self.clock.now();
        let polled_since_due =
            self.due_since.is_some() && self.sleep.as_ref().is_some_and(|sleep| sleep.is_elapsed());
        self.run_commands(now)?;
        let drained = self.wants_more(now) || self.deliver(now)?;
        let read = drained && self.read(cx)?;
        let written = match self.poll_write(cx, now) {
            Poll::Ready(Ok(count)) => Some(count),
            Poll::Ready(Err(error)) => return self.on_write_error(error.kind(), now).map(|()| true),
            Poll::Pending => None,
        };
        // Without budget, tokio did not poll the stream: it may have bytes to read and room to write.
        if coop::has_budget_remaining() && (polled_since_due || !self.waits_for_socket_poll(cx, now)) {
            // The report counts as evidence at the time when the deadline was found due. After a busy thread that time
            // is too old.
            let found_due = self.due_since.take().unwrap_or(now);
            if now.saturating_since(found_due) <= RECENT {
                if drained && !read {
                    self.connection.handle_drained(&self.input, now);
                }
                if written.is_none() {
                    self.connection.handle_transmitted(0, now);
                }
            }
            self.connection.handle_timeout(now, &mut self.rng).map_err(|reason| self.closed(reason))?;
        }
        self.check_failure()?;
        self.answer_waiting();
        // Written bytes may let reading resume, and a shutdown may follow the last of them.
        let resumes = !drained || self.connection.wants_shutdown();
        let more = |count| self.connection.wants_write() || count > 0 && resumes;
        // A timer may have ended a request.
        let has_event = self.connection.wants_pull() && self.shared.has_room();
        Ok(read || written.is_some_and(more) || has_event)
    }

    /// Fails if the machine has failed. Commands and writes can both cause that.
    fn check_failure(&self) -> Result<(), Closed> {
        self.connection.peer().failure().map_or(Ok(()), |reason| Err(self.closed(reason.clone())))
    }

    /// Runs the waiting commands.
    fn run_commands(&mut self, now: Time) -> Result<(), Closed> {
        let mut state = self.shared.lock();
        let (commands, close, is_last) = (mem::take(&mut state.commands), state.close, state.handles == 0);
        let cancelled = state.take_cancelled();
        drop(state);
        if close {
            return Err(self.connection.peer_mut().close().into());
        }
        if self.shared.note_run() && is_last && commands.is_empty() {
            drop(self.connection.peer_mut().close());
            return Err(Error::NoHandle.into());
        }
        for command in commands {
            let needed_permit = !matches!(command, Command::Leave(_));
            self.shared.permits.add_permits(usize::from(needed_permit));
            match command {
                Command::Leave(deadline) => self.connection.peer_mut().leave(deadline, now),
                Command::Run(run) => run(self.connection.peer_mut(), now),
                Command::Flush(reply) => {
                    let marks = self.connection.peer().marks();
                    self.waiting.get_or_insert_default().flush(marks, reply);
                }
                Command::Room(bytes, reply) => self.waiting.get_or_insert_default().room(bytes, reply),
            }
        }
        for id in cancelled {
            self.connection.peer_mut().cancel(id, now);
        }
        if is_last {
            self.connection.peer_mut().leave(NEVER, now);
        }
        self.answer_waiting();
        Ok(())
    }

    fn answer_waiting(&mut self) {
        let Some(waiting) = &mut self.waiting else { return };
        waiting.answer(self.connection.peer());
        // After a failed write nothing more is written.
        if waiting.is_empty() || self.shared.broken.get().is_some() {
            self.waiting = None;
        }
    }

    /// Writing failed. The machine decides whether the remote is still heard.
    fn on_write_error(&mut self, kind: io::ErrorKind, now: Time) -> Result<(), Closed> {
        self.shared.broken.set(kind).ok();
        self.unflushed = 0;
        match self.connection.handle_write_error(kind.into(), &self.input, now) {
            Some(reason) => Err(self.closed(reason)),
            None => Ok(()),
        }
    }

    /// Delivers events while there is room. Returns whether the machine has used up the input and wants more.
    fn deliver(&mut self, now: Time) -> Result<bool, Closed> {
        self.gather.stop();
        // Once our direction is shut down there are no more events.
        let mut has_room = self.connection.wants_shutdown() || self.shared.has_room();
        while has_room {
            let before = self.input.len();
            let event = self.connection.receive(&mut self.input, now);
            let Some(event) = event.map_err(|reason| self.closed(reason))? else {
                self.shrink_input();
                return Ok(self.connection.wants_read());
            };
            let taken = before.saturating_sub(self.input.len());
            self.slack = self.slack.saturating_add(taken);
            has_room = self.shared.deliver(event, taken);
        }
        // The last event may make the machine wait for the remote.
        self.connection.handle_hold(now);
        self.shared.lock().note_full(now);
        Ok(false)
    }

    /// Gives back the buffer of what was taken, so that an idle connection has none. The rest is moved only where it is
    /// smaller, so each byte is moved once at most.
    fn shrink_input(&mut self) {
        if self.input.is_empty() || self.slack > self.input.len() {
            self.input = BytesMut::from(&*self.input);
            self.slack = 0;
        }
    }

    /// Writes once: small frames gathered, so that they leave whole, and large ones in place. Returns the number of
    /// bytes that were written and flushed.
    fn poll_write(&mut self, cx: &mut Context<'_>, now: Time) -> Poll<io::Result<usize>> {
        let mut stream = Pin::new(&mut self.stream);
        if !self.is_shut_down && self.connection.wants_shutdown() {
            ready!(stream.as_mut().poll_shutdown(cx))?;
            self.is_shut_down = true;
        }
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
        let (input, gather, waiting) = (BytesMut::new(), Gather::new(), None);
        let (unflushed, sleep, due_since, is_shut_down) = (0, None, None, false);
        Self {
            stream,
            rng,
            connection,
            shared,
            clock,
            input,
            slack: 0,
            gather,
            unflushed,
            sleep,
            due_since,
            is_shut_down,
            waiting,
        }
    }

    /// The end for this reason, with the earlier failure of writing, if there was one.
    fn closed(&self, reason: Error) -> Closed {
        Closed::new(reason, self.shared.broken.get().copied())
    }

    /// Ends the connection if it has not ended.
    fn end(&mut self) {
        if self.shared.end.get().is_none() {
            let closed = self.connection.peer_mut().close();
            let reason = if self.shared.has_run() { closed } else { Error::NeverDriven };
            self.finish(reason.into(), false);
        }
    }

    /// Stores the final state and releases everything else. Events stay for the owner. A caller that waits for a
    /// command dropped here gets the reason.
    fn finish(&mut self, closed: Closed, is_flushed: bool) {
        let peer = self.connection.peer();
        let end = Final { closed, stats: peer.stats(), is_flushed };
        self.shared.end.set(Box::new(end)).ok();
        self.shared.permits.close();
        self.input = BytesMut::new();
        self.sleep = None;
        if let Some(mut waiting) = self.waiting.take() {
            waiting.answer(peer);
        }
        let mut state = self.shared.lock();
        let (unrun, responses) = (mem::take(&mut state.commands), state.waiting());
        drop(state);
        drop(unrun);
        responses.into_iter().for_each(Waker::wake);
        self.shared.owner.wake();
    }
}

impl<S, R> Drop for Driver<S, R> {
    fn drop(&mut self) {
        self.end();
    }
}

impl<S, R> fmt::Debug for Driver<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("peer", self.connection.peer()).finish_non_exhaustive()
    }
}
