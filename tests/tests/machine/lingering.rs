//! Connections whose transport ends in one direction first: writing fails, the remote ends its stream, or the owner leaves.
#![expect(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

use core::time::Duration;

use peer_core::{
    Config, Error, Event, FrameError, Message, OnTimeout, RequestOptions, SendError, Time, Timer,
    TransportError,
};
use peer_tests::invariants::END_OF_TIME;
use peer_tests::remote::{NETWORK, Remote, bytes_of, established, established_at, frame};
use peer_tests::requests::items;
use peer_tests::samples::{block_item, inv_of, item, ping};

const SECOND: Duration = Duration::from_secs(1);

/// Writing fails, and reading may go on.
fn fail_to_write(remote: &mut Remote) {
    assert_eq!(remote.machine.handle_write_error(TransportError::Reset, remote.now), None);
}

/// The owner leaves within a minute.
fn leave(remote: &mut Remote) {
    remote.machine.leave(remote.now + SECOND * 60, remote.now);
}

#[test]
fn a_remote_is_heard_until_nothing_came_for_a_second_after_a_failed_write() {
    let mut remote = established();
    remote.machine.send(&inv_of(1), remote.now).unwrap();
    fail_to_write(&mut remote);
    assert!(remote.machine.wants_read() && !remote.machine.wants_write());
    for nonce in 0..8 {
        // A transport that has nothing at the moment may have more a little later.
        assert_eq!(remote.wait(SECOND / 2), Ok(()));
        remote.say(&ping(nonce));
        assert_eq!(remote.messages(), [ping(nonce)]);
        assert_eq!(remote.deadline(), Some((SECOND, Timer::Linger)));
    }
    assert_eq!(remote.wait(SECOND - Duration::from_nanos(1)), Ok(()));
    assert_eq!(remote.wait(Duration::from_nanos(1)), Err(Error::TransportFailed));
}

#[test]
fn a_remote_that_never_stops_talking_is_heard_for_5_seconds_of_waiting_after_a_failed_write() {
    let mut remote = established();
    remote.machine.send(&inv_of(1), remote.now).unwrap();
    fail_to_write(&mut remote);
    remote.events();
    for nonce in 0..9 {
        assert_eq!(remote.wait(SECOND / 2), Ok(()));
        remote.say(&ping(nonce));
        assert_eq!(remote.messages(), [ping(nonce)]);
    }
    assert_eq!(remote.wait(SECOND / 2 - Duration::from_nanos(1)), Ok(()));
    assert_eq!(remote.wait(Duration::from_nanos(1)), Err(Error::TransportFailed));
}

#[test]
fn a_clock_that_goes_back_after_a_failed_write_lets_a_remote_be_heard_for_5_seconds_again_and_no_more() {
    let mut remote = established();
    remote.now += SECOND * 1000;
    remote.events();
    let report = RequestOptions::new().on_timeout(OnTimeout::Report).timeout(SECOND * 90);
    remote.is_asked_with(&items([block_item(1)]), report);
    assert_eq!(remote.wait(SECOND * 80), Ok(()));
    fail_to_write(&mut remote);
    remote.events();
    remote.now = Time::ZERO + SECOND;
    let end = (0..100).find_map(|nonce| {
        remote.say(&ping(nonce));
        remote.events();
        remote.wait(SECOND * 9 / 10).err()
    });
    assert_eq!(end, Some(Error::TransportFailed));
    assert!(remote.now <= Time::ZERO + SECOND * 7, "{:?}", remote.now);
}

#[test]
fn a_remote_is_heard_for_as_long_as_the_owner_takes_after_a_failed_write() {
    let mut remote = established();
    remote.say(&ping(1));
    remote.say(&ping(2));
    fail_to_write(&mut remote);
    for nonce in [1, 2] {
        assert_eq!(remote.pull(), Ok(Some(Event::Message(ping(nonce)))));
        remote.now += SECOND * 3600;
        assert_eq!(remote.tick(), Ok(()));
    }
    assert_eq!(remote.pull(), Ok(None));
    assert_eq!(remote.wait(SECOND), Err(Error::TransportFailed));
}

