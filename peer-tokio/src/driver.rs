//! The driver: the only place that touches the stream.
//!
//! It goes round: commands, read, tick, write. Each step does a bounded amount and never waits for another,
//! so reading and writing are full duplex. When a round moved nothing, every reason to go on has a waker: the
//! stream in both directions, the sleep, and the link. What one step makes possible for an earlier one (bytes
//! were read, so there may be a message; an answer was written, so reading resumes) is found by the next
//! round.

use core::fmt;
use core::future::Future;
use core::mem::MaybeUninit;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io::{self, IoSlice};
use std::sync::Arc;

use bytes::BytesMut;
use peer_core::{End, Mark, Peer, Time};
use rand_core::Rng;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;
use tokio::task::coop;
use tokio::time::{Sleep, sleep_until};

use crate::clock::Clock;
use crate::closed::Closed;
use crate::link::{Command, Link};

/// Most bytes read at a time. They pass through the stack, so an idle connection has no buffer.
const READ: usize = 16 * 1024;

/// Small frames are written together until they have this many bytes.
const COALESCE: usize = 16 * 1024;

/// Most pieces of one vectored write.
const PIECES: usize = 64;

/// Most rounds before other tasks have their turn: at most 256 KiB read, and as many writes.
const ROUNDS: usize = 16;

/// Drives one connection: a future that ends with the connection and returns the reason.
///
/// Nothing happens unless it is polled, in a tokio runtime with its timer enabled: spawn it, or join it with
/// whatever uses the connection. Dropping it ends the connection.
///
/// A poll does a bounded amount of work, and asks to be polled again if there is more.
#[doc(alias = "Run")]
#[must_use = "a connection that is not driven does nothing"]
pub struct Driver<S, R> {
    stream: S,
    rng: R,
    peer: Peer,
    link: Arc<Link>,
    clock: Clock,
    /// What was read and not pulled: at most one frame and one read.
    input: BytesMut,
    /// Wakes the task when the machine's deadline has come. Whether it has, the clock tells.
    sleep: Option<Pin<Box<Sleep>>>,
    /// Whether it has taken bytes since its last flush.
    unflushed: bool,
    flushes: Vec<Flush>,
}

/// Somebody waits until the transport has taken what was queued at some time.
struct Flush {
    ends: [Mark; 2],
    done: oneshot::Sender<()>,
}

// No field is ever pinned in place: the stream is `Unpin` where it is used, the sleep has its own box.
impl<S, R> Unpin for Driver<S, R> {}

