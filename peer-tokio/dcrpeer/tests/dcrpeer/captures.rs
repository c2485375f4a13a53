//! `decode` of recordings and captures: streams put together by sequence number, and what is missing told.

use std::fs;
use std::path::Path;

use peer_core::message::Ping;
use peer_core::{Message, Network, ProtocolVersion, frame};
use peer_tests::recordings::hello;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Run, run, run_with};

/// The dialer's first sequence number: it wraps within the first frames.
const DIALER: u32 = u32::MAX - 40;
const LISTENER: u32 = 7000;

const SYN: u8 = 2;
const ACK: u8 = 16;

fn ping(nonce: u64) -> Vec<u8> {
    frame::encode(&Message::Ping(Ping { nonce }), Network::SIMNET, ProtocolVersion::LATEST).unwrap().to_vec()
}

/// A packet of the dialer, `offset` bytes behind its first byte.
fn from_dialer(offset: u32, acknowledged: u32, payload: &[u8]) -> Vec<u8> {
    let (sequence, acknowledged) = (DIALER.wrapping_add(1 + offset), LISTENER + 1 + acknowledged);
    packet([40_000, 18_555], sequence, acknowledged, ACK, payload)
}

fn from_listener(acknowledged: u32) -> Vec<u8> {
    packet([18_555, 40_000], LISTENER + 1, DIALER.wrapping_add(1 + acknowledged), ACK, &[])
}

/// Both sides' first segments.
fn opening() -> [Vec<u8>; 2] {
    [
        packet([40_000, 18_555], DIALER, 0, SYN, &[]),
        packet([18_555, 40_000], LISTENER, DIALER.wrapping_add(1), SYN | ACK, &[]),
    ]
}

/// Ethernet, IPv4 and TCP around a payload, between two ports of this machine.
fn packet([from, to]: [u16; 2], sequence: u32, acknowledged: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 12];
    bytes.extend([8, 0]);
    let len = u16::try_from(40 + payload.len()).unwrap();
    bytes.extend([0x45, 0]);
    bytes.extend(len.to_be_bytes());
    bytes.extend([0, 0, 0, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
    bytes.extend(from.to_be_bytes());
    bytes.extend(to.to_be_bytes());
    bytes.extend(sequence.to_be_bytes());
    bytes.extend(acknowledged.to_be_bytes());
    bytes.extend([0x50, flags, 255, 255, 0, 0, 0, 0]);
    bytes.extend(payload);
    bytes
}

/// A pcap file with a packet each millisecond.
fn pcap(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 262_144, 1] {
        file.extend(word.to_le_bytes());
    }
    for (index, packet) in packets.iter().enumerate() {
        let (time, len) = (u32::try_from(index).unwrap() * 1000, u32::try_from(packet.len()).unwrap());
        for word in [1_700_000_000, time, len, len] {
            file.extend(word.to_le_bytes());
        }
        file.extend(packet);
    }
    file
}

/// A pcapng file with the same.
fn pcapng(packets: &[Vec<u8>]) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let len = u32::try_from(body.len() + 12).unwrap().to_le_bytes();
        [&kind.to_le_bytes()[..], &len, body, &len].concat()
    };
    let section = [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[255; 8]].concat();
    let mut file = [block(0x0a0d_0d0a, &section), block(1, &[1, 0, 0, 0, 0, 0, 4, 0])].concat();
    for (index, packet) in packets.iter().enumerate() {
        let time = 1_700_000_000_000_000_u64 + u64::try_from(index).unwrap() * 1000;
        let [high, low] = [time >> 32, time & 0xffff_ffff].map(|half| u32::try_from(half).unwrap());
        let len = u32::try_from(packet.len()).unwrap();
        let words = [0, high, low, len, len].map(u32::to_le_bytes).concat();
        let padding = vec![0; packet.len().next_multiple_of(4) - packet.len()];
        file.extend(block(6, &[&words[..], packet, &padding].concat()));
    }
    file
}

fn decode(file: Vec<u8>) -> Vec<Value> {
    let run = run_with(&["decode", "--json"], file);
    run.assert_succeeds();
    run.objects()
}

