//! How bytes are cut never matters.
#![expect(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a test fails by panicking")]

use peer_core::message::{Block, BlockHeader, GetData, Inventory, Transaction, TxOut};
use peer_core::{Config, Direction, Error, Event, FrameError, Message, Node, ProtocolVersion, frame};
use peer_tests::remote::{self, NETWORK, Remote, header, introduction};
use peer_tests::samples::{inv_of, ping};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// How often each conversation is cut at random.
const SEEDS: u64 = 100;

/// What a remote of some version says, from its first byte to its last.
struct Conversation {
    version: u32,
    bytes: Vec<u8>,
}

impl Conversation {
    /// Begins with the handshake; `early` comes before the `verack`.
    fn new(version: u32, early: &[Message]) -> Self {
        let mut conversation = Self { version, bytes: Vec::new() };
        conversation.say(&introduction(version.cast_signed()).into());
        early.iter().for_each(|message| conversation.say(message));
        conversation.say(&Message::Verack);
        conversation
    }

    fn say(&mut self, message: &Message) {
        let version = ProtocolVersion::new(self.version);
        self.bytes.extend(frame::encode(message, NETWORK, version).unwrap());
    }

    /// Everything that comes out, on either side, if the bytes arrive in these pieces.
    fn hear<'a>(&'a self, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
        let config = Config::builder(NETWORK).min_protocol_version(ProtocolVersion::INITIAL).build().unwrap();
        let mut remote = Remote::new(&Node::new(config), Direction::Inbound);
        let mut events = Vec::new();
        for piece in pieces {
            remote.say_bytes(piece);
            while let Ok(Some(event)) = remote.pull() {
                events.push(event);
                request_block(&mut remote, &events);
            }
        }
        // Everything is taken at the end, so that lanes do not depend on the moment of writing.
        let written = remote.machine.take_all(remote.now);
        let received = remote.machine.stats().bytes_received;
        let error = remote.machine.handle_eof(remote.now);
        Outcome { events, written, received, error }
    }

    /// Compares all ways of cutting, and returns what comes out of each of them.
    fn check(&self) -> Outcome {
        let whole = self.hear([&self.bytes[..]]);
        for len in [1, 2, 23, 24, 25, 1000] {
            assert_eq!(self.hear(self.bytes.chunks(len)), whole, "in pieces of {len}");
        }
        for seed in 0..SEEDS {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            assert_eq!(self.hear(cut(&self.bytes, &mut rng)), whole, "seed {seed}");
        }
        whole
    }
}

#[derive(Debug, PartialEq)]
struct Outcome {
    events: Vec<Event>,
    written: Vec<u8>,
    received: u64,
    error: Error,
}

/// Asks for the block once the handshake is complete.
fn request_block(remote: &mut Remote, events: &[Event]) {
    if events.last() == Some(&Event::Established) {
        let inventory = vec![Inventory::block(block().hash())].try_into().unwrap();
        remote.machine.send(&Message::GetData(GetData { inventory }), remote.now).unwrap();
    }
}

/// Pieces of random sizes, mostly small.
fn cut<'a>(mut bytes: &'a [u8], rng: &mut ChaCha8Rng) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        let most = 1_usize << (rng.next_u32() % 17);
        let len = 1 + usize::try_from(rng.next_u32()).unwrap() % most;
        let (piece, rest) = bytes.split_at(len.min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

/// A block large enough to be taken out of the input without a copy.
fn block() -> Block {
    let output = TxOut { value: 1, version: 0, pk_script: &[7; 200] };
    let transaction = Transaction::new(1, &[], &[output; 100], 0, 0).unwrap();
    Block::new(&BlockHeader::default(), &[transaction], &[]).unwrap()
}

fn traffic(version: u32, early: &[Message]) -> Conversation {
    let mut conversation = Conversation::new(version, early);
    for message in
        [ping(1), inv_of(3), Message::Block(block()), ping(2), Message::GetAddr, inv_of(0), ping(3)]
    {
        conversation.say(&message);
    }
    conversation
}

#[test]
fn cutting_ordinary_traffic_changes_nothing() {
    let outcome = traffic(12, &[]).check();
    assert_eq!(outcome.events.len(), 2 + 7);
    assert_eq!(outcome.error, Error::ClosedByRemote);
}

#[test]
fn cutting_early_messages_changes_nothing() {
    for (version, early) in [(11, [ping(8), Message::SendHeaders]), (3, [ping(8), inv_of(2)])] {
        let outcome = traffic(version, &early).check();
        assert_eq!(outcome.events.len(), 2 + 2 + 7);
        assert_eq!(outcome.error, Error::ClosedByRemote);
    }
}

#[test]
fn cutting_a_stream_that_ends_inside_a_frame_changes_nothing() {
    let mut conversation = traffic(12, &[]);
    conversation.bytes.extend_from_slice(&remote::frame("ping", &[1; 8])[..30]);
    let error = conversation.check().error;
    assert_eq!(error, FrameError::Truncated { missing: 2 }.into());
}

#[test]
fn cutting_a_frame_with_a_bad_checksum_changes_nothing() {
    let mut conversation = traffic(12, &[]);
    let mut bad = remote::frame("inv", &[0]).to_vec();
    bad[20] ^= 1;
    conversation.bytes.extend(bad);
    conversation.say(&ping(4));
    assert!(conversation.check().error.is_misbehaviour());
}

#[test]
fn cutting_a_header_that_is_refused_changes_nothing() {
    let mut conversation = traffic(12, &[]);
    conversation.bytes.extend(header("addr", 100, [0; 4]));
    conversation.say(&ping(4));
    assert!(conversation.check().error.is_misbehaviour());
}

#[test]
fn cutting_a_first_message_that_is_no_version_changes_nothing() {
    let conversation = Conversation {
        version: 12,
        bytes: [remote::frame("ping", &[1; 8]), remote::frame("verack", &[])].concat(),
    };
    assert_eq!(conversation.check().events, []);
}
