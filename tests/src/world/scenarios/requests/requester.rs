//! A node that requests everything, responds to what it is asked, and keeps account of how each request ends.

use core::time::Duration;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use peer_core::message::List;
use peer_core::{
    Direction, Error, Event, Hash, Interest, Message, Request, RequestId, RequestOptions, Unanswered,
};

use super::super::super::{ConnectionId, Ended, Logic, NodeId, Turn};
use super::super::citizen::{look_away, send_addresses};
use super::library::Library;
use crate::requests::{filters, headers_after, items};

/// Outbound connections that a node keeps.
const KEEPS: u32 = 2;

/// Reasons to wake up.
const ACT: u64 = 0;
const DIAL: u64 = 1;
const RESPOND: u64 = 2;

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Requester {
    library: Rc<Library>,
    /// Nothing holds anybody up for long, so no one may be blamed.
    is_gentle: bool,
    is_quiet: bool,
    open: BTreeSet<(ConnectionId, RequestId)>,
    ended: u64,
    /// Responses that are still to be sent, in the order of their requests.
    responses: VecDeque<(ConnectionId, Message)>,
    /// Items, which come in any order.
    items: Vec<(ConnectionId, Message)>,
}

impl Requester {
    pub(super) fn new(library: Rc<Library>, is_gentle: bool) -> Self {
        let (open, responses, items) = Default::default();
        Self { library, is_gentle, is_quiet: false, open, ended: 0, responses, items }
    }

    /// Makes no requests from now on.
    pub(super) const fn hush(&mut self) {
        self.is_quiet = true;
    }

    /// Requests that have not ended.
    pub(super) fn open(&self) -> usize {
        self.open.len()
    }

    pub(super) const fn ended(&self) -> u64 {
        self.ended
    }

    fn dial(turn: &mut Turn<'_>) {
        let step = 1 + turn.draw(u64::from(turn.nodes()) - 1);
        let node = (u64::from(turn.node().number()) + step) % u64::from(turn.nodes());
        turn.dial(NodeId::new(u32::try_from(node).unwrap()));
    }

    fn act(&mut self, turn: &mut Turn<'_>) {
        let Some(connection) = turn.draw_connection() else { return };
        match turn.draw(16) {
            0..=8 => self.request(connection, turn),
            9 | 10 => self.cancel(turn),
            11 => {
                let most = if self.is_gentle { 4_000 } else { 100_000 };
                look_away(connection, most, turn);
            }
            12 => {
                let unasked = self.library.transaction(u32::try_from(turn.draw(6)).unwrap());
                turn.send(connection, &unasked).ok();
            }
            13 => drop(turn.send(connection, &crate::samples::inv([crate::samples::tx_item(1)]))),
            14 => {
                let news = crate::requests::headers_of(crate::requests::chain(Hash::digest(b"news"), 1));
                turn.send(connection, &news).ok();
            }
            _ => {
                let interest = if turn.draw(2) == 0 { Interest::ALL } else { Interest::REQUESTS };
                if let Some((machine, now)) = turn.machine(connection) {
                    machine.set_interest(interest, now);
                }
            }
        }
    }

    fn request(&mut self, connection: ConnectionId, turn: &mut Turn<'_>) {
        let (request, options) = (self.draw_request(turn), self.draw_options(turn));
        let Some((machine, now)) = turn.machine(connection) else { return };
        // Before the handshake, and for what a node answers once, it is refused.
        if let Ok(id) = machine.request(&request, options, now) {
            assert!(self.open.insert((connection, id)), "{id} was given twice on {connection}");
        }
    }

    fn draw_request(&self, turn: &mut Turn<'_>) -> Request {
        let hashes = self.library.hashes();
        let place = usize::try_from(turn.draw(hashes.len() as u64)).unwrap();
        match turn.draw(9) {
            0 | 1 => headers_after([hashes[place]]),
            2 => headers_after([Hash::digest(b"unknown")]),
            3 | 4 => {
                let all = self.library.items();
                let count = 1 + turn.draw(5);
                let chosen = (0..count).map(|_| all[usize::try_from(turn.draw(all.len() as u64)).unwrap()]);
                items(chosen.collect::<Vec<_>>())
            }
            5 => filters(&hashes[place..(place + 8).min(hashes.len())]),
            6 => filters([Hash::digest(b"unknown")]),
            7 => match turn.draw(2) {
                0 => Request::Addresses,
                _ => Request::InitState(List::new()),
            },
            _ => Request::Ping,
        }
    }

    fn draw_options(&self, turn: &mut Turn<'_>) -> RequestOptions {
        let options = RequestOptions::new();
        match turn.draw(6) {
            0 => options.deadline(Duration::from_millis(turn.draw(5_000))),
            1 => options.timeout(Duration::from_secs(30 + turn.draw(60))),
            2 if !self.is_gentle => options.timeout(Duration::from_secs(turn.draw(5))),
            3 if !self.is_gentle => options.fence(false),
            _ => options,
        }
    }

