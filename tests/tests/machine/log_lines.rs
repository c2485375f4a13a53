//! What the machine logs, at which level, and in which words.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::cell::RefCell;
use core::fmt::{self, Write as _};
use core::time::Duration;
use std::sync::Once;

use bytes::BytesMut;
use peer_core::message::{Inventory, Ping, Reject, RejectCode};
use peer_core::{
    Config, ConfigBuilder, Connection, Hash, Message, Node, ProtocolVersion, Time, UnknownCommands,
};
use peer_tests::remote::{NETWORK, bytes_of, connection_info, frame, introduction};
use peer_tests::samples::{block_item, getdata, large_block};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, set_global_default};
use tracing::{Level, Metadata, Subscriber};

type Lines = Vec<(Level, String)>;

thread_local! {
    /// The level up to which this thread's lines are kept, and these lines.
    static KEPT: RefCell<(Option<Level>, Lines)> = RefCell::default();
}

/// Keeps the lines of each thread. There is one for all, set before any machine can log: with one for each test,
/// those that begin while another thread meets a line for the first time may miss it.
struct Log;

impl Log {
    fn install() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| set_global_default(Self).unwrap());
    }
}

impl Subscriber for Log {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        KEPT.with_borrow(|(level, _)| level.is_some_and(|level| *metadata.level() <= level))
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        KEPT.with_borrow_mut(|(_, lines)| lines.push((*event.metadata().level(), text.0)));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
        write!(self.0, "{value:?}").unwrap();
    }
}

/// What is logged up to `level` while `act` runs.
fn logged(level: Option<Level>, act: impl FnOnce()) -> Lines {
    Log::install();
    KEPT.set((level, Lines::new()));
    act();
    KEPT.take().1
}

/// What is logged at `level` and above it.
fn at(level: Level, act: impl FnOnce()) -> Vec<String> {
    logged(Some(level), act).into_iter().map(|(level, text)| format!("{level} {text}")).collect()
}

/// A bare machine: the harness would make it log twice.
struct Machine {
    peer: Connection,
    input: BytesMut,
}

impl Machine {
    fn new(config: ConfigBuilder) -> Self {
        Log::install();
        let node = Node::new(config.build().unwrap());
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let peer = Connection::inbound(&node, connection_info(), Time::ZERO, &mut rng);
        Self { peer, input: BytesMut::new() }
    }

    fn established() -> Self {
        Self::established_at(config(), 12)
    }

    fn established_at(config: ConfigBuilder, version: i32) -> Self {
        let mut machine = Self::new(config);
        machine.say(&introduction(version).into());
        machine.say(&Message::Verack);
        machine.write();
        machine
    }

    fn say(&mut self, message: &Message) {
        let mut payload = Vec::new();
        message.encode(&mut payload, self.peer.peer().protocol_version()).unwrap();
        self.say_bytes(&frame(message.command().as_str(), &payload));
    }

    fn say_bytes(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
        while let Ok(Some(_)) = self.peer.receive(&mut self.input, Time::ZERO) {}
    }

    fn write(&mut self) {
        while self.peer.wants_write() {
            let count = self.peer.poll_transmit(Time::ZERO).len();
            self.peer.handle_transmitted(count, Time::ZERO);
        }
    }

    fn tick(&mut self, seconds: u64) {
        let now = Time::from_elapsed(Duration::from_secs(seconds));
        self.peer.handle_drained(&self.input, now);
        self.peer.handle_timeout(now, &mut ChaCha8Rng::seed_from_u64(1)).unwrap_err();
    }
}

fn config() -> ConfigBuilder {
    Config::builder(NETWORK).ping_interval(Duration::from_secs(119))
}

fn old() -> ConfigBuilder {
    config().min_protocol_version(ProtocolVersion::INITIAL)
}

const PEER: &str = "192.0.2.7:18555 (inbound)";

#[test]
fn a_handshake_is_told_at_debug() {
    let lines = at(Level::DEBUG, || drop(Machine::established()));
    let agent = format!("/peer-core:{}/", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        lines,
        [
            format!("DEBUG Received version (agent /remote:1.0.0/, pver 12, block 432100) from {PEER}"),
            format!("DEBUG Negotiated protocol version 12 for peer {PEER}"),
            format!("DEBUG Sending version (agent {agent}, pver 12, block 500000) to {PEER}"),
            format!("DEBUG Sending verack to {PEER}"),
            format!("DEBUG Received verack from {PEER}"),
        ]
    );
}

