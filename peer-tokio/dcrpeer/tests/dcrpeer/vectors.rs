//! `decode --json` over the golden vectors.

use std::io::{self, Write};

use peer_core::{Command, ErrorKind, ProtocolVersion};
use peer_tests::hex;
use peer_tests::vectors::{Folder, Line, assert_fields, is_reject_of_old_era, kind_name, reader_of};
use serde_json::Value;

use crate::run_with;

#[test]
fn refused_and_changed_frames_get_the_verdicts_of_the_reference() {
    let folder = Folder::open();
    for file in ["invalid.jsonl", "mutated.jsonl"] {
        let lines = folder.lines(file).unwrap_or_default();
        let frames: Vec<_> = lines.iter().map(|line| line.bytes("frame_hex")).collect();
        let verdicts = decode(&lines, &frames);
        let compared = lines.iter().zip(&frames).zip(&verdicts);
        let wrong: Vec<_> =
            compared.filter_map(|((line, frame), verdict)| difference(line, frame, verdict)).collect();
        print(&format!("dcrpeer: {file}: {} lines compared, {} differ\n", lines.len(), wrong.len()));
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[test]
fn accepted_frames_show_the_fields_of_the_vectors() {
    let folder = Folder::open();
    let files = folder.files().into_iter().filter(|name| reader_of(name) == Some("messages"));
    let lines: Vec<_> = files.flat_map(|file| folder.lines(&file).unwrap_or_default()).collect();
    let (lines, others): (Vec<_>, Vec<_>) = lines.into_iter().partition(is_accepted_frame);
    let frames: Vec<_> = lines.iter().map(Line::frame).collect();
    for ((line, frame), verdict) in lines.iter().zip(&frames).zip(decode(&lines, &frames)) {
        let place = line.place();
        assert_eq!(verdict["ok"], true, "{place}: {}", verdict["detail"]);
        assert_eq!(verdict["command"], line.str("command"), "{place}");
        assert_eq!(verdict["bytes"], frame.len(), "{place}");
        assert_eq!(verdict["reencoded"], reencoded(line), "{place}");
        assert_fields(&place, line.fields().value(), &verdict["message"]);
    }
    print(&format!(
        "dcrpeer: {} accepted frames compared, {} lines left out: no frames today, or trailing bytes\n",
        lines.len(),
        others.len()
    ));
}

/// The verdicts of one run of the tool over all frames.
fn decode(lines: &[Line], frames: &[Vec<u8>]) -> Vec<Value> {
    let mut input = String::new();
    for (line, frame) in lines.iter().zip(frames) {
        let (version, network): (u32, _) = (line.int("pver"), line.str("net"));
        input.push_str(&format!("{version} {network} {}\n", hex::encode(frame)));
    }
    let run = run_with(&["decode", "--json"], input);
    run.assert_succeeds();
    let verdicts = run.objects();
    assert_eq!(verdicts.len(), lines.len(), "one object a line");
    verdicts
}

/// What a verdict has that the vectors do not, if anything.
fn difference(line: &Line, frame: &[u8], verdict: &Value) -> Option<String> {
    let expected = line.get("error").map_or_else(String::new, |error| kind_name(error.as_str()));
    let unknown = ErrorKind::UnknownCmd.to_string();
    let actual = verdict["error"].as_str().unwrap_or_default();
    let is_right = if is_reject_of_old_era(line) && expected == unknown {
        actual != unknown
    } else if expected.is_empty() {
        verdict["ok"] == true
            && verdict["bytes"] == line.u64("bytes_read")
            && verdict["reencoded"] == reencoded(line)
    } else {
        verdict["ok"] == false && actual == expected && !verdict["detail"].as_str().unwrap().is_empty()
    };
    let is_right = is_right && verdict["command"] == command(line, frame);
    (!is_right).then(|| format!("{}: expected {expected:?}, got {verdict}", line.place()))
}

/// The command in the header, unless the header is short, or the command malformed or one that no version has.
fn command(line: &Line, frame: &[u8]) -> Value {
    let Some(field) = frame.get(..24).map(|header| header[4..16].try_into().unwrap()) else {
        return Value::Null;
    };
    let version = ProtocolVersion::new(line.int("pver"));
    let command = Command::from_wire(field).filter(|command| command.max_payload(version).is_some());
    command.map_or(Value::Null, |command| command.to_string().into())
}

/// What the tool should say of encoding the message of an accepted line again.
fn reencoded(line: &Line) -> Value {
    if let Some(error) = line.get("reencode_error") {
        let kind = kind_name(error.as_str());
        // Of what the old era had no names for, the vectors have its text.
        let kind = kind.split(':').next().unwrap_or_default();
        let kind = if kind == "MessageError" { ErrorKind::InvalidMsg.to_string() } else { kind.to_owned() };
        return serde_json::json!({ "error": kind });
    }
    match line.get("reencoded_hex") {
        Some(different) => hex::encode(&different.as_bytes()).into(),
        None => "same".into(),
    }
}

/// Whether a line's frame is read today: its command exists as one, and no bytes come after its last field.
fn is_accepted_frame(line: &Line) -> bool {
    let version = ProtocolVersion::new(line.int("pver"));
    let is_known = line.str("command").parse::<Command>().unwrap().is_known_at(version);
    let note = line.get("note");
    is_known && !note.is_some_and(|note| note.as_str().contains("trailing byte"))
}

/// Prints even where the test runner keeps what passing tests print: the counts are the evidence.
fn print(text: &str) {
    io::stdout().lock().write_all(text.as_bytes()).unwrap();
}
