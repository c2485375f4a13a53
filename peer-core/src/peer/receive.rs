//! What follows from what comes in: frames become events and answers.

use bytes::BytesMut;

use super::handshake::{Handshake, MAX_VERSION};
use super::outbox::Purpose;
use super::requests::Match;
use super::{Peer, Requests, trace};
use crate::config::Config;
use crate::error::{Error, Excess, FrameError};
use crate::event::{Direction, Event};
use crate::frame::{Checked, Frame, Rules};
use crate::message::{InitState, Message, Pong};
use crate::policy::{InitStateRequests, UnknownCommands, UnrequestedAnswers};
use crate::services::Services;
use crate::time::Time;

impl Peer {
    /// See [`Connection::receive`](crate::Connection::receive).
    pub(crate) fn receive(&mut self, input: &mut BytesMut, now: Time) -> Result<Option<Event>, Error> {
        self.alive()?;
        self.pauses.on_pull(now);
        self.excuse_silence(input, now);
        let before = input.len();
        let result = self.pull(input, now);
        let taken = before.saturating_sub(input.len());
        self.bytes_received = self.bytes_received.saturating_add(taken as u64);
        match result {
            Ok(Some(event)) => {
                self.stop_waiting(now);
                Ok(Some(event))
            }
            Ok(None) if self.wants_read() => {
                self.waiting = self.waiting.or(Some(now));
                self.progress = self.progress_of(input);
                Ok(None)
            }
            Ok(None) => {
                self.stop_waiting(now);
                Ok(None)
            }
            Err(error) => self.close_with_reject(error, now),
        }
    }

    /// The next event, or `None` where the input runs dry or reading pauses.
    pub(super) fn pull(&mut self, input: &mut BytesMut, now: Time) -> Result<Option<Event>, Error> {
        loop {
            if !self.wants_read() {
                return Ok(None);
            }
            if matches!(self.handshake, Handshake::VersionReceived) {
                self.accept_version(now)?;
            }
            if let Handshake::Established(early) = &mut self.handshake
                && let Some(frame) = early.pop()
            {
                let message = frame.decode(self.version)?;
                self.match_request(&message, &frame.hash)?;
                match self.on_message(message, now)? {
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
        let Self { node, reader, handshake, requests, version, .. } = self;
        let config = node.config();
        let max_unknown =
            (config.unknown_commands != UnknownCommands::Refuse).then_some(config.max_unrequested);
        let rules = Rules { network: config.network, version: *version, max_unknown };
        let gate = Gate { config, handshake, requests: requests.as_deref(), rules };
        // What lies behind a `version` costs nothing before that is accepted.
        let look_ahead = matches!(handshake, Handshake::Established(_));
        reader.read_if(input, &rules, look_ahead, |head| gate.admit(head))
    }

    fn on_frame(&mut self, frame: &Frame, now: Time) -> Result<Option<Event>, Error> {
        let waited_before = self.waited;
        self.stop_waiting(now);
        let message = frame.decode(self.version)?;
        trace::received(self, &message, &frame.payload);
        match (&mut self.handshake, message) {
            (Handshake::Established(_), message) => {
                if self.match_request(&message, &frame.hash)? == Match::Open {
                    // While an answer comes at the configured rate, the remote is not waited for.
                    let bought = self.time_for(frame.wire_len() as u64);
                    let waited = Time::from_elapsed(self.waited.elapsed().saturating_sub(bought));
                    self.waited = waited.max(waited_before);
                }
                self.on_message(message, now)
            }
            (Handshake::AwaitVerack(_), Message::Verack) => Ok(Some(self.on_verack(now))),
            (Handshake::AwaitVerack(early), _) if self.version.allows_early_messages() => {
                early.push(frame, self.version)?;
                Ok(None)
            }
            (Handshake::AwaitVerack(_), message) => Err(Error::NotVerAckMessage { got: message.command() }),
            (_, Message::Version(version)) => self.on_version(version, now).map(Some),
            // Only an outbound peer has sent a `version` that can be rejected.
            (_, Message::Reject(reject)) if self.direction == Direction::Outbound => {
                Err(Error::Rejected(reject))
            }
            (_, message) => Err(Error::NotVersionMessage { got: message.command() }),
        }
    }

    /// A message of an established connection: do what the protocol asks, then hand it out, unless it is one
    /// of the few that are dropped.
    fn on_message(&mut self, message: Message, now: Time) -> Result<Option<Event>, Error> {
        self.last_recv = Some(now);
        match &message {
            Message::Version(_) | Message::Verack => return Err(Error::Repeated(message.command())),
            Message::Ping(ping) => {
                self.push(&Message::Pong(Pong { nonce: ping.nonce }), Purpose::Reply);
            }
            Message::Pong(pong) => self.keepalive.on_pong(pong.nonce, now),
            Message::SendHeaders => self.wants_headers = true,
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
        Ok(Some(Event::Message(message)))
    }

    /// Synced nodes send `getinitstate` to every peer and disconnect those that do not answer.
    fn on_get_init_state(&mut self) {
        self.init_state.was_asked = true;
        let answers = self.config().init_state_requests == InitStateRequests::AnswerEmpty;
        if answers && !self.init_state.told {
            self.init_state.told = true;
            self.push(&InitState::default().into(), Purpose::Reply);
        }
    }
}

/// What decides, from a header alone, whether a payload may come now.
struct Gate<'a> {
    config: &'a Config,
    handshake: &'a Handshake,
    requests: Option<&'a Requests>,
    rules: Rules,
}

impl Gate<'_> {
    fn admit(&self, head: &Checked) -> Result<(), Error> {
        let (command, len, version) = (head.command, head.payload_len(), self.rules.version);
        match self.handshake {
            // Whatever is small enough is read, to be refused for coming at the wrong time.
            Handshake::AwaitVersion | Handshake::VersionReceived if len <= MAX_VERSION => return Ok(()),
            Handshake::AwaitVersion | Handshake::VersionReceived => {
                return Err(Error::NotVersionMessage { got: command });
            }
            Handshake::AwaitVerack(early) if !version.allows_early_messages() => {
                return early.admit(command, len, version);
            }
            Handshake::AwaitVerack(early) => early.admit(command, len, version)?,
            Handshake::Established(_) => {}
        }
        let Some(spec) = head.spec.filter(|spec| self.rules.reads(spec)) else {
            return Ok(());
        };
        let max = self.config.max_unrequested;
        if spec.is_unlimited(version) && len > max {
            let excess = Excess::new(len, max);
            return Err(FrameError::PayloadTooLarge { command: Some(command), excess }.into());
        }
        let wanted =
            spec.response.is_none_or(|response| self.requests.is_some_and(|open| open.expects(response)));
        if wanted || self.config.unrequested_answers == UnrequestedAnswers::Deliver {
            return Ok(());
        }
        Err(Error::Unrequested(command))
    }
}