    fn cancel(&mut self, turn: &mut Turn<'_>) {
        let place = usize::try_from(turn.draw(self.open.len() as u64)).unwrap();
        let Some((connection, id)) = self.open.iter().nth(place).copied() else { return };
        // One that is closing has ended its requests; that is told next.
        if let Some((machine, now)) = turn.machine(connection).filter(|(machine, _)| machine.is_established())
        {
            assert!(machine.cancel(id, now), "{id} of {connection} has ended in silence");
            assert!(!machine.cancel(id, now), "{id} of {connection} was cancelled twice");
            self.end(connection, id);
        }
    }

    fn end(&mut self, connection: ConnectionId, id: RequestId) {
        assert!(self.open.remove(&(connection, id)), "{id} of {connection} ended twice");
        self.ended += 1;
    }

    fn on_unanswered(&mut self, (connection, id): (ConnectionId, RequestId), reason: Unanswered) {
        assert!(!reason.is_misbehaviour(), "{reason} on {connection}");
        assert!(!self.is_gentle || reason != Unanswered::TimedOut, "{reason} on {connection}");
        self.end(connection, id);
    }

    fn on_message(&mut self, connection: ConnectionId, message: &Message, turn: &mut Turn<'_>) {
        match message {
            Message::GetData(request) => {
                let found = request.inventory.iter().map(|item| (connection, self.library.item(*item)));
                self.items.extend(found);
            }
            Message::GetAddr => return send_addresses(connection, turn),
            // A node that is not in sync tells nothing.
            Message::GetHeaders(_) if turn.draw(6) == 0 => return,
            other => self.responses.extend(self.library.response(other).map(|it| (connection, it))),
        }
        let pause = turn.draw(1_000);
        turn.wake_in(Duration::from_millis(pause), RESPOND);
    }

    /// Sends the oldest response, or one of the items. What finds no room is sent later.
    fn respond(&mut self, turn: &mut Turn<'_>) {
        if let Some((connection, response)) = self.responses.pop_front()
            && turn.send(connection, &response).is_err()
            && turn.peer(connection).is_some()
        {
            self.responses.push_front((connection, response));
        }
        if !self.items.is_empty() {
            let place = usize::try_from(turn.draw(self.items.len() as u64)).unwrap();
            let (connection, item) = self.items.swap_remove(place);
            if turn.send(connection, &item).is_err() && turn.peer(connection).is_some() {
                self.items.push((connection, item));
            }
        }
        if !self.responses.is_empty() || !self.items.is_empty() {
            turn.wake_in(Duration::from_millis(100), RESPOND);
        }
    }
}

impl Logic for Requester {
    fn on_start(&mut self, turn: &mut Turn<'_>) {
        (0..KEEPS).for_each(|_| Self::dial(turn));
        turn.wake_in(Duration::from_secs(1), ACT);
    }

    fn on_event(&mut self, connection: ConnectionId, event: Event, turn: &mut Turn<'_>) {
        match event {
            Event::Message(message) => self.on_message(connection, &message, turn),
            Event::Response(response) if response.remaining == 0 => self.end(connection, response.id),
            Event::Response(response) => {
                assert!(self.open.contains(&(connection, response.id)), "a response to what has ended");
            }
            Event::Unanswered { id, reason, .. } => self.on_unanswered((connection, id), reason),
            _ => {}
        }
    }

    fn on_ended(&mut self, connection: ConnectionId, ended: &Ended, turn: &mut Turn<'_>) {
        if let Ended::Connection(error) = ended {
            assert!(!error.is_misbehaviour(), "{error} on {connection}");
            let blames = matches!(error, Error::Stalled(_) | Error::Timeout(_));
            assert!(!self.is_gentle || !blames, "{error} on {connection}");
        }
        let before = self.open.len();
        self.open.retain(|(other, _)| *other != connection);
        self.ended += (before - self.open.len()) as u64;
        self.responses.retain(|(other, _)| *other != connection);
        self.items.retain(|(other, _)| *other != connection);
        if connection.direction() == Direction::Outbound {
            let pause = turn.draw(20_000);
            turn.wake_in(Duration::from_millis(500 + pause), DIAL);
        }
    }

    fn on_wake(&mut self, reason: u64, turn: &mut Turn<'_>) {
        match reason {
            ACT if self.is_quiet => {}
            ACT => {
                self.act(turn);
                let pause = turn.draw(2_000);
                turn.wake_in(Duration::from_millis(1 + pause), ACT);
            }
            DIAL => Self::dial(turn),
            _ => self.respond(turn),
        }
    }
}
