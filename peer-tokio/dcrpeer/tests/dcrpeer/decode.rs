//! `decode`: what a line may be, and what comes of it.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::thread;

use peer_core::message::{Inv, Inventory, InventoryList, Ping, Raw};
use peer_core::{Command, Hash, Message, Network, ProtocolVersion, blake256, frame};
use peer_tests::hex;
use serde_json::{Value, json};

use crate::{dcrpeer, object, run, run_with};

fn frame_hex(message: &Message, network: Network, version: u32) -> String {
    hex::encode(&frame::encode(message, network, ProtocolVersion::new(version)).unwrap())
}

fn ping(network: Network) -> String {
    frame_hex(&Message::Ping(Ping { nonce: 7 }), network, 12)
}

fn raw(command: &str, payload: &[u8]) -> Message {
    Message::Raw(Raw { command: command.parse().unwrap(), payload: payload.to_vec().into() })
}

fn decode(args: &[&str], line: &str) -> Value {
    let run = run_with(&[&["decode", "--json"], args].concat(), line);
    run.assert_succeeds();
    let [object] = run.objects().try_into().unwrap();
    object
}

/// A mainnet frame with any payload, whatever the command's rules.
fn crafted_hex(command: &str, payload: &[u8]) -> String {
    let mut frame = Network::MAINNET.magic().to_le_bytes().to_vec();
    frame.extend(Command::new(command).unwrap().to_wire());
    frame.extend(u32::try_from(payload.len()).unwrap().to_le_bytes());
    frame.extend(blake256::checksum(payload));
    frame.extend(payload);
    hex::encode(&frame)
}

#[test]
fn a_line_of_hex_is_read_as_mainnet_of_today() {
    let expected =
        json!({"ok": true, "command": "ping", "bytes": 32, "reencoded": "same", "message": {"nonce": 7}});
    assert_eq!(decode(&[], &ping(Network::MAINNET)), expected);
    assert_eq!(decode(&[], &ping(Network::MAINNET).to_uppercase()), expected);
    assert_eq!(decode(&[], &format!("  {}\r\n", ping(Network::MAINNET))), expected);
}

#[test]
fn network_and_protocol_come_from_the_options_or_from_columns_which_win() {
    let ping = ping(Network::SIMNET);
    assert_eq!(decode(&[], &ping)["error"], "WrongNetwork");
    assert_eq!(decode(&["--network", "simnet"], &ping)["ok"], true);
    assert_eq!(decode(&["--network", "regnet"], &format!("12 simnet {ping}"))["ok"], true);
    let addrv2 = crafted_hex("addrv2", &[]);
    assert_eq!(decode(&["--protocol", "11"], &addrv2)["error"], "MsgInvalidForPVer");
    assert_eq!(decode(&["--protocol", "11"], &format!("12 mainnet {addrv2}"))["error"], "Truncated");
}

#[test]
fn bytes_after_the_first_frame_of_a_line_are_ignored() {
    let line = format!("{}00ff", ping(Network::MAINNET));
    assert_eq!(decode(&[], &line)["bytes"], 32);
}

#[test]
fn the_command_of_a_refused_frame_is_named_if_any_version_has_it() {
    assert_eq!(decode(&[], &ping(Network::SIMNET))["command"], "ping");
    let alert = frame_hex(&raw("alert", &[]), Network::MAINNET, 12);
    assert_eq!(decode(&[], &alert)["command"], "alert");
    let custom = frame_hex(&raw("custom", &[]), Network::MAINNET, 12);
    assert_eq!(decode(&[], &custom)["command"], Value::Null);
    assert_eq!(decode(&[], &alert[..40])["command"], Value::Null);
}