#[test]
fn each_message_is_told_at_debug_with_its_summary() {
    let mut machine = Machine::established();
    let lines = at(Level::DEBUG, || {
        machine.say(&Message::Ping(Ping { nonce: 1 }));
        machine.peer.peer_mut().send(&getdata([Inventory::block(Hash::ZERO)]), Time::ZERO).unwrap();
        machine.peer.peer_mut().send(&Message::GetAddr, Time::ZERO).unwrap();
    });
    let zero = "0".repeat(64);
    assert_eq!(
        lines,
        [
            format!("DEBUG Received ping from {PEER}"),
            format!("DEBUG Sending pong to {PEER}"),
            format!("DEBUG Sending getdata (block {zero}) to {PEER}"),
            format!("DEBUG Adding deadline for command getdata for peer {PEER}"),
            format!("DEBUG Sending getaddr to {PEER}"),
        ]
    );
}

#[test]
fn whole_messages_and_frames_are_dumped_at_trace() {
    let mut machine = Machine::established();
    let lines = at(Level::TRACE, || {
        machine.say_bytes(&frame("ping", b"abc\n\xff\0~ "));
    });
    let ping = "00000000  61 62 63 0a ff 00 7e 20                           |abc...~ |\n00000008";
    assert_eq!(lines[2], format!("TRACE {ping}"));
    assert!(lines[1].starts_with("TRACE Ping("), "{}", lines[1]);
    let pong = "00000000  16 1c 14 12 70 6f 6e 67  00 00 00 00 00 00 00 00  |....pong........|\n";
    assert!(lines[5].starts_with(&format!("TRACE {pong}00000010  08 00 00 00 ")), "{}", lines[5]);
    // The checksum before it is not worth knowing here.
    assert!(lines[5].ends_with("abc...~ |\n00000020"), "{}", lines[5]);
    assert_eq!(lines.len(), 6);
}

/// A block is hashed when it is shown, or before it is dumped.
#[test]
fn a_block_is_dumped_with_its_checksum() {
    let mut machine = Machine::established();
    let block = Message::from(large_block(5000));
    let lines = at(Level::TRACE, || {
        machine.peer.peer_mut().send(&block, Time::ZERO).unwrap();
    });
    let [a, b, c, d] = [20, 21, 22, 23].map(|at| bytes_of(&block)[at]);
    let sum = format!(" {a:02x} {b:02x} {c:02x} {d:02x}  ");
    assert!(lines.last().unwrap().lines().nth(1).unwrap().contains(&sum), "{}", lines.last().unwrap());
}

#[test]
fn a_dump_has_a_gap_in_the_middle_and_ends_with_the_length_as_hexdump_has_it() {
    let mut machine = Machine::established_at(config().unknown_commands(UnknownCommands::Deliver), 12);
    let payload: Vec<u8> = (0x2d..0x46).collect();
    let lines = at(Level::TRACE, || machine.say_bytes(&frame("custom", &payload)));
    let dump = "\
00000000  2d 2e 2f 30 31 32 33 34  35 36 37 38 39 3a 3b 3c  |-./0123456789:;<|
00000010  3d 3e 3f 40 41 42 43 44  45                       |=>?@ABCDE|
00000019";
    assert_eq!(lines[2], format!("TRACE {dump}"));
}

#[test]
fn an_empty_payload_is_not_dumped() {
    let mut machine = Machine::established();
    let lines = at(Level::TRACE, || machine.say(&Message::GetAddr));
    assert_eq!(lines, [format!("DEBUG Received getaddr from {PEER}"), "TRACE GetAddr".to_owned()]);
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let mut machine = Machine::established();
    let lines = at(Level::ERROR, || machine.say_bytes(&frame("ping", &[1; 7])));
    assert_eq!(lines.len(), 1);
    let start = format!("ERROR Can't read message from {PEER}: bad ping message: ");
    assert!(lines[0].starts_with(&start), "{}", lines[0]);
}

#[test]
fn silence_is_a_warning() {
    let mut machine = Machine::established();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let now = Time::from_elapsed(Duration::from_secs(119));
    machine.peer.handle_timeout(now, &mut rng).unwrap();
    let count = machine.peer.poll_transmit(now).len();
    machine.peer.handle_transmitted(count, now);
    let lines = at(Level::WARN, || machine.tick(120));
    assert_eq!(lines, [format!("WARN Peer {PEER} no answer for 120s -- disconnecting")]);
}

#[test]
fn a_stall_is_worth_knowing() {
    let mut machine = Machine::established();
    machine.peer.peer_mut().send(&getdata([block_item(1)]), Time::ZERO).unwrap();
    machine.write();
    let lines = at(Level::INFO, || machine.tick(30));
    let item = block_item(1).hash;
    let text = format!(
        "INFO Peer {PEER} appears to be stalled or misbehaving (reason: deadline exceeded for MSG_BLOCK \
         {item}) -- disconnecting"
    );
    assert_eq!(lines, [text]);
}

