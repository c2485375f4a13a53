//! Pings, pongs, latency and idle connections.

use core::time::Duration;

use peer_core::message::{Ping, Pong};
use peer_core::{Config, ConfigError, Error, Event, Message, Timer};
use peer_tests::invariants::END_OF_TIME;
use peer_tests::pair::{Pair, Side};
use peer_tests::remote::{NETWORK, Remote, established, frame, header};
use peer_tests::samples::{block_item, getdata, tx_item};

const INTERVAL: Duration = Duration::from_secs(107);
const IDLE: Duration = Duration::from_secs(120);
const SECOND: Duration = Duration::from_secs(1);

/// The nonce of the ping that the machine wants written, which is all it wants.
fn ping(remote: &mut Remote) -> u64 {
    let [Message::Ping(ping)] = remote.hears()[..] else { panic!("not one ping") };
    ping.nonce
}

/// A ping of our own machine, written after the interval.
fn pinged() -> (Remote, u64) {
    let mut remote = established();
    assert_eq!(remote.wait_for_deadline(), (Timer::Ping, Ok(())));
    let nonce = ping(&mut remote);
    (remote, nonce)
}

#[test]
fn a_ping_leaves_107_seconds_after_the_handshake_and_every_107_seconds_from_then_on() {
    let mut remote = established();
    for _ in 0..5 {
        assert_eq!(remote.deadline(), Some((INTERVAL, Timer::Ping)));
        remote.wait_for_deadline().1.unwrap();
        let nonce = ping(&mut remote);
        remote.say(&Message::Pong(Pong { nonce }));
        remote.events();
    }
}

#[test]
fn a_remote_that_answered_owes_nothing_before_the_next_ping_is_written() {
    let (mut remote, nonce) = pinged();
    remote.say(&Message::Pong(Pong { nonce }));
    remote.events();
    // The next ping is never offered to the transport.
    remote.wait(IDLE * 2).unwrap();
    assert!(remote.machine.wants_write());
}

#[test]
fn a_ping_that_was_offered_when_the_remote_spoke_obliges_it_to_nothing() {
    let mut remote = established();
    remote.wait(INTERVAL).unwrap();
    let shown = remote.machine.poll_transmit(remote.now).len();
    remote.say(&Message::GetAddr);
    remote.events();
    remote.machine.handle_transmitted(shown, remote.now);
    remote.wait(IDLE * 2).unwrap();
}

#[test]
fn a_ping_after_fifty_five_days_of_silence_must_be_answered_too() {
    let days = |days| SECOND * 86_400 * days;
    let config = Config::builder(NETWORK).ping_interval(days(55)).idle_timeout(days(60));
    let mut remote = Remote::established(config.build().unwrap());
    remote.wait(days(55)).unwrap();
    ping(&mut remote);
    remote.wait(days(4)).unwrap();
    assert_eq!(remote.wait(days(1)), Err(Error::Timeout(Timer::Idle)));
}

#[test]
fn pings_and_announcements_go_on_while_reading_pauses() {
    let mut remote = Remote::established(Config::builder(NETWORK).send_pause(32).build().unwrap());
    [1, 2].into_iter().for_each(|nonce| remote.say(&Message::Ping(Ping { nonce })));
    remote.events();
    assert!(!remote.machine.wants_read());
    assert_eq!(remote.deadline(), Some((INTERVAL, Timer::Ping)));
    remote.machine.announce(block_item(1), remote.now).unwrap();
    assert_eq!(remote.deadline().unwrap().1, Timer::Trickle);
}

#[test]
fn other_traffic_does_not_put_pings_off() {
    let mut remote = established();
    for _ in 0..106 {
        remote.wait(SECOND).unwrap();
        remote.say(&Message::GetAddr);
        remote.machine.send(&Message::GetAddr, remote.now).unwrap();
        remote.events();
        remote.hears();
    }
    assert_eq!(remote.deadline(), Some((SECOND, Timer::Ping)));
}

#[test]
fn a_late_tick_sends_one_ping_and_not_those_that_were_missed() {
    let mut remote = established();
    remote.say(&Message::GetAddr);
    assert!(matches!(remote.pull(), Ok(Some(_))));
    remote.wait(INTERVAL * 10).unwrap();
    ping(&mut remote);
}

