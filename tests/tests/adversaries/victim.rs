//! What the attacks meet: a bare machine with its input, and nothing that checks it on the way.

use core::time::Duration;

use bytes::BytesMut;
use peer_core::{
    Config, ConfigBuilder, Connection, ConnectionInfo, Direction, Error, Event, Message, Node,
    ProtocolVersion, Time, UnrequestedAnswers,
};
use peer_tests::remote::{NETWORK, Remote, connection_info, frame, introduction};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

/// A machine and its input.
#[derive(Clone, Debug)]
pub(crate) struct Victim {
    pub(crate) peer: Connection,
    pub(crate) input: BytesMut,
    pub(crate) now: Time,
    rng: ChaCha8Rng,
}

impl Victim {
    /// At its first moment.
    pub(crate) fn new(node: &Node, direction: Direction) -> Self {
        Self::greeted(node, direction, connection_info(), 1)
    }

    /// At its first moment, with this to tell, and random numbers of this seed.
    pub(crate) fn greeted(node: &Node, direction: Direction, info: ConnectionInfo, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let peer = match direction {
            Direction::Outbound => Connection::outbound(node, info, Time::ZERO, &mut rng).unwrap(),
            Direction::Inbound => Connection::inbound(node, info, Time::ZERO, &mut rng),
        };
        Self { peer, input: BytesMut::new(), now: Time::ZERO, rng }
    }

    /// An inbound one after a handshake at its newest version, with everything written.
    pub(crate) fn established(config: Config) -> Self {
        let peer = Remote::established(config).machine.fork();
        Self { peer, input: BytesMut::new(), now: Time::ZERO, rng: ChaCha8Rng::seed_from_u64(1) }
    }

    /// Gets bytes, and pulls until nothing comes, without a look at what does.
    pub(crate) fn hear(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.input.extend_from_slice(bytes);
        while self.pull()?.is_some() {}
        Ok(())
    }

    /// The same, and keeps what comes.
    pub(crate) fn listen(&mut self, bytes: &[u8]) -> Result<Vec<Event>, Error> {
        self.input.extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some(event) = self.pull()? {
            events.push(event);
        }
        Ok(events)
    }

    pub(crate) fn pull(&mut self) -> Result<Option<Event>, Error> {
        self.peer.receive(&mut self.input, self.now)
    }

    pub(crate) fn tick(&mut self) -> Result<(), Error> {
        self.peer.handle_drained(&self.input, self.now);
        self.peer.handle_timeout(self.now, &mut self.rng)
    }

    /// Lets time pass, then ticks.
    pub(crate) fn wait(&mut self, duration: Duration) -> Result<(), Error> {
        self.now += duration;
        self.tick()
    }

    /// The transport takes at most so many bytes of what it is shown.
    pub(crate) fn take(&mut self, most: usize) -> Vec<u8> {
        let shown = self.peer.poll_transmit(self.now);
        let bytes = shown[..shown.len().min(most)].to_vec();
        self.peer.handle_transmitted(bytes.len(), self.now);
        bytes
    }

    /// The transport takes everything, and no one looks at it. Returns how much it was.
    pub(crate) fn flush(&mut self) -> usize {
        let mut flushed = 0;
        while self.peer.wants_write() {
            let count = self.peer.poll_transmit(self.now).len();
            self.peer.handle_transmitted(count, self.now);
            flushed += count;
        }
        flushed
    }
}

/// A configuration that accepts every version up to this one and every answer.
pub(crate) fn open_config(max: u32) -> Config {
    let builder = old_era().unrequested_answers(UnrequestedAnswers::Deliver);
    builder.protocol_version(max.into()).build().unwrap()
}

/// A configuration that accepts every version.
pub(crate) fn old_era() -> ConfigBuilder {
    Config::builder(NETWORK).min_protocol_version(ProtocolVersion::INITIAL)
}

/// The default.
pub(crate) fn config() -> Config {
    Config::builder(NETWORK).build().unwrap()
}

/// A message as a frame.
pub(crate) fn framed(message: &Message) -> Vec<u8> {
    peer_core::frame::encode(message, NETWORK, ProtocolVersion::LATEST).unwrap()
}

/// An introduction as a frame.
pub(crate) fn greeting(protocol_version: i32) -> Vec<u8> {
    framed(&introduction(protocol_version).into())
}

/// A frame with a payload that need not mean anything.
pub(crate) fn crafted(command: &str, payload: &[u8]) -> Vec<u8> {
    frame(command, payload).to_vec()
}
