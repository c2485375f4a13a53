//! Protocol versions 1 to 8: some ends are explained to the remote by a `reject`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;

use bytes::Bytes;
use peer_core::message::{Ping, Reject, RejectCode};
use peer_core::{
    Command, Config, Direction, Error, ErrorKind, Event, Message, Node, ProtocolVersion, SendError, Timer,
    TransportError,
};
use peer_tests::pair::{Pair, Side};
use peer_tests::remote::{NETWORK, Remote, established_at, frame, introduction};
use peer_tests::samples::{block, large_block, ping, tx_item};

fn config(min: u32, max: u32) -> Config {
    let builder = Config::builder(NETWORK).min_protocol_version(min.into()).protocol_version(max.into());
    builder.build().unwrap()
}

fn new(config: Config, direction: Direction) -> Remote {
    Remote::new(&Node::new(config), direction)
}

fn command(name: &str) -> Command {
    Command::new(name).unwrap()
}

/// Pulls until reading stops, and hears the last word.
fn last_words(remote: &mut Remote) -> Vec<Message> {
    remote.events();
    assert!(!remote.machine.wants_read(), "it goes on reading");
    remote.hears()
}

fn reject(command: &str, code: RejectCode, reason: &str) -> Message {
    Reject::new(command, code, reason, None).unwrap().into()
}

/// A machine that has sent its reject is done, without another call.
fn assert_ended(remote: &mut Remote, error: &Error) {
    assert_eq!(remote.machine.failure(), Some(error));
    assert_eq!(remote.pull(), Err(error.clone()));
}

/// How the connection ends, and that nothing is said before.
fn end_without_a_word(remote: &mut Remote) -> Error {
    loop {
        match remote.pull() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("not over, and said {:?}", remote.hears()),
            Err(error) => return error,
        }
    }
}

// Rejects before the end.

#[test]
fn the_final_reject_fits_behind_a_full_queue() {
    let limit = 3000;
    let builder = Config::builder(NETWORK).min_protocol_version(1.into()).protocol_version(8.into());
    let config = builder.send_limit(limit).send_pause(128).build().unwrap();
    let mut remote = Remote::established(config);
    while remote.machine.send(&Message::GetAddr, remote.now).is_ok() {}
    remote.machine.poll_transmit_chunks(usize::MAX, remote.now);
    // Four pongs are owed and shown, and then comes what ends the connection.
    (0..4).for_each(|nonce| remote.say(&Message::Ping(Ping { nonce })));
    remote.events();
    remote.machine.poll_transmit_chunks(usize::MAX, remote.now);
    remote.say_bytes(&frame("nonsense", &[]));
    let words = last_words(&mut remote);
    assert!(matches!(words.last(), Some(Message::Reject(_))), "{words:?}");
    assert_eq!(words.len(), 3000 / 24 + 4 + 1);
}

#[test]
fn a_first_message_other_than_version_is_rejected_and_ends_the_connection() {
    for direction in [Direction::Inbound, Direction::Outbound] {
        let mut remote = new(config(1, 8), direction);
        remote.hears();
        remote.say(&Message::Verack);
        let expected = reject("verack", RejectCode::MALFORMED, "A version message must precede all others");
        assert_eq!(last_words(&mut remote), [expected]);
        assert_ended(&mut remote, &Error::NotVersionMessage { got: command("verack") });
    }
}

#[test]
fn a_version_that_is_too_old_is_rejected_and_ends_the_connection() {
    for (min, got) in [(1, 0), (1, -1), (5, 4)] {
        let mut remote = new(config(min, 8), Direction::Inbound);
        remote.say(&introduction(got).into());
        assert!(matches!(remote.pull(), Ok(Some(Event::Version(_)))));
        let reason = format!("protocol version must be {min} or greater");
        assert_eq!(last_words(&mut remote), [reject("version", RejectCode::OBSOLETE, &reason)]);
        assert_ended(&mut remote, &Error::ProtocolVerTooOld { got, min: min.into() });
    }
}

#[test]
fn the_final_reject_is_sent_once_however_often_the_owner_polls() {
    let mut remote = new(config(5, 8), Direction::Inbound);
    remote.say(&introduction(4).into());
    remote.events();
    for _ in 0..3 {
        assert_eq!(remote.pull(), Ok(None));
    }
    assert_eq!(remote.hears().len(), 1);
}

