//! Incoming frames become events and replies.

use bytes::BytesMut;

use super::early::Early;
use super::handshake::MAX_VERSION;
use super::lifecycle::{Lifecycle, Session};
use super::matched::{Closed, Match};
use super::piece::Purpose;
use super::request::Interest;
use super::requests::Requests;
use super::{Peer, trace};
use crate::config::Config;
use crate::error::{Error, Excess, FrameError};
use crate::event::{Direction, Event};
use crate::frame::{Checked, Frame, Rules};
use crate::hash::Hash;
use crate::message::{InitState, Message};
use crate::policy::{InitStateRequests, UnknownCommands, UnrequestedAnswers};
use crate::services::Services;
use crate::time::Time;

impl Peer {
    /// See [`Connection::receive`](crate::Connection::receive).
    pub(crate) fn receive(&mut self, input: &mut BytesMut, now: Time) -> Result<Option<Event>, Error> {
        self.alive()?;
        let last_call = self.silence.last_call();
        self.silence.is_on_hold = false;
        self.on_call(now);
        self.silence.is_held = false;
        if self.wants_read() {
            self.silence.pauses.on_pull(now);
        }
        if self.has_event()
            && !self.silence.is_busy()
            && let Some(event) = self.take_event()
        {
            self.silence.is_held = true;
            return Ok(Some(event));
        }
        let (before, progress, due) = (input.len(), self.silence.progress, self.next_response_due());
        let result = self.pull(input, now);
        let taken = before.saturating_sub(input.len());
        self.on_received(taken, input)?;
        let is_drained = matches!(result, Ok(None)) && self.wants_read();
        self.credit_backlog(taken, if is_drained { input } else { &[] }, progress, now);
        if let Some(requests) = self.requests_mut() {
            requests.count_flood(taken);
        }
        self.keep_evidence_since(due);
        match result {
            Ok(None) if is_drained => {
                self.wait(input, now, last_call);
                Ok(None)
            }
            Ok(None) => {
                self.pause(now);
                Ok(None)
            }
            Ok(event) => {
                self.silence.stop(now);
                Ok(event)
            }
            Err(error) => self.close_with_reject(error, now),
        }
    }

    /// See [`Connection::handle_hold`](crate::Connection::handle_hold).
    pub(crate) fn handle_hold(&mut self, now: Time) {
        if self.failure().is_none() {
            self.on_call(now);
            self.silence.stop(now);
            self.silence.is_on_hold = true;
        }
    }

    /// The next event, or `None` if the input is drained or reading pauses.
    pub(super) fn pull(&mut self, input: &mut BytesMut, now: Time) -> Result<Option<Event>, Error> {
        loop {
            if self.has_event() {
                return Ok(self.take_event());
            }
            if !self.wants_read() {
                return Ok(None);
            }
            self.accept_version(now)?;
            if let Lifecycle::Established(session) = &mut self.lifecycle
                && let Some(frame) = session.early.pop()
            {
                let message = frame.decode(self.version)?;
                let closed = self.match_request(&message, &frame.hash)?;
                match self.on_message(message, &frame.hash, &closed, now)? {
                    Some(event) => return Ok(Some(event)),
                    None => continue,
                }
            }
            let Some(frame) = self.next_frame(input)? else {
                return Ok(None);
            };
            if let Some(event) = self.on_frame(&frame, now)? {
                return Ok(Some(event));
            }
        }
    }

    fn next_frame(&mut self, input: &mut BytesMut) -> Result<Option<Frame>, Error> {
        let Self { node, lifecycle, version, .. } = self;
        let (reader, admits) = match lifecycle {
            Lifecycle::AwaitingVersion { handshake, .. } | Lifecycle::VersionReceived { handshake, .. } => {
                (&mut handshake.reader, Admits::Version)
            }
            Lifecycle::AwaitingVerack { handshake, early, .. } => {
                (&mut handshake.reader, Admits::Verack(early))
            }
            Lifecycle::Established(Session { reader, requests, .. }) => {
                (reader, Admits::Messages(requests.as_deref()))
            }
            Lifecycle::Closing(_) | Lifecycle::Lingering { .. } | Lifecycle::Failed(_) => return Ok(None),
        };
        let config = node.config();
        let max_unknown =
            (config.unknown_commands != UnknownCommands::Refuse).then_some(config.max_unrequested);
        let rules = Rules { network: config.network, version: *version, max_unknown };
        let gate = Gate { config, admits, rules };
        // What follows a `version` costs nothing before that is accepted.
        let look_ahead = matches!(admits, Admits::Messages(_));
        reader.read_if(input, &rules, look_ahead, |head| gate.admit(head))
    }

