//! What the handles, the events and the driver of one connection share.
//!
//! Two short, bounded queues that have no memory while the connection is idle; a channel would keep a kilobyte or two
//! each. The lock guards only these queues and is held for a few instructions. No code of the owner runs under it, so
//! wakers are woken and dropped outside.

use core::fmt;
use core::future::Future;
use core::mem;
use core::pin::pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::Waker;
use core::time::Duration;
use std::collections::VecDeque;
use std::io;
use std::sync::{OnceLock, PoisonError};

use atomic_waker::AtomicWaker;
use peer_core::{Closed, Error, Event, Interest, Peer, RequestId, Stats, Time};
use tokio::runtime;
use tokio::sync::Semaphore;
use tokio::sync::oneshot::Sender;
use tokio::time::timeout;

use crate::response_waiters::{ResponseWaiters, Route};
use crate::snapshot::Snapshot;
use crate::sync::{Mutex, MutexGuard, SetOnce};

/// Most events that wait for the owner. Enough that driver and owner alternate in batches.
const EVENTS: usize = 16;

/// At this many bytes of waiting frames no more events are handed out, because the remote can fill this memory. So at
/// most a byte less and one message wait, which may be a block. It fits 16 events of 4 KiB; for larger messages the
/// cost of taking turns does not matter.
const EVENT_BYTES: usize = 64 * 1024;

/// Most commands that wait for the driver. It takes all of them each time it runs, so a longer queue would
/// only delay the back-pressure on the senders.
const COMMANDS: usize = 16;

/// How long a call waits for the first run of the driver. A spawned driver runs at once.
const START: Duration = Duration::from_secs(10);

/// A closure for the machine.
type Run = Box<dyn FnOnce(&mut Peer, Time) + Send>;

/// What the driver is to do for an owner.
pub(crate) enum Command {
    /// Run this on the machine.
    Run(Run),
    /// Reply when everything that is queued now is written.
    Flush(Sender<()>),
    /// Reply when there is room for so many bytes.
    Room(usize, Sender<()>),
    /// End the connection in order, by this time. It needs no permit.
    Leave(Time),
}

/// See the [module](self).
pub(crate) struct Shared {
    state: Mutex<State>,
    /// One permit for each free slot in the queue of commands.
    pub(crate) permits: Semaphore,
    pub(crate) driver: AtomicWaker,
    /// The driver was polled.
    has_run: AtomicBool,
    /// The task that waits for the next event.
    pub(crate) owner: AtomicWaker,
    /// Writing failed. What the remote sent before is delivered first.
    pub(crate) broken: OnceLock<io::ErrorKind>,
    pub(crate) snapshot: Snapshot,
    /// Set when the connection has ended.
    pub(crate) end: SetOnce<Box<Final>>,
}

/// The final state of a connection.
#[derive(Debug)]
pub(crate) struct Final {
    pub(crate) closed: Closed,
    pub(crate) stats: Stats,
    /// The owner ended it in order, and everything queued before was written.
    pub(crate) is_flushed: bool,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) commands: Vec<Command>,
    /// The waiting events, each with the bytes of its frame.
    pub(crate) events: VecDeque<(Event, usize)>,
    /// The bytes of all of them.
    event_bytes: usize,
    /// The remote's `version` was handed out, and the owner has not asked for the next event.
    pub(crate) held: bool,
    /// Events are dropped: the owner does not want them.
    pub(crate) discards: bool,
    /// End the connection at once.
    pub(crate) close: bool,
    /// The owner leaves: the connection ends in order.
    pub(crate) leaves: bool,
    /// At zero, the connection ends in order.
    pub(crate) handles: usize,
    waiters: Option<Box<ResponseWaiters>>,
}

impl State {
    fn has_room(&self) -> bool {
        let has_room =
            self.discards || !self.held && self.events.len() < EVENTS && self.event_bytes < EVENT_BYTES;
        has_room && self.waiters.as_ref().is_none_or(|waiters| waiters.has_room())
    }

    /// A caller waits for the responses to this request: one message if `is_single`.
    pub(crate) fn add_waiter(&mut self, id: RequestId, is_single: bool) {
        self.waiters.get_or_insert_default().register(id, is_single);
    }

    /// The caller has stopped waiting. The driver cancels the request unless it is over.
    pub(crate) fn remove_waiter(&mut self, id: RequestId, is_over: bool) {
        if let Some(waiters) = &mut self.waiters {
            waiters.remove(id, is_over);
        }
        self.waiters.take_if(|waiters| waiters.is_empty());
    }

    /// Takes the requests that the driver is to cancel.
    pub(crate) fn take_cancelled(&mut self) -> Vec<RequestId> {
        let cancelled = self.waiters.as_mut().map(|waiters| waiters.take_cancelled());
        self.waiters.take_if(|waiters| waiters.is_empty());
        cancelled.unwrap_or_default()
    }

    /// The next event for this request. Also returns whether the driver is to be woken.
    pub(crate) fn take_response(&mut self, id: RequestId, waker: &Waker) -> (Option<Event>, bool) {
        let had_room = self.has_room();
        let Some(waiters) = &mut self.waiters else { return (None, false) };
        let event = waiters.take(id, waker);
        (event, !had_room && self.finds_room())
    }

    /// The driver found no room.
    pub(crate) fn note_full(&mut self, now: Time) {
        if let Some(waiters) = &mut self.waiters {
            waiters.full_since.get_or_insert(now);
        }
    }

    /// Whether there is room. If so, the queue no longer counts as full.
    fn finds_room(&mut self) -> bool {
        let has_room = self.has_room();
        if has_room && let Some(waiters) = &mut self.waiters {
            waiters.full_since = None;
        }
        has_room
    }

