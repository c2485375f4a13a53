//! An owner whose clock is ahead for a call and comes back, or who offers and reports late: no remote is blamed for it.
//! The search through all schedules found these.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;

use peer_core::{
    Config, Direction, Error, Event, Message, Node, ProtocolVersion, RequestOptions, Time, Timer, Unanswered,
};
use peer_tests::remote::{NETWORK, Remote, established};
use peer_tests::requests::{Told, items, told};
use peer_tests::samples::{block, block_item, getdata, inv_of, notfound, ping, tx_item};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

const fn at(seconds: u64) -> Time {
    Time::from_elapsed(Duration::from_secs(seconds))
}

/// The driver has told of both before, and asks for a block.
fn asked() -> Remote {
    let mut remote = established();
    remote.machine.send(&inv_of(1), remote.now).unwrap();
    remote.machine.poll_transmit(remote.now);
    remote.look().unwrap();
    remote.hears();
    remote.machine.send(&getdata([block_item(1)]), remote.now).unwrap();
    remote.hears();
    remote
}

/// The driver looks, and tells nothing.
fn look(remote: &mut Remote, time: Time) -> Result<(), Error> {
    remote.now = time;
    remote.machine.tick(time, &mut ChaCha8Rng::seed_from_u64(1))
}

#[test]
fn honesty_what_was_drained_by_a_clock_ahead_is_no_evidence() {
    let mut remote = asked();
    remote.machine.handle_drained(at(30));
    look(&mut remote, at(1)).unwrap();
    // The block comes meanwhile, and is read once the driver has looked.
    look(&mut remote, at(30)).unwrap();
    remote.say(&block(1).into());
    assert_eq!(remote.messages().len(), 1);
}

#[test]
fn honesty_what_was_refused_by_a_clock_ahead_is_no_evidence() {
    let mut remote = asked();
    remote.machine.send(&inv_of(2), remote.now).unwrap();
    let offered = remote.machine.poll_transmit(remote.now).len();
    remote.machine.handle_transmitted(0, at(20));
    look(&mut remote, at(1)).unwrap();
    // The transport takes it meanwhile, which is reported once the driver has looked.
    look(&mut remote, at(20)).unwrap();
    remote.machine.handle_transmitted(offered, remote.now);
    assert!(!remote.machine.wants_write());
}

#[test]
fn honesty_what_a_clock_ahead_waited_takes_nothing_from_an_answer() {
    let mut remote = asked();
    remote.now = at(29);
    remote.say(&ping(1));
    remote.messages();
    remote.hears();
    look(&mut remote, at(1)).unwrap();
    assert_eq!(remote.deadline(), Some((Duration::from_secs(30), Timer::Stall)));
}

#[test]
fn liveness_a_request_that_a_clock_ahead_reported_is_due_in_its_time() {
    let mut remote = established();
    remote.machine.send(&getdata([block_item(1)]), remote.now).unwrap();
    remote.machine.poll_transmit(remote.now);
    remote.now = at(19);
    remote.look().unwrap();
    remote.now = at(3600);
    remote.hears();
    look(&mut remote, at(19)).unwrap();
    assert_eq!(remote.deadline(), Some((Duration::from_secs(30), Timer::Stall)));
}

/// One that owes what it was not offered, while it is asked for a block.
fn pausing() -> Remote {
    let mut remote = Remote::established(Config::builder(NETWORK).send_pause(32).build().unwrap());
    remote.machine.send(&getdata([block_item(1)]), remote.now).unwrap();
    remote.hears();
    remote.look().unwrap();
    for nonce in [1, 2] {
        remote.say(&ping(nonce));
    }
    remote.messages();
    assert!(!remote.machine.wants_read());
    remote
}

#[test]
fn honesty_a_pause_of_reading_that_was_not_offered_to_be_ended_is_not_the_remotes() {
    let mut remote = pausing();
    look(&mut remote, at(50)).unwrap();
    look(&mut remote, at(51)).unwrap();
    remote.machine.poll_transmit(remote.now);
    remote.look().unwrap();
    remote.hears();
    remote.say(&Message::Block(block(1)));
    assert_eq!(remote.messages().len(), 1);
}

