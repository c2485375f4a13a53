//! How a connection ends, and what is left of it.

use core::time::Duration;

use bytes::BytesMut;
use peer_core::message::{Inventory, Ping};
use peer_core::{
    Config, Direction, Error, ErrorKind, FrameError, Hash, Message, Node, SendError, Time, TransportError,
};
use peer_tests::invariants::END_OF_TIME;
use peer_tests::pair::{Pair, Side};
use peer_tests::remote::{NETWORK, Remote, bytes_of, established, frame, header, introduction};
use peer_tests::samples::{block_item, getdata, item};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

/// The end of a stream after these bytes, and what comes of it.
fn eof_after(bytes: &[u8]) -> Error {
    let mut remote = established();
    remote.say_bytes(bytes);
    remote.events();
    remote.machine.handle_eof(remote.now)
}

#[test]
fn a_stream_that_ends_between_frames_is_closed_by_the_remote() {
    assert_eq!(eof_after(&[]), Error::ClosedByRemote);
    assert_eq!(eof_after(&frame("getaddr", &[])), Error::ClosedByRemote);
}

/// Nodes ban, are full and belong to other networks without a word; what they do not read they cut off.
#[test]
fn a_remote_that_leaves_before_it_introduced_itself_has_an_end_of_its_own() {
    let node = Node::new(Config::builder(NETWORK).build().unwrap());
    for direction in [Direction::Outbound, Direction::Inbound] {
        for end in [None, Some(TransportError::Reset)] {
            let mut remote = Remote::new(&node, direction);
            let error = remote.machine.handle_end(end, remote.now);
            assert_eq!(error, Error::ClosedBeforeVersion);
            assert!(!error.is_transient() && !error.is_misbehaviour());
        }
    }
    // What fails on our side of the network says nothing of the remote.
    let mut remote = Remote::new(&node, Direction::Outbound);
    assert_eq!(
        remote.machine.handle_transport_error(TransportError::Other, remote.now),
        Error::TransportFailed
    );
    let mut remote = Remote::new(&node, Direction::Outbound);
    remote.say_bytes(&bytes_of(&introduction(12).into())[..100]);
    remote.events();
    let mut reset = remote.machine.fork();
    assert!(matches!(remote.machine.handle_eof(remote.now), Error::Frame(_)), "it says how much is missing");
    assert_eq!(reset.handle_transport_error(TransportError::Reset, &[]), Error::ClosedBeforeVersion);
}

#[test]
fn a_remote_that_leaves_after_it_introduced_itself_has_another() {
    let node = Node::new(Config::builder(NETWORK).build().unwrap());
    for direction in [Direction::Outbound, Direction::Inbound] {
        for end in [None, Some(TransportError::Reset)] {
            let mut remote = Remote::new(&node, direction);
            remote.introduce(12.into());
            assert_eq!(remote.machine.handle_end(end, remote.now), Error::ClosedBeforeVerack);
        }
    }
}

#[test]
fn ends_say_how_long_to_stay_away() {
    let seconds = |error: &Error, attempt| error.redial_after(attempt).map(|delay| delay.as_secs());
    let refused = Error::ClosedBeforeVersion;
    let delays: Vec<_> = (0..10).map(|attempt| seconds(&refused, attempt).unwrap()).collect();
    assert_eq!(delays, [15, 15, 60, 240, 960, 3_840, 15_360, 61_440, 86_400, 86_400]);
    let delays: Vec<_> = (1..9).map(|attempt| seconds(&Error::ClosedByRemote, attempt).unwrap()).collect();
    assert_eq!(delays, [5, 10, 20, 40, 80, 160, 300, 300]);
    assert_eq!(seconds(&refused, u32::MAX), Some(86_400));
    for error in [Error::SelfConnection, Error::Unrequested(Message::GetAddr.command())] {
        assert_eq!(seconds(&error, 1), None, "{error}");
    }
}

#[test]
fn a_frame_cut_off_after_a_long_pause_of_reading_says_so() {
    let mut remote = Remote::established(Config::builder(NETWORK).send_pause(32).build().unwrap());
    for nonce in [1, 2] {
        remote.say(&Message::Ping(Ping { nonce }));
    }
    remote.events();
    assert!(!remote.machine.wants_read());
    // The owner pulls again after each write, as it must, and the transport takes little.
    for _ in 0..12 {
        remote.wait(Duration::from_secs(1)).unwrap();
        remote.machine.take(1, remote.now);
        remote.events();
    }
    remote.machine.take_all(remote.now);
    remote.say_bytes(&frame("ping", &[3; 8])[..25]);
    remote.events();
    let paused = Duration::from_secs(12);
    assert_eq!(remote.machine.handle_eof(remote.now), Error::CutOffWhilePaused { missing: 7, paused });
}

