//! `--record`: the path is checked before any connection, nothing is overwritten, and a recording that is not complete
//! fails the run.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;

use tempfile::TempDir;

use crate::talk::Process;
use crate::{Run, run};

/// Every command that records, told to do so at this path. `node` takes connections, if anyone makes them.
fn record_with_each(node: &TcpListener, path: &Path) -> Vec<(&'static str, Run)> {
    let (node, path) = (node.local_addr().unwrap().to_string(), path.to_str().unwrap());
    let commands: [&[&str]; 6] = [
        &["connect", &node],
        &["listen", "127.0.0.1:0"],
        &["serve", "127.0.0.1:0"],
        &["crawl", &node],
        &["demo"],
        &["proxy", "127.0.0.1:0", &node],
    ];
    let named = ["connect", "listen", "serve", "crawl", "demo", "proxy"];
    let runs = commands.map(|command| run(&[command, &["--record", path]].concat()));
    named.into_iter().zip(runs).collect()
}

/// A node that fails the test if one connects to it.
fn untouched(check: impl FnOnce(&TcpListener)) {
    let node = TcpListener::bind("127.0.0.1:0").unwrap();
    node.set_nonblocking(true).unwrap();
    check(&node);
    assert!(node.accept().is_err(), "a connection was made");
}

#[test]
fn a_folder_that_is_missing_is_told_before_any_connection() {
    let folder = TempDir::new().unwrap();
    untouched(|node| {
        for (command, run) in record_with_each(node, &folder.path().join("missing").join("file")) {
            assert_eq!(run.out, "", "{command}");
            run.assert_fails(2, "cannot record to");
            run.assert_fails(2, "check the path");
        }
    });
}

#[test]
fn a_path_that_is_a_folder_is_told_before_any_connection() {
    let folder = TempDir::new().unwrap();
    untouched(|node| {
        for (command, run) in record_with_each(node, folder.path()) {
            assert_eq!(run.out, "", "{command}");
            run.assert_fails(2, "it is a folder; name a file");
        }
    });
}

#[test]
fn a_recording_that_exists_is_not_overwritten() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("talk.jsonl");
    for name in ["talk.jsonl", "talk-7.jsonl"] {
        fs::write(folder.path().join(name), "earlier").unwrap();
    }
    untouched(|node| {
        for (command, run) in record_with_each(node, &path) {
            assert_eq!(run.out, "", "{command}");
            run.assert_fails(2, "exists; choose another name");
        }
    });
    for name in ["talk.jsonl", "talk-7.jsonl"] {
        assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), "earlier");
    }
}

#[test]
fn a_connection_that_fails_leaves_no_file_that_stands_in_the_way() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("talk.jsonl");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for _ in 0..2 {
        run(&["connect", &closed, "--network", "simnet", "--record", path.to_str().unwrap()])
            .assert_fails(1, "refused");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
#[cfg(target_os = "linux")]
fn a_device_is_no_place_for_many_recordings() {
    run(&["serve", "127.0.0.1:0", "--record", "/dev/full"])
        .assert_fails(2, "each connection needs a file of its own");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_costs_the_recording_and_the_exit_status_but_not_the_connection() {
    let mut listener = Process::listen();
    let visit = ["connect", &listener.address(), "--network", "simnet", "--json", "--for", "1s"];
    let visit = run(&[&visit[..], &["--record", "/dev/full"]].concat());
    visit.assert_fails(1, "/dev/full is not complete: No space left on device; make room on the disk");
    assert!(visit.out.contains("/dev/full is not complete"), "{}", visit.out);
    let end = visit.objects().pop().unwrap();
    assert_eq!((&end["event"], &end["established"]), (&"end".into(), &true.into()));
    listener.interrupt();
}

#[test]
#[cfg(target_os = "linux")]
fn a_node_tells_of_a_recording_that_is_not_complete_on_standard_error() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("node");
    std::os::unix::fs::symlink("/dev/full", folder.path().join("node-1")).unwrap();
    let mut node = Process::start(&["serve", "127.0.0.1:0", "--record", path.to_str().unwrap()]);
    node.wait_for("listening");
    run(&["connect", &node.address(), "--network", "simnet", "--for", "1s"]).assert_succeeds();
    let told = node.interrupt_to_status(1);
    let mut err = String::new();
    node.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert!(err.lines().all(|line| line.contains("node-1 is not complete")), "{err}");
    assert_eq!(err.lines().count(), 2, "once when it is known, and once for the exit status: {err}");
    assert!(told.iter().all(|told| told["event"] != "warning"), "{told:?}");
}
