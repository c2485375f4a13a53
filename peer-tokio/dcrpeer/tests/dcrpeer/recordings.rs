//! `--record`, and `replay`.

use std::fs;
use std::path::Path;

use peer_tests::recordings::hello;
use serde_json::json;
use tempfile::TempDir;

use crate::run;
use crate::talk::{Process, events};

#[test]
fn a_conversation_recorded_at_both_ends_is_told_and_goes_again_as_both_sides() {
    let folder = TempDir::new().unwrap();
    let (ours, theirs) = (folder.path().join("ours.jsonl"), folder.path().join("theirs.jsonl"));
    let mut listener = Process::start(&["listen", "127.0.0.1:0", "--record", text(&theirs)]);
    listener.wait_for("listening");
    let address = listener.address();
    let visit =
        run(&["connect", &address, "--network", "simnet", "--json", "--for", "2s", "--record", text(&ours)]);
    visit.assert_succeeds();
    let live = visit.objects();
    listener.interrupt();

    let retold = run(&["replay", text(&ours), "--json"]);
    retold.assert_succeeds();
    let retold = retold.objects();
    // All but the attempt to connect.
    assert_eq!(events(&retold), events(&live)[1..]);
    for (retold, live) in retold.iter().zip(&live[1..]) {
        assert_eq!((&retold["message"], &retold["command"]), (&live["message"], &live["command"]));
    }
    assert!(retold[4]["round_trip_ms"].is_f64(), "{}", retold[4]);
    assert_eq!(retold.last().unwrap()["reason"], "ClosedByOwner");

    // The listener's file has its peer's number.
    for file in [ours, folder.path().join("theirs-1.jsonl")] {
        for side in ["dialer", "listener"] {
            let same = run(&["replay", text(&file), "--as", side, "--json"]);
            same.assert_succeeds();
            let same = &same.objects()[0];
            assert_eq!(
                (&same["event"], &same["as"], &same["frames"]),
                (&json!("same"), &json!(side), &json!(3))
            );
        }
    }
}

#[test]
fn a_node_records_each_visitor() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("node");
    let mut node = Process::start(&["serve", "127.0.0.1:0", "--record", text(&file)]);
    node.wait_for("listening");
    for _ in 0..2 {
        run(&["connect", &node.address(), "--network", "simnet", "--for", "1s"]).assert_succeeds();
    }
    node.interrupt();
    for number in 1..=2 {
        let file = folder.path().join(format!("node-{number}"));
        run(&["replay", text(&file), "--as", "listener"]).assert_succeeds();
    }
}

#[test]
fn the_first_difference_is_told_and_is_the_exit_status() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("changed.jsonl");
    let (first, rest) = hello().split_once('\n').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    // Our machine would have pinged after 50 s.
    let first = first.replace("\"config\":{", "\"config\":{\"ping_interval_ms\":50000,");
    fs::write(&file, format!("{first}\n{rest}")).unwrap();
    run(&["replay", text(&file)]).assert_succeeds();
    let differs = run(&["replay", text(&file), "--as", "dialer"]);
    differs.assert_fails(1, "as dialer, at 50000 ms: expected nothing; ours: ping of 8 bytes");
    assert!(differs.err.contains("state: established; next timeout: ping at 100 s"), "{}", differs.err);

    let differs = run(&["replay", text(&file), "--as", "dialer", "--json"]);
    assert_eq!(differs.code, 1);
    let told = differs.objects();
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0]["event"], &told[0]["at_ms"]), (&json!("difference"), &json!(50_000.0)));
    assert_eq!((&told[0]["next_timeout_ms"], &told[0]["next_timeout"]), (&json!(100_000.0), &json!("ping")));
}

#[test]
fn a_recording_that_was_cut_or_has_no_first_line_is_told() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("cut.jsonl");
    let whole = hello();
    let (_, rest) = whole.split_once('\n').unwrap();
    fs::write(&file, &rest[..rest.len() / 2]).unwrap();
    run(&["replay", text(&file)]).assert_fails(1, "say its network with --network");
    let told = run(&["replay", text(&file), "--network", "simnet", "--json"]);
    told.assert_succeeds();
    assert_eq!(told.objects().last().unwrap()["reason"], "Cut");
}

#[test]
fn a_replay_says_that_the_recording_is_cut_off_and_counts_one_frame() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("cut.jsonl");
    let whole = hello();
    let lines: Vec<_> = whole.split_inclusive('\n').collect();
    fs::write(&file, format!("{}{}", lines[..2].concat(), &lines[2][..20])).unwrap();
    let people = run(&["replay", text(&file), "--as", "dialer"]);
    people.assert_succeeds();
    assert!(
        people.out.ends_with("our machine says 1 frame as recorded; the recording is cut off after 0 ms\n"),
        "{}",
        people.out
    );
    let silent = run(&["replay", text(&file), "--as", "listener", "--json"]);
    silent.assert_succeeds();
    let told = &silent.objects()[0];
    assert_eq!(
        (&told["event"], &told["frames"], &told["cut_off"]),
        (&json!("same"), &json!(0), &json!(true))
    );
    fs::write(&file, &whole).unwrap();
    let told = run(&["replay", text(&file), "--as", "dialer", "--json"]);
    assert_eq!(told.objects()[0]["cut_off"], json!(false));
}

#[test]
fn a_network_that_contradicts_the_file_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("hello.jsonl");
    fs::write(&file, hello()).unwrap();
    for args in [&[][..], &["--as", "dialer"]] {
        let args = [&["replay", text(&file), "--network", "mainnet"], args].concat();
        run(&args).assert_fails(2, "is of simnet, not of mainnet; leave out --network");
    }
    run(&["replay", text(&file), "--network", "simnet"]).assert_succeeds();
}