#[test]
fn a_driver_that_never_tells_still_sees_the_end_of_a_failed_write() {
    let mut remote = established();
    fail_to_write(&mut remote);
    remote.events();
    remote.now += SECOND;
    assert_eq!(remote.tick(), Ok(()));
    remote.now += SECOND;
    assert_eq!(remote.tick(), Err(Error::TransportFailed));
}

#[test]
fn a_remote_that_pauses_our_reading_is_heard_after_a_failed_write() {
    let mut remote = Remote::established(Config::builder(NETWORK).send_pause(64).build().unwrap());
    for nonce in 0..10 {
        remote.say(&ping(nonce));
    }
    assert_eq!(remote.messages().len(), 3, "then reading pauses");
    fail_to_write(&mut remote);
    assert_eq!(remote.messages().len(), 7);
}

#[test]
fn the_end_of_the_stream_keeps_the_reason_of_a_failed_write() {
    for failure in [None, Some(TransportError::Other)] {
        let mut remote = established();
        fail_to_write(&mut remote);
        assert_eq!(remote.machine.handle_end(failure, remote.now), Error::TransportFailed);
    }
}

#[test]
fn a_command_after_a_failed_write_is_refused_at_once() {
    let mut remote = established();
    let mark = remote.machine.send(&inv_of(1), remote.now).unwrap();
    fail_to_write(&mut remote);
    let refused = SendError::Closed(Error::TransportFailed);
    assert_eq!(remote.machine.send(&ping(1), remote.now), Err(refused.clone()));
    assert_eq!(remote.machine.announce(item(1), remote.now), Err(refused.clone()));
    assert_eq!(remote.machine.announce_now(item(1), remote.now), Err(refused));
    assert!(!remote.machine.is_flushed(mark));
    assert_eq!(remote.machine.queued(), 0);
}

#[test]
fn a_remote_that_talks_for_ever_after_a_failed_write_is_heard_for_16_mib() {
    let mut remote = established();
    fail_to_write(&mut remote);
    let (large, mut heard) = (bytes_of(&inv_of(50_000)), 0);
    let end = loop {
        remote.say_bytes(&large);
        match remote.pull() {
            Ok(_) => heard += large.len(),
            Err(error) => break error,
        }
    };
    assert_eq!(end, Error::TransportFailed);
    assert!((15 << 20..=16 << 20).contains(&heard), "{heard} bytes");
}

#[test]
fn a_bad_frame_after_a_failed_write_ends_the_connection_without_a_last_word() {
    let mut remote = established_at(8);
    fail_to_write(&mut remote);
    remote.say_bytes(&frame("verack", &[]));
    assert!(matches!(remote.pull(), Err(Error::Repeated(_))));
}

#[test]
fn a_connection_that_finishes_is_over_with_a_failed_write() {
    let finish: [fn(&mut Remote); 2] = [|remote| remote.machine.finish(remote.now), leave];
    for finish in finish {
        let mut remote = established();
        remote.machine.send(&inv_of(1), remote.now).unwrap();
        let mut later = established();
        fail_to_write(&mut later);
        finish(&mut later);
        assert_eq!(later.machine.failure(), Some(&Error::TransportFailed));
        finish(&mut remote);
        let error = remote.machine.handle_write_error(TransportError::Reset, remote.now);
        assert_eq!(error, Some(Error::TransportFailed));
    }
}

#[test]
fn a_remote_that_closed_only_its_writing_half_gets_what_is_queued() {
    let mut remote = established();
    remote.machine.send(&inv_of(1000), remote.now).unwrap();
    assert_eq!(remote.machine.handle_half_close(remote.now), None);
    assert!(!remote.machine.wants_read() && !remote.machine.is_established());
    let refused = Err(SendError::Closed(Error::ClosedByRemote));
    assert_eq!(remote.machine.send(&ping(1), remote.now), refused);
    remote.machine.take(1000, remote.now);
    assert_eq!(remote.tick(), Ok(()));
    remote.machine.take_all(remote.now);
    assert_eq!(remote.tick(), Err(Error::ClosedByRemote));
}