    /// Since when there has been no room, if callers wait for responses.
    pub(crate) fn full_since(&self) -> Option<Time> {
        self.waiters.as_ref().and_then(|waiters| waiters.full_since)
    }

    /// The wakers of all callers that wait for responses.
    pub(crate) fn waiting(&mut self) -> Vec<Waker> {
        self.waiters.as_mut().map(|waiters| waiters.wakers()).unwrap_or_default()
    }

    /// Takes the next event out. Also returns whether to wake the driver: once half of a full queue is free, or at once
    /// if a caller waits for a response, which may be pulled next.
    pub(crate) fn take_event(&mut self) -> Option<(Event, bool)> {
        let (had_room, was_free) = (self.has_room(), self.is_half_free());
        let (event, len) = self.events.pop_front()?;
        self.event_bytes = self.event_bytes.saturating_sub(len);
        let resumes = match self.waiters {
            Some(_) => !had_room && self.finds_room(),
            None => !was_free && self.is_half_free(),
        };
        Some((event, resumes))
    }

    /// Ends the connection in order, after the waiting commands.
    pub(crate) fn leave(&mut self, deadline: Time) {
        self.leaves = true;
        if let Some(Command::Leave(earlier)) = self.commands.last_mut() {
            *earlier = deadline.min(*earlier);
        } else {
            self.commands.push(Command::Leave(deadline));
        }
    }

    /// Takes out the messages that are of no interest, to be dropped outside the lock.
    pub(crate) fn sort_out(&mut self, interest: Interest) -> Vec<Event> {
        let mut dropped = Vec::new();
        for (event, len) in mem::take(&mut self.events) {
            match event {
                Event::Message(message) if !interest.admits(&message) => {
                    self.event_bytes = self.event_bytes.saturating_sub(len);
                    dropped.push(Event::Message(message));
                }
                other => self.events.push_back((other, len)),
            }
        }
        dropped
    }

    /// From now on events are dropped. Returns those that wait, to be dropped outside the lock.
    pub(crate) fn discard(&mut self) -> VecDeque<(Event, usize)> {
        (self.discards, self.held, self.event_bytes) = (true, false, 0);
        mem::take(&mut self.events)
    }

    fn is_half_free(&self) -> bool {
        self.events.len() <= EVENTS / 2 && self.event_bytes <= EVENT_BYTES / 2
    }
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::default(),
            permits: Semaphore::new(COMMANDS),
            driver: AtomicWaker::new(),
            has_run: AtomicBool::new(false),
            owner: AtomicWaker::new(),
            broken: OnceLock::new(),
            snapshot: Snapshot::default(),
            end: SetOnce::new(),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a command. After the end it is dropped, outside the lock.
    pub(crate) fn command(&self, command: Command) {
        let mut command = Some(command);
        self.tell_driver(|state| {
            if self.end.get().is_none() {
                state.commands.extend(command.take());
            }
        });
    }

    /// Notes that the driver runs. Returns whether it is the first time.
    pub(crate) fn note_run(&self) -> bool {
        !self.has_run.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn has_run(&self) -> bool {
        self.has_run.load(Ordering::Relaxed)
    }

    /// Waits for what only the driver can complete. Fails if the driver does not run within 10 s.
    pub(crate) async fn driven<F: Future>(&self, result: F) -> Result<F::Output, Closed> {
        let mut result = pin!(result);
        // Other runtimes have no timer.
        if !self.has_run() && runtime::Handle::try_current().is_ok() {
            // Boxed, so that the future stays small for calls on a running driver.
            let in_time = Box::pin(timeout(START, result.as_mut())).await;
            match in_time {
                Ok(output) => return Ok(output),
                Err(_) if !self.has_run() => return Err(Error::NeverDriven.into()),
                Err(_) => {}
            }
        }
        Ok(result.await)
    }

    /// Why a dropped command will not run. If writing failed, this does not wait for the end, which may in turn wait
    /// for the owner to take events.
    pub(crate) async fn why_dropped(&self) -> Closed {
        match self.broken.get() {
            Some(kind) if self.end.get().is_none() => Closed::new(Error::TransportFailed, Some(*kind)),
            _ => self.end.wait().await.closed.clone(),
        }
    }

    /// Whether an event may be pulled: there is room, and the owner does not hold the remote's `version`. Only the
    /// driver uses up room, so it stays until the driver delivers.
    pub(crate) fn has_room(&self) -> bool {
        self.lock().finds_room()
    }

    /// Hands out an event whose frame had `len` bytes. Returns whether another one may be pulled.
    pub(crate) fn deliver(&self, event: Event, len: usize) -> bool {
        let mut state = self.lock();
        let route = match &mut state.waiters {
            Some(waiters) => waiters.route(event, len),
            None => Route::Owner(event),
        };
        let event = match route {
            Route::Owner(event) => event,
            Route::Dropped => return state.has_room(),
            Route::Waiter(waker) => {
                let has_room = state.has_room();
                drop(state);
                waker.into_iter().for_each(Waker::wake);
                return has_room;
            }
        };
        if state.discards {
            return state.has_room();
        }
        state.held = matches!(event, Event::Version(_));
        state.events.push_back((event, len));
        state.event_bytes = state.event_bytes.saturating_add(len);
        let has_room = state.has_room();
        drop(state);
        self.owner.wake();
        has_room
    }

    /// Changes what the driver looks at, and wakes it.
    pub(crate) fn tell_driver<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.driver.wake();
        result
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("end", &self.end.get()).finish_non_exhaustive()
    }
}
