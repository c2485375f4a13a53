//! Streams at their worst: blocking, partial, interrupted.

use core::time::Duration;
use std::io::ErrorKind;

use peer_core::{Direction, Error, Event, Message, Timer};
use peer_tests::samples::{getdata, large_block, tx_item};

use crate::mio::scripted::{Answer, BLOCK, Set, bytes_of, ended, hands, inv_of, name, ping};

#[test]
fn blocking_after_every_byte_in_both_directions_still_shakes_hands() {
    let mut set = Set::new();
    let (id, stream) = set.add(Direction::Outbound);
    stream.script().reads = hands().into_iter().flat_map(|byte| [Answer::Bytes(vec![byte]), BLOCK]).collect();
    stream.script().writes =
        (0..2000).map(|turn| if turn % 2 == 0 { Answer::Take(1) } else { BLOCK }).collect();
    let mut names = Vec::new();
    while names.len() < 2 || stream.script().commands().len() < 2 {
        names.extend(set.drain().iter().map(|(_, happened)| name(happened)));
        set.peers.wake(id);
    }
    assert_eq!(names, ["version", "established"]);
    assert_eq!(stream.script().commands(), ["version", "verack"]);
    assert!(stream.script().taken.iter().all(|taken| taken.len() == 1));
}

#[test]
fn a_stream_that_would_block_is_not_asked_again_before_it_is_ready() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    assert!(set.events().is_empty());
    stream.script().say(bytes_of(&ping(1)));
    assert!(set.events().is_empty());
    assert_eq!(stream.script().reads.len(), 1);
    set.peers.wake(id);
    assert_eq!(set.events(), [(id, Event::Message(ping(1)))]);
}

#[test]
fn a_stream_that_takes_a_byte_at_a_time_gets_everything_in_order() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().writes = vec![Answer::Take(1); 10_000].into();
    let messages = [inv_of(50), Message::GetAddr, inv_of(60)];
    for message in &messages {
        set.send(id, message).unwrap();
    }
    assert!(set.events().is_empty());
    let [first, control, second] = messages.each_ref().map(bytes_of);
    assert_eq!(stream.script().sent, [control, first, second].concat());
}

#[test]
fn an_interrupted_call_is_made_again() {
    let mut set = Set::new();
    let (_, stream) = set.add(Direction::Outbound);
    let interrupted = Answer::Fail(ErrorKind::Interrupted);
    stream.script().reads = [interrupted.clone(), Answer::Bytes(hands()), interrupted.clone()].into();
    stream.script().writes = [interrupted.clone(), interrupted].into();
    let names: Vec<_> = set.drain().iter().map(|(_, happened)| name(happened)).collect();
    assert_eq!(names, ["version", "established"]);
    assert_eq!(stream.script().commands(), ["version", "verack"]);
}

#[test]
fn small_frames_leave_in_one_write() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    for nonce in 0..50 {
        set.send(id, &ping(nonce)).unwrap();
    }
    set.events();
    assert_eq!(stream.script().taken.len(), 1);
    assert_eq!(stream.script().commands(), ["ping"; 50]);
}

#[test]
fn a_header_leaves_with_its_shared_payload() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    let block = Message::Block(large_block(10_000));
    set.send(id, &block).unwrap();
    set.events();
    assert_eq!(stream.script().taken, [bytes_of(&block)]);
}

#[test]
fn a_stream_that_writes_only_the_first_piece_does_as_well() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().plain = true;
    let block = Message::Block(large_block(100_000));
    set.send(id, &block).unwrap();
    set.send(id, &ping(1)).unwrap();
    set.events();
    assert_eq!(stream.script().sent, [bytes_of(&ping(1)), bytes_of(&block)].concat());
}

#[test]
fn a_stream_that_holds_bytes_back_is_flushed() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().buffers = true;
    set.send(id, &ping(1)).unwrap();
    set.events();
    assert_eq!(stream.script().commands(), ["ping"]);
}

#[test]
fn a_message_in_pieces_of_any_size_is_the_same_message() {
    for size in [1, 7, 24, 1000, 65_535, 65_537] {
        let mut set = Set::new();
        let (id, stream) = set.established();
        let message = inv_of(5000);
        let pieces = bytes_of(&message);
        stream.script().reads = pieces.chunks(size).map(|piece| Answer::Bytes(piece.to_vec())).collect();
        set.peers.wake(id);
        assert_eq!(set.events(), [(id, Event::Message(message))], "in pieces of {size}");
    }
}

#[test]
fn what_is_not_flushed_is_not_sent_and_not_offered_again() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().buffers = true;
    stream.script().jams = true;
    let mark = set.send(id, &ping(1)).unwrap();
    set.events();
    set.peers.wake(id);
    set.events();
    assert!(!set.peers.get(id).unwrap().is_flushed(mark));

    stream.script().jams = false;
    set.peers.wake(id);
    set.events();
    assert!(set.peers.get(id).unwrap().is_flushed(mark));
    assert_eq!(stream.script().commands(), ["ping"]);
    assert_eq!(stream.script().taken.len(), 1);
}

#[test]
fn a_stream_that_takes_but_cannot_flush_ends_by_the_write_stall() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().buffers = true;
    stream.script().jams = true;
    set.send(id, &getdata([tx_item(1)])).unwrap();
    set.events();
    set.peers.advance(Duration::from_secs(20));
    assert_eq!(set.end().1, ended(Error::Timeout(Timer::WriteStall)));
}

#[test]
fn finishing_waits_for_the_flush() {
    let mut set = Set::new();
    let (id, stream) = set.established();
    stream.script().buffers = true;
    stream.script().jams = true;
    set.send(id, &ping(1)).unwrap();
    set.peers.finish(id);
    assert!(set.events().is_empty());
    stream.script().jams = false;
    set.peers.wake(id);
    assert_eq!(set.end().1, ended(Error::ClosedByOwner));
    assert_eq!(stream.script().commands(), ["ping"]);
}