#[test]
fn a_remote_that_closed_and_takes_nothing_ends_the_connection() {
    let mut remote = established();
    remote.machine.send(&inv_of(1), remote.now).unwrap();
    assert_eq!(remote.machine.handle_half_close(remote.now), None);
    remote.machine.poll_transmit(remote.now);
    assert_eq!(remote.wait(SECOND * 20), Err(Error::ClosedByRemote));

    let mut remote = established();
    remote.machine.send(&inv_of(1), remote.now).unwrap();
    assert_eq!(remote.machine.handle_half_close(remote.now), None);
    let error = remote.machine.handle_write_error(TransportError::Reset, remote.now);
    assert_eq!(error, Some(Error::ClosedByRemote));
}

#[test]
fn a_remote_that_closes_is_gone_at_once_if_nothing_waits() {
    let mut remote = established();
    assert_eq!(remote.machine.handle_half_close(remote.now), Some(Error::ClosedByRemote));
    let mut remote = established();
    remote.say_bytes(&bytes_of(&ping(1))[..30]);
    remote.events();
    let truncated = FrameError::Truncated { missing: 2 }.into();
    assert_eq!(remote.machine.handle_half_close(remote.now), Some(truncated));
}

#[test]
fn an_owner_that_leaves_shuts_down_once_all_is_written_and_waits_for_the_remote() {
    let mut remote = established();
    remote.machine.send(&inv_of(2), remote.now).unwrap();
    remote.machine.announce(item(7), remote.now).unwrap();
    leave(&mut remote);
    let refused = Err(SendError::Closed(Error::ClosedByOwner));
    assert_eq!(remote.machine.send(&ping(1), remote.now), refused);
    assert_eq!(remote.hears(), [inv_of(2)]);
    assert!(!remote.machine.wants_shutdown(), "an announcement waits for its batch");
    remote.say(&Message::GetAddr);
    assert_eq!(remote.messages(), [Message::GetAddr], "events go on meanwhile");
    remote.wait(SECOND).unwrap();
    assert_eq!(remote.hears().len(), 1);
    assert!(remote.machine.wants_shutdown() && remote.machine.wants_read());
    remote.say(&ping(1));
    remote.say_bytes(b"whatever comes now is discarded");
    assert_eq!(remote.events(), []);
    assert!(remote.machine.input().is_empty() && !remote.machine.wants_write());
    assert_eq!(remote.machine.handle_half_close(remote.now), Some(Error::ClosedByOwner));
}

#[test]
fn an_owner_that_leaves_waits_5_seconds_after_its_last_word() {
    let mut remote = established();
    leave(&mut remote);
    assert_eq!(remote.deadline(), Some((SECOND * 5, Timer::Linger)));
    assert_eq!(remote.wait(SECOND * 5 - Duration::from_nanos(1)), Ok(()));
    assert_eq!(remote.wait(Duration::from_nanos(1)), Err(Error::ClosedByOwner));
}

#[test]
fn an_owner_that_leaves_is_gone_at_its_deadline() {
    for last_words in [0, 1] {
        let mut remote = established();
        if last_words > 0 {
            remote.machine.send(&inv_of(1), remote.now).unwrap();
        }
        remote.machine.leave(remote.now + SECOND * 3, remote.now);
        remote.machine.leave(remote.now + SECOND * 2, remote.now);
        remote.machine.leave(END_OF_TIME, remote.now);
        assert_eq!(remote.deadline(), Some((SECOND * 2, Timer::Linger)));
        assert_eq!(remote.wait(SECOND * 2), Err(Error::ClosedByOwner));
    }
    let mut remote = established();
    remote.machine.send(&inv_of(1), remote.now).unwrap();
    remote.now += SECOND;
    remote.machine.leave(Time::ZERO, remote.now);
    assert_eq!(remote.tick(), Err(Error::ClosedByOwner));
}