#[test]
fn honesty_a_refusal_after_a_pause_of_reading_says_nothing_of_an_answer() {
    let mut remote = pausing();
    look(&mut remote, at(1)).unwrap();
    remote.machine.poll_transmit(remote.now);
    remote.now = at(19);
    // One of two pongs is taken, which ends the pause. The driver has not read yet.
    remote.machine.take(usize::MAX, remote.now);
    assert!(remote.machine.wants_read());
    remote.machine.poll_transmit(remote.now);
    look(&mut remote, at(50)).unwrap();
    remote.machine.handle_transmitted(0, remote.now);
    let end = look(&mut remote, at(50));
    assert!(!matches!(end, Err(Error::Stalled(_))), "the answer may lie in the transport: {end:?}");
}

/// A driver takes the time before it reads, and tells with it after it has pulled with a later one.
#[test]
fn liveness_a_call_with_a_time_shortly_before_the_last_one_restarts_nothing() {
    for later in [1, 1000] {
        let mut remote = established();
        remote.machine.send(&getdata([block_item(1)]), remote.now).unwrap();
        remote.hears();
        remote.look().unwrap();
        let mut turn = |found_due| {
            remote.now = found_due + Duration::from_millis(later);
            assert_eq!(remote.pull(), Ok(None));
            remote.machine.handle_drained(found_due);
            remote.now = found_due;
            remote.tick()
        };
        assert_eq!(turn(at(30)), Ok(()), "the later time may be a wrong one");
        assert!(turn(at(31)).is_err(), "the block is overdue, {later} ms");
    }
}

#[test]
fn honesty_what_was_drained_by_a_clock_hardly_ahead_is_no_evidence() {
    let mut remote = asked();
    remote.machine.handle_drained(at(30) + Duration::from_millis(200));
    look(&mut remote, at(29) + Duration::from_millis(900)).unwrap();
    // The block comes meanwhile, and is read once the driver has looked.
    look(&mut remote, at(30)).unwrap();
    remote.say(&block(1).into());
    assert_eq!(remote.messages().len(), 1);
}

#[test]
fn honesty_what_a_clock_ahead_looked_for_is_looked_for_anew() {
    let mut remote = established();
    remote.machine.send(&inv_of(1), remote.now).unwrap();
    remote.machine.poll_transmit(remote.now);
    look(&mut remote, at(20)).unwrap();
    look(&mut remote, at(18)).unwrap();
    // The driver never tells: it is asked twice.
    look(&mut remote, at(20)).unwrap();
    assert_eq!(look(&mut remote, at(21)), Err(Error::Timeout(Timer::WriteStall)));
}

#[test]
fn liveness_a_frame_that_a_clock_ahead_offered_is_due_in_its_time() {
    let mut remote = established();
    remote.machine.send(&inv_of(1), remote.now).unwrap();
    remote.now = at(3600);
    remote.machine.poll_transmit(remote.now);
    look(&mut remote, at(1)).unwrap();
    assert_eq!(remote.deadline(), Some((Duration::from_secs(20), Timer::WriteStall)));
}

#[test]
fn a_request_of_an_owner_whose_clock_is_ahead_has_its_deadline_in_its_time() {
    let mut remote = established();
    let options = RequestOptions::new().deadline(Duration::from_secs(5));
    let id = remote.machine.request(&items([block_item(1)]), options, at(3600)).unwrap();
    remote.hears();
    look(&mut remote, at(1)).unwrap();
    assert_eq!(remote.deadline().map(|(after, _)| after), Some(Duration::from_secs(5)));
    look(&mut remote, at(6)).unwrap();
    assert_eq!(told(&mut remote), [Told::Ended(id, Unanswered::DeadlinePassed, vec![block_item(1)])]);
}