/// The nonces of the pings, in order.
fn nonces(told: &[Value]) -> Vec<u64> {
    told.iter().filter_map(|told| told["message"]["nonce"].as_u64()).collect()
}

fn counts(told: &[Value], from: &str) -> Value {
    told.iter().find(|told| told["event"] == "stream" && told["from"] == from).unwrap().clone()
}

#[test]
fn a_connection_in_order_is_decoded_from_both_formats() {
    let packets = [&opening()[..], &[from_dialer(0, 0, &ping(1)), from_dialer(32, 0, &ping(2))]].concat();
    let told = decode(pcap(&packets));
    assert_eq!(
        told[0],
        json!({"event": "connection", "connection": 1, "dialer": "127.0.0.1:40000", "listener": "127.0.0.1:18555"})
    );
    let ping = json!({"ms": 2.0, "connection": 1, "from": "dialer", "ok": true, "command": "ping", "bytes": 32,
                      "reencoded": "same", "message": {"nonce": 1}});
    assert_eq!(told[1], ping);
    assert_eq!(nonces(&told), [1, 2]);
    assert_eq!(
        counts(&told, "dialer"),
        json!({"event": "stream", "connection": 1, "from": "dialer", "segments": 2, "bytes": 64, "retransmitted": 0,
               "overlapping": 0, "reordered": 0, "holes": 0, "missing": 0})
    );
    assert_eq!(decode(pcapng(&packets)), told);
    let people = run_with(&["decode"], pcap(&packets));
    people.assert_succeeds();
    assert!(people.out.starts_with("#1  127.0.0.1:40000 → 127.0.0.1:18555\n"), "{}", people.out);
    assert!(people.out.contains("#1 dialer    ping  ✓ 32 bytes, simnet, protocol 12"), "{}", people.out);
    assert!(people.out.contains("#1  dialer: 64 bytes in 2 segments\n"), "{}", people.out);
}

#[test]
fn segments_that_come_again_or_overlap_or_too_early_are_put_in_their_place() {
    let stream = [ping(1), ping(2), ping(3)].concat();
    let part = |from: usize, to: usize| from_dialer(u32::try_from(from).unwrap(), 0, &stream[from..to]);
    let packets = [
        part(0, 20),
        // Again, and then a part of it with more.
        part(0, 20),
        part(10, 40),
        // Too early, twice.
        part(60, 96),
        part(60, 96),
        part(40, 70),
    ];
    let told = decode(pcap(&[&opening()[..], &packets].concat()));
    assert_eq!(nonces(&told), [1, 2, 3]);
    let counts = counts(&told, "dialer");
    assert_eq!((&counts["bytes"], &counts["segments"]), (&json!(96), &json!(6)));
    assert_eq!((&counts["retransmitted"], &counts["reordered"]), (&json!(2), &json!(2)));
    assert_eq!((&counts["overlapping"], &counts["holes"]), (&json!(2), &json!(0)));
}

#[test]
fn a_hole_is_told_and_decoding_goes_on_behind_it() {
    let stream = [ping(1), ping(2), ping(3), ping(4)].concat();
    let part = |from: usize, to: usize| from_dialer(u32::try_from(from).unwrap(), 0, &stream[from..to]);
    // The listener has what the capture has not.
    let packets = [part(0, 40), part(60, 96), from_listener(96), part(96, 128)];
    let told = decode(pcap(&[&opening()[..], &packets].concat()));
    assert_eq!(nonces(&told), [1, 3, 4]);
    let hole = told.iter().find(|told| told["event"] == "missing").unwrap();
    assert_eq!((&hole["bytes"], &hole["ms"], &hole["from"]), (&json!(20), &json!(4.0), &json!("dialer")));
    // The begin of the second ping before the hole, and its end behind it.
    let skipped: Vec<_> = told.iter().filter(|told| told["event"] == "skipped").collect();
    assert_eq!((&skipped[0]["bytes"], &skipped[1]["bytes"]), (&json!(8), &json!(4)));
    let counts = counts(&told, "dialer");
    assert_eq!((&counts["holes"], &counts["missing"]), (&json!(1), &json!(20)));
}

