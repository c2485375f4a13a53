//! The binary `sim`, as people and machines use it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::env;
use std::fs;
use std::process::{Command, Output};

use peer_core::recording::Recording;
use peer_tests::recordings::replay;
use serde_json::Value;

fn sim(arguments: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sim")).args(arguments.split_whitespace()).output().unwrap()
}

/// What it says, if all went well.
fn says(arguments: &str) -> String {
    let output = sim(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json(arguments: &str) -> Value {
    serde_json::from_str(&says(arguments)).unwrap()
}

#[test]
fn a_seed_is_told_in_words_and_as_json() {
    let words = says("--seed 3 --nodes 3 --hours 0.02");
    let object = json("--seed 3 --nodes 3 --hours 0.02 --json");
    assert_eq!(object["scenario"], "chat");
    assert!(words.contains(object["digest"].as_str().unwrap()), "{words}");
}

#[test]
fn the_digest_of_a_range_does_not_depend_on_threads() {
    let [one, three] =
        [1, 3].map(|threads| json(&format!("--seeds 5..9 --hours 0.02 --json --threads {threads}")));
    assert_eq!(one["digest"], three["digest"]);
    assert_eq!(one["messages"], three["messages"]);
}

#[test]
fn the_log_stops_where_it_was_asked_to() {
    let story = says("--scenario idle --nodes 2 --verbose --until 1");
    assert!(story.contains("established"), "{story}");
    assert!(story.ends_with("stopped at 1.000s, as asked\n"), "{story}");
}

#[test]
fn each_end_of_each_connection_is_recorded_and_goes_again() {
    let folder = env::temp_dir().join(format!("recordings-{}", std::process::id()));
    says(&format!("--scenario propagation --nodes 3 --hours 0.02 --record {}", folder.display()));
    let mut replayed = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let file = entry.unwrap().path();
        let recording = Recording::read(&fs::read_to_string(&file).unwrap()).unwrap();
        let side = recording.header.as_ref().unwrap().side().unwrap();
        assert!(file.to_str().unwrap().ends_with(&format!("{side}.jsonl")));
        let frames = replay(&recording, side).frames;
        assert!(frames >= 2, "{}: {frames} frames", file.display());
        replayed += 1;
    }
    fs::remove_dir_all(&folder).unwrap();
    assert!(replayed >= 4, "{replayed} recordings");
}

#[test]
fn propagation_draws_both_curves_with_their_percentiles() {
    let file = env::temp_dir().join(format!("spread-{}.svg", std::process::id()));
    says(&format!("--scenario propagation --nodes 30 --hours 0.01 --svg {}", file.display()));
    let drawn = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();
    for words in ["with trickling", "without", "in seconds", "50 % after"] {
        assert!(drawn.contains(words), "no {words:?}");
    }
    assert_eq!(drawn.matches("99 % after").count(), 2);
}

#[test]
fn scenarios_are_listed_and_unknown_ones_refused() {
    assert!(says("--scenario help").contains("self-dial"));
    let output = sim("--scenario nonsense");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("--scenario help"));
}

/// Nothing can come of a world that never runs, and this scenario insists on something.
#[test]
fn a_seed_that_fails_is_told_with_a_command_that_fails_alike() {
    let output = sim("--scenario slow --hours 0 --seeds 5..9 --threads 1");
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(1), &b""[..]));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("world: seed 5, at 0.000s") && told.contains("\nseed 5 failed\n"), "{told}");
    let (_, arguments) = told.lines().last().unwrap().split_once(" -- ").unwrap();
    let again = sim(arguments);
    assert_eq!((again.status.code(), String::from_utf8(again.stderr).unwrap()), (Some(1), told));
}

#[test]
fn conflicting_options_are_refused_before_anything_runs() {
    for arguments in [
        "--json --verbose",
        "--json --until 1",
        "--seeds 1..3 --seed 1",
        "--seeds 1..3 --until 1",
        "--seeds 3..3",
        "--nodes 1",
        "--hours NaN",
        "--hours=-1",
        "--until=-1",
        "--checks some",
    ] {
        let output = sim(arguments);
        assert_eq!((output.status.code(), &output.stdout[..]), (Some(2), &b""[..]), "{arguments}");
        assert!(String::from_utf8_lossy(&output.stderr).starts_with("error: "), "{arguments}");
    }
}

#[test]
fn a_picture_that_cannot_be_drawn_is_told_before_the_run() {
    // This world would take far longer than the test may.
    let output = sim("--scenario propagation --nodes 100000 --hours 1000 --svg /nonexistent/spread.svg");
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(1), &b""[..]));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("cannot draw /nonexistent/spread.svg"), "{told}");
    assert!(!told.contains("os error"), "a number says nothing: {told}");
}

/// Ctrl-C ends a run with what it has so far. Only Linux tells when a program is ready for it.
#[cfg(target_os = "linux")]
mod ctrl_c {
    use core::time::Duration;
    use std::fs;
    use std::process::{Command, Stdio};
    use std::thread;

    use serde_json::Value;

    /// Presses Ctrl-C once the program handles it.
    fn interrupt(pid: u32) {
        // The bits are signals from 1 on, and Ctrl-C is signal 2.
        let handles = || {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
            let caught =
                status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap().trim().to_owned();
            u64::from_str_radix(&caught, 16).unwrap() & 2 != 0
        };
        while !handles() {
            thread::sleep(Duration::from_millis(10));
        }
        Command::new("kill").args(["-INT", &pid.to_string()]).status().unwrap();
    }

    #[test]
    fn keeps_the_summary_of_the_worlds_that_are_done() {
        let arguments = ["--scenario", "slow", "--seeds", "0..1000000000", "--threads", "1", "--json"];
        let mut run = Command::new(env!("CARGO_BIN_EXE_sim"));
        let run = run.args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        interrupt(run.id());
        let output = run.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130));
        let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(summary["done"].as_u64().unwrap() < 1_000_000_000, "{summary}");
    }

    #[test]
    fn ends_a_single_world_and_says_when() {
        let arguments = ["--scenario", "chat", "--hours", "100000"];
        let run =
            Command::new(env!("CARGO_BIN_EXE_sim")).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        interrupt(run.id());
        let output = run.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130));
        assert!(String::from_utf8_lossy(&output.stdout).starts_with("interrupted at "));
    }
}
