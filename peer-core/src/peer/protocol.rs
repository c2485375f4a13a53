//! What follows from what comes in: frames become events and answers.

use alloc::boxed::Box;

use bytes::BytesMut;

use super::handshake::{Early, Handshake, MAX_VERSION};
use super::outbox::Purpose;
use super::requests::Match;
use super::{Peer, Requests, trace};
use crate::config::Config;
use crate::error::{Error, Excess, FrameError};
use crate::event::{Direction, Event};
use crate::frame::{Frame, Rules};
use crate::hash::Hash;
use crate::message::{Command, InitState, Message, Pong, Version};
use crate::policy::{InitStateRequests, UnknownCommands, UnrequestedAnswers};
use crate::protocol::ProtocolVersion;
use crate::services::Services;
use crate::time::Time;

impl Peer {
    /// The next event, or `None` where the input runs dry or reading pauses.
    pub(super) fn pull(&mut self, input: &mut BytesMut, now: Time) -> Result<Option<Event>, Error> {
        loop {
            if !self.wants_read() {
                return Ok(None);
            }
            if matches!(self.handshake, Handshake::Offered) {
                self.consent(now)?;
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
        reader.read_if(input, &rules, look_ahead, |command, len| gate.admit(command, len))
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
            (Handshake::AwaitVerack(early), _) if self.version < ProtocolVersion::ADDR_V2 => {
                early.push(frame, self.version)?;
                Ok(None)
            }
            (Handshake::AwaitVerack(_), message) => Err(Error::NotVerAckMessage { got: message.command() }),
            (_, Message::Version(version)) => self.on_version(version, now).map(Some),
            // Who dials speaks first, so this is the answer to our `version`. Nobody has an answer to nothing.
            (_, Message::Reject(reject)) if self.direction == Direction::Outbound => {
                Err(Error::Rejected(reject))
            }
            (_, message) => Err(Error::NotVersionMessage { got: message.command() }),
        }
    }

    /// The remote introduced itself. The protocol version in force changes before its number is judged.
    fn on_version(&mut self, version: Box<Version>, now: Time) -> Result<Event, Error> {
        if self.node.is_own(version.nonce) {
            return Err(Error::SelfConnection);
        }
        let advertised = ProtocolVersion::new(version.protocol_version.cast_unsigned());
        self.version = self.config().protocol_version.min(advertised);
        trace::negotiated(self);
        self.last_block = version.last_block;
        self.remote = Some(version.clone());
        let ours = i128::from(self.wall_clock(now).seconds());
        let ahead = i128::from(version.timestamp.seconds()).saturating_sub(ours);
        self.time_offset = i64::try_from(ahead).unwrap_or_default();
        if let Some(opening) = &mut self.opening {
            opening.clock.rest(now);
        }
        self.handshake = Handshake::Offered;
        Ok(Event::Version(version))
    }

    /// The owner pulled again after seeing the remote's `version`: judge its number and answer.
    fn consent(&mut self, now: Time) -> Result<(), Error> {
        let min = self.config().min_protocol_version;
        let got = self.remote.as_ref().map_or(0, |version| version.protocol_version);
        if i64::from(got) < i64::from(min.get()) {
            return Err(Error::ProtocolVerTooOld { got, min });
        }
        self.handshake = Handshake::AwaitVerack(Early::default());
        if let Some(opening) = &mut self.opening {
            opening.clock.resume(now);
        }
        if self.direction == Direction::Inbound {
            self.push_version(now);
            self.push(&Message::Verack, Purpose::Handshake);
        }
        Ok(())
    }

    fn on_verack(&mut self, now: Time) -> Event {
        if self.direction == Direction::Outbound {
            self.push(&Message::Verack, Purpose::Handshake);
        }
        if let Handshake::AwaitVerack(early) = &mut self.handshake {
            self.handshake = Handshake::Established(core::mem::take(early));
        }
        self.opening = None;
        self.keepalive.schedule(now, self.node.config().ping_interval);
        Event::Established
    }

    /// Closes the request that `message` answers, and refuses one that only ever answers and answers nothing. `hash` is
    /// that of its payload.
    fn match_request(&mut self, message: &Message, hash: &Hash) -> Result<Match, Error> {
        let waited = self.waited;
        let found = self.requests.as_mut().map_or(Match::Nothing, |open| open.close(message, hash, waited));
        self.requests.take_if(|open| open.is_empty());
        // The gate has admitted it by its kind; only now is it known which one it is.
        let only_answers = message.spec().is_some_and(|spec| spec.answer.is_some());
        let says_nothing = matches!(message, Message::NotFound(answer) if answer.inventory.is_empty());
        let may_be_unasked = self.config().unrequested_answers == UnrequestedAnswers::Deliver;
        if found == Match::Nothing && only_answers && !says_nothing && !may_be_unasked {
            return Err(Error::Unrequested(message.command()));
        }
        Ok(found)
    }

    /// A message of an established connection: do what the protocol asks, then hand it out, unless it is one
    /// of the few that are dropped.
    fn on_message(&mut self, message: Message, now: Time) -> Result<Option<Event>, Error> {
        self.last_recv = Some(now);
        match &message {
            Message::Version(_) | Message::Verack => return Err(Error::Repeated(message.command())),
            Message::Ping(ping) => {
                self.push(&Message::Pong(Pong { nonce: ping.nonce }), Purpose::Owed);
            }
            Message::Pong(pong) => self.keepalive.on_pong(pong.nonce, now),
            Message::SendHeaders => self.wants_headers = true,
            Message::GetInitState(_) => self.on_get_init_state(),
            Message::FilterAdd(_) | Message::FilterClear | Message::FilterLoad(_)
                if !self.config().services.contains(Services::NODE_BLOOM) =>
            {
                let is_told = self.version >= ProtocolVersion::NODE_BLOOM;
                return if is_told { Err(Error::NoBloomService(message.command())) } else { Ok(None) };
            }
            Message::Raw(_) if self.config().unknown_commands == UnknownCommands::Ignore => return Ok(None),
            _ => {}
        }
        Ok(Some(Event::Message(message)))
    }

    /// Nodes ask every peer for its initial state, and leave who does not answer.
    fn on_get_init_state(&mut self) {
        self.init_state.was_asked = true;
        let answers = self.config().init_state_requests == InitStateRequests::AnswerEmpty;
        if answers && !self.init_state.told {
            self.init_state.told = true;
            self.push(&InitState::default().into(), Purpose::Owed);
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
    fn admit(&self, command: Command, len: usize) -> Result<(), Error> {
        let version = self.rules.version;
        match self.handshake {
            // Whatever is small enough is read, to be refused for coming at the wrong time.
            Handshake::AwaitVersion | Handshake::Offered if len <= MAX_VERSION => return Ok(()),
            Handshake::AwaitVersion | Handshake::Offered => {
                return Err(Error::NotVersionMessage { got: command });
            }
            Handshake::AwaitVerack(early) if version >= ProtocolVersion::ADDR_V2 => {
                return early.admit(command, len, version);
            }
            Handshake::AwaitVerack(early) => early.admit(command, len, version)?,
            Handshake::Established(_) => {}
        }
        let Some(spec) = self.rules.find(command.to_wire()) else {
            return Ok(());
        };
        let max = self.config.max_unrequested;
        if spec.is_unlimited(version) && len > max {
            let excess = Excess::new(len, max);
            return Err(FrameError::PayloadTooLarge { command: Some(command), excess }.into());
        }
        let wanted = spec.answer.is_none_or(|answer| self.requests.is_some_and(|open| open.expects(answer)));
        if wanted || self.config.unrequested_answers == UnrequestedAnswers::Deliver {
            return Ok(());
        }
        Err(Error::Unrequested(command))
    }
}
