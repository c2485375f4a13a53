//! Memory follows what was received, never what was declared.

use bytes::BytesMut;
use peer_core::message::{Transaction, TxOut};
use peer_core::{
    Command, Config, Connection, Direction, Event, Message, Network, Node, ProtocolVersion, Time,
    UnknownCommands, UnrequestedAnswers,
};
use peer_tests::remote::{Remote, bytes_of, frame, header, introduction};
use peer_tests::samples::inv_of;

use crate::Test;
use crate::meter::{Meter, measured};

const KIB: usize = 1024;

/// Tests, by name.
pub(crate) const TESTS: [Test; 14] = [
    ("an_established_peer_that_idles_is_small", an_established_peer_that_idles_is_small),
    ("a_declared_length_costs_nothing", a_declared_length_costs_nothing),
    ("before_a_version_a_peer_is_small", before_a_version_a_peer_is_small),
    (
        "what_lies_behind_a_version_costs_nothing_before_that_is_accepted",
        what_lies_behind_a_version_costs_nothing_before_that_is_accepted,
    ),
    ("half_of_a_large_frame_costs_the_machine_nothing", half_of_a_large_frame_costs_the_machine_nothing),
    ("early_messages_cost_at_most_twice_their_bytes", early_messages_cost_at_most_twice_their_bytes),
    ("a_count_costs_nothing", a_count_costs_nothing),
    (
        "until_a_message_surfaces_twice_what_came_is_held_input_included",
        until_a_message_surfaces_twice_what_came_is_held_input_included,
    ),
    (
        "small_frames_that_wait_cost_no_more_than_their_bytes_once_more",
        small_frames_that_wait_cost_no_more_than_their_bytes_once_more,
    ),
    ("the_largest_unknown_frames_that_wait_cost_nothing", the_largest_unknown_frames_that_wait_cost_nothing),
    ("a_burst_of_small_frames_leaves_nothing_behind", a_burst_of_small_frames_leaves_nothing_behind),
    ("a_payload_that_is_kept_keeps_little_else_alive", a_payload_that_is_kept_keeps_little_else_alive),
    (
        "a_queue_that_was_long_gives_its_memory_back_before_it_is_empty",
        a_queue_that_was_long_gives_its_memory_back_before_it_is_empty,
    ),
    (
        "a_long_queue_is_seldom_moved_while_it_grows_and_shrinks",
        a_long_queue_is_seldom_moved_while_it_grows_and_shrinks,
    ),
];

/// A configuration that admits everything, at these versions.
fn config(max: u32) -> Config {
    let builder = Config::builder(Network::SIMNET).min_protocol_version(ProtocolVersion::INITIAL);
    let builder = builder.unrequested_answers(UnrequestedAnswers::Deliver);
    builder.protocol_version(max.into()).build().unwrap()
}

/// Hands a peer its input in pieces and pulls after each, without looking at what comes out.
fn receive<'a>(peer: &mut Connection, input: &mut BytesMut, pieces: impl IntoIterator<Item = &'a [u8]>) {
    for piece in pieces {
        input.extend_from_slice(piece);
        while let Ok(Some(_)) = peer.receive(input, Time::ZERO) {}
    }
}

fn an_established_peer_that_idles_is_small() {
    let remote = Remote::established(config(12));
    let (peer, boxes, _) = measured(|| remote.machine.fork());
    let inline = size_of_val(&peer);
    assert!(inline + boxes <= 512, "an idle peer holds {inline} bytes, and {boxes} in boxes");
}

fn a_declared_length_costs_nothing() {
    for version in [5, 8, 12] {
        let established = Remote::established(config(version)).machine.fork();
        let version = ProtocolVersion::new(version);
        for command in Command::all().filter(|command| command.is_known_at(version)) {
            let mut peer = established.clone();
            let max = command.max_payload(version).unwrap().min(2 * KIB * KIB);
            let header = header(command.as_str(), max, [0; 4]);
            let mut input = BytesMut::new();
            let ((), _, allocated) = measured(|| receive(&mut peer, &mut input, [&header[..]]));
            assert!(peer.peer().failure().is_none() || max == 0, "{command} at {version}");
            assert!(allocated <= 4 * KIB, "{command} at {version}: {allocated} bytes for a header");
        }
    }
}

fn before_a_version_a_peer_is_small() {
    let node = Node::new(config(12));
    let mut input = BytesMut::new();
    let bytes = [&header("version", 358, [0; 4])[..], &[0; 357]].concat();
    let (_peer, held, _) = measured(|| {
        let mut peer = Remote::new(&node, Direction::Inbound).machine.fork();
        receive(&mut peer, &mut input, bytes.chunks(1));
        assert_eq!(peer.peer().failure(), None);
        peer
    });
    assert!(held <= 382 + 4 * KIB, "{held} bytes before a version");
}

