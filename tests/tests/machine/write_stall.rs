//! Transports that do not take what they are shown.
#![expect(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;

use bytes::Bytes;
use peer_core::message::Raw;
use peer_core::{Command, Error, Message, Timer};
use peer_tests::remote::{Remote, established, unguarded};
use peer_tests::samples::{inv_of, ping};

const SECOND: Duration = Duration::from_secs(1);

/// A message whose frame is exactly `len` bytes.
fn raw(len: usize) -> Message {
    let payload = Bytes::from(vec![7; len - 24]);
    Message::Raw(Raw { command: Command::new("custom").unwrap(), payload })
}

fn send(remote: &mut Remote, message: &Message) {
    remote.machine.send(message, remote.now).unwrap();
}

#[test]
fn a_frame_must_be_taken_within_20_seconds_and_one_more_for_every_256_kib() {
    const KIB_256: usize = 256 * 1024;
    let patient = unguarded().idle_timeout(SECOND * 1000);
    let patient = patient.max_unrequested(32 << 20).build().unwrap();
    for (len, seconds) in [(24, 20), (KIB_256 - 1, 20), (KIB_256, 21), (2 * KIB_256, 22), (32 << 20, 148)] {
        let mut remote = Remote::established(patient.clone());
        send(&mut remote, &raw(len));
        remote.machine.poll_transmit(remote.now);
        assert_eq!(remote.deadline(), Some((SECOND * seconds, Timer::WriteStall)), "{len} bytes");
    }
}

#[test]
fn a_frame_of_which_a_part_is_taken_keeps_the_time_of_its_whole_length() {
    let mut remote = established();
    send(&mut remote, &inv_of(50_000));
    remote.machine.take(1_000_000, remote.now);
    // 20 s, and 6 for 1.8 MB.
    assert_eq!(remote.deadline(), Some((SECOND * 26, Timer::WriteStall)));
}

#[test]
fn a_transport_that_takes_nothing_ends_the_connection() {
    let mut remote = established();
    send(&mut remote, &Message::GetAddr);
    assert_eq!(remote.deadline().unwrap().1, Timer::Ping);
    remote.wait(SECOND).unwrap();
    remote.machine.poll_transmit(remote.now);
    assert_eq!(remote.deadline(), Some((SECOND * 20, Timer::WriteStall)));
    assert_eq!(remote.wait(SECOND * 20), Err(Error::Timeout(Timer::WriteStall)));
}

#[test]
fn the_deadline_of_a_frame_is_not_put_off_by_offering_it_again_or_taking_a_part_of_it() {
    let mut remote = established();
    send(&mut remote, &inv_of(1));
    remote.machine.poll_transmit(remote.now);
    remote.wait(SECOND * 10).unwrap();
    remote.machine.take(30, remote.now);
    remote.machine.poll_transmit(remote.now);
    assert_eq!(remote.deadline(), Some((SECOND * 10, Timer::WriteStall)));
}

#[test]
fn each_frame_has_its_own_time() {
    let mut remote = established();
    send(&mut remote, &Message::GetAddr);
    send(&mut remote, &Message::GetAddr);
    remote.machine.poll_transmit(remote.now);
    remote.wait(SECOND * 19).unwrap();
    remote.machine.take(24, remote.now);
    assert_eq!(remote.deadline().unwrap().1, Timer::Ping);
    remote.machine.poll_transmit(remote.now);
    assert_eq!(remote.deadline(), Some((SECOND * 20, Timer::WriteStall)));
}

#[test]
fn frames_shown_together_have_their_time_one_after_another() {
    let mut remote = established();
    send(&mut remote, &Message::GetAddr);
    send(&mut remote, &Message::GetAddr);
    remote.machine.poll_transmit_chunks(usize::MAX, remote.now);
    remote.wait(SECOND * 19).unwrap();
    remote.machine.handle_transmitted(24, remote.now);
    assert_eq!(remote.deadline(), Some((SECOND * 20, Timer::WriteStall)));
}

/// The remote asks for so many pongs.
fn owe(remote: &mut Remote, pongs: u64) {
    (0..pongs).for_each(|nonce| remote.say(&ping(nonce)));
    remote.events();
}

#[test]
fn replies_that_wait_together_share_one_time_though_they_are_offered_one_by_one() {
    let mut remote = established();
    owe(&mut remote, 3);
    remote.machine.poll_transmit(remote.now);
    remote.wait(SECOND * 15).unwrap();
    remote.machine.take(32, remote.now);
    remote.machine.poll_transmit(remote.now);
    let (left, timer) = remote.deadline().unwrap();
    assert_eq!((left.as_secs(), timer), (5, Timer::WriteStall));
}

#[test]
fn a_frame_of_the_owner_between_replies_has_its_own_time() {
    let mut remote = established();
    send(&mut remote, &inv_of(1));
    remote.machine.poll_transmit(remote.now);
    owe(&mut remote, 200);
    send(&mut remote, &inv_of(1));
    remote.machine.take(usize::MAX, remote.now);
    remote.machine.poll_transmit_chunks(usize::MAX, remote.now);
    remote.wait(SECOND * 15).unwrap();
    // As many as may overtake the second announcement.
    remote.machine.handle_transmitted(128 * 32, remote.now);
    assert_eq!(remote.deadline(), Some((SECOND * 20, Timer::WriteStall)));
}
