//! One machine that lives through a recording.

use core::time::Duration;
use std::vec;

use bytes::BytesMut;
use peer_core::frame::FrameReader;
use peer_core::{
    BannableMessages, Config, Connection, ConnectionInfo, Error, Event, InitStateRequests, Message, Node,
    ProtocolVersion, Time, TransportError,
};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng as _;

use crate::transcripts::recording::{NETWORK, Recording, Side, Step, comparable, rules};

/// How the remote's bytes are cut.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Feeding {
    /// In the recorded chunks.
    AsRecorded,
    /// One by one.
    ByteByByte,
    /// All that came between two messages of the owner and without a pause together.
    AtOnce,
}

/// The machine, and what is still to happen to it.
pub(crate) struct Replay {
    pub(crate) peer: Connection,
    rng: ChaCha8Rng,
    steps: vec::IntoIter<(Time, Step)>,
    ours: Side,
    input: BytesMut,
    output: BytesMut,
    heard: Vec<Message>,
    round_trips: Vec<Option<Duration>>,
}

/// What a replay came to.
pub(crate) struct Outcome {
    /// Everything that surfaced, `Event::Established` as the verack that it stands for.
    pub(crate) heard: Vec<Message>,
    /// Everything that was written, the nonce of the version as 0.
    pub(crate) said: Vec<Message>,
    /// At each pong, the latest round trip.
    pub(crate) round_trips: Vec<Option<Duration>>,
    /// Why the connection is over.
    pub(crate) end: Error,
}

