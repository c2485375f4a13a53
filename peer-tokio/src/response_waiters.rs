//! The callers that wait for responses, by request.

use core::task::Waker;
use std::collections::{BTreeMap, VecDeque};

use peer_core::{Event, RequestId, Time};

/// Most responses that wait for callers that requested several, and most bytes of their frames in total. Above that the
/// driver pulls nothing.
const EVENTS: usize = 16;
const EVENT_BYTES: usize = 64 * 1024;

/// See the [module](self). It exists only while callers wait.
#[derive(Debug, Default)]
pub(crate) struct ResponseWaiters {
    waiting: BTreeMap<RequestId, Waiter>,
    /// Requests whose caller has stopped waiting.
    cancelled: Vec<RequestId>,
    /// Waiting responses of requests for several, and their bytes.
    queued: usize,
    queued_bytes: usize,
    /// Since when nothing is pulled because the owner takes nothing.
    pub(crate) full_since: Option<Time>,
}

/// The responses to one request.
#[derive(Debug)]
struct Waiter {
    events: VecDeque<(Event, usize)>,
    waker: Option<Waker>,
    /// One message is the whole response. It does not count against the limits, as its room was granted with the
    /// request.
    is_single: bool,
}

/// Where an event goes.
pub(crate) enum Route {
    /// To a caller, who is to be woken.
    Waiter(Option<Waker>),
    /// Nowhere: the caller has stopped waiting.
    Dropped,
    /// To the owner.
    Owner(Event),
}

impl ResponseWaiters {
    pub(crate) fn register(&mut self, id: RequestId, is_single: bool) {
        self.waiting.insert(id, Waiter { events: VecDeque::new(), waker: None, is_single });
    }

    /// The caller has stopped waiting. The request is cancelled unless it is over.
    pub(crate) fn remove(&mut self, id: RequestId, is_over: bool) {
        if let Some(waiter) = self.waiting.remove(&id) {
            let bytes = waiter.events.iter().map(|(_, len)| *len).fold(0, usize::saturating_add);
            self.count_off(waiter.is_single, waiter.events.len(), bytes);
            if !is_over {
                self.cancelled.push(id);
            }
        }
    }

    pub(crate) fn take_cancelled(&mut self) -> Vec<RequestId> {
        core::mem::take(&mut self.cancelled)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.cancelled.is_empty()
    }

    /// Routes an event whose frame had `len` bytes.
    pub(crate) fn route(&mut self, event: Event, len: usize) -> Route {
        let id = match &event {
            Event::Response(response) => response.id,
            Event::Unanswered { id, .. } => *id,
            _ => return Route::Owner(event),
        };
        match self.waiting.get_mut(&id) {
            Some(waiter) => {
                waiter.events.push_back((event, len));
                if !waiter.is_single {
                    self.queued = self.queued.saturating_add(1);
                    self.queued_bytes = self.queued_bytes.saturating_add(len);
                }
                Route::Waiter(waiter.waker.take())
            }
            None if self.cancelled.contains(&id) => Route::Dropped,
            None => Route::Owner(event),
        }
    }

    /// The next event for this request. If there is none, `waker` is woken for it.
    pub(crate) fn take(&mut self, id: RequestId, waker: &Waker) -> Option<Event> {
        let waiter = self.waiting.get_mut(&id)?;
        let Some((event, len)) = waiter.events.pop_front() else {
            waiter.waker = Some(waker.clone());
            return None;
        };
        let is_single = waiter.is_single;
        self.count_off(is_single, 1, len);
        Some(event)
    }

    /// The wakers of all callers, to report the end.
    pub(crate) fn wakers(&mut self) -> Vec<Waker> {
        self.waiting.values_mut().filter_map(|waiter| waiter.waker.take()).collect()
    }

    pub(crate) const fn has_room(&self) -> bool {
        self.queued < EVENTS && self.queued_bytes < EVENT_BYTES
    }

    fn count_off(&mut self, is_single: bool, count: usize, bytes: usize) {
        if !is_single {
            self.queued = self.queued.saturating_sub(count);
            self.queued_bytes = self.queued_bytes.saturating_sub(bytes);
        }
    }
}
