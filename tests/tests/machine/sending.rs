//! Sending: what is refused, and in which order bytes leave.
#![expect(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use peer_core::message::{Addr, FeeFilter, GetData, Inventory, Pong, Raw};
use peer_core::{Command, Config, Direction, ErrorKind, Event, Hash, Mark, Message, Node, SendError};
use peer_tests::pair::{Pair, Side};
use peer_tests::remote::{NETWORK, Remote, bytes_of, established, introduction, unguarded};
use peer_tests::samples::{inv_of, large_block, ping};

fn limited(limit: usize, pause: usize) -> Remote {
    let config = unguarded().send_limit(limit).send_pause(pause);
    Remote::established(config.build().unwrap())
}

/// One whose machine sends whatever it is told.
fn unguarded_remote() -> Remote {
    Remote::established(unguarded().build().unwrap())
}

/// A message whose frame is exactly `len` bytes and leaves through the bulk lane.
fn raw(len: usize) -> Message {
    let payload = Bytes::from(vec![7; len - 24]);
    Message::Raw(Raw { command: Command::new("custom").unwrap(), payload })
}

fn send(remote: &mut Remote, message: &Message) -> Mark {
    remote.machine.send(message, remote.now).unwrap()
}

fn commands(messages: &[Message]) -> Vec<String> {
    messages.iter().map(|message| message.command().to_string()).collect()
}

#[test]
fn before_the_handshake_is_complete_nothing_is_accepted() {
    let node = Node::new(Config::builder(NETWORK).build().unwrap());
    let mut remote = Remote::new(&node, Direction::Inbound);
    let refused = Err(SendError::NotEstablished);
    assert_eq!(remote.machine.send(&Message::GetAddr, remote.now), refused);
    remote.say(&introduction(12).into());
    remote.pull().unwrap();
    assert_eq!(remote.machine.send(&Message::GetAddr, remote.now), refused);
    remote.events();
    assert_eq!(commands(&remote.hears()), ["version", "verack"]);
    assert_eq!(remote.machine.send(&Message::GetAddr, remote.now), refused);
    remote.say(&Message::Verack);
    assert_eq!(remote.pull(), Ok(Some(Event::Established)));
    assert!(remote.machine.send(&Message::GetAddr, remote.now).is_ok());
}

#[test]
fn the_handshake_alone_sends_version_and_verack() {
    let mut remote = established();
    for message in [Message::Verack, introduction(12).into()] {
        let refused = SendError::HandshakeMessage(message.command());
        assert_eq!(remote.machine.send(&message, remote.now), Err(refused));
    }
}

#[test]
fn what_the_version_in_force_lacks_is_refused_and_does_no_harm() {
    let mut remote = established();
    let addr = Message::Addr(Addr::default());
    assert!(matches!(remote.machine.send(&addr, remote.now), Err(SendError::Encode(_))));
    assert!(remote.machine.is_established());
    assert!(!remote.machine.wants_write());
}

#[test]
fn every_message_arrives_as_it_was_sent() {
    for chunk in [1, 7, usize::MAX] {
        let mut pair = Pair::new(1).chunk(chunk).established();
        let messages =
            [inv_of(1), inv_of(1000), Message::FeeFilter(FeeFilter { min_fee: -1 }), Message::GetAddr];
        for message in &messages {
            pair.send(Side::Outbound, message).unwrap();
            pair.settle();
        }
        assert_eq!(pair.messages(Side::Inbound), messages);
    }
}

#[test]
fn what_the_remote_makes_us_owe_takes_no_room_from_the_owner() {
    let mut remote = limited(1000, 900);
    (0..25).for_each(|nonce| remote.say(&ping(nonce)));
    remote.events();
    assert_eq!(remote.machine.queued(), 25 * 32);
    send(&mut remote, &raw(1000));
    let refused = SendError::Full { queued: 1000, wanted: 24, limit: 1000 };
    assert_eq!(remote.machine.send(&raw(24), remote.now), Err(refused));
}