impl Replay {
    /// A machine that plays `ours`, configured to introduce itself as that side did.
    pub(crate) fn of(recording: &Recording, ours: Side, feeding: Feeding) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let version = recording.version_of(ours);
        let config = Config::builder(NETWORK)
            .protocol_version(ProtocolVersion::new(version.protocol_version.cast_unsigned()))
            .services(version.services)
            .user_agent_prefix(version.user_agent.as_str())
            .disable_relay_tx(version.disable_relay_tx)
            .idle_timeout(NEVER)
            .bannable_messages(BannableMessages::Send)
            .init_state_requests(match recording.answers_init_state(ours) {
                true => InitStateRequests::AnswerEmpty,
                false => InitStateRequests::LeaveToOwner,
            })
            .build()
            .unwrap();
        let node = Node::new(config);
        let info = ConnectionInfo::new(version.addr_you, version.last_block, version.timestamp);
        let peer = match ours {
            Side::Dialer => Connection::outbound(&node, info, Time::ZERO, &mut rng).unwrap(),
            Side::Listener => Connection::inbound(&node, info, Time::ZERO, &mut rng),
        };
        let mut replay = Self {
            peer,
            rng,
            steps: cut(recording.steps(ours), feeding).into_iter(),
            ours,
            input: BytesMut::new(),
            output: BytesMut::new(),
            heard: Vec::new(),
            round_trips: Vec::new(),
        };
        replay.write(Time::ZERO);
        replay
    }

    /// Leaves out everything that the owner says: what remains, the machine says by itself.
    pub(crate) fn without_owner(mut self) -> Self {
        let steps: Vec<_> = self.steps.filter(|(_, step)| !matches!(step, Step::Say(_))).collect();
        self.steps = steps.into_iter();
        self
    }

    /// When what comes next happens.
    pub(crate) fn next_at(&self) -> Option<Time> {
        self.steps.as_slice().first().map(|(at, _)| *at)
    }

    /// Goes on for one step, unless one side ends its stream with it or the machine ends the connection.
    pub(crate) fn step(&mut self) -> Result<(), Error> {
        let (now, step) = self.steps.next().expect("a conversation ends");
        self.wait_until(now)?;
        match step {
            Step::Hear(bytes) => {
                self.input.extend_from_slice(&bytes);
                self.pull(now)?;
            }
            Step::Say(message) => {
                let sent = self.peer.peer_mut().send(&message, now);
                sent.unwrap_or_else(|error| panic!("{}: {error}", message.command()));
            }
            Step::End(side) if side == self.ours => return Err(Error::ClosedByOwner),
            Step::End(_) => return Err(Error::ClosedByRemote),
        }
        self.write(now);
        Ok(())
    }

    /// Lets time pass, with a driver that looks whenever the machine wants it, and at the end.
    fn wait_until(&mut self, now: Time) -> Result<(), Error> {
        while let Some(at) = self.peer.poll_timeout().filter(|at| *at < now) {
            self.peer.handle_drained(&self.input, at);
            self.peer.handle_timeout(at, &mut self.rng)?;
        }
        self.peer.handle_drained(&self.input, now);
        self.peer.handle_timeout(now, &mut self.rng)
    }

    /// Goes on until one side ends its stream, or the machine ends the connection.
    pub(crate) fn until_the_end(&mut self) -> Error {
        loop {
            if let Err(error) = self.step() {
                return error;
            }
        }
    }

    /// Goes on to the end, and tells the machine of it.
    pub(crate) fn finish(mut self) -> Outcome {
        let end = match self.until_the_end() {
            Error::ClosedByOwner => self.peer.peer_mut().close(),
            Error::ClosedByRemote => self.peer.handle_eof(&self.input),
            error => error,
        };
        assert_eq!(
            self.peer.handle_transport_error(TransportError::Other, &[]),
            end,
            "the first reason is kept"
        );
        let said = read_back(&mut self.output, self.peer.peer().protocol_version());
        Outcome { heard: self.heard, said, round_trips: self.round_trips, end }
    }

    /// The messages in what was written so far.
    pub(crate) fn said(&self) -> Vec<Message> {
        read_back(&mut self.output.clone(), self.peer.peer().protocol_version())
    }

    /// What surfaced so far.
    pub(crate) fn heard(&self) -> &[Message] {
        &self.heard
    }

    /// Each event's answers are written before the next event is pulled: a failure leaves nothing to write.
    fn pull(&mut self, now: Time) -> Result<(), Error> {
        while let Some(event) = self.peer.receive(&mut self.input, now)? {
            let message = match event {
                Event::Version(version) => comparable((*version).into()),
                Event::Established => Message::Verack,
                Event::Message(message) => message,
                other => panic!("a new kind of event: {other:?}"),
            };
            if matches!(message, Message::Pong(_)) {
                self.round_trips.push(self.peer.peer().stats().last_ping_round_trip);
            }
            self.heard.push(message);
            self.write(now);
        }
        Ok(())
    }

    fn write(&mut self, now: Time) {
        while self.peer.wants_write() {
            let bytes = self.peer.poll_transmit(now);
            self.output.extend_from_slice(bytes);
            let count = bytes.len();
            self.peer.handle_transmitted(count, now);
        }
    }
}

fn cut(steps: Vec<(Time, Step)>, feeding: Feeding) -> Vec<(Time, Step)> {
    let mut cut: Vec<(Time, Step)> = Vec::new();
    for (at, step) in steps {
        match (feeding, step, cut.last_mut()) {
            (Feeding::ByteByByte, Step::Hear(bytes), _) => {
                cut.extend(bytes.into_iter().map(|byte| (at, Step::Hear(vec![byte]))));
            }
            (Feeding::AtOnce, Step::Hear(bytes), Some((last, Step::Hear(before))))
                if at.saturating_since(*last) <= TOGETHER =>
            {
                before.extend(bytes);
                *last = at;
            }
            (_, step, _) => cut.push((at, step)),
        }
    }
    cut
}

/// The messages in what the machine wrote.
fn read_back(output: &mut BytesMut, version: ProtocolVersion) -> Vec<Message> {
    let mut reader = FrameReader::new();
    let mut messages = Vec::new();
    while let Some(frame) = reader.read(output, &rules(version)).unwrap() {
        messages.push(comparable(frame.decode(version).unwrap()));
    }
    assert_eq!(reader.missing(output), None, "the machine wrote whole frames");
    messages
}

/// Pings of its own would have to be the recorded ones; they come in time to the idle timeout.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);
/// What comes with a longer pause between comes apart.
const TOGETHER: Duration = Duration::from_secs(1);