/// All marks are flushed: only the last word, which none counts, waits to be written.
#[test]
fn the_final_reject_is_sent_although_the_owner_finishes() {
    let mut remote = new(config(1, 8), Direction::Inbound);
    remote.say(&Message::Verack);
    assert_eq!(remote.pull(), Ok(None));
    remote.machine.finish(remote.now);
    assert_eq!(remote.machine.failure(), None);
    let expected = reject("verack", RejectCode::MALFORMED, "A version message must precede all others");
    assert_eq!(remote.hears(), [expected]);
    assert_ended(&mut remote, &Error::NotVersionMessage { got: command("verack") });
}

#[test]
fn a_second_version_is_rejected_and_ends_the_connection() {
    let mut remote = established_at(8);
    remote.say(&introduction(8).into());
    let expected = reject("version", RejectCode::DUPLICATE, "duplicate version message");
    assert_eq!(last_words(&mut remote), [expected]);
    assert_ended(&mut remote, &Error::Repeated(command("version")));
}

#[test]
fn a_second_verack_ends_the_connection_without_a_reject() {
    let mut remote = established_at(8);
    remote.say(&Message::Verack);
    assert_eq!(end_without_a_word(&mut remote), Error::Repeated(command("verack")));
}

#[test]
fn malformed_input_is_rejected_and_ends_the_connection() {
    let mut other_network = frame("getaddr", &[]).to_vec();
    other_network[0] ^= 1;
    for (bytes, kind, text) in [
        (frame("ping", &[1; 7]), ErrorKind::Truncated, "bad ping message"),
        (frame("nonsense", &[]), ErrorKind::UnknownCmd, "unknown command"),
        (Bytes::from(other_network), ErrorKind::WrongNetwork, "frame of another network"),
    ] {
        let mut remote = established_at(8);
        remote.say_bytes(&bytes);
        let words = last_words(&mut remote);
        let [Message::Reject(reject)] = &words[..] else { panic!("{words:?}") };
        assert_eq!((&reject.command()[..], reject.code()), (&b"malformed"[..], RejectCode::MALFORMED));
        let reason = String::from_utf8(reject.reason().to_vec()).unwrap();
        let start = format!("Can't read message from 192.0.2.7:18555 (inbound): {text}");
        assert!(reason.starts_with(&start), "{reason}");
        assert_eq!(remote.machine.failure().and_then(Error::kind), Some(kind));
    }
}

#[test]
fn malformed_input_before_the_version_ends_the_connection_without_a_reject() {
    let mut remote = new(config(1, 8), Direction::Inbound);
    remote.say_bytes(&frame("version", &[0; 10]));
    assert_eq!(end_without_a_word(&mut remote).kind(), Some(ErrorKind::Truncated));
}

#[test]
fn malformed_input_before_the_verack_is_rejected_after_our_introduction() {
    let mut remote = new(config(1, 8), Direction::Inbound);
    remote.say(&introduction(8).into());
    remote.say_bytes(&frame("ping", &[1; 7]));
    remote.events();
    let names: Vec<_> = remote.hears().iter().map(|message| message.command().to_string()).collect();
    assert_eq!(names, ["version", "verack", "reject"]);
}

#[test]
fn malformed_input_followed_by_silence_cannot_hold_the_connection() {
    let mut remote = established_at(8);
    remote.say_bytes(&frame("ping", &[1; 7]));
    assert_eq!(remote.pull(), Ok(None));
    remote.machine.poll_transmit(remote.now);
    assert_eq!(remote.deadline(), Some((Duration::from_secs(20), Timer::WriteStall)));
    let (_, result) = remote.wait_for_deadline();
    assert_eq!(result.unwrap_err().kind(), Some(ErrorKind::Truncated));
}

#[test]
fn the_final_reject_waits_only_for_the_frame_that_was_offered() {
    let mut remote = established_at(8);
    remote.machine.send(&Message::Block(large_block(10_000)), remote.now).unwrap();
    let unwritten = remote.machine.send(&Message::Block(block(1)), remote.now).unwrap();
    let first = remote.machine.take(10, remote.now);
    remote.say_bytes(&frame("ping", &[1; 7]));
    remote.events();
    remote.understand(&first);
    let names: Vec<_> = remote.hears().iter().map(|message| message.command().to_string()).collect();
    assert_eq!(names, ["block", "reject"]);
    assert!(!remote.machine.is_flushed(unwritten));
}