fn what_lies_behind_a_version_costs_nothing_before_that_is_accepted() {
    let node = Node::new(config(12));
    let version = bytes_of(&introduction(12).into());
    let behind = frame("block", &[0; 2 * KIB]).repeat(15);
    let mut input = BytesMut::from(&[&version[..], &behind].concat()[..]);
    let (_peer, held, _) = measured(|| {
        let mut peer = Remote::new(&node, Direction::Inbound).machine.fork();
        assert!(matches!(peer.receive(&mut input, Time::ZERO), Ok(Some(Event::Version(_)))));
        peer
    });
    assert!(held <= 382 + 4 * KIB, "{held} bytes while a version is held");
}

fn half_of_a_large_frame_costs_the_machine_nothing() {
    let mut peer = Remote::established(config(12)).machine.fork();
    let mut input = BytesMut::with_capacity(2 * KIB * KIB);
    let half = vec![0; KIB * KIB];
    let ((), _, allocated) = measured(|| {
        receive(&mut peer, &mut input, [&header("cfiltersv2", 26_321_001, [0; 4])[..]]);
        receive(&mut peer, &mut input, half.chunks(1000));
    });
    assert_eq!(peer.peer().failure(), None);
    assert!(allocated <= KIB, "{allocated} bytes beside the input");
}

fn early_messages_cost_at_most_twice_their_bytes() {
    let mut remote = Remote::new(&Node::new(config(8)), Direction::Inbound);
    remote.introduce(8.into());
    for (name, payload) in [("getaddr", 0), ("ping", 8), ("inv", 1)] {
        let frame = frame(name, &vec![0; payload]);
        let mut peer = remote.machine.fork();
        let mut input = BytesMut::with_capacity(KIB);
        let received = frame.len() * (64 * KIB / frame.len());
        let ((), held, _) = measured(|| {
            for _ in 0..received / frame.len() {
                receive(&mut peer, &mut input, [&frame[..]]);
            }
        });
        assert_eq!(peer.peer().failure(), None);
        assert!(held <= 2 * received + 4 * KIB, "{held} bytes held of {received} of {name}");
    }
}

/// Payloads that begin with the largest counts, and then end.
fn a_count_costs_nothing() {
    let counts: [&[u8]; 4] = [&[0xfc], &[0xfd, 0x50, 0xc3], &[0xfe, 0xff, 0xff, 0xff, 0x01], &[0xff; 9]];
    for version in [5, 8, 12] {
        let established = Remote::established(config(version)).machine.fork();
        let version = ProtocolVersion::new(version);
        for command in Command::all().filter(|command| command.is_known_at(version)) {
            for zeros in [0, 4, 32, 36, 64] {
                for count in counts {
                    let payload = [&vec![0; zeros], count].concat();
                    let frame = frame(command.as_str(), &payload);
                    let (mut peer, mut input) = (established.clone(), BytesMut::new());
                    let ((), _, allocated) = measured(|| receive(&mut peer, &mut input, [&frame[..]]));
                    assert!(
                        allocated <= 4 * KIB,
                        "{command} at {version}: {allocated} bytes for {payload:?}"
                    );
                }
            }
        }
    }
}

/// A transaction that is large enough not to be copied, at the end of the memory in which a large `inv` came.
fn a_payload_that_is_kept_keeps_little_else_alive() {
    let output = TxOut { value: 1, version: 0, pk_script: &[7; 16_500] };
    let tx = bytes_of(&Message::Tx(Transaction::new(1, &[], &[output], 0, 0).unwrap()));
    let inv = bytes_of(&inv_of(29_000));
    let bytes = [&inv[..], &tx].concat();
    for piece in [KIB, 16 * KIB, 64 * KIB, bytes.len()] {
        let mut peer = Remote::established(config(12)).machine.fork();
        let (kept, held, _) = measured(|| {
            let (mut input, mut kept) = (BytesMut::new(), Vec::new());
            for piece in bytes.chunks(piece) {
                input.extend_from_slice(piece);
                while let Ok(Some(event)) = peer.receive(&mut input, Time::ZERO) {
                    kept.extend(matches!(event, Event::Message(Message::Tx(_))).then_some(event));
                }
            }
            kept
        });
        assert_eq!(kept.len(), 1);
        assert!(held <= 8 * tx.len() + 4 * KIB, "{held} bytes for one of {}, in pieces of {piece}", tx.len());
    }
}

