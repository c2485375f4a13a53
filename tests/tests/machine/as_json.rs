//! The feature `serde`: what events, ends and statistics look like. Messages are compared with the golden vectors.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;

use peer_core::message::Ping;
use peer_core::{Command, Config, Direction, Error, Event, Expected, Message, ProtocolVersion, Timer};
use peer_tests::pair::WALL_CLOCK;
use peer_tests::remote::{NETWORK, Remote, frame, introduction};
use serde_json::{json, to_value};

fn config() -> Config {
    Config::builder(NETWORK).build().unwrap()
}

#[test]
fn a_version_event_has_the_version_as_its_message() {
    let version = introduction(12);
    let event = to_value(Event::Version(Box::new(version.clone()))).unwrap();
    assert_eq!(event, json!({ "event": "version", "message": to_value(&version).unwrap() }));
    assert_eq!(event["message"]["user_agent"], "/remote:1.0.0/");
}

#[test]
fn the_end_of_the_handshake_is_a_bare_event() {
    assert_eq!(to_value(&Event::Established).unwrap(), json!({ "event": "established" }));
}

#[test]
fn a_format_that_writes_the_number_of_fields_first_reads_back_the_same() {
    let version = Event::Version(Box::new(introduction(12)));
    let message = Event::Message(Message::Ping(Ping { nonce: 7 }));
    for event in [version, Event::Established, message] {
        let bytes = rmp_serde::to_vec_named(&event).unwrap();
        let read: serde_json::Value = rmp_serde::from_slice(&bytes).unwrap();
        assert_eq!(read, to_value(&event).unwrap());
    }
}

#[test]
fn a_message_event_tells_its_command() {
    let ping = Event::Message(Message::Ping(Ping { nonce: u64::MAX }));
    let expected = json!({ "event": "message", "command": "ping", "message": { "nonce": u64::MAX } });
    assert_eq!(to_value(&ping).unwrap(), expected);
    let expected = json!({ "event": "message", "command": "getaddr", "message": {} });
    assert_eq!(to_value(Event::Message(Message::GetAddr)).unwrap(), expected);
}

#[test]
fn an_end_has_a_name_for_programs_and_its_causes_as_text() {
    let mut remote = Remote::established(config());
    remote.say_bytes(&frame("ping", &[0; 4]));
    let expected = json!({
        "reason": "Truncated",
        "detail": "bad ping message: payload ends early: a field of 8 bytes, 4 are left",
    });
    assert_eq!(to_value(remote.error()).unwrap(), expected);
}

#[test]
fn every_end_has_a_name_of_its_own() {
    let ping = Command::new("ping").unwrap();
    let min = ProtocolVersion::REMOVE_REJECT;
    let names = [
        (Error::NotVersionMessage { got: ping }, "NotVersionMessage"),
        (Error::NotVerAckMessage { got: ping }, "NotVerAckMessage"),
        (Error::Repeated(ping), "Repeated"),
        (Error::ProtocolVerTooOld { got: 8, min }, "ProtocolVerTooOld"),
        (Error::SelfConnection, "SelfConnection"),
        (Error::Unrequested(ping), "Unrequested"),
        (Error::NoBloomService(ping), "NoBloomService"),
        (Error::Timeout(Timer::Handshake), "HandshakeTimeout"),
        (Error::Timeout(Timer::Idle), "IdleTimeout"),
        (Error::Timeout(Timer::WriteStall), "WriteTimeout"),
        (Error::Stalled(Expected::Message("headers")), "Stalled"),
        (Error::ClosedByRemote, "ClosedByRemote"),
        (Error::ClosedByOwner, "ClosedByOwner"),
        (Error::TransportFailed, "TransportFailed"),
    ];
    for (error, name) in names {
        assert_eq!(error.name(), name);
        assert_eq!(to_value(&error).unwrap()["reason"], name);
    }
}

#[test]
fn statistics_have_the_names_of_their_fields_and_times_since_1970() {
    let mut remote = Remote::established(config());
    remote.wait(Duration::from_secs(5)).unwrap();
    remote.say(&Message::GetAddr);
    remote.events();

    let mut stats = remote.machine.stats();
    stats.id = 77;
    stats.last_ping_time = stats.last_recv;
    stats.last_ping_round_trip = Some(Duration::from_micros(1500));
    let expected = json!({
        "id": 77,
        "address": stats.address.to_string(),
        "direction": "inbound",
        "services": 1,
        "last_send": null,
        "last_recv": WALL_CLOCK.seconds() + 5,
        "bytes_sent": stats.bytes_sent,
        "bytes_received": stats.bytes_received,
        "connected": WALL_CLOCK.seconds(),
        "time_offset": stats.time_offset,
        "advertised_version": 12,
        "protocol_version": 12,
        "user_agent": "/remote:1.0.0/",
        "starting_height": 432_100,
        "last_block": 432_100,
        "last_ping_nonce": 0,
        "last_ping_time": WALL_CLOCK.seconds() + 5,
        "last_ping_micros": 1500,
        "commands": [],
    });
    assert_eq!(to_value(&stats).unwrap(), expected);
}

#[test]
fn counts_by_command_are_a_list() {
    let counted = Config::builder(NETWORK).count_commands(true).build().unwrap();
    let mut remote = Remote::established(counted);
    remote.say(&Message::GetAddr);
    remote.events();
    let told = to_value(remote.machine.stats()).unwrap();
    let expected = json!({
        "command": "getaddr",
        "messages_sent": 0,
        "bytes_sent": 0,
        "messages_received": 1,
        "bytes_received": 24,
    });
    assert_eq!(told["commands"][0], expected);
}

#[test]
fn timers_and_directions_are_their_texts() {
    assert_eq!(to_value(Timer::WriteStall).unwrap(), "write stall");
    assert_eq!(to_value(Direction::Outbound).unwrap(), "outbound");
}