#[test]
fn frames_dropped_for_the_final_reject_never_count_as_flushed() {
    let mut remote = established_at(8);
    remote.machine.send(&Message::Block(large_block(10_000)), remote.now).unwrap();
    remote.machine.take(10, remote.now);
    let dropped = remote.machine.send(&Message::GetAddr, remote.now).unwrap();
    remote.say_bytes(&frame("ping", &[1; 7]));
    remote.events();
    remote.machine.take_all(remote.now);
    assert!(remote.machine.failure().is_some());
    assert!(!remote.machine.is_flushed(dropped));
}

#[test]
fn nothing_is_accepted_or_sent_between_the_final_reject_and_the_end() {
    let mut remote = established_at(8);
    remote.say_bytes(&frame("ping", &[1; 7]));
    remote.say(&Message::Ping(Ping { nonce: 1 }));
    assert_eq!(remote.pull(), Ok(None));
    assert_eq!(remote.machine.input().len(), 32);
    assert!(remote.machine.send(&Message::GetAddr, remote.now).is_err());
    assert!(!remote.machine.is_established());
    assert_eq!(remote.machine.close(remote.now).kind(), Some(ErrorKind::Truncated));
}

#[test]
fn no_reject_is_sent_where_the_lowest_version_is_9_or_the_remote_speaks_it() {
    let mut remote = Remote::established(config(9, 12));
    remote.say(&introduction(12).into());
    assert_eq!(end_without_a_word(&mut remote), Error::Repeated(command("version")));

    let mut remote = established_at(9);
    remote.say_bytes(&frame("ping", &[1; 7]));
    assert_eq!(end_without_a_word(&mut remote).kind(), Some(ErrorKind::Truncated));

    let mut remote = new(config(9, 12), Direction::Inbound);
    remote.say(&introduction(8).into());
    let min = ProtocolVersion::REMOVE_REJECT;
    assert_eq!(end_without_a_word(&mut remote), Error::ProtocolVerTooOld { got: 8, min });
}

#[test]
fn the_final_reject_reaches_the_other_peer_below_version_9() {
    let mut pair = Pair::with_configs(1, config(1, 4), config(5, 8));
    pair.settle();
    let min = ProtocolVersion::FEE_FILTER;
    assert_eq!(pair.failure(Side::Inbound), Some(&Error::ProtocolVerTooOld { got: 4, min }));
    let why = refusal("protocol version must be 5 or greater");
    assert_eq!(pair.failure(Side::Outbound), Some(&Error::Rejected(Box::new(why))));
}

fn refusal(reason: &str) -> Reject {
    Reject::new("version", RejectCode::OBSOLETE, reason, None).unwrap()
}

#[test]
fn a_dialled_remote_may_send_a_reject_instead_of_its_version() {
    let mut remote = new(config(1, 8), Direction::Outbound);
    remote.hears();
    remote.say(&refusal("protocol version must be 9 or greater").into());
    // As the old era did, whatever came before a version.
    let expected = reject("reject", RejectCode::MALFORMED, "A version message must precede all others");
    assert_eq!(last_words(&mut remote), [expected]);
    let error = remote.machine.failure().unwrap();
    assert_eq!(*error, Error::Rejected(Box::new(refusal("protocol version must be 9 or greater"))));
    assert!(!error.is_misbehaviour() && !error.is_transient());
    let words = "refused by the remote: cmd version, code REJECT_OBSOLETE, reason protocol version must be 9 or greater";
    assert_eq!(error.to_string(), words);
}

#[test]
fn a_reject_followed_by_eof_is_understood() {
    let mut remote = new(config(1, 8), Direction::Outbound);
    remote.say(&refusal("no").into());
    assert_eq!(remote.pull(), Ok(None));
    let error = remote.machine.handle_eof(remote.now);
    assert_eq!(error, Error::Rejected(Box::new(refusal("no"))));
}

#[test]
fn a_reject_after_the_version_followed_by_eof_is_understood() {
    for direction in [Direction::Outbound, Direction::Inbound] {
        for end in [None, Some(TransportError::Other)] {
            let mut remote = new(config(1, 8), direction);
            remote.introduce(8.into());
            remote.say(&Message::GetAddr);
            remote.say(&refusal("required services 0x1 not offered").into());
            assert_eq!(remote.pull(), Ok(None));
            let expected = Error::Rejected(Box::new(refusal("required services 0x1 not offered")));
            assert_eq!(remote.machine.handle_end(end, remote.now), expected);
        }
    }
}