/// As of a driver that takes the time of one call before that of the call before it.
#[test]
fn honesty_a_clock_that_is_always_shortly_ahead_for_one_call_waits_no_faster() {
    let mut remote = asked();
    for nonce in 0..40 {
        remote.say(&ping(nonce));
        remote.now = at(0) + Duration::from_millis(900);
        assert_eq!(remote.pull(), Ok(Some(Event::Message(ping(nonce)))));
        remote.now = at(0);
        assert_eq!(remote.pull(), Ok(None));
        remote.hears();
    }
    assert_eq!(remote.deadline(), Some((Duration::from_secs(30), Timer::Stall)));
}

#[test]
fn honesty_a_pause_of_reading_goes_by_no_faster_for_a_clock_that_is_always_shortly_ahead_for_one_call() {
    let mut remote = pausing();
    for nonce in 0..40 {
        remote.machine.poll_transmit(remote.now);
        remote.now = at(0) + Duration::from_millis(900);
        remote.machine.take(32, remote.now);
        assert_eq!(remote.pull(), Ok(None), "reading goes on");
        remote.now = at(0);
        remote.say(&ping(nonce));
        assert_eq!(remote.messages(), [ping(nonce)], "and pauses again");
    }
    remote.machine.poll_transmit(remote.now);
    remote.now = at(15);
    remote.machine.take(32, remote.now);
    assert_eq!(remote.pull(), Ok(None));
    assert_eq!(
        remote.deadline(),
        Some((Duration::from_secs(30), Timer::Stall)),
        "nothing of the 15 s counts"
    );
}

#[test]
fn honesty_what_a_clock_ahead_counted_of_a_pause_of_reading_takes_nothing_from_the_next_pause() {
    let mut remote = pausing();
    remote.machine.poll_transmit(remote.now);
    remote.machine.take(usize::MAX, remote.now);
    remote.machine.poll_transmit(remote.now);
    remote.now = at(10);
    assert_eq!(remote.pull(), Ok(None), "the pause is over, after 10 s by this clock");
    look(&mut remote, at(0)).unwrap();
    remote.say(&ping(3));
    assert_eq!(remote.messages(), [ping(3)], "and the next one begins");
    remote.machine.poll_transmit(remote.now);
    remote.now = at(15);
    remote.machine.take(usize::MAX, remote.now);
    assert_eq!(remote.pull(), Ok(None));
    assert_eq!(
        remote.deadline(),
        Some((Duration::from_secs(30), Timer::Stall)),
        "nothing of the 15 s counts"
    );
}

#[test]
fn honesty_replies_use_no_time_up_for_a_clock_that_is_always_shortly_ahead_for_one_call() {
    let mut remote = established();
    (0..40).for_each(|nonce| remote.say(&ping(nonce)));
    remote.events();
    for _ in 0..39 {
        remote.machine.poll_transmit(remote.now);
        remote.machine.handle_transmitted(0, remote.now + Duration::from_millis(900));
        remote.machine.handle_transmitted(32, remote.now);
    }
    remote.machine.poll_transmit(remote.now);
    assert_eq!(remote.deadline().map(|(left, _)| left.as_secs()), Some(20));
}

#[test]
fn honesty_a_refusal_that_a_clock_ahead_reported_takes_no_time_from_the_next_reply() {
    let mut remote = established();
    (0..2).for_each(|nonce| remote.say(&ping(nonce)));
    remote.events();
    remote.machine.poll_transmit(remote.now);
    remote.machine.handle_transmitted(0, remote.now + Duration::from_millis(900));
    look(&mut remote, at(0)).unwrap();
    // The transport took the first at once, which is reported late.
    remote.now = at(15);
    remote.machine.handle_transmitted(32, remote.now);
    remote.machine.poll_transmit(remote.now);
    assert_eq!(remote.deadline(), Some((Duration::from_secs(20), Timer::WriteStall)));
}

#[test]
fn a_ping_of_a_clock_ahead_puts_the_next_one_off_by_no_more_than_its_interval() {
    let mut remote = established();
    remote.now = at(3600);
    remote.tick().unwrap();
    remote.hears();
    look(&mut remote, at(1)).unwrap();
    assert_eq!(remote.deadline(), Some((Duration::from_secs(107), Timer::Ping)));
}