#[test]
fn other_ends_are_told_at_debug_only() {
    let mut machine = Machine::established();
    assert_eq!(at(Level::INFO, || drop(machine.peer.clone().peer_mut().close())), [""; 0]);
    let lines = at(Level::DEBUG, || drop(machine.peer.handle_eof(&[1, 2])));
    assert_eq!(lines, [format!("DEBUG Peer {PEER} is done: stream ended inside a frame, 22 bytes missing")]);
}

#[test]
fn a_filtered_request_and_a_higher_block_are_told_at_trace() {
    let mut machine = Machine::established();
    machine.peer.peer_mut().request_blocks(&[Hash::ZERO], Hash::ZERO, Time::ZERO).unwrap();
    machine.peer.peer_mut().request_headers(&[Hash::ZERO], Hash::ZERO, Time::ZERO).unwrap();
    let lines = at(Level::TRACE, || {
        machine.peer.peer_mut().request_blocks(&[Hash::ZERO], Hash::ZERO, Time::ZERO).unwrap();
        machine.peer.peer_mut().request_headers(&[Hash::ZERO], Hash::ZERO, Time::ZERO).unwrap();
        machine.peer.peer_mut().set_last_block(1);
        machine.peer.peer_mut().set_last_block(432_100);
        machine.peer.peer_mut().set_last_block(432_101);
    });
    let zero = "0".repeat(64);
    assert_eq!(
        lines,
        [
            format!("TRACE Filtering duplicate [getblocks] with begin hash {zero}, stop hash {zero}"),
            format!("TRACE Filtering duplicate [getheaders] with begin hash {zero}, stop hash {zero}"),
            format!("TRACE Updating last block height of peer {PEER} from 432100 to 432101"),
        ]
    );
}

#[test]
fn nothing_the_remote_says_can_forge_or_hide_a_line() {
    let bytes: Vec<u8> = (0..=255).collect();
    let mut reject = vec![7];
    reject.extend_from_slice(b"a\x1b[2J\nb");
    reject.extend_from_slice(&[0x10, 0xfd, 0, 1]);
    reject.extend_from_slice(&bytes);
    let mut machine = Machine::established_at(old().unknown_commands(UnknownCommands::Deliver), 5);
    let mut lines = logged(Some(Level::TRACE), || {
        machine.say_bytes(&frame("reject", &reject));
        machine.say_bytes(&frame("alert", &[&[0xfd, 0, 1], &bytes[..], &[0]].concat()));
        machine.say_bytes(&frame("custom", &bytes));
        machine.say_bytes(&[0; 24]);
    });
    assert!(lines.iter().any(|(level, _)| *level == Level::ERROR), "the last frame was refused");
    // Dumps have lines of their own; nothing else may break a line.
    for (level, text) in &mut lines {
        if *level == Level::TRACE {
            text.retain(|c| c != '\n');
        }
        assert!(text.chars().all(|c| matches!(c, ' '..='~')), "{level} {text:?}");
    }
}

#[test]
fn a_reject_of_the_old_era_is_told_with_its_cleaned_texts() {
    let mut machine = Machine::established_at(old(), 8);
    let reject = Reject::new("tx", RejectCode::DUST, "too <small>", Some(Hash::ZERO)).unwrap();
    let lines = at(Level::DEBUG, || machine.say(&reject.into()));
    let zero = "0".repeat(64);
    let summary = format!("cmd tx, code REJECT_DUST, reason too small, hash {zero}");
    assert_eq!(lines, [format!("DEBUG Received reject ({summary}) from {PEER}")]);
}

#[test]
fn nothing_is_logged_or_formatted_when_off() {
    let lines = logged(None, || {
        let mut machine = Machine::established();
        machine.say(&Message::Ping(Ping { nonce: 1 }));
        machine.peer.peer_mut().close();
    });
    assert_eq!(lines, []);
}

#[test]
fn logging_changes_nothing() {
    let run = |level| {
        let mut machine = Machine::established();
        let mut written = Vec::new();
        logged(level, || {
            machine.say(&Message::Ping(Ping { nonce: 1 }));
            machine.peer.peer_mut().send(&Message::GetAddr, Time::ZERO).unwrap();
            written = machine.peer.poll_transmit(Time::ZERO).to_vec();
        });
        (written, machine.peer.peer().stats(), machine.peer.peer().next_timeout())
    };
    assert_eq!(run(None), run(Some(Level::TRACE)));
}

#[test]
fn an_outbound_peer_is_named_as_such() {
    let node = Node::new(config().build().unwrap());
    let lines = at(Level::DEBUG, || {
        Connection::outbound(&node, connection_info(), Time::ZERO, &mut ChaCha8Rng::seed_from_u64(1))
            .unwrap();
    });
    assert!(lines[0].ends_with(" to 192.0.2.7:18555 (outbound)"), "{}", lines[0]);
}