#[test]
fn the_demo_recorded_goes_again_as_both_sides() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("demo.jsonl");
    run(&["demo", "--record", text(&file)]).assert_succeeds();
    for number in 1..=2 {
        let file = folder.path().join(format!("demo-{number}.jsonl"));
        for side in ["dialer", "listener"] {
            run(&["replay", text(&file), "--as", side]).assert_succeeds();
        }
    }
}

#[test]
fn a_recording_to_share_tells_no_addresses_and_goes_again() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("shared.jsonl");
    let mut listener = Process::listen();
    let visit = ["connect", &listener.address(), "--network", "simnet", "--for", "1s"];
    run(&[&visit[..], &["--record", text(&file), "--redact", "--skip-bulk"]].concat()).assert_succeeds();
    listener.interrupt();
    let recorded = fs::read_to_string(&file).unwrap();
    assert!(!recorded.contains("127.0.0.1") && !recorded.contains("peer-core"), "{recorded}");
    assert!(!recorded.contains(&peer_tests::hex::encode(b"peer-core")), "{recorded}");
    for side in ["dialer", "listener"] {
        run(&["replay", text(&file), "--as", side]).assert_succeeds();
    }
    run(&["connect", "127.0.0.1", "--redact"]).assert_fails(2, "--record");
}

#[test]
fn each_step_shows_the_machine() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("hello.jsonl");
    fs::write(&file, hello()).unwrap();
    let steps = run(&["replay", text(&file), "--as", "dialer", "--step", "--json"]);
    steps.assert_succeeds();
    let steps = steps.objects();
    assert_eq!(steps.last().unwrap()["event"], "same");
    assert_eq!(steps.len(), hello().lines().count());
    let (first, last) = (&steps[0], &steps[steps.len() - 2]);
    assert_eq!((&first["from"], &first["messages"]), (&json!("dialer"), &json!(["version"])));
    assert_eq!(
        (&first["state"], &first["timeouts_ms"]["handshake"]),
        (&json!("handshake"), &json!(30_000.0))
    );
    assert_eq!((&last["state"], &last["from"]), (&json!("established"), &json!(null)));

    let people = run(&["replay", text(&file), "--as", "dialer", "--step"]);
    people.assert_succeeds();
    assert!(people.out.contains("listener sent 32 bytes: pong\n"), "{}", people.out);
    assert!(people.out.contains("established; 0 bytes queued; 0 requests open; idle at "), "{}", people.out);
}

#[test]
fn a_replay_stops_where_it_is_told_to() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("hello.jsonl");
    fs::write(&file, hello()).unwrap();
    // The machine pings after 107 s.
    let stopped = run(&["replay", text(&file), "--as", "dialer", "--until", "100s", "--json"]);
    stopped.assert_succeeds();
    let told = stopped.objects();
    assert_eq!((&told[0]["event"], &told[0]["at_ms"]), (&json!("step"), &json!(100_000.0)));
    assert_eq!(told[0]["timeouts_ms"]["ping"], json!(107_000.0));
    assert_eq!((&told[1]["event"], &told[1]["until_ms"]), (&json!("same"), &json!(100_000.0)));
    let told = run(&["replay", text(&file), "--until", "100s", "--json"]);
    told.assert_succeeds();
    assert_eq!(told.objects().last().unwrap()["reason"], "Cut");
}

#[test]
fn a_part_is_said_to_a_live_node_and_what_it_answers_now_is_compared() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("visit.jsonl");
    let mut node = Process::start(&["serve", "127.0.0.1:0"]);
    node.wait_for("listening");
    let visit = ["connect", &node.address(), "--network", "simnet", "--getheaders", "--for", "1s"];
    run(&[&visit[..], &["--record", text(&file)]].concat()).assert_succeeds();
    let again = run(&["replay", text(&file), "--as", "dialer", "--against", &node.address(), "--json"]);
    again.assert_succeeds();
    // version, verack, headers, of which it has none, and a pong for our ping and for that behind the request.
    assert_eq!(again.objects(), [json!({"event": "same", "ok": true, "same": 5, "differences": 0})]);
    let people = run(&["replay", text(&file), "--as", "dialer", "--against", &node.address()]);
    assert!(people.out.contains(&format!("the same: {} gives 5 answers", node.address())), "{}", people.out);

    let mut other = Process::start(&["listen", "127.0.0.1:0", "--services", "network"]);
    other.wait_for("listening");
    let now = run(&["replay", text(&file), "--as", "dialer", "--against", &other.address(), "--json"]);
    now.assert_fails(1, "1 answer differs, 4 answers as recorded");
    let told = now.objects();
    assert!(told[0]["expected"].as_str().unwrap().starts_with("version of "), "{}", told[0]);
    assert_eq!((&told[1]["event"], &told[1]["differences"]), (&json!("different"), &json!(1)));
    run(&["replay", text(&file), "--as", "listener", "--against", &other.address()])
        .assert_fails(2, "only the dialer's part can be said to a node");
    other.interrupt();
    node.interrupt();
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("wrong.jsonl");
    run(&["replay", text(&file)]).assert_fails(1, "cannot read");
    fs::write(&file, "\nhello\n").unwrap();
    run(&["replay", text(&file)]).assert_fails(1, "line 2: not a JSON object");
    run(&["replay", text(&file), "--as", "me"]).assert_fails(2, "write dialer or listener");
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