#[test]
fn a_ping_is_answered_with_its_nonce_and_surfaces() {
    for nonce in [0, 1, u64::MAX] {
        let mut remote = established();
        let ping = Message::Ping(Ping { nonce });
        remote.say(&ping);
        assert_eq!(remote.events(), [Event::Message(ping)]);
        assert_eq!(remote.hears(), [Message::Pong(Pong { nonce })]);
    }
}

#[test]
fn the_pong_is_queued_before_the_ping_surfaces() {
    let mut remote = established();
    remote.say(&Message::Ping(Ping { nonce: 7 }));
    remote.say(&Message::Ping(Ping { nonce: 8 }));
    remote.pull().unwrap();
    assert_eq!(remote.hears(), [Message::Pong(Pong { nonce: 7 })]);
}

#[test]
fn a_pong_to_the_newest_ping_tells_the_round_trip() {
    let (mut remote, nonce) = pinged();
    assert_eq!(remote.machine.stats().last_ping_nonce, nonce);
    assert_eq!(remote.machine.stats().last_ping_time, Some(remote.now));
    remote.wait(Duration::from_micros(123_456)).unwrap();
    remote.say(&Message::Pong(Pong { nonce }));
    assert_eq!(remote.events(), [Event::Message(Message::Pong(Pong { nonce }))]);
    let stats = remote.machine.stats();
    assert_eq!(stats.last_ping_round_trip, Some(Duration::from_micros(123_456)));
    assert_eq!(stats.last_ping_nonce, 0);
}

#[test]
fn the_round_trip_begins_when_the_ping_is_written_not_when_it_is_queued() {
    let mut remote = established();
    remote.wait_for_deadline().1.unwrap();
    remote.wait(SECOND).unwrap();
    let nonce = ping(&mut remote);
    remote.wait(SECOND).unwrap();
    remote.say(&Message::Pong(Pong { nonce }));
    remote.events();
    assert_eq!(remote.machine.stats().last_ping_round_trip, Some(SECOND));
}

#[test]
fn a_pong_to_anything_else_changes_nothing_but_surfaces() {
    let (mut remote, nonce) = pinged();
    for other in [0, nonce.wrapping_add(1)] {
        let pong = Message::Pong(Pong { nonce: other });
        remote.say(&pong);
        assert_eq!(remote.events(), [Event::Message(pong)]);
    }
    assert_eq!(remote.machine.stats().last_ping_round_trip, None);
    assert_eq!(remote.machine.stats().last_ping_nonce, nonce);
}

#[test]
fn a_second_pong_does_not_measure_again() {
    let (mut remote, nonce) = pinged();
    for _ in 0..2 {
        remote.wait(SECOND).unwrap();
        remote.say(&Message::Pong(Pong { nonce }));
        remote.events();
    }
    assert_eq!(remote.machine.stats().last_ping_round_trip, Some(SECOND));
}

#[test]
fn only_the_newest_ping_can_be_answered() {
    let (mut remote, old) = pinged();
    remote.say(&Message::GetAddr);
    remote.events();
    assert_eq!(remote.wait_for_deadline(), (Timer::Ping, Ok(())));
    let new = ping(&mut remote);
    assert_ne!(old, new);
    remote.say(&Message::Pong(Pong { nonce: old }));
    remote.events();
    assert_eq!(remote.machine.stats().last_ping_round_trip, None);
    remote.say(&Message::Pong(Pong { nonce: new }));
    remote.events();
    assert_eq!(remote.machine.stats().last_ping_round_trip, Some(Duration::ZERO));
}

#[test]
fn a_ping_of_the_owner_is_measured_too() {
    let mut remote = established();
    remote.machine.send(&Message::Ping(Ping { nonce: 5 }), remote.now).unwrap();
    assert_eq!(remote.machine.stats().last_ping_nonce, 0);
    assert_eq!(ping(&mut remote), 5);
    remote.wait(SECOND).unwrap();
    remote.say(&Message::Pong(Pong { nonce: 5 }));
    remote.events();
    assert_eq!(remote.machine.stats().last_ping_round_trip, Some(SECOND));
}