#[test]
fn a_message_of_other_protocol_versions_is_told_with_them() {
    let (addr, addrv2) = (crafted_hex("addr", &[0; 91]), crafted_hex("addrv2", &[0; 91]));
    let (alert, mix) = (crafted_hex("alert", &[0; 91]), crafted_hex("mixpairreq", &[]));
    for (protocol, frame, error, versions, detail) in [
        (
            "12",
            &addr,
            "PayloadTooLarge",
            json!({"first": 1, "last": 11}),
            "addr is no message of protocol 12: versions 1 to 11 have it",
        ),
        (
            "11",
            &addrv2,
            "PayloadTooLarge",
            json!({"first": 12, "last": null}),
            "addrv2 is no message of protocol 11: versions 12 and later have it",
        ),
        (
            "12",
            &alert,
            "UnknownCmd",
            json!({"first": 1, "last": 5}),
            "alert is no message of protocol 12: versions 1 to 5 have it",
        ),
        (
            "9",
            &mix,
            "MsgInvalidForPVer",
            json!({"first": 10, "last": null}),
            "mixpairreq is no message of protocol 9: versions 10 and later have it",
        ),
    ] {
        let object = decode(&["--protocol", protocol], frame);
        assert_eq!((&object["error"], &object["versions"]), (&json!(error), &versions), "{object}");
        assert!(object["detail"].as_str().unwrap().starts_with(detail), "{object}");
    }
    let run = run_with(&["decode"], addr.clone());
    assert!(
        run.out
            .contains("addr is no message of protocol 12: versions 1 to 11 have it; read it at protocol 11"),
        "{}",
        run.out
    );
    assert_eq!(decode(&["--protocol", "11"], &addr)["error"], "TrailingBytes");
}

#[test]
fn a_command_that_never_was_is_of_no_version() {
    let object = decode(&[], &crafted_hex("frobnicate", &[]));
    assert_eq!((&object["error"], object.get("versions")), (&json!("UnknownCmd"), None));
}

#[test]
fn a_byte_order_mark_before_a_line_is_no_part_of_it() {
    let good = ping(Network::MAINNET);
    let run = run_with(&["decode", "--json"], format!("\u{feff}{good}\n\u{feff}12 mainnet {good}\n{good}"));
    run.assert_succeeds();
    let objects = run.objects();
    assert_eq!(objects.len(), 3);
    assert!(objects.iter().all(|object| object["ok"] == true), "{objects:?}");
    assert_eq!(decode(&[], &format!("\u{feff}{good}"))["ok"], true);
    assert_eq!(run_with(&["decode", "--json"], "\u{feff}").out, "");
}

#[test]
fn a_text_in_utf_16_is_told_so() {
    let text: Vec<_> = "\u{feff}00\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    run_with(&["decode"], text).assert_fails(1, "line 1: the text is UTF-16, write it as UTF-8");
}

#[test]
fn an_empty_line_is_a_frame_cut_off_before_its_start() {
    let run = run_with(&["decode", "--json"], "\n12 simnet \n12 simnet\n");
    run.assert_succeeds();
    let objects = run.objects();
    assert_eq!(objects.len(), 3);
    assert!(objects.iter().all(|object| object["error"] == "Truncated"), "{objects:?}");
}

#[test]
fn each_bad_line_gives_an_object_and_the_first_one_is_explained() {
    let good = ping(Network::MAINNET);
    let input = format!("{good}\nabc\nxy\n12 nonet ab\nx simnet ab\n1 2 3 4\n{good}\n");
    let run = run_with(&["decode", "--json"], input);
    run.assert_fails(1, "line 2: 3 is an odd number of hexadecimal digits (and 4 more bad lines)");
    let objects = run.objects();
    assert_eq!(objects.len(), 7);
    for (object, number) in objects[1..6].iter().zip(2..) {
        assert_eq!((&object["ok"], &object["error"]), (&json!(false), &json!("BadInput")));
        assert_eq!(object["command"], Value::Null);
        assert!(object["detail"].as_str().unwrap().starts_with(&format!("line {number}")), "{object}");
    }
    assert_eq!(objects[6]["ok"], true);
}

#[test]
fn one_bad_line_is_one() {
    let run = run_with(&["decode"], "abc\nxy\n");
    run.assert_fails(1, "digits (and 1 more bad line)\n");
    assert!(run.out.ends_with("0 accepted, 0 refused, 2 bad lines\n"), "{}", run.out);
    assert!(run_with(&["decode"], "abc\n").out.ends_with("0 refused, 1 bad line\n"));
}