#[test]
fn a_full_queue_refuses_without_ending_the_connection() {
    let mut remote = limited(1000, 100);
    send(&mut remote, &raw(600));
    let refused = SendError::Full { queued: 600, wanted: 401, limit: 1000 };
    assert_eq!(remote.machine.send(&raw(401), remote.now), Err(refused));
    send(&mut remote, &raw(400));
    assert_eq!(remote.machine.queued(), 1000);
    assert!(remote.machine.is_established());
    // A frame takes its room until its last byte is taken, since its memory is freed as a whole.
    remote.machine.take(599, remote.now);
    let refused = SendError::Full { queued: 1000, wanted: 24, limit: 1000 };
    assert_eq!(remote.machine.send(&raw(24), remote.now), Err(refused));
    remote.machine.take(1, remote.now);
    send(&mut remote, &raw(24));
}

#[test]
fn a_message_that_can_never_fit_is_told_apart_from_a_full_queue() {
    let mut remote = limited(1000, 100);
    let never = SendError::NeverFits { wanted: 1001, limit: 1000 };
    assert_eq!(remote.machine.send(&raw(1001), remote.now), Err(never.clone()));
    assert!(!remote.machine.wants_write());
    send(&mut remote, &raw(600));
    assert_eq!(remote.machine.send(&raw(1001), remote.now), Err(never));
    let full = SendError::Full { queued: 600, wanted: 1000, limit: 1000 };
    assert_eq!(remote.machine.send(&raw(1000), remote.now), Err(full));
    remote.machine.take_all(remote.now);
    send(&mut remote, &raw(1000));
}

#[test]
fn a_mark_is_reached_when_its_last_byte_is_taken() {
    let mut remote = established();
    let mark = send(&mut remote, &Message::GetAddr);
    let next = send(&mut remote, &Message::GetAddr);
    assert_eq!(remote.machine.take(23, remote.now).len(), 23);
    assert!(!remote.machine.is_flushed(mark));
    remote.machine.take(1, remote.now);
    assert!(remote.machine.is_flushed(mark));
    assert!(!remote.machine.is_flushed(next));
}

#[test]
fn after_the_end_a_mark_tells_what_went_out() {
    let mut remote = established();
    let written = send(&mut remote, &Message::GetAddr);
    let lost = send(&mut remote, &Message::GetAddr);
    remote.machine.take(24, remote.now);
    remote.machine.close(remote.now);
    assert!(remote.machine.is_flushed(written));
    assert!(!remote.machine.is_flushed(lost));
}

#[test]
fn control_overtakes_bulk_that_was_not_shown() {
    let mut remote = established();
    for message in [inv_of(1), ping(1), inv_of(2), Message::GetAddr] {
        send(&mut remote, &message);
    }
    assert_eq!(remote.hears(), [ping(1), Message::GetAddr, inv_of(1), inv_of(2)]);
}

#[test]
fn a_pong_overtakes_bulk_too() {
    let mut remote = unguarded_remote();
    send(&mut remote, &raw(1_000_000));
    remote.say(&ping(7));
    remote.events();
    assert_eq!(remote.machine.poll_transmit(remote.now).len(), 32);
    remote.machine.handle_transmitted(32, remote.now);
    assert_eq!(remote.machine.queued(), 1_000_000);
}

#[test]
fn a_frame_that_was_shown_is_committed() {
    let mut remote = established();
    send(&mut remote, &inv_of(1));
    let shown = remote.machine.poll_transmit(remote.now);
    send(&mut remote, &ping(1));
    assert_eq!(remote.machine.poll_transmit(remote.now), shown);
    assert_eq!(remote.hears(), [inv_of(1), ping(1)]);
}

#[test]
fn a_flushed_pong_or_ping_is_no_fence_for_bulk() {
    let mut remote = established();
    let bulk = send(&mut remote, &inv_of(1));
    let control = send(&mut remote, &ping(1));
    remote.machine.take(32, remote.now);
    assert!(remote.machine.is_flushed(control));
    assert!(!remote.machine.is_flushed(bulk));
}

#[test]
fn partial_writes_of_any_size_lose_and_repeat_nothing() {
    let messages = [inv_of(300), ping(1), inv_of(1)];
    let mut at_once = established();
    for message in &messages {
        send(&mut at_once, message);
    }
    let expected = at_once.machine.take_all(at_once.now);
    for most in [1, 5, 24, 31, 1000] {
        let mut remote = established();
        for message in &messages {
            send(&mut remote, message);
        }
        let mut written = Vec::new();
        while remote.machine.wants_write() {
            written.extend(remote.machine.take(most, remote.now));
        }
        assert_eq!(written, expected, "{most} at a time");
    }
}

