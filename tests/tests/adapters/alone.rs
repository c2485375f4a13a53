//! Tests that need a process of their own, since the limit of descriptors is the process's.

use std::env;
use std::process::Command;

use rlimit::Resource;

const ALONE: &str = "PEER_ALONE";

/// Whether this is such a process. If not, runs the test of this name in one.
pub(crate) fn is_alone(name: &str) -> bool {
    if env::var_os(ALONE).is_some() {
        return true;
    }
    let mut child = Command::new(env::current_exe().unwrap());
    let output = child.args(["--exact", name, "--test-threads=1"]).env(ALONE, "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    false
}

/// Lets the process open no more descriptors.
pub(crate) fn leave_no_descriptors() {
    limit_descriptors(0);
}

/// Lets it open some again, more than a test has.
pub(crate) fn leave_descriptors() {
    limit_descriptors(1000);
}

fn limit_descriptors(most: u64) {
    let (_, hard) = Resource::NOFILE.get().unwrap();
    Resource::NOFILE.set(most, hard).unwrap();
}