#[test]
fn a_pong_that_precedes_every_ping_measures_nothing() {
    let mut remote = established();
    remote.machine.send(&Message::Ping(Ping { nonce: 0 }), remote.now).unwrap();
    remote.say(&Message::Pong(Pong { nonce: 0 }));
    remote.events();
    assert_eq!(ping(&mut remote), 0);
    remote.say(&Message::Pong(Pong { nonce: 0 }));
    remote.events();
    assert_eq!(remote.machine.stats().last_ping_round_trip, None);
}

#[test]
fn our_pings_do_not_pile_up_while_nothing_is_written() {
    let mut remote = established();
    for _ in 0..100 {
        remote.say(&Message::GetAddr);
        remote.events();
        assert_eq!(remote.wait_for_deadline(), (Timer::Ping, Ok(())));
    }
    ping(&mut remote);
    remote.say(&Message::GetAddr);
    remote.events();
    remote.wait_for_deadline().1.unwrap();
    ping(&mut remote);
}

#[test]
fn pings_stop_at_the_end_of_time() {
    let mut remote = established();
    remote.say(&Message::GetAddr);
    remote.pull().unwrap();
    remote.now = END_OF_TIME;
    remote.wait(Duration::ZERO).unwrap();
    assert_eq!(remote.machine.next_timeout(), None);
    ping(&mut remote);
}

#[test]
fn silence_fails_an_established_connection_after_120_seconds() {
    let (mut remote, _) = pinged();
    assert_eq!(remote.deadline(), Some((IDLE - INTERVAL, Timer::Idle)));
    assert_eq!(remote.wait_for_deadline(), (Timer::Idle, Err(Error::Timeout(Timer::Idle))));
}

#[test]
fn silence_comes_before_a_missing_answer_where_both_are_due_at_once() {
    let config = Config::builder(NETWORK).idle_timeout(SECOND * 30).build().unwrap();
    let mut remote = Remote::established(config);
    remote.machine.send(&getdata([block_item(1)]), remote.now).unwrap();
    remote.hears();
    assert_eq!(remote.wait_for_deadline(), (Timer::Ping, Ok(())));
    remote.hears();
    assert_eq!(remote.deadline().map(|(_, timer)| timer), Some(Timer::Idle));
    assert_eq!(remote.wait(SECOND * 30), Err(Error::Timeout(Timer::Idle)));
}

#[test]
fn every_whole_message_restarts_the_idle_clock() {
    let (mut remote, nonce) = pinged();
    remote.say(&Message::Pong(Pong { nonce }));
    remote.events();
    assert_eq!(remote.deadline(), Some((INTERVAL, Timer::Ping)));
    remote.wait(INTERVAL).unwrap();
    remote.hears();
    assert_eq!(remote.deadline(), Some((IDLE - INTERVAL, Timer::Idle)));
}

#[test]
fn half_a_frame_buys_no_more_time_than_its_bytes_may_take() {
    let (mut remote, _) = pinged();
    for byte in header("ping", 8, [0; 4]) {
        remote.wait(SECOND / 2).unwrap();
        remote.say_bytes(&[byte]);
        assert_eq!(remote.pull(), Ok(None));
    }
    // 24 bytes, at 4096 a second.
    let bought = SECOND * 24 / 4096;
    assert_eq!(remote.deadline(), Some((SECOND + bought, Timer::Idle)));
}

#[test]
fn a_remote_is_not_blamed_while_its_message_waits_for_our_owner() {
    let (mut remote, _) = pinged();
    remote.say(&Message::GetAddr);
    assert!(matches!(remote.pull(), Ok(Some(_))));
    remote.wait(IDLE * 10).unwrap();
    remote.hears();
    // Once the owner has come back and found nothing more, the whole time is there again.
    assert_eq!(remote.pull(), Ok(None));
    let (rest, timer) = remote.deadline().unwrap();
    assert!(timer == Timer::Ping && rest <= INTERVAL);
    remote.wait(INTERVAL).unwrap();
    assert_eq!(remote.deadline().unwrap().1, Timer::Idle);
}