#[test]
fn more_sent_than_shown_counts_as_what_was_shown() {
    let mut remote = established();
    let first = send(&mut remote, &Message::GetAddr);
    let second = send(&mut remote, &Message::GetAddr);
    remote.machine.handle_transmitted(1000, remote.now);
    assert!(!remote.machine.is_flushed(first));
    remote.machine.poll_transmit(remote.now);
    remote.machine.handle_transmitted(usize::MAX, remote.now);
    assert!(remote.machine.is_flushed(first) && !remote.machine.is_flushed(second));
    assert_eq!(remote.machine.queued(), 24);
}

#[test]
fn a_small_frame_is_one_piece_and_a_large_block_is_not_copied() {
    let mut remote = unguarded_remote();
    send(&mut remote, &inv_of(100));
    assert_eq!(remote.machine.poll_transmit(remote.now).len(), 24 + 1 + 3600);
    remote.hears();

    let mut peer = remote.machine.fork();
    let block = large_block(100_000);
    peer.peer_mut().send(&Message::Block(block.clone()), remote.now).unwrap();
    let pieces: Vec<_> =
        peer.poll_transmit_chunks(usize::MAX, remote.now).map(<[u8]>::as_ptr_range).collect();
    assert_eq!(pieces.len(), 2);
    assert_eq!(pieces[1], block.as_bytes().as_ptr_range());
}

#[test]
fn what_may_be_a_part_of_something_larger_is_copied() {
    let mut remote = unguarded_remote();
    let transaction = large_block(100_000).transactions().next().unwrap();
    for message in [raw(100_024), transaction.into()] {
        send(&mut remote, &message);
        assert_eq!(
            remote.machine.poll_transmit_chunks(usize::MAX, remote.now).len(),
            1,
            "{}",
            message.command()
        );
        remote.machine.take(usize::MAX, remote.now);
    }
}

#[test]
fn chunks_are_whole_frames_until_there_is_enough() {
    let mut remote = unguarded_remote();
    let large = Message::Block(large_block(10_000));
    let body = bytes_of(&large).len() - 24;
    for message in [large.clone(), ping(1), ping(2), large] {
        send(&mut remote, &message);
    }
    let lens = |chunks: Vec<Vec<u8>>| chunks.iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(lens(remote.machine.poll_transmit_chunks(32, remote.now)), [32]);
    assert_eq!(lens(remote.machine.poll_transmit_chunks(33, remote.now)), [32, 32]);
    // What has been shown stays in front, whatever comes later.
    send(&mut remote, &ping(3));
    assert_eq!(lens(remote.machine.poll_transmit_chunks(65, remote.now)), [32, 32, 32]);
    assert_eq!(
        lens(remote.machine.poll_transmit_chunks(usize::MAX, remote.now)),
        [32, 32, 32, 24, body, 24, body]
    );
    assert_eq!(remote.machine.poll_transmit_chunks(0, remote.now).concat().len(), 3 * 32 + 2 * (24 + body));
}

#[test]
fn chunks_continue_where_a_partial_write_stopped() {
    let mut remote = unguarded_remote();
    let large = Message::Block(large_block(10_000));
    for message in [large.clone(), large, ping(1)] {
        send(&mut remote, &message);
    }
    let all = remote.machine.poll_transmit_chunks(usize::MAX, remote.now).concat();
    let mut written = 0;
    for count in [10, 22, 40, 9000, 5000] {
        written += count;
        remote.machine.handle_transmitted(count, remote.now);
        assert_eq!(remote.machine.poll_transmit_chunks(usize::MAX, remote.now).concat(), all[written..]);
        assert!(all[written..].starts_with(&remote.machine.poll_transmit(remote.now)));
    }
}

