//! What the handles, the events and the driver of one connection share.
//!
//! Two short queues, both bounded, and both without memory while the connection idles: channels would keep a
//! kilobyte or two for each. The lock guards these queues alone and is held for a few instructions; nothing
//! of the owner's runs under it, so wakers too are woken and dropped outside.

use core::fmt;
use core::mem;
use core::task::{Context, Poll, Waker};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use peer_core::{Event, Peer, Stats, Time};
use tokio::sync::{Semaphore, SemaphorePermit, SetOnce, oneshot};

use crate::closed::Closed;

/// Most events that wait for the owner. Enough that driver and owner take turns in batches rather than one by
/// one; few, because each may be a block, and what waits here is memory that the remote can fill.
pub(crate) const EVENTS: usize = 16;

/// Most commands that wait for the driver. It takes all of them each time it runs, so a longer queue would
/// only delay the moment at which many senders notice that they are too many.
pub(crate) const COMMANDS: usize = 16;

/// Something to do with the machine, inside the driver.
pub(crate) type Run = Box<dyn FnOnce(&mut Peer, Time) + Send>;

/// What a handle asks of the driver.
pub(crate) enum Command {
    /// Do this.
    Run(Run),
    /// Say when all that is queued by then has been handed to the transport.
    Flush(oneshot::Sender<()>),
}

/// What the handles want, as of one look.
pub(crate) struct Orders {
    pub(crate) commands: VecDeque<Command>,
    /// End the connection at once.
    pub(crate) close: bool,
    /// No handle is left: end it once nothing waits to be written.
    pub(crate) leave: bool,
}

/// What remains of a connection.
#[derive(Debug)]
pub(crate) struct Remains {
    pub(crate) closed: Closed,
    pub(crate) stats: Stats,
}

/// See the [module](self).
pub(crate) struct Link {
    state: Mutex<State>,
    /// Free places among the commands.
    places: Semaphore,
    remains: SetOnce<Box<Remains>>,
}

struct State {
    commands: VecDeque<Command>,
    events: VecDeque<Event>,
    /// The remote's `version` was handed out, and the owner has not asked for more since.
    held: bool,
    close: bool,
    handles: usize,
    /// Wakes the driver.
    driver: Option<Waker>,
    /// Wakes whoever waits for the next event.
    owner: Option<Waker>,
}

/// The handles' side.
impl Link {
    /// For a connection with one handle.
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                commands: VecDeque::new(),
                events: VecDeque::new(),
                held: false,
                close: false,
                handles: 1,
                driver: None,
                owner: None,
            }),
            places: Semaphore::new(COMMANDS),
            remains: SetOnce::new(),
        }
    }

    pub(crate) fn add_handle(&self) {
        let mut state = self.lock();
        state.handles = state.handles.saturating_add(1);
    }

    pub(crate) fn drop_handle(&self) {
        self.tell_driver(|state| state.handles = state.handles.saturating_sub(1));
    }

    /// Waits for a free place among the commands.
    pub(crate) async fn place(&self) -> Result<SemaphorePermit<'_>, Closed> {
        match self.places.acquire().await {
            Ok(place) => Ok(place),
            Err(_) => Err(self.ended().await.closed.clone()),
        }
    }

    /// Uses up a place. After the end the command is dropped, which its reply notices.
    pub(crate) fn command(&self, place: SemaphorePermit<'_>, command: Command) {
        place.forget();
        let mut command = Some(command);
        self.tell_driver(|state| {
            if self.remains().is_none() {
                state.commands.extend(command.take());
            }
        });
    }

    /// Asks for the end.
    pub(crate) fn close(&self) {
        self.tell_driver(|state| state.close = true);
    }

    /// Waits for the end.
    pub(crate) async fn ended(&self) -> &Remains {
        self.remains.wait().await
    }

    /// What remains after the end.
    pub(crate) fn remains(&self) -> Option<&Remains> {
        self.remains.get().map(|remains| &**remains)
    }

    fn tell_driver(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        let driver = state.driver.take();
        drop(state);
        wake(driver);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The events' side.
impl Link {
    /// The next event, or `None` after the last. Asking while there is none consents to the `version` that
    /// was handed out before.
    pub(crate) fn poll_event(&self, cx: &Context<'_>) -> Poll<Option<Event>> {
        let mut state = self.lock();
        if let Some(event) = state.events.pop_front() {
            // A driver that stopped at a full queue goes on when half of it is free.
            let resumes = state.events.len() == EVENTS / 2;
            let driver = state.driver.take_if(|_| resumes);
            drop(state);
            wake(driver);
            return Poll::Ready(Some(event));
        }
        if self.remains().is_some() {
            return Poll::Ready(None);
        }
        state.events = VecDeque::new();
        let before = state.owner.replace(cx.waker().clone());
        let consents = mem::take(&mut state.held);
        let driver = state.driver.take_if(|_| consents);
        drop(state);
        drop(before);
        wake(driver);
        Poll::Pending
    }

    /// Nobody will ask for events any more.
    pub(crate) fn drop_events(&self) {
        let mut events = VecDeque::new();
        self.tell_driver(|state| {
            events = mem::take(&mut state.events);
            state.close = true;
        });
    }
}

/// The driver's side.
impl Link {
    /// What the handles want. From here on `driver` is woken when that changes.
    pub(crate) fn orders(&self, driver: &Waker) -> Orders {
        let mut state = self.lock();
        let before = state.driver.replace(driver.clone());
        let orders = Orders {
            commands: mem::take(&mut state.commands),
            close: state.close,
            leave: state.handles == 0,
        };
        drop(state);
        drop(before);
        self.places.add_permits(orders.commands.len());
        orders
    }

    /// Whether an event may be pulled: there is a place for it, and the owner does not hold the remote's
    /// `version`. Only the driver fills places, so one that is free stays free until it delivers.
    pub(crate) fn has_room(&self) -> bool {
        let state = self.lock();
        !state.held && state.events.len() < EVENTS
    }

    /// Hands an event out.
    pub(crate) fn deliver(&self, event: Event) {
        let mut state = self.lock();
        state.held = matches!(event, Event::Version(_));
        state.events.push_back(event);
        let owner = state.owner.take();
        drop(state);
        wake(owner);
    }

    /// The connection is over. Commands that wait are dropped; events stay for the owner.
    pub(crate) fn finish(&self, closed: Closed, stats: Stats) {
        if self.remains.set(Box::new(Remains { closed, stats })).is_err() {
            return;
        }
        self.places.close();
        let mut state = self.lock();
        let commands = mem::take(&mut state.commands);
        let owner = state.owner.take();
        drop(state);
        drop(commands);
        wake(owner);
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("remains", &self.remains()).finish_non_exhaustive()
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
