//! What the owner can choose: unknown commands, answers that no one asked for, raw messages. And what an end
//! says of the remote.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;

use bytes::Bytes;
use peer_core::message::{GetInitState, Inventory, List, Raw, Reject, RejectCode};
use peer_core::{
    BannableMessages, CodecError, Command, Config, ConfigBuilder, Direction, Error, ErrorKind, Excess,
    Expected, FrameError, Hash, Message, Network, Node, ProtocolVersion, Timer, UnknownCommands,
    UnrequestedAnswers,
};
use peer_tests::pair::{Pair, Side};
use peer_tests::remote::{NETWORK, Remote, frame, header, unguarded};
use peer_tests::samples::{block, block_item, getdata, notfound, tx_item};

const LIMIT: usize = 1000;

fn config(policy: UnknownCommands) -> Config {
    builder().unknown_commands(policy).build().unwrap()
}

fn builder() -> ConfigBuilder {
    Config::builder(NETWORK).max_unrequested(LIMIT)
}

fn established(policy: UnknownCommands) -> Remote {
    Remote::established(config(policy))
}

fn command(name: &str) -> Command {
    Command::new(name).unwrap()
}

fn raw(name: &str, payload: &'static [u8]) -> Message {
    Message::Raw(Raw { command: command(name), payload: Bytes::from_static(payload) })
}

fn kind(error: &Error) -> ErrorKind {
    error.kind().unwrap()
}

// Unknown commands.

#[test]
fn by_default_an_unknown_command_ends_the_connection_from_its_header() {
    let mut remote = Remote::established(Config::builder(NETWORK).build().unwrap());
    remote.say_bytes(&header("custom", 0, [0; 4]));
    let error = remote.error();
    assert_eq!(error, FrameError::UnknownCmd(command("custom")).into());
    assert!(error.is_misbehaviour());
}

#[test]
fn an_ignored_command_is_read_and_dropped() {
    let mut remote = established(UnknownCommands::Ignore);
    for payload in [&[][..], &[1; LIMIT]] {
        remote.say_bytes(&frame("custom", payload));
        remote.say(&Message::GetAddr);
        assert_eq!(remote.messages(), [Message::GetAddr]);
    }
    assert!(remote.machine.input().is_empty());
}

#[test]
fn a_delivered_command_surfaces_as_it_is() {
    let mut remote = established(UnknownCommands::Deliver);
    for payload in [&[][..], &[1, 2, 3]] {
        remote.say_bytes(&frame("custom", payload));
        assert_eq!(remote.messages(), [raw("custom", payload)]);
    }
}

#[test]
fn an_ignored_command_is_a_sign_of_life() {
    let mut remote = established(UnknownCommands::Ignore);
    remote.wait(Duration::from_secs(100)).unwrap();
    remote.say_bytes(&frame("custom", &[]));
    assert_eq!(remote.pull(), Ok(None));
    assert_eq!(remote.machine.stats().last_recv, Some(remote.now));
    let mut timers = Vec::new();
    while remote.machine.failure().is_none() {
        let (timer, _) = remote.wait_for_deadline();
        remote.hears();
        timers.push((remote.now.elapsed().as_secs(), timer));
    }
    assert_eq!(timers.last(), Some(&(220, Timer::Idle)));
}

#[test]
fn an_unknown_command_has_the_limit_of_unrequested_payloads() {
    for policy in [UnknownCommands::Ignore, UnknownCommands::Deliver] {
        let mut remote = established(policy);
        remote.say_bytes(&header("custom", LIMIT + 1, [0; 4]));
        assert_eq!(kind(&remote.error()), ErrorKind::PayloadTooLarge);
        let mut remote = established(policy);
        remote.say_bytes(&header("custom", LIMIT, [0; 4]));
        assert_eq!(remote.pull(), Ok(None));
    }
}

