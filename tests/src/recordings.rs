//! Recordings as regression tests.
//!
//! A recording of a connection that went wrong becomes a test of three lines:
//!
//! ```
//! # let file = peer_tests::recordings::hello();
//! use peer_core::recording::Side;
//! use peer_tests::recordings::assert_replays;
//!
//! // let file = include_str!("my-recording.jsonl");
//! assert_replays(&file, Side::Dialer);
//! ```

use core::net::SocketAddr;
use core::time::Duration;

use bytes::BytesMut;
use peer_core::message::Ping;
use peer_core::recording::{Buffer, Entry, EntryKind, Header, Outcome, Recording, Replay, Side, Writer};
use peer_core::{Config, Connection, ConnectionInfo, Direction, Error, Message, Network, Node, Time};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng as _;

use crate::pair::WALL_CLOCK;

/// Puts our machine in the place of one side of the recording in `file`.
///
/// # Panics
///
/// With the first difference, or with what is wrong with the file.
#[track_caller]
pub fn assert_replays(file: &str, side: Side) -> Outcome {
    let recording = Recording::read(file).unwrap_or_else(|error| panic!("{error}"));
    replay(&recording, side)
}

/// The same of a recording that was read.
///
/// # Panics
///
/// With the first difference, or with what the recording lacks.
#[track_caller]
pub fn replay(recording: &Recording, side: Side) -> Outcome {
    let replay = Replay::new(recording, side).unwrap_or_else(|error| panic!("as {side}: {error}"));
    replay.run().unwrap_or_else(|difference| panic!("as {side}: {difference}"))
}

/// What the recorders of this writer noted, once all are gone: a line for each piece, and for each end of a stream.
///
/// # Panics
///
/// With what is wrong with the recording.
#[track_caller]
pub fn told(writer: Writer) -> Vec<String> {
    let mut file = Vec::new();
    assert_eq!(writer.run(&mut file).unwrap(), 0);
    let recording = Recording::read(str::from_utf8(&file).unwrap()).unwrap_or_else(|error| panic!("{error}"));
    let line = |entry: Entry| match entry.kind {
        EntryKind::Bytes { from, bytes } => format!("{from}: {}", bytes.escape_ascii()),
        EntryKind::Eof(side) => format!("end of {side}"),
        other => panic!("{other:?}"),
    };
    recording.entries.into_iter().map(line).collect()
}

/// A recording that the dialer of two of our machines made: a handshake, a ping of the owner, two of the machine's own,
/// and the dialer's end.
pub fn hello() -> String {
    let config = Config::builder(Network::SIMNET).user_agent("hello", "1").build().unwrap();
    let header = Header::new(config.clone(), Direction::Outbound).software("peer-tests").address("listener");
    let mut recorded = Conversation::new(config, &header);
    recorded.settle();
    let ping = Message::Ping(Ping { nonce: 7 });
    recorded.ends[0].peer_mut().send(&ping, recorded.now).unwrap();
    recorded.settle();
    recorded.run_for(Duration::from_secs(230));
    recorded.buffer.piece(recorded.now, Side::Dialer, []);
    recorded.buffer.end(&Error::ClosedByOwner);
    recorded.buffer.take()
}

/// Two machines and a wire without latency, which is recorded.
struct Conversation {
    ends: [Connection; 2],
    input: BytesMut,
    rng: ChaCha8Rng,
    buffer: Buffer,
    now: Time,
}

impl Conversation {
    fn new(config: Config, header: &Header) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let info = ConnectionInfo::new(SocketAddr::from(([127, 0, 0, 1], 18555)), 5, WALL_CLOCK);
        let dialer = Connection::outbound(&Node::new(config.clone()), info, Time::ZERO, &mut rng).unwrap();
        let listener = Connection::inbound(&Node::new(config), info, Time::ZERO, &mut rng);
        let buffer = Buffer::new(header, 1 << 20);
        Self { ends: [dialer, listener], input: BytesMut::new(), rng, buffer, now: Time::ZERO }
    }

    /// Runs both machines' timers for so long.
    fn run_for(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(at) =
            self.ends.iter().filter_map(Connection::poll_timeout).min().filter(|at| *at <= end)
        {
            self.now = at;
            for connection in &mut self.ends {
                connection.handle_timeout(at, &mut self.rng).unwrap();
            }
            self.settle();
        }
        self.now = end;
    }

    /// Moves bytes until both are silent.
    fn settle(&mut self) {
        while self.ends.iter().any(Connection::wants_write) {
            self.transmit(0, Side::Dialer);
            self.transmit(1, Side::Listener);
        }
    }

    fn transmit(&mut self, from: usize, side: Side) {
        while self.ends[from].wants_write() {
            let bytes = self.ends[from].poll_transmit(self.now);
            let count = bytes.len();
            self.input.extend_from_slice(bytes);
            self.buffer.piece(self.now, side, [bytes]);
            self.ends[from].handle_transmitted(count, self.now);
        }
        while self.ends[1 - from].receive(&mut self.input, self.now).unwrap().is_some() {}
    }
}