#[test]
fn what_never_came_is_a_hole_at_the_end() {
    let stream = [ping(1), ping(2)].concat();
    let told = decode(pcap(&[&opening()[..], &[from_dialer(32, 0, &stream[32..])]].concat()));
    assert_eq!(nonces(&told), [2]);
    assert_eq!(counts(&told, "dialer")["missing"], 32);
}

/// A capture may begin in the middle of a frame.
#[test]
fn a_capture_that_begins_late_is_read_from_the_next_frame_on() {
    let stream = [ping(1), ping(2)].concat();
    let told = decode(pcap(&[from_dialer(10, 0, &stream[10..])]));
    assert_eq!(told[0]["dialer"], "127.0.0.1:40000");
    assert_eq!((&told[1]["event"], &told[1]["bytes"]), (&json!("skipped"), &json!(22)));
    assert_eq!(nonces(&told), [2]);
}

#[test]
fn a_second_connection_between_the_same_ports_is_another_one() {
    let talk = [&opening()[..], &[from_dialer(0, 0, &ping(1))]].concat();
    let told = decode(pcap(&[&talk[..], &talk].concat()));
    let numbers: Vec<_> =
        told.iter().filter(|told| told["ok"] == true).map(|told| &told["connection"]).collect();
    assert_eq!(numbers, [1, 2]);
    // A first segment that came again is no second connection.
    let [first, second] = opening();
    let told = decode(pcap(&[first.clone(), first, second, from_dialer(0, 0, &ping(1))]));
    assert_eq!(told.iter().filter(|told| told["event"] == "connection").count(), 1);
}

#[test]
fn a_capture_that_is_cut_is_told_up_to_the_cut() {
    let mut file =
        pcap(&[&opening()[..], &[from_dialer(0, 0, &ping(1)), from_dialer(32, 0, &ping(2))]].concat());
    file.truncate(file.len() - 5);
    let run = run_with(&["decode", "--json"], file);
    run.assert_fails(1, "the capture is cut off");
    assert_eq!(nonces(&run.objects()), [1]);
}

/// Any bytes behind the magic number are refused or told, and nothing panics.
#[test]
fn a_damaged_capture_is_no_crash() {
    let whole = pcap(&[&opening()[..], &[from_dialer(0, 0, &ping(1))]].concat());
    for index in (4..whole.len()).step_by(3) {
        let mut damaged = whole.clone();
        damaged[index] ^= 0xff;
        let run = run_with(&["decode", "--json"], damaged);
        assert!([0, 1].contains(&run.code) && run.err.lines().count() <= 1, "byte {index}: {}", run.err);
    }
}

#[test]
fn a_recording_is_decoded_frame_by_frame() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("hello.jsonl");
    fs::write(&file, hello()).unwrap();
    let Run { out, .. } = decode_file(&file);
    let told: Vec<Value> = out.lines().map(crate::object).collect();
    let commands: Vec<_> = told.iter().map(|told| told["command"].as_str().unwrap()).collect();
    let handshake = ["version", "version", "verack", "verack"];
    assert_eq!(commands[..2], handshake[..2]);
    assert_eq!(commands.len(), 4 + 3 * 2 + 2 * 2, "{commands:?}");
    assert!(told.iter().all(|told| told["ok"] == true && told["reencoded"] == "same"));
    assert_eq!((&told[0]["from"], &told[1]["from"]), (&json!("dialer"), &json!("listener")));

    // What the recorder dropped is told.
    let lines: Vec<_> = hello().lines().map(str::to_owned).collect();
    let dropped = r#"{"t_ms":0,"dropped":1,"bytes":32}"#;
    fs::write(&file, [&lines[..4], &[dropped.to_owned()], &lines[5..]].concat().join("\n")).unwrap();
    let run = decode_file(&file);
    assert!(run.out.contains(r#"{"event":"missing","ms":0.0,"from":"listener","bytes":32}"#), "{}", run.out);
}

fn decode_file(file: &Path) -> Run {
    let run = run(&["decode", file.to_str().unwrap(), "--json"]);
    run.assert_succeeds();
    run
}