#[test]
fn an_unknown_command_must_have_a_right_checksum_and_name_under_every_policy() {
    for policy in [UnknownCommands::Ignore, UnknownCommands::Deliver] {
        let mut remote = established(policy);
        remote.say_bytes(&header("custom", 0, [0; 4]));
        assert_eq!(kind(&remote.error()), ErrorKind::PayloadChecksum);
        let mut bytes = frame("custom", &[]).to_vec();
        bytes[4] = 1;
        let mut remote = established(policy);
        remote.say_bytes(&bytes);
        assert_eq!(kind(&remote.error()), ErrorKind::MalformedCmd);
    }
}

#[test]
fn a_command_of_another_era_is_an_unknown_one() {
    for (name, version) in
        [("reject", 12), ("alert", 9), ("filterclear", 9), ("merkleblock", 9), ("merkleblock", 12)]
    {
        let mut remote = Remote::established_at(config(UnknownCommands::Deliver), version.into());
        remote.say_bytes(&frame(name, &[9]));
        assert_eq!(remote.messages(), [raw(name, &[9])]);
        assert!(remote.machine.is_established());
    }
}

#[test]
fn a_known_command_is_never_raw() {
    let mut remote = established(UnknownCommands::Deliver);
    remote.say_bytes(&frame("ping", &[1; 7]));
    assert_eq!(kind(&remote.error()), ErrorKind::Truncated);
}

#[test]
fn an_unknown_command_does_not_replace_version_or_verack() {
    for policy in [UnknownCommands::Ignore, UnknownCommands::Deliver] {
        let node = Node::new(config(policy));
        let mut remote = Remote::new(&node, Direction::Inbound);
        remote.say_bytes(&frame("custom", &[]));
        assert_eq!(remote.error(), Error::NotVersionMessage { got: command("custom") });
        let mut remote = Remote::new(&node, Direction::Inbound);
        remote.introduce(12.into());
        remote.say_bytes(&frame("custom", &[]));
        assert_eq!(remote.error(), Error::NotVerAckMessage { got: command("custom") });
    }
}

#[test]
fn an_unknown_command_that_came_early_has_its_policy_in_the_end() {
    for (policy, expected) in
        [(UnknownCommands::Ignore, vec![]), (UnknownCommands::Deliver, vec![raw("custom", &[1])])]
    {
        let mut remote = Remote::new(&Node::new(config(policy)), Direction::Inbound);
        remote.introduce(11.into());
        remote.say_bytes(&frame("custom", &[1]));
        remote.say(&Message::Verack);
        assert_eq!(remote.messages(), expected);
        assert!(remote.machine.is_established());
    }
}

// Raw messages.

#[test]
fn raw_messages_go_both_ways() {
    let config =
        builder().unknown_commands(UnknownCommands::Deliver).bannable_messages(BannableMessages::Send);
    let config = config.build().unwrap();
    let mut pair = Pair::with_configs(1, config.clone(), config).established();
    let message = raw("custom", &[7; LIMIT]);
    for side in [Side::Outbound, Side::Inbound] {
        pair.send(side, &message).unwrap();
    }
    pair.settle();
    for side in [Side::Outbound, Side::Inbound] {
        assert_eq!(pair.messages(side), *core::slice::from_ref(&message));
    }
}

// Answers that no one asked for.

#[test]
fn by_default_an_answer_that_no_one_asked_for_ends_the_connection() {
    for (message, name) in [(Message::Block(block(1)), "block"), (notfound([tx_item(1)]), "notfound")] {
        let mut remote = established(UnknownCommands::Refuse);
        remote.say(&message);
        let error = remote.error();
        assert_eq!(error, Error::Unrequested(command(name)));
        assert!(error.is_misbehaviour() && !error.is_transient());
    }
}