#[test]
fn a_frame_cut_off_after_its_owner_did_not_pull_for_long_says_so() {
    let (whole, part) = (frame("ping", &[1; 8]), &frame("ping", &[2; 8])[..25]);
    for (pause, said) in [(9, false), (10, true), (25, true)] {
        let mut remote = established();
        remote.say_bytes(&whole);
        assert!(remote.pull().unwrap().is_some());
        // The owner is busy with that event, and meanwhile the remote gives up writing.
        remote.now += Duration::from_secs(pause);
        remote.say_bytes(part);
        remote.events();
        let paused = Duration::from_secs(pause);
        let expected = match said {
            true => Error::CutOffWhilePaused { missing: 7, paused },
            false => FrameError::Truncated { missing: 7 }.into(),
        };
        let mut reset = remote.machine.fork();
        assert_eq!(remote.machine.handle_eof(remote.now), expected, "{pause} s");
        let expected = if said { expected } else { Error::TransportFailed };
        assert_eq!(
            reset.handle_transport_error(TransportError::Reset, &part[24..]),
            expected,
            "{pause} s, and a reset"
        );
    }
}

#[test]
fn a_pause_that_was_long_ago_or_in_which_nothing_was_held_explains_nothing() {
    let (whole, part) = (frame("ping", &[1; 8]), &frame("ping", &[2; 8])[..25]);
    let paused = Duration::from_secs(20);
    for (later, expected) in [
        (60, Error::CutOffWhilePaused { missing: 7, paused }),
        (61, FrameError::Truncated { missing: 7 }.into()),
    ] {
        let mut remote = established();
        remote.say_bytes(&whole);
        assert!(remote.pull().unwrap().is_some());
        remote.now += paused;
        remote.events();
        // Then it waits, as it should, and for long.
        remote.now += Duration::from_secs(later);
        remote.say_bytes(part);
        remote.events();
        assert_eq!(remote.machine.handle_eof(remote.now), expected, "{later} s later");
    }
}

#[test]
fn a_stream_that_ends_inside_a_frame_is_cut_off() {
    let ping = frame("ping", &[1; 8]);
    for (len, missing) in [(1, 23), (23, 1), (24, 8), (31, 1)] {
        assert_eq!(eof_after(&ping[..len]), FrameError::Truncated { missing }.into(), "{len} bytes");
    }
}

#[test]
fn a_transport_that_fails_says_so_wherever_it_fails() {
    for bytes in [&[][..], &frame("ping", &[1; 8])[..30]] {
        for end in [Some(TransportError::Other), Some(TransportError::Reset)] {
            let mut remote = established();
            remote.say_bytes(bytes);
            remote.events();
            assert_eq!(remote.machine.handle_end(end, remote.now), Error::TransportFailed);
        }
    }
}

#[test]
fn the_owner_closes_at_its_wish() {
    let mut pair = Pair::new(1).established();
    pair.close(Side::Inbound);
    pair.settle();
    assert_eq!(pair.failure(Side::Inbound), Some(&Error::ClosedByOwner));
    assert_eq!(pair.failure(Side::Outbound), Some(&Error::ClosedByRemote));
}

#[test]
fn what_was_written_before_a_close_arrives() {
    let mut pair = Pair::new(1).chunk(10).established();
    let mark = pair.send(Side::Outbound, &Message::GetAddr).unwrap();
    pair.set_busy(Side::Inbound, true);
    pair.settle();
    assert!(pair.peer(Side::Outbound).is_flushed(mark));
    pair.close(Side::Outbound);
    pair.set_busy(Side::Inbound, false);
    pair.settle();
    assert_eq!(pair.messages(Side::Inbound), [Message::GetAddr]);
    assert_eq!(pair.failure(Side::Inbound), Some(&Error::ClosedByRemote));
}

#[test]
fn what_was_not_written_before_a_close_is_gone() {
    let mut pair = Pair::new(1).established();
    let mark = pair.send(Side::Outbound, &Message::GetAddr).unwrap();
    pair.close(Side::Outbound);
    pair.settle();
    assert_eq!(pair.messages(Side::Inbound), []);
    assert!(!pair.peer(Side::Outbound).is_flushed(mark));
}

#[test]
fn a_half_closed_stream_ends_the_connection() {
    let mut pair = Pair::new(1).established();
    pair.half_close(Side::Outbound);
    pair.settle();
    assert_eq!(pair.failure(Side::Inbound), Some(&Error::ClosedByRemote));
    assert_eq!(pair.failure(Side::Outbound), Some(&Error::ClosedByRemote));
}

#[test]
fn a_connection_that_breaks_fails_at_both_ends() {
    let mut pair = Pair::new(1).established();
    pair.cut();
    for side in [Side::Outbound, Side::Inbound] {
        assert_eq!(pair.failure(side), Some(&Error::TransportFailed));
    }
}