    fn on_frame(&mut self, frame: &Frame, now: Time) -> Result<Option<Event>, Error> {
        self.silence.stop(now);
        self.count_received(frame.command, frame.wire_len());
        let message = frame.decode(self.version)?;
        trace::received(self, &message, &frame.payload);
        let pings = self.outbox.shown(&[Purpose::Ping, Purpose::Keepalive]);
        match (&mut self.lifecycle, message) {
            (Lifecycle::Established(session), message) => {
                session.keepalive.on_heard(pings);
                let closed = self.match_request(&message, &frame.hash)?;
                if closed.found == Match::Open {
                    let bought = self.time_bought(&message, frame.wire_len(), closed.entries);
                    self.credit(bought, frame.wire_len());
                }
                self.on_message(message, &frame.hash, &closed, now)
            }
            (Lifecycle::AwaitingVerack { .. }, Message::Verack) => Ok(Some(self.on_verack(now))),
            (Lifecycle::AwaitingVerack { early, .. }, _) if self.version.allows_early_messages() => {
                early.push(frame, self.version)?;
                Ok(None)
            }
            (Lifecycle::AwaitingVerack { .. }, message) => {
                Err(Error::NotVerAckMessage { got: message.command() })
            }
            (_, Message::Version(version)) => self.on_version(version, now).map(Some),
            // Only an outbound peer has sent a `version` that can be rejected.
            (_, Message::Reject(reject)) if self.direction == Direction::Outbound => {
                Err(Error::Rejected(reject))
            }
            (_, message) => Err(Error::NotVersionMessage { got: message.command() }),
        }
    }

    /// A message of an established connection, whose payload has this hash: does what the protocol requires, then
    /// delivers it, unless it is one of the few that are dropped.
    fn on_message(
        &mut self,
        message: Message,
        hash: &Hash,
        closed: &Closed,
        now: Time,
    ) -> Result<Option<Event>, Error> {
        self.counters.last_recv = Some(now);
        match &message {
            Message::Version(_) | Message::Verack => return Err(Error::Repeated(message.command())),
            Message::Ping(ping) => self.push_pong(ping.nonce, hash.checksum()),
            Message::Pong(pong) => self.on_pong(pong.nonce, now),
            Message::SendHeaders => self.history.wants_headers = true,
            Message::GetInitState(_) => self.on_get_init_state(),
            Message::FilterAdd(_) | Message::FilterClear | Message::FilterLoad(_)
                if !self.config().services.contains(Services::NODE_BLOOM) =>
            {
                let is_told = self.version.has_bloom_service();
                return if is_told { Err(Error::NoBloomService(message.command())) } else { Ok(None) };
            }
            Message::Raw(_) if self.config().unknown_commands == UnknownCommands::Ignore => return Ok(None),
            _ => {}
        }
        // Most connections have no requests with an id.
        if self.table().is_none() && self.interest == Interest::ALL {
            return Ok(Some(Event::Message(message)));
        }
        Ok(self.surface(message, closed, now))
    }

    /// Synced nodes send `getinitstate` to every peer and disconnect those that do not answer.
    fn on_get_init_state(&mut self) {
        self.history.init_state.was_asked = true;
        let answers = self.config().init_state_requests == InitStateRequests::AnswerEmpty;
        if answers && !self.history.init_state.told {
            self.history.init_state.told = true;
            self.push(&InitState::default().into(), Purpose::Reply);
        }
    }
}

/// Which messages may come now.
#[derive(Clone, Copy)]
enum Admits<'a> {
    /// The remote's `version`.
    Version,
    /// Its `verack`, and what the version allows before that.
    Verack(&'a Early),
    /// All, including responses to open requests.
    Messages(Option<&'a Requests>),
}

/// Decides from a header alone whether its payload may come now.
struct Gate<'a> {
    config: &'a Config,
    admits: Admits<'a>,
    rules: Rules,
}

impl Gate<'_> {
    fn admit(&self, head: &Checked) -> Result<(), Error> {
        let (command, len, version) = (head.command, head.payload_len(), self.rules.version);
        let requests = match self.admits {
            // A small payload is read in any case, and refused for coming at the wrong time.
            Admits::Version if len <= MAX_VERSION => return Ok(()),
            Admits::Version => return Err(Error::NotVersionMessage { got: command }),
            Admits::Verack(early) if !version.allows_early_messages() => {
                return early.admit(command, len, version);
            }
            Admits::Verack(early) => {
                early.admit(command, len, version)?;
                None
            }
            Admits::Messages(requests) => requests,
        };
        let Some(spec) = head.spec.filter(|spec| self.rules.reads(spec)) else {
            return Ok(());
        };
        let max = self.config.max_unrequested;
        if spec.is_unlimited(version) && len > max {
            let excess = Excess::new(len, max);
            return Err(FrameError::PayloadTooLarge { command: Some(command), excess }.into());
        }
        let wanted = spec.response.is_none_or(|response| requests.is_some_and(|open| open.expects(response)));
        if wanted || self.config.unrequested_answers == UnrequestedAnswers::Deliver {
            return Ok(());
        }
        Err(Error::Unrequested(command))
    }
}