#[test]
fn a_file_is_read_like_standard_input() {
    let path = std::env::temp_dir().join(format!("dcrpeer-test-{}.txt", std::process::id()));
    std::fs::write(&path, ping(Network::MAINNET)).unwrap();
    let run = run(&["decode", "--json", path.to_str().unwrap()]);
    std::fs::remove_file(&path).unwrap();
    run.assert_succeeds();
    assert_eq!(run.objects()[0]["message"]["nonce"], 7);
}

#[test]
fn a_hundred_thousand_lines_give_as_many_objects() {
    let input = format!("{}\n", ping(Network::MAINNET)).repeat(100_000);
    let run = run_with(&["decode", "--json"], input);
    run.assert_succeeds();
    assert_eq!(run.out.lines().filter(|line| line.starts_with(r#"{"ok":true,"#)).count(), 100_000);
}

#[test]
fn a_line_longer_than_any_frame_is_bad_and_the_next_one_is_read() {
    let good = ping(Network::MAINNET);
    let longest = 2 * (24 + 32 * 1024 * 1024) + 64;
    let (padding, zeros) = (" ".repeat(longest - good.len()), "0".repeat(longest + 1));
    let input = format!("{good}{padding}\n{zeros}\n{good}\n");
    let run = run_with(&["decode", "--json"], input);
    run.assert_fails(1, "line 2: no frame is that long");
    let verdicts: Vec<_> = run.objects().iter().map(|object| object["ok"].clone()).collect();
    assert_eq!(verdicts, [true, false, true]);
    assert_eq!(run.objects()[1]["error"], "BadInput");
}

#[test]
#[cfg(unix)]
fn a_line_without_an_end_is_told_before_it_ends() {
    let mut child = dcrpeer(&["decode", "--json", "/dev/zero"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(object(&line)["error"], "BadInput");
}

#[test]
fn a_line_is_told_while_the_rest_of_the_input_is_not_there_yet() {
    for (args, fragment) in [(["decode", "--json"].as_slice(), r#""ok":true"#), (&["decode"], "ping")] {
        let mut child = dcrpeer(args).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        write!(stdin, "{}\n00", ping(Network::MAINNET)).unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains(fragment), "{line}");
        drop(stdin);
        child.wait().unwrap();
    }
}

#[test]
fn people_see_the_first_items_of_a_long_list_and_programs_all() {
    let items: Vec<_> = (0..50_000_u32).map(|_| Inventory::tx(Hash::from_bytes([7; 32]))).collect();
    let inventory = InventoryList::try_from(items).unwrap();
    let line = frame_hex(&Message::Inv(Inv { inventory }), Network::MAINNET, 12);
    let run = run_with(&["decode"], line.clone());
    run.assert_succeeds();
    assert!(run.out.contains("inventory (50,000)"), "{}", run.out);
    assert!(run.out.contains("… 49,997 more"), "{}", run.out);
    assert!(run.out.lines().count() < 10, "{}", run.out);
    assert_eq!(decode(&[], &line)["message"]["inventory"].as_array().unwrap().len(), 50_000);
}

#[test]
fn a_remote_cannot_control_the_terminal() {
    let mut payload = b"\x02tx\x10\x0a\x1b[2J\x1b]0;x\x07".to_vec();
    payload.extend([0; 32]);
    let line = crafted_hex("reject", &payload);
    let run = run_with(&["decode", "--protocol", "8"], line);
    run.assert_succeeds();
    assert!(!run.out.contains(['\u{1b}', '\u{7}']), "{:?}", run.out);
}

#[test]
fn a_closed_output_ends_it_quietly() {
    for args in [["decode", "--json"].as_slice(), &["decode"]] {
        let mut child = dcrpeer(args).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = format!("{}\n", ping(Network::MAINNET)).repeat(50_000);
        let writer = thread::spawn(move || stdin.write_all(input.as_bytes()).is_ok());
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
        assert!(output.stderr.is_empty(), "{args:?}: {output:?}");
    }
}