#[test]
fn the_first_end_is_the_one_that_counts() {
    let mut remote = established();
    remote.say_bytes(&frame("verack", &[]));
    let first = remote.error();
    assert_eq!(remote.machine.handle_transport_error(TransportError::Other, remote.now), first);
    assert_eq!(remote.machine.handle_eof(remote.now), first);
    assert_eq!(remote.machine.close(remote.now), first);
}

#[test]
fn after_the_end_everything_returns_the_same_error_and_nothing_is_left_to_do() {
    let remote = established();
    let (mut peer, now) = (remote.machine.fork(), remote.now);
    let item = Inventory::tx(Hash::ZERO);
    let mut input = BytesMut::from(&frame("ping", &[1; 8])[..]);
    peer.peer_mut().send(&Message::Ping(Ping { nonce: 1 }), now).unwrap();
    peer.peer_mut().announce(item, now).unwrap();
    peer.receive(&mut input, now).unwrap();
    let error = peer.peer_mut().close();

    let refused = SendError::Closed(error.clone());
    input.extend_from_slice(&frame("ping", &[1; 8]));
    assert_eq!(peer.receive(&mut input, now), Err(error.clone()));
    assert_eq!(peer.handle_timeout(END_OF_TIME, &mut ChaCha8Rng::seed_from_u64(1)), Err(error.clone()));
    assert_eq!(peer.peer_mut().send(&Message::GetAddr, now), Err(refused.clone()));
    assert_eq!(peer.peer_mut().announce(item, now), Err(refused.clone()));
    assert_eq!(peer.peer_mut().announce_now(item, now), Err(refused));
    assert_eq!(peer.peer().failure(), Some(&error));
    assert_eq!(peer.peer().next_timeout(), None);
    assert!(peer.poll_transmit(now).is_empty());
    assert!(!peer.wants_read() && !peer.wants_write() && !peer.peer().is_established());
    assert_eq!((peer.peer().queued(), peer.peer().open_requests()), (0, 0));
}

#[test]
fn after_the_end_nothing_is_open_and_nothing_waits() {
    let mut remote = established();
    remote.machine.send(&getdata([block_item(1)]), remote.now).unwrap();
    remote.machine.announce(item(1), remote.now).unwrap();
    assert_eq!((remote.machine.open_requests(), remote.machine.waiting_announcements()), (1, 1));
    remote.machine.close(remote.now);
    assert_eq!((remote.machine.open_requests(), remote.machine.waiting_announcements()), (0, 0));
}

#[test]
fn misuse_after_the_end_does_no_harm() {
    let mut remote = established();
    remote.machine.close(remote.now);
    remote.machine.handle_transmitted(1000, remote.now);
    remote.machine.add_known(&Inventory::tx(Hash::ZERO), remote.now);
    remote.machine.set_best_height(1, remote.now);
    remote.machine.set_last_block(1_000_000, remote.now);
    assert!(remote.machine.poll_transmit_chunks(100, remote.now).is_empty());
    assert_eq!(remote.machine.stats().last_block, 1_000_000);
}

#[test]
fn time_that_runs_backwards_does_no_harm() {
    let mut remote = established();
    remote.wait(Duration::from_secs(100)).unwrap();
    remote.now = Time::ZERO;
    for nonce in 0..3 {
        remote.say(&Message::Ping(Ping { nonce }));
        assert_eq!(remote.events().len(), 1);
        remote.wait(Duration::ZERO).unwrap();
        remote.hears();
    }
    assert!(remote.machine.is_established());
}

#[test]
fn each_refusal_of_the_wire_keeps_the_references_name() {
    let mut bad_checksum = frame("getaddr", &[]).to_vec();
    bad_checksum[20] ^= 1;
    let mut other_network = frame("getaddr", &[]).to_vec();
    other_network[0] ^= 1;
    let mut malformed = frame("getaddr", &[]).to_vec();
    malformed[5] = 0;
    for (bytes, kind) in [
        (bad_checksum, ErrorKind::PayloadChecksum),
        (other_network, ErrorKind::WrongNetwork),
        (malformed, ErrorKind::MalformedCmd),
        (frame("reject", &[]).to_vec(), ErrorKind::UnknownCmd),
        (header("ping", 9, [0; 4]).to_vec(), ErrorKind::PayloadTooLarge),
        (frame("ping", &[1; 7]).to_vec(), ErrorKind::Truncated),
        (frame("inv", &[0, 0]).to_vec(), ErrorKind::TrailingBytes),
        (frame("inv", &[0xfd, 1, 0]).to_vec(), ErrorKind::NonCanonicalVarInt),
    ] {
        let mut remote = established();
        remote.say_bytes(&bytes);
        let error = remote.error();
        assert_eq!(error.kind(), Some(kind));
        assert!(error.is_misbehaviour() && !error.is_transient(), "{error}");
    }
}