impl<S: AsyncRead + AsyncWrite + Unpin, R: Rng> Future for Driver<S, R> {
    type Output = Closed;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Closed> {
        let this = self.get_mut();
        if let Some(remains) = this.link.remains() {
            return Poll::Ready(remains.closed.clone());
        }
        for _ in 0..ROUNDS {
            match this.round(cx) {
                Ok(true) => {}
                Ok(false) => {
                    if this.poll_sleep(cx).is_pending() {
                        return Poll::Pending;
                    }
                }
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
        let leave = self.obey(cx, now)?;
        let read = self.read(cx, now)?;
        if read.fair {
            self.peer.tick(now, &mut self.rng)?;
        }
        let written = self.write(cx, now)?;
        if !self.unflushed {
            self.answer_flushes();
        }
        if leave && self.is_done() {
            return Err(self.peer.close().into());
        }
        Ok(read.some || written)
    }

    /// Runs the commands that wait. Returns whether no handle is left.
    fn obey(&mut self, cx: &Context<'_>, now: Time) -> Result<bool, Closed> {
        let orders = self.link.orders(cx.waker());
        if orders.close {
            return Err(self.peer.close().into());
        }
        for command in orders.commands {
            match command {
                Command::Run(run) => run(&mut self.peer, now),
                Command::Flush(done) => self.note_flush(done),
            }
            if let Some(reason) = self.peer.failure() {
                return Err(reason.clone().into());
            }
        }
        Ok(orders.leave)
    }

    fn note_flush(&mut self, done: oneshot::Sender<()>) {
        self.flushes.retain(|flush| !flush.done.is_closed());
        self.flushes.push(Flush { ends: self.peer.marks(), done });
    }

    /// Hands out events while there is room, then reads if the machine has used up what is there.
    fn read(&mut self, cx: &mut Context<'_>, now: Time) -> Result<Read, Closed> {
        let mut heard = false;
        while self.link.has_room() {
            if let Some(event) = self.peer.receive(&mut self.input, now)? {
                self.link.deliver(event);
                heard = true;
                continue;
            }
            if self.input.is_empty() {
                self.input = BytesMut::new();
            }
            if !self.peer.wants_read() {
                break;
            }
            let (some, dry) = match self.poll_read(cx) {
                Poll::Ready(Ok(0)) => return Err(self.peer.end(End::Eof, &self.input).into()),
                Poll::Ready(Ok(_)) => (true, false),
                Poll::Ready(Err(error)) => return Err(self.broken(&error)),
                Poll::Pending => (false, coop::has_budget_remaining()),
            };
            let fair = heard || dry;
            return Ok(Read { some, fair });
        }
        Ok(Read { some: false, fair: true })
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut space = [MaybeUninit::uninit(); READ];
        let mut buffer = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
        self.input.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    }

    /// Writes once, or flushes the transport when everything is written. Returns whether it took something.
    fn write(&mut self, cx: &mut Context<'_>, now: Time) -> Result<bool, Closed> {
        let result = if self.peer.wants_write() {
            self.poll_write(cx, now)
        } else if self.unflushed {
            self.poll_flush(cx).map_ok(|()| 0)
        } else {
            return Ok(false);
        };
        match result {
            Poll::Ready(Ok(count)) => Ok(count > 0),
            Poll::Ready(Err(error)) => Err(self.broken(&error)),
            Poll::Pending => Ok(false),
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, now: Time) -> Poll<io::Result<usize>> {
        let stream = Pin::new(&mut self.stream);
        let count = ready!(if stream.is_write_vectored() {
            let mut pieces = [IoSlice::new(&[]); PIECES];
            let mut len = 0_usize;
            for (piece, chunk) in pieces.iter_mut().zip(self.peer.chunks(COALESCE, now)) {
                *piece = IoSlice::new(chunk);
                len = len.saturating_add(1);
            }
            stream.poll_write_vectored(cx, pieces.get(..len).unwrap_or_default())
        } else {
            stream.poll_write(cx, self.peer.transmit(now))
        })?;
        if count == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.peer.sent(count, now);
        self.unflushed = true;
        Poll::Ready(Ok(count))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.unflushed = false;
        Poll::Ready(Ok(()))
    }

    /// Waits for the machine's deadline.
    fn poll_sleep(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self.peer.deadline();
        let Some(at) = deadline.and_then(|(at, _)| self.clock.instant(at)) else {
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
    pub(crate) fn new(stream: S, rng: R, peer: Peer, link: Arc<Link>, clock: Clock) -> Self {
        Self {
            stream,
            rng,
            peer,
            link,
            clock,
            input: BytesMut::new(),
            sleep: None,
            unflushed: false,
            flushes: Vec::new(),
        }
    }

    /// Tells those who waited for what is written now.
    fn answer_flushes(&mut self) {
        let peer = &self.peer;
        for flush in self.flushes.extract_if(.., |flush| flush.ends.iter().all(|end| peer.is_flushed(*end))) {
            // Nobody may be waiting any more.
            flush.done.send(()).ok();
        }
    }

    /// Whether all is written, and no batch of announcements is about to be.
    fn is_done(&self) -> bool {
        !self.peer.wants_write() && !self.unflushed && self.peer.waiting_announcements() == 0
    }

    /// The transport failed.
    fn broken(&mut self, error: &io::Error) -> Closed {
        Closed { reason: self.peer.end(End::Failed, &self.input), transport: Some(error.kind()) }
    }

    fn finish(&mut self, closed: Closed) {
        self.input = BytesMut::new();
        self.sleep = None;
        self.link.finish(closed, self.peer.stats());
        self.flushes.clear();
    }
}

impl<S, R> Drop for Driver<S, R> {
    fn drop(&mut self) {
        if self.link.remains().is_none() {
            let closed = self.peer.close().into();
            self.finish(closed);
        }
    }
}

impl<S, R> fmt::Debug for Driver<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("peer", &self.peer).finish_non_exhaustive()
    }
}

/// How reading went.
#[derive(Clone, Copy, Debug)]
struct Read {
    /// Bytes came.
    some: bool,
    /// Timers may blame the remote for being silent: it was heard just now, or nothing of it is left to read.
    /// Otherwise they rest, until the frame that is coming in has come or its bytes cease to.
    fair: bool,
}