#[test]
fn quiet_peers_keep_each_other_alive() {
    let mut pair = Pair::new(1).established();
    pair.run_for(Duration::from_secs(24 * 3600));
    for side in [Side::Outbound, Side::Inbound] {
        assert!(pair.peer(side).is_established());
        let pings = pair.messages(side).iter().filter(|message| matches!(message, Message::Ping(_))).count();
        assert_eq!(pings, 24 * 3600 / 107);
        assert_eq!(pair.peer(side).stats().last_ping_round_trip, Some(Duration::ZERO));
    }
}

#[test]
fn a_timeout_while_the_owner_is_absent_is_no_misbehaviour() {
    let mut pair = Pair::new(1).established();
    pair.set_busy(Side::Inbound, true);
    pair.run_for(IDLE * 2);
    assert_eq!(pair.failure(Side::Outbound), Some(&Error::Timeout(Timer::Idle)));
    pair.set_busy(Side::Inbound, false);
    pair.settle();
    assert_eq!(pair.failure(Side::Inbound), Some(&Error::ClosedByRemote));
}

#[test]
fn one_ping_of_our_own_waits_at_most_whatever_pings_the_owner_sends() {
    let mut remote = established();
    for nonce in 1..=3 {
        remote.machine.send(&Message::Ping(Ping { nonce }), remote.now).unwrap();
    }
    for _ in 0..2 {
        assert_eq!(remote.wait_for_deadline(), (Timer::Ping, Ok(())));
        remote.say(&Message::GetAddr);
        remote.events();
        assert_eq!(remote.machine.take(32, remote.now).len(), 32);
    }
    // One of the owner's and one of our own: the other two have left.
    assert_eq!(remote.hears().len(), 2);
}

#[test]
fn the_ping_interval_follows_the_idle_timeout() {
    for (idle, expected) in [(120, 107_000), (60, 53_500), (12, 10_700)] {
        let idle = Duration::from_secs(idle);
        let remote = Remote::established(Config::builder(NETWORK).idle_timeout(idle).build().unwrap());
        assert_eq!(remote.deadline(), Some((Duration::from_millis(expected), Timer::Ping)));
    }
}

#[test]
fn a_ping_interval_that_could_not_keep_a_connection_alive_is_refused() {
    let build = |ping, idle| {
        let builder = Config::builder(NETWORK).ping_interval(Duration::from_secs(ping));
        builder.idle_timeout(Duration::from_secs(idle)).build().err()
    };
    assert_eq!(build(14, 15), None);
    assert_eq!(build(15, 15), Some(ConfigError::PingInterval { ping: SECOND * 15, idle: SECOND * 15 }));
    assert_eq!(build(0, 15), Some(ConfigError::Zero("ping_interval")));
}

#[test]
fn while_we_do_not_read_the_remote_is_not_idle() {
    let pause = 1000.try_into().unwrap();
    let mut remote = Remote::established(Config::builder(NETWORK).send_pause(pause).build().unwrap());
    for _ in 0..50 {
        remote.say_bytes(&frame("ping", &[1; 8]));
    }
    remote.events();
    assert!(!remote.machine.wants_read());
    remote.machine.poll_transmit(remote.now);
    assert_eq!(remote.deadline(), Some((Duration::from_secs(20), Timer::WriteStall)));
}

#[test]
fn each_timer_that_runs_is_listed_and_the_earliest_is_the_next() {
    let mut remote = established();
    assert_eq!(remote.machine.timeouts().collect::<Vec<_>>(), [remote.machine.next_timeout().unwrap()]);
    remote.machine.send(&getdata([block_item(1)]), remote.now).unwrap();
    remote.hears();
    assert_eq!(remote.machine.announce(tx_item(1), remote.now), Ok(true));
    let (times, timers): (Vec<_>, Vec<_>) = remote.machine.timeouts().unzip();
    assert_eq!(timers, [Timer::Stall, Timer::Ping, Timer::Trickle]);
    assert_eq!(remote.machine.next_timeout(), times.last().map(|at| (*at, Timer::Trickle)));
    remote.machine.close(remote.now);
    assert_eq!(remote.machine.timeouts().count(), 0);
}