#[test]
fn an_early_reject_of_something_else_or_before_other_messages_is_no_refusal() {
    let other = Reject::new("getaddr", RejectCode::NONSTANDARD, "no", None).unwrap();
    let mut remote = new(config(1, 8), Direction::Inbound);
    remote.introduce(8.into());
    remote.say(&other.clone().into());
    assert_eq!(remote.pull(), Ok(None));
    assert_eq!(remote.machine.handle_eof(remote.now), Error::ClosedBeforeVerack);

    let mut remote = new(config(1, 8), Direction::Inbound);
    remote.introduce(8.into());
    remote.say(&refusal("no").into());
    remote.say(&Message::Verack);
    let refused = Event::Message(refusal("no").into());
    assert_eq!(remote.events(), [Event::Established, refused]);
    assert_eq!(remote.machine.handle_eof(remote.now), Error::ClosedByRemote);
}

#[test]
fn an_unread_final_reject_has_the_write_stall_of_any_frame() {
    let mut remote = established_at(8);
    remote.say_bytes(&frame("nonsense", &[]));
    assert_eq!(remote.pull(), Ok(None));
    assert!(remote.machine.failure().is_none() && remote.machine.wants_write());
    assert_eq!(remote.deadline(), Some((Duration::from_secs(20), Timer::WriteStall)));
    let (_, end) = remote.wait_for_deadline();
    assert_eq!(end.unwrap_err().kind(), Some(ErrorKind::UnknownCmd));
}

#[test]
fn the_text_of_a_refusal_is_printable_whatever_the_remote_sent() {
    let mut remote = new(config(1, 8), Direction::Outbound);
    let payload = [&b"\x09ver\x1b[2Jon\x11"[..], &[200], &[b'\n'; 200]].concat();
    remote.say_bytes(&frame("reject", &payload));
    remote.events();
    remote.hears();
    let text = remote.machine.failure().unwrap().to_string();
    assert_eq!(text, "refused by the remote: cmd ver2Jon, code REJECT_OBSOLETE, reason ");
}

#[test]
fn an_inbound_remote_cannot_refuse_our_version() {
    let mut remote = new(config(1, 8), Direction::Inbound);
    remote.say(&refusal("no").into());
    last_words(&mut remote);
    assert_ended(&mut remote, &Error::NotVersionMessage { got: command("reject") });
}

#[test]
fn from_version_9_on_a_refusal_is_an_unknown_command() {
    let mut remote = new(config(1, 9), Direction::Outbound);
    let payload = [&b"\x07version\x11\x02no"[..]].concat();
    remote.say_bytes(&frame("reject", &payload));
    assert_eq!(end_without_a_word(&mut remote).kind(), Some(ErrorKind::UnknownCmd));
}

#[test]
fn after_the_final_reject_only_the_write_stall_runs() {
    for bytes in [frame("ping", &[1; 7]), frame("nonsense", &[])] {
        let mut remote = established_at(8);
        assert_eq!(remote.pull(), Ok(None));
        // A ping is due in a second, silence would end the connection in 14, and a batch leaves before both.
        remote.wait(Duration::from_secs(106)).unwrap();
        remote.machine.announce(tx_item(1), remote.now).unwrap();
        remote.say_bytes(&bytes);
        assert_eq!(remote.pull(), Ok(None));
        assert_eq!(remote.deadline(), Some((Duration::from_secs(20), Timer::WriteStall)));
        let queued = remote.machine.queued();
        remote.wait(Duration::from_secs(19)).unwrap();
        assert_eq!(remote.machine.queued(), queued);
    }
}

#[test]
fn commands_report_the_reason_while_the_final_reject_waits() {
    let mut remote = established_at(8);
    remote.say_bytes(&frame("nonsense", &[]));
    assert_eq!(remote.pull(), Ok(None));
    let Err(SendError::Closed(why)) = remote.machine.send(&Message::GetAddr, remote.now) else {
        panic!("sent")
    };
    assert_eq!(why.kind(), Some(ErrorKind::UnknownCmd));
}

#[test]
fn a_pong_that_was_offered_is_written_before_the_final_reject() {
    let mut remote = established_at(8);
    remote.say(&ping(1));
    remote.events();
    remote.machine.poll_transmit(remote.now);
    remote.say_bytes(&frame("ping", &[0; 7]));
    remote.events();
    let heard = remote.hears();
    assert!(matches!(heard[..], [Message::Pong(_), Message::Reject(_)]), "{heard:?}");
}
