//! What people read on the screen: sentences that fit it, said once.

use std::process::{Child, Command, Stdio};

use peer_tests::bound::Running;

use crate::misuse::answer_once;
use crate::serve::{interrupt, serve};
use crate::{Run, dcrpeer, run, run_with};

fn run_at_80(args: &[&str]) -> Run {
    let output = dcrpeer(args).env("COLUMNS", "80").output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn the_causes_of_a_close_are_told_once_and_one_a_line() {
    let server = answer_once(b"");
    let run = run_at_80(&["connect", &server.to_string()]);
    run.assert_fails(1, "it closed the connection before hands were shaken");
    assert!(!run.err.contains("--network"), "the causes are repeated: {}", run.err);
    assert!(
        run.out.contains("\n            most likely: it is not of mainnet (see --network)"),
        "{}",
        run.out
    );
    assert_eq!(run.out.matches("\n            or: ").count(), 7, "{}", run.out);
    for line in run.out.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

/// Runs the tool on a terminal of so many columns; `None` on a machine without `script` of util-linux.
fn on_terminal(columns: usize, args: &str) -> Option<String> {
    let program = env!("CARGO_BIN_EXE_dcrpeer");
    let command = format!("stty cols {columns} rows 24; exec {program} {args}");
    let script: Child = Command::new("script")
        .args(["-qefc", &command, "/dev/null"])
        .env("TERM", "xterm")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    Some(String::from_utf8(script.wait_with_output().unwrap().stdout).unwrap())
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_a_message_takes_one_line_and_elsewhere_it_is_whole() {
    let server = serve(&[]);
    let args = format!("connect {} --network simnet --getheaders --for 300ms", server.address());
    let words: Vec<_> = args.split(' ').collect();
    let whole = run(&words);
    assert!(!whole.out.contains('…'), "{}", whole.out);
    let Some(shown) = on_terminal(72, &args) else { return };
    let messages: Vec<_> = shown.lines().filter(|line| line.contains("──")).collect();
    assert!(messages.iter().any(|line| line.contains("getheaders") && line.contains('…')), "{shown}");
    for line in messages {
        assert!(line.trim_end().chars().count() <= 72, "{line}");
    }
}

#[test]
fn a_nonce_is_decimal_wherever_it_is_told() {
    let server = serve(&[]);
    let run = run(&["connect", &server.address(), "--network", "simnet", "--for", "300ms"]);
    let pings = run.out.lines().filter_map(|line| line.split_once("nonce ")).map(|(_, nonce)| nonce.trim());
    let pings: Vec<_> = pings.collect();
    assert!(!pings.is_empty(), "{}", run.out);
    for nonce in pings {
        assert!(nonce.parse::<u64>().is_ok() && !nonce.starts_with("00"), "{nonce}");
    }
}

#[test]
fn a_text_without_frames_is_given_up_after_ten_lines() {
    let text = "this is no frame at all\n".repeat(50);
    for args in [&["decode"][..], &["decode", "--json"]] {
        let run = run_with(args, text.clone());
        run.assert_fails(1, "no frames, recording or capture in standard input");
        assert!(run.out.lines().count() <= 12, "{}", run.out);
    }
    // A frame among the first lines shows that the input is meant.
    let frame = "161c141276657261636b00000000000000000000716f6e86\n";
    let run = run_with(&["decode", "--network", "simnet"], format!("{frame}{text}"));
    run.assert_fails(1, "49 more bad lines");
}

#[test]
fn a_wrong_digit_is_told_by_its_column() {
    run_with(&["decode"], "xyz\n").assert_fails(1, "line 1, column 1: 'x' is no hexadecimal digit");
}

#[test]
fn a_folder_or_a_missing_file_is_told_alike_by_every_command() {
    let folder = env!("CARGO_MANIFEST_DIR");
    for command in ["decode", "replay"] {
        let fails = format!("cannot read {folder}: it is a folder; name a file\n");
        run(&[command, folder]).assert_fails(1, &fails);
        run(&[command, "no/such"])
            .assert_fails(1, "cannot read no/such: it does not exist; check the path\n");
    }
}

#[test]
fn a_rude_check_alone_needs_rude() {
    let server = serve(&[]);
    let args = ["check", &server.address(), "--network", "simnet", "--only", "pong,wrong-magic"];
    run(&args).assert_fails(2, "wrong-magic sends what a node may ban this host for; add --rude");
    let args = ["check", &server.address(), "--network", "simnet", "--timeout", "0s"];
    run(&args).assert_fails(2, "0s leaves no time for an answer; write more, like 10s");
}

#[test]
fn interrupted_checks_end_with_the_status_of_ctrl_c() {
    let _running = Running::new("interrupted_checks_end_with_the_status_of_ctrl_c");
    let server = serve(&[]);
    let args = ["check", &server.address(), "--network", "simnet", "--only", "idle-timeout", "--slow"];
    let mut checking = dcrpeer(&args).spawn().unwrap();
    let mut out = std::io::BufReader::new(checking.stdout.take().unwrap());
    // The node has been met, so Ctrl-C is watched for.
    std::io::BufRead::read_line(&mut out, &mut String::new()).unwrap();
    interrupt(checking.id(), "INT");
    assert_eq!(checking.wait().unwrap().code(), Some(130));
}

#[test]
fn the_list_of_checks_has_the_rude_ones_last_and_names_no_page_that_is_not_here() {
    let list = run(&["check", "--list", "--json"]);
    let rude: Vec<_> = list.objects().iter().map(|check| check["rude"].as_bool().unwrap()).collect();
    assert!(rude.is_sorted() && rude.contains(&true), "{rude:?}");
    assert!(!list.out.contains(".md"), "{}", list.out);
    let people = run(&["check", "--list"]);
    assert!(people.out.contains("send `foobar`; expect it closes"), "{}", people.out);
}

#[test]
fn pages_for_man_keep_the_lines_of_examples() {
    let page = run(&["man", "replay"]);
    assert!(page.out.contains(".SH EXAMPLES\n.nf\n"), "{}", page.out);
}