#[test]
fn an_answer_that_no_one_asked_for_is_delivered_where_the_policy_says_so() {
    let config = builder().unrequested_answers(UnrequestedAnswers::Deliver).build().unwrap();
    let mut remote = Remote::established(config);
    for message in [Message::Block(block(1)), notfound([tx_item(1)])] {
        remote.say(&message);
        assert_eq!(remote.messages(), [message]);
    }
    remote.machine.send(&getdata([block_item(1)]), remote.now).unwrap();
    remote.say(&Message::Block(block(1)));
    assert_eq!(remote.messages(), [Message::Block(block(1))]);
    assert_eq!(remote.machine.open_requests(), 0);
}

// What an end says of the remote.

/// Every reason, and whether it is misbehaviour, and whether to come back.
fn reasons() -> Vec<(Error, bool, bool)> {
    let (ping, min) = (command("ping"), ProtocolVersion::REMOVE_REJECT);
    let excess = Excess { got: 9, max: 8 };
    let refusal = Reject::new("version", RejectCode::OBSOLETE, "too old", None).unwrap();
    let bad = |frame: FrameError| (Error::from(frame), true, false);
    vec![
        bad(FrameError::PayloadTooLarge { command: Some(ping), excess }),
        bad(FrameError::WrongNetwork(Network::MAINNET)),
        bad(FrameError::MalformedCmd([1; 12])),
        bad(FrameError::UnknownCmd(ping)),
        bad(FrameError::PayloadChecksum { command: ping, declared: [0; 4], computed: [1; 4] }),
        bad(FrameError::Payload { command: ping, cause: CodecError::Truncated { needed: 8, available: 7 } }),
        (FrameError::Truncated { missing: 1 }.into(), false, true),
        (Error::NotVersionMessage { got: ping }, true, false),
        (Error::NotVerAckMessage { got: ping }, true, false),
        (Error::Repeated(ping), true, false),
        (Error::ProtocolVerTooOld { got: 8, min }, false, false),
        (Error::Rejected(Box::new(refusal)), false, false),
        (Error::SelfConnection, false, false),
        (Error::Unrequested(ping), true, false),
        (Error::NoBloomService(ping), true, false),
        (Error::Timeout(Timer::Handshake), false, true),
        (Error::Timeout(Timer::Idle), false, true),
        (Error::Timeout(Timer::WriteStall), false, true),
        (Error::Stalled(Expected::Item(Box::new(Inventory::tx(Hash::ZERO)))), false, true),
        (Error::Stalled(Expected::Message("initstate")), false, true),
        (Error::ClosedByRemote, false, true),
        (Error::ClosedByOwner, false, true),
        (Error::TransportFailed, false, true),
    ]
}

#[test]
fn every_end_tells_whether_the_remote_misbehaved_and_whether_to_come_back() {
    for (error, is_misbehaviour, is_transient) in reasons() {
        assert_eq!(error.is_misbehaviour(), is_misbehaviour, "{error}");
        assert_eq!(error.is_transient(), is_transient, "{error}");
    }
}

#[test]
fn every_end_has_a_text_of_its_own() {
    let mut texts: Vec<_> = reasons().iter().map(|(error, ..)| error.to_string()).collect();
    let count = texts.len();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), count, "{texts:?}");
    for text in texts {
        assert!(!text.ends_with('.') && text.chars().all(|c| matches!(c, ' '..='~')), "{text}");
    }
}

#[test]
fn an_answer_that_comes_twice_before_its_request_is_reported_is_delivered_where_the_policy_says_so() {
    let config = unguarded().unrequested_answers(UnrequestedAnswers::Deliver).build().unwrap();
    let mut remote = Remote::established(config);
    let request = GetInitState { types: List::new() };
    remote.machine.send(&request.into(), remote.now).unwrap();
    let written = remote.machine.poll_transmit(remote.now).len();
    for _ in 0..2 {
        remote.say(&Message::InitState(Box::default()));
    }
    assert_eq!(remote.messages().len(), 2);
    remote.machine.handle_transmitted(written, remote.now);
}