#[test]
fn a_remote_that_takes_no_answers_is_not_read() {
    let mut remote = limited(10_000, 320);
    for nonce in 0..100 {
        remote.say(&ping(nonce));
    }
    // Ten pongs are within the pause, the eleventh is the answer to one frame more.
    assert_eq!(remote.events().len(), 11);
    assert!(!remote.machine.wants_read());
    assert_eq!(remote.machine.queued(), 11 * 32);
    assert_eq!(remote.pull(), Ok(None));

    remote.machine.take(32, remote.now);
    assert!(remote.machine.wants_read());
    assert_eq!(remote.events().len(), 1);
    assert_eq!(remote.hears(), (1..12).map(|nonce| Message::Pong(Pong { nonce })).collect::<Vec<_>>());
    assert_eq!(remote.events().len(), 11);
}

#[test]
fn the_owners_messages_do_not_pause_reading() {
    let mut remote = limited(100_000, 320);
    send(&mut remote, &raw(100_000));
    assert!(remote.machine.wants_read());
    remote.say(&ping(1));
    assert_eq!(remote.events(), [Event::Message(ping(1))]);
}

#[test]
fn two_peers_that_both_send_much_do_not_deadlock() {
    for chunk in [1000, 100_000] {
        let mut pair = Pair::new(1).chunk(chunk).established();
        for _ in 0..20 {
            pair.send(Side::Outbound, &inv_of(10_000)).unwrap();
            pair.send(Side::Inbound, &inv_of(10_000)).unwrap();
        }
        pair.settle();
        assert_eq!(pair.messages(Side::Outbound).len(), 20);
        assert_eq!(pair.messages(Side::Inbound).len(), 20);
    }
}

#[test]
fn a_raw_message_is_neither_a_handshake_nor_larger_than_one_no_one_asked_for() {
    let mut remote = unguarded_remote();
    let verack = Command::new("verack").unwrap();
    let fake = Message::Raw(Raw { command: verack, payload: Bytes::new() });
    assert_eq!(remote.machine.send(&fake, remote.now), Err(SendError::HandshakeMessage(verack)));
    let limit = 2 << 20;
    send(&mut remote, &raw(24 + limit));
    let refused = remote.machine.send(&raw(24 + limit + 1), remote.now).unwrap_err();
    let SendError::Encode(error) = refused else { panic!("{refused:?}") };
    assert_eq!(error.kind(), ErrorKind::PayloadTooLarge);
}

#[test]
fn a_raw_message_does_not_speak_for_a_command_that_exists() {
    let mut remote = established();
    let ping = Raw { command: Command::new("ping").unwrap(), payload: Bytes::from_static(&[0; 100]) };
    let nameless = Raw { command: Command::from_wire([0; 12]).unwrap(), payload: Bytes::new() };
    for (raw, kind) in [(ping, ErrorKind::InvalidMsg), (nameless, ErrorKind::MalformedCmd)] {
        let refused = remote.machine.send(&Message::Raw(raw), remote.now).unwrap_err();
        let SendError::Encode(error) = refused else { panic!("{refused:?}") };
        assert_eq!(error.kind(), kind);
    }
    assert_eq!(remote.machine.queued(), 0);
}

#[test]
fn chunks_of_nothing_still_make_progress() {
    let mut remote = established();
    send(&mut remote, &ping(1));
    assert_eq!(remote.machine.poll_transmit_chunks(0, remote.now).concat().len(), 32);
}

#[test]
fn a_refused_message_leaves_no_trace() {
    let mut remote = limited(140, 32);
    send(&mut remote, &Message::GetAddr);
    let inventory = vec![Inventory::block(Hash::ZERO); 3].try_into().unwrap();
    let request = Message::GetData(GetData { inventory });
    assert!(matches!(remote.machine.send(&request, remote.now), Err(SendError::Full { .. })));
    assert_eq!(remote.machine.open_requests(), 0);
    assert_eq!(remote.machine.queued(), 24);
}

#[test]
fn a_pong_that_was_taken_in_two_parts_is_not_owed_any_more() {
    let mut remote = limited(10_000, 64);
    send(&mut remote, &raw(1000));
    for nonce in 0..20 {
        remote.say(&ping(nonce));
        assert_eq!(remote.messages().len(), 1);
        for part in [10, 22] {
            assert_eq!(remote.machine.take(part, remote.now).len(), part);
        }
        assert!(remote.machine.wants_read(), "after {nonce} pongs");
    }
}
