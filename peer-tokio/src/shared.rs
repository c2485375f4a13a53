//! What the handles, the events and the driver of one connection share.
//!
//! Two short queues, both bounded, and both without memory while the connection idles: channels would keep a
//! kilobyte or two for each. The lock guards these queues alone and is held for a few instructions; nothing
//! of the owner's runs under it, so wakers too are woken and dropped outside.

use core::fmt;
use core::mem;
use core::task::Waker;
use std::collections::VecDeque;
use std::io;
use std::sync::{OnceLock, PoisonError};

use atomic_waker::AtomicWaker;
use peer_core::{Closed, Error, Event, Interest, Peer, RequestId, Stats, Time};
use tokio::sync::Semaphore;
use tokio::sync::oneshot::Sender;

use crate::response_waiters::{ResponseWaiters, Route};
use crate::snapshot::Snapshot;
use crate::sync::{Mutex, MutexGuard, SetOnce};

/// Most events that wait for the owner. Enough that driver and owner alternate in batches.
const EVENTS: usize = 16;

/// With this many bytes of frames among the events that wait, no more are handed out: what waits here is memory
/// that the remote can fill. So at most a byte less than this waits, and one message, which may be a block. Enough
/// for sixteen events of 4 KiB; a larger message costs more than taking turns over it.
const EVENT_BYTES: usize = 64 * 1024;

/// Most commands that wait for the driver. It takes all of them each time it runs, so a longer queue would
/// only delay the back-pressure on the senders.
const COMMANDS: usize = 16;

/// A closure for the machine.
type Run = Box<dyn FnOnce(&mut Peer, Time) + Send>;

/// What the driver is to do for an owner.
pub(crate) enum Command {
    /// Run this on the machine.
    Run(Run),
    /// Tell when everything that is queued by now is written.
    Flush(Sender<()>),
    /// Tell when there is room for so many bytes.
    Room(usize, Sender<()>),
    /// End the connection in order, by this time. It needs no permit.
    Leave(Time),
}

/// See the [module](self).
pub(crate) struct Shared {
    state: Mutex<State>,
    /// One permit for each free place in the queue of commands.
    pub(crate) permits: Semaphore,
    pub(crate) driver: AtomicWaker,
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
    /// Those that wait for the owner, each with the bytes of its frame.
    pub(crate) events: VecDeque<(Event, usize)>,
    /// The bytes of all of them.
    event_bytes: usize,
    /// The remote's `version` was handed out, and the owner has not asked for more since.
    pub(crate) held: bool,
    /// Events are dropped: the owner does not want them.
    pub(crate) discards: bool,
    /// End the connection at once.
    pub(crate) close: bool,
    /// The owner leaves: the connection ends in order.
    pub(crate) leaves: bool,
    /// Without any, the connection ends in order.
    pub(crate) handles: usize,
    waiters: Option<Box<ResponseWaiters>>,
}

impl State {
    fn has_room(&self) -> bool {
        let has_room =
            self.discards || !self.held && self.events.len() < EVENTS && self.event_bytes < EVENT_BYTES;
        has_room && self.waiters.as_ref().is_none_or(|waiters| waiters.has_room())
    }

    /// Someone waits for the responses to this request, perhaps several messages.
    pub(crate) fn add_waiter(&mut self, id: RequestId, is_single: bool) {
        self.waiters.get_or_insert_default().register(id, is_single);
    }

    /// No one does any more. Where the request may not have ended the driver cancels it.
    pub(crate) fn remove_waiter(&mut self, id: RequestId, is_over: bool) {
        if let Some(waiters) = &mut self.waiters {
            waiters.remove(id, is_over);
        }
        self.waiters.take_if(|waiters| waiters.is_empty());
    }

    /// Requests that are to be cancelled.
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

    /// Whether there is room. Then nothing is full any more.
    fn finds_room(&mut self) -> bool {
        let has_room = self.has_room();
        if has_room && let Some(waiters) = &mut self.waiters {
            waiters.full_since = None;
        }
        has_room
    }

    /// Since when there is no room, while someone waits for responses.
    pub(crate) fn full_since(&self) -> Option<Time> {
        self.waiters.as_ref().and_then(|waiters| waiters.full_since)
    }

    /// All who wait for responses.
    pub(crate) fn waiting(&mut self) -> Vec<Waker> {
        self.waiters.as_mut().map(|waiters| waiters.wakers()).unwrap_or_default()
    }

    /// Takes the next event out. Also returns whether the driver is to be woken: once half of a full queue is free, or at once
    /// where someone waits for a response, which may be the next to be pulled.
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

    /// Has the connection end in order, after the commands that wait.
    pub(crate) fn leave(&mut self, deadline: Time) {
        self.leaves = true;
        if let Some(Command::Leave(earlier)) = self.commands.last_mut() {
            *earlier = deadline.min(*earlier);
        } else {
            self.commands.push(Command::Leave(deadline));
        }
    }

    /// Takes out the messages among the events that are of no interest, to be dropped outside the lock.
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

    /// Why a command that was dropped will not be done. Where writing failed this does not wait for the end,
    /// which may itself wait for the owner to ask for events.
    pub(crate) async fn why_dropped(&self) -> Closed {
        match self.broken.get() {
            Some(kind) if self.end.get().is_none() => Closed::new(Error::TransportFailed, Some(*kind)),
            _ => self.end.wait().await.closed.clone(),
        }
    }

    /// Whether an event may be pulled: there is a place for it, and the owner does not hold the remote's
    /// `version`. Only the driver fills places, so one that is free stays free until it delivers.
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