#[test]
fn honesty_a_handshake_has_its_whole_time_when_a_clock_that_was_ahead_is_back() {
    let mut remote = Remote::new(&Node::new(Config::builder(NETWORK).build().unwrap()), Direction::Inbound);
    remote.now = at(25);
    remote.introduce(ProtocolVersion::LATEST);
    assert_eq!(remote.deadline(), Some((Duration::from_secs(5), Timer::Handshake)));
    look(&mut remote, at(1)).unwrap();
    assert_eq!(remote.deadline(), Some((Duration::from_secs(30), Timer::Handshake)));
}

#[test]
fn liveness_replies_have_no_more_time_together_when_the_clock_goes_back_to_when_one_was_written() {
    let mut remote = established();
    (0..3).for_each(|nonce| remote.say(&ping(nonce)));
    remote.events();
    remote.machine.poll_transmit_chunks(usize::MAX, remote.now);
    remote.wait(Duration::from_secs(15)).unwrap();
    remote.machine.poll_transmit(remote.now);
    remote.machine.handle_transmitted(32, remote.now);
    remote.wait(Duration::from_secs(2)).unwrap();
    look(&mut remote, at(15)).unwrap();
    let (left, timer) = remote.deadline().unwrap();
    assert_eq!((left.as_secs(), timer), (5, Timer::WriteStall));
}

#[test]
fn liveness_a_call_with_a_time_shortly_before_the_last_one_takes_no_evidence_of_a_write_stall_away() {
    let mut remote = established();
    remote.machine.send(&inv_of(1), remote.now).unwrap();
    remote.machine.poll_transmit(remote.now);
    remote.machine.handle_transmitted(0, at(20) + Duration::from_millis(1));
    assert_eq!(look(&mut remote, at(20)), Ok(()), "the earlier time may be the right one");
    remote.machine.handle_transmitted(0, at(21) + Duration::from_millis(1));
    assert_eq!(look(&mut remote, at(21)), Err(Error::Timeout(Timer::WriteStall)));
}

/// The clock goes on to within a second of a wrong time that was told before, past the deadline.
#[test]
fn honesty_what_a_clock_shortly_ahead_told_is_no_evidence_once_the_deadline_has_passed() {
    let mut remote = asked();
    remote.machine.handle_drained(at(31));
    remote.now = at(30) + Duration::from_millis(100);
    assert_eq!(remote.tick(), Ok(()));
    remote.say(&Message::Block(block(1)));
    assert_eq!(remote.messages().len(), 1);
}

#[test]
fn honesty_wrong_times_do_not_make_a_second_answer_to_what_was_asked_twice_unrequested() {
    let mut remote = established();
    for _ in 0..2 {
        remote.machine.send(&getdata([block_item(1)]), remote.now).unwrap();
    }
    remote.hears();
    remote.say(&Message::Block(block(1)));
    assert_eq!(remote.messages().len(), 1);
    for wrong in [45, 50] {
        remote.machine.handle_drained(at(wrong));
        remote.say(&inv_of(1));
        remote.now = at(wrong);
        assert_eq!(remote.messages().len(), 1);
        remote.now = at(2);
        assert_eq!(remote.pull(), Ok(None));
    }
    remote.say(&Message::Block(block(1)));
    assert_eq!(remote.messages().len(), 1);
}

#[test]
fn honesty_a_driver_that_is_late_after_a_wrong_time_may_look_at_the_timers_before_it_reads() {
    let mut remote = established();
    remote.machine.send(&getdata([tx_item(1)]), remote.now).unwrap();
    remote.hears();
    remote.events();
    let asked = remote.now;
    // A wrong time, at which the answer would be overdue.
    remote.now = asked + Duration::from_secs(31);
    remote.tick().unwrap();
    // The answer comes in time. The process is stopped for some minutes, and looks at its timers first.
    remote.say(&notfound([tx_item(1)]));
    remote.now = asked + Duration::from_secs(240);
    remote.tick().unwrap();
    assert_eq!(remote.messages(), [notfound([tx_item(1)])]);
}