#[test]
fn an_owner_that_leaves_by_a_clock_ahead_is_gone_no_later_than_it_wanted() {
    let leaves_ahead = || {
        let mut remote = established();
        remote.machine.send(&inv_of(1), remote.now).unwrap();
        remote.now += SECOND * 3600;
        remote.machine.leave(remote.now + SECOND * 3, remote.now);
        remote
    };
    let [mut writing, mut closed, mut written] = [leaves_ahead(), leaves_ahead(), leaves_ahead()];
    assert_eq!(closed.machine.handle_half_close(closed.now), None);
    written.hears();
    for remote in [&mut writing, &mut closed, &mut written] {
        remote.now = Time::from_elapsed(SECOND);
        remote.tick().unwrap();
        assert_eq!(remote.deadline(), Some((SECOND * 3, Timer::Linger)));
    }
}

#[test]
fn a_clock_that_goes_back_gives_an_owner_that_lingers_5_seconds_again_and_no_more() {
    let mut remote = established();
    remote.machine.send(&inv_of(1), remote.now).unwrap();
    remote.machine.leave(remote.now + SECOND * 21, remote.now);
    remote.now += SECOND * 17;
    remote.hears();
    assert_eq!(remote.deadline(), Some((SECOND * 4, Timer::Linger)));
    remote.now = Time::from_elapsed(SECOND);
    remote.tick().unwrap();
    assert_eq!(remote.deadline(), Some((SECOND * 5, Timer::Linger)));
}

#[test]
fn a_remote_that_closes_while_the_owner_leaves_gets_the_rest_until_the_deadline() {
    let mut remote = established();
    remote.machine.send(&inv_of(1000), remote.now).unwrap();
    leave(&mut remote);
    assert_eq!(remote.machine.handle_half_close(remote.now), None);
    let mut late = remote.machine.fork();
    assert_eq!(remote.hears(), [inv_of(1000)]);
    assert_eq!(remote.tick(), Err(Error::ClosedByRemote));
    late.poll_transmit(remote.now);
    assert_eq!(late.peer().next_timeout().map(|(_, timer)| timer), Some(Timer::WriteStall));
    let mut hasty = established();
    hasty.machine.send(&inv_of(1), hasty.now).unwrap();
    hasty.machine.leave(hasty.now + SECOND, hasty.now);
    assert_eq!(hasty.machine.handle_half_close(hasty.now), None);
    assert_eq!(hasty.wait(SECOND), Err(Error::ClosedByRemote));
}

#[test]
fn an_owner_that_leaves_after_the_remote_closed_waits_for_the_rest_until_its_deadline() {
    let mut remote = established();
    remote.machine.send(&inv_of(1), remote.now).unwrap();
    assert_eq!(remote.machine.handle_half_close(remote.now), None);
    remote.machine.leave(remote.now + SECOND * 3, remote.now);
    remote.machine.leave(END_OF_TIME, remote.now);
    assert_eq!(remote.deadline(), Some((SECOND * 3, Timer::Linger)));
    assert_eq!(remote.wait(SECOND * 3), Err(Error::ClosedByRemote));
}

#[test]
fn an_owner_that_leaves_discards_16_mib_at_most() {
    let mut remote = established();
    leave(&mut remote);
    let mebibyte = vec![7; 1 << 20];
    for _ in 0..16 {
        remote.say_bytes(&mebibyte);
        assert_eq!(remote.pull(), Ok(None));
    }
    remote.say_bytes(&[7]);
    assert_eq!(remote.pull(), Err(Error::ClosedByOwner));
}

#[test]
fn a_flood_of_pings_keeps_no_one_from_leaving() {
    let mut remote = established();
    remote.machine.send(&inv_of(1), remote.now).unwrap();
    leave(&mut remote);
    for nonce in 0..100 {
        remote.say(&ping(nonce));
        remote.messages();
        remote.machine.take(64, remote.now);
    }
    assert_eq!(remote.events(), []);
    remote.machine.take_all(remote.now);
    assert!(remote.machine.wants_shutdown());
}