fn until_a_message_surfaces_twice_what_came_is_held_input_included() {
    for (name, len) in [("inv", 1_800_003), ("cfiltersv2", 26_321_001), ("tx", 1_310_720), ("ping", 8)] {
        for piece in [100, 16 * KIB] {
            let mut peer = Remote::established(config(12)).machine.fork();
            let (header, zeros) = (header(name, len, [0; 4]), vec![0; piece]);
            let most = len.min(2 * KIB * KIB);
            let meter = Meter::start();
            let (mut input, mut received) = (BytesMut::new(), header.len());
            receive(&mut peer, &mut input, [&header[..]]);
            while received + piece <= most {
                receive(&mut peer, &mut input, [&zeros[..]]);
                received += piece;
                let held = meter.held();
                assert!(held <= 2 * received + 4 * KIB, "{held} bytes of {received} of {name}");
            }
            assert_eq!(peer.peer().failure(), None);
        }
    }
}

/// Those hashed ahead are kept until they are read.
fn small_frames_that_wait_cost_no_more_than_their_bytes_once_more() {
    let inv = [&[1][..], &[7; 36]].concat();
    for (name, payload) in [("getaddr", &[][..]), ("ping", &[7; 8]), ("inv", &[0]), ("inv", &inv)] {
        let (mut peer, mut input) = (Remote::established(config(12)).machine.fork(), BytesMut::new());
        input.extend_from_slice(&frame(name, payload).repeat(100));
        let received = input.len();
        let (event, held, _) = measured(|| peer.receive(&mut input, Time::ZERO).unwrap());
        assert!(event.is_some());
        assert!(held <= received + 4 * KIB, "{held} bytes held of {received} of {name}");
    }
}

/// Of these, no three fit into the 4 MiB that are hashed together. What is read takes its own bytes.
fn the_largest_unknown_frames_that_wait_cost_nothing() {
    let large = frame("unknown", &vec![0; 2 * KIB * KIB]);
    for front in [&large[..], &frame("getaddr", &[])] {
        let config = Config::builder(Network::SIMNET).unknown_commands(UnknownCommands::Deliver);
        let mut peer = Remote::established(config.build().unwrap()).machine.fork();
        let mut input = BytesMut::from(&[front, &large.repeat(15)].concat()[..]);
        let (event, held, allocated) = measured(|| peer.receive(&mut input, Time::ZERO).unwrap());
        assert!(event.is_some());
        let most = front.len() + 4 * KIB;
        assert!(held.max(allocated) <= most, "{held} bytes held, {allocated} allocated for {}", front.len());
    }
}

fn a_burst_of_small_frames_leaves_nothing_behind() {
    let mut peer = Remote::established(config(12)).machine.fork();
    let mut input = BytesMut::with_capacity(64 * KIB);
    let burst = frame("getaddr", &[]).repeat(1000);
    let ((), held, allocated) = measured(|| receive(&mut peer, &mut input, [&burst[..]]));
    assert!(input.is_empty());
    assert_eq!(held, 0, "bytes held after a burst");
    // While one of the smallest frames, of 24 bytes, waits behind others, its payload and hash take 80.
    assert!(allocated <= 4 * burst.len() + 16 * KIB, "{allocated} bytes allocated for {}", burst.len());
}

/// Ten thousand of the smallest frames wait.
fn fill(peer: &mut Connection) {
    for _ in 0..10_000 {
        peer.peer_mut().send(&Message::GetAddr, Time::ZERO).unwrap();
    }
}

/// The transport takes all but a hundred of them, one by one.
fn take_most(peer: &mut Connection) {
    while peer.peer().queued() > 2400 {
        let count = peer.poll_transmit(Time::ZERO).len();
        peer.handle_transmitted(count, Time::ZERO);
    }
}

fn a_queue_that_was_long_gives_its_memory_back_before_it_is_empty() {
    for at_once in [false, true] {
        let mut peer = Remote::established(config(12)).machine.fork();
        let ((), held, _) = measured(|| {
            fill(&mut peer);
            if at_once {
                assert_eq!(peer.poll_transmit_chunks(usize::MAX, Time::ZERO).count(), 10_000);
                peer.handle_transmitted(9_900 * 24, Time::ZERO);
            } else {
                take_most(&mut peer);
            }
        });
        assert_eq!(peer.peer().queued(), 2400);
        assert!(held <= 7 * 2400, "{held} bytes for a queue of 100 small frames, at once: {at_once}");
    }
}

fn a_long_queue_is_seldom_moved_while_it_grows_and_shrinks() {
    let mut peer = Remote::established(config(12)).machine.fork();
    let meter = Meter::start();
    fill(&mut peer);
    take_most(&mut peer);
    let moves = meter.reallocations();
    assert!(moves <= 100, "moved {moves} times");
}
