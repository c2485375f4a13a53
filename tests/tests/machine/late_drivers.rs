//! Drivers that look seldom or report late: what they cost is not the remote's to pay.
#![expect(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

use core::time::Duration;

use peer_core::message::Inventory;
use peer_core::{Error, Expected, Message, Timer};
use peer_tests::remote::{Remote, bytes_of, established, unguarded};
use peer_tests::samples::{block_item, getdata, inv_of, large_block, ping, tx, tx_item};

const SECOND: Duration = Duration::from_secs(1);

/// Writes to a transport that has room for so many bytes each time the driver looks. It looks only when it is told to, and
/// runs the timers first every other time. Returns how often it looked.
fn write_when_told(remote: &mut Remote, room: usize) -> u32 {
    let mut looks = 0;
    write(remote, room);
    while remote.machine.wants_write() {
        let (left, timer) = remote.deadline().unwrap();
        assert_eq!(timer, Timer::WriteStall);
        looks += 1;
        remote.now += left;
        if looks % 2 == 0 {
            remote.tick().unwrap_or_else(|error| panic!("{error} at look {looks}"));
        }
        write(remote, room);
        remote.tick().unwrap_or_else(|error| panic!("{error} at look {looks}"));
    }
    looks
}

/// Writes until the transport, which has room for so many bytes, takes nothing.
fn write(remote: &mut Remote, mut room: usize) {
    while remote.machine.wants_write() {
        let taken = remote.machine.poll_transmit(remote.now).len().min(room);
        room -= taken;
        remote.machine.handle_transmitted(taken, remote.now);
        if taken == 0 {
            return;
        }
    }
}

#[test]
fn a_frame_that_is_larger_than_the_transport_is_written_by_a_driver_that_looks_when_it_is_told_to() {
    let mut remote = Remote::established(unguarded().idle_timeout(SECOND * 10_000).build().unwrap());
    remote.machine.send(&inv_of(1000), remote.now).unwrap();
    assert_eq!(write_when_told(&mut remote, 8000), 4);
}

#[test]
fn replies_that_are_larger_than_the_transport_are_written_by_a_driver_that_looks_when_it_is_told_to() {
    let patient = unguarded().idle_timeout(SECOND * 10_000).send_pause(100_000);
    let mut remote = Remote::established(patient.build().unwrap());
    for nonce in 0..1000 {
        remote.say(&ping(nonce));
    }
    remote.messages();
    assert_eq!(write_when_told(&mut remote, 8000), 3);
}

/// Ten pongs to a remote that takes each at once. The driver tells of none before `late` is over.
fn report_pongs_late(late: Duration, mut before_report: impl FnMut(&mut Remote)) -> Result<(), Error> {
    let mut remote = established();
    (0..10).for_each(|nonce| remote.say(&ping(nonce)));
    remote.events();
    while remote.machine.wants_write() {
        let count = remote.machine.poll_transmit(remote.now).len();
        for step in [late - SECOND, SECOND] {
            remote.now += step;
            remote.tick()?;
        }
        before_report(&mut remote);
        remote.tick()?;
        remote.machine.handle_transmitted(count, remote.now);
    }
    Ok(())
}

#[test]
fn honesty_replies_that_are_reported_late_each_have_their_own_time() {
    assert_eq!(report_pongs_late(SECOND * 15, |_| {}), Ok(()));
}

/// Who asks again what to write has reported all that was taken.
#[test]
fn liveness_replies_share_their_time_where_the_driver_asks_again_before_one_is_taken() {
    let ask = |remote: &mut Remote| assert!(!remote.machine.poll_transmit(remote.now).is_empty());
    assert_eq!(report_pongs_late(SECOND * 15, ask), Err(Error::Timeout(Timer::WriteStall)));
}

#[test]
fn liveness_replies_share_their_time_where_the_driver_tells_of_a_refusal_before_one_is_taken() {
    let tell = |remote: &mut Remote| remote.machine.handle_transmitted(0, remote.now);
    assert_eq!(report_pongs_late(SECOND * 15, tell), Err(Error::Timeout(Timer::WriteStall)));
}

/// The transport has room for half of a frame. Both halves are reported 15 s after they were taken.
#[test]
fn honesty_a_frame_of_which_parts_are_reported_late_has_its_time() {
    let mut remote = established();
    remote.machine.send(&inv_of(1000), remote.now).unwrap();
    while remote.machine.wants_write() {
        let count = remote.machine.poll_transmit(remote.now).len().min(18_100);
        for _ in 0..15 {
            remote.now += SECOND;
            remote.tick().unwrap();
        }
        remote.machine.handle_transmitted(count, remote.now);
    }
    assert_eq!(remote.now.elapsed().as_secs(), 30);
}

/// A driver whose writes take until something was taken cannot be told from one that reports late.
#[test]
fn liveness_a_byte_that_is_reported_late_buys_a_frame_next_to_nothing() {
    let mut remote = established();
    remote.machine.send(&inv_of(1000), remote.now).unwrap();
    let stalled = loop {
        remote.machine.poll_transmit(remote.now);
        remote.now += SECOND;
        if let Err(error) = remote.tick() {
            break error;
        }
        remote.machine.handle_transmitted(1, remote.now);
    };
    assert_eq!(stalled, Error::Timeout(Timer::WriteStall));
    assert_eq!(remote.now.elapsed().as_secs(), 22);
}

/// A remote that was asked for items, in whose transport the driver looks for the first time so many seconds later.
fn looked_at_after(seconds: u32, items: u32) -> Remote {
    let mut remote = established();
    remote.machine.send(&getdata((0..items).map(tx_item).collect::<Vec<_>>()), remote.now).unwrap();
    remote.hears();
    remote.pull().unwrap();
    remote.now += SECOND * seconds;
    remote
}

/// Sixteen KiB that answer nothing, and a few bytes more.
fn push(remote: &mut Remote) {
    remote.say_bytes(&bytes_of(&inv_of(455)));
}

fn left(remote: &Remote) -> u64 {
    let (left, timer) = remote.deadline().unwrap();
    assert_eq!(timer, Timer::Stall);
    left.as_secs()
}

#[test]
fn honesty_answers_that_lay_in_the_transport_together_buy_time_together() {
    let mut remote = looked_at_after(29, 21);
    (0..20).for_each(|number| remote.say(&Message::Tx(tx(number))));
    assert_eq!(remote.messages().len(), 20);
    assert_eq!(left(&remote), 21);
}

/// The transport may have been full, and the answer behind it.
#[test]
fn honesty_what_lay_in_the_transport_while_the_driver_did_not_look_buys_time() {
    let mut remote = looked_at_after(29, 1);
    (0..4).for_each(|_| push(&mut remote));
    assert_eq!(remote.messages().len(), 4);
    assert_eq!(left(&remote), 1 + 16);
}

#[test]
fn honesty_what_is_there_of_a_frame_that_lay_in_the_transport_buys_time_once() {
    let mut remote = looked_at_after(29, 1);
    let pushed = bytes_of(&inv_of(910));
    let (first, second) = pushed.split_at(20 * 1024);
    remote.say_bytes(first);
    assert!(remote.messages().is_empty());
    assert_eq!(left(&remote), 1 + 5);
    remote.say_bytes(second);
    assert_eq!(remote.messages().len(), 1);
    assert_eq!(left(&remote), 1 + 8);
}

/// The driver reads in pieces, and pulls after each.
#[test]
fn honesty_what_lay_in_the_transport_may_be_read_in_pieces() {
    let mut remote = looked_at_after(29, 1);
    let pushed = bytes_of(&inv_of(1820));
    for piece in pushed.chunks(16_384) {
        remote.say_bytes(piece);
        remote.pull().unwrap();
    }
    assert!(remote.messages().is_empty());
    assert_eq!(left(&remote), 1 + 16);
}

/// A large block was requested twice, the second time with another one, and came once: these bytes.
fn answered_once_of_twice() -> (Remote, Vec<u8>) {
    let mut remote = established();
    let large = large_block(100_000);
    for items in [vec![Inventory::block(large.hash())], vec![Inventory::block(large.hash()), block_item(1)]] {
        remote.machine.send(&getdata(items), remote.now).unwrap();
    }
    remote.hears();
    let bytes = bytes_of(&Message::Block(large));
    remote.say_bytes(&bytes);
    assert_eq!(remote.messages().len(), 1);
    (remote, bytes)
}

/// The block comes once more. Half of it seems to be what is waited for.
#[test]
fn honesty_what_seemed_to_be_a_response_and_was_none_buys_time_as_anything_else() {
    let (mut remote, bytes) = answered_once_of_twice();
    remote.now += SECOND * 29;
    for piece in bytes.chunks(32_768) {
        remote.say_bytes(piece);
        remote.pull().unwrap();
    }
    assert!(remote.messages().is_empty());
    assert_eq!(left(&remote), 1 + 24);
}

#[test]
fn honesty_the_timers_may_run_before_what_lay_in_the_transport_is_read() {
    let mut remote = looked_at_after(29, 1);
    remote.tick().unwrap();
    (0..4).for_each(|_| push(&mut remote));
    assert_eq!(remote.messages().len(), 4);
    assert_eq!(left(&remote), 1 + 16);
}

/// A `pong` and the half of the response lay in the transport, which was full.
#[test]
fn honesty_what_is_there_of_a_response_that_lay_in_the_transport_buys_time_past_the_deadline() {
    let mut remote = established();
    let large = large_block(100_000);
    remote.machine.send(&getdata([Inventory::block(large.hash())]), remote.now).unwrap();
    remote.hears();
    remote.pull().unwrap();
    remote.now += SECOND * 30 + SECOND / 2;
    remote.say(&ping(1));
    let response = bytes_of(&Message::Block(large));
    let (first, second) = response.split_at(65_536);
    remote.say_bytes(first);
    remote.events();
    assert_eq!(remote.look(), Ok(()));
    remote.say_bytes(second);
    assert_eq!(remote.messages().len(), 1);
}

/// Hardly any transport holds so little.
#[test]
fn liveness_less_than_a_transport_holds_buys_no_time() {
    let mut remote = looked_at_after(29, 1);
    remote.say_bytes(&bytes_of(&inv_of(454)));
    assert_eq!(remote.messages().len(), 1);
    assert_eq!(left(&remote), 1);
}

#[test]
fn liveness_what_comes_while_the_driver_looks_buys_no_time() {
    let mut remote = looked_at_after(28, 1);
    remote.look().unwrap();
    for _ in 0..5 {
        remote.now += SECOND / 4;
        remote.look().unwrap();
    }
    (0..4).for_each(|_| push(&mut remote));
    assert_eq!(remote.messages().len(), 4);
    assert_eq!(left(&remote), 0);
}

/// What a small transport holds. Each byte counts once.
#[test]
fn honesty_exactly_16_kib_that_lay_in_the_transport_buy_time() {
    let mut remote = looked_at_after(29, 1);
    let pushed = [inv_of(400), inv_of(51), ping(1), ping(2), ping(3)];
    assert_eq!(pushed.iter().map(|message| bytes_of(message).len()).sum::<usize>(), 16 * 1024);
    pushed.iter().for_each(|message| remote.say(message));
    assert_eq!(remote.messages().len(), 5);
    assert_eq!(left(&remote), 1 + 4);
    remote.say(&ping(4));
    assert_eq!(remote.messages().len(), 1);
    assert_eq!(left(&remote), 1 + 4);
}

#[test]
fn honesty_what_lay_in_the_transport_may_be_read_a_second_after_the_timers_ran() {
    let mut remote = looked_at_after(28, 1);
    remote.tick().unwrap();
    remote.now += SECOND;
    (0..4).for_each(|_| push(&mut remote));
    assert_eq!(remote.messages().len(), 4);
    assert_eq!(left(&remote), 1 + 16);
}

/// The driver comes back, but its owner takes no event for a while.
#[test]
fn honesty_what_lay_in_the_transport_may_be_read_once_the_owner_pulls_again() {
    let mut remote = looked_at_after(29, 1);
    remote.machine.handle_hold(remote.now);
    remote.now += SECOND * 20;
    (0..4).for_each(|_| push(&mut remote));
    assert_eq!(remote.messages().len(), 4);
    assert_eq!(left(&remote), 1 + 16);
}

/// The driver looks at the timers alone, and is late for the next look.
#[test]
fn honesty_what_lay_in_the_transport_may_be_read_by_a_driver_that_is_late_again() {
    let mut remote = looked_at_after(28, 1);
    remote.tick().unwrap();
    remote.now += SECOND * 60;
    (0..4).for_each(|_| push(&mut remote));
    assert_eq!(remote.messages().len(), 4);
    assert_eq!(left(&remote), 1 + 16);
}

#[test]
fn liveness_what_was_there_before_the_driver_was_away_buys_no_time() {
    let (mut remote, bytes) = answered_once_of_twice();
    let (before, rest) = bytes.split_at(32_768);
    remote.say_bytes(before);
    assert_eq!(remote.pull(), Ok(None));
    remote.now += SECOND * 29;
    for piece in rest.chunks(32_768) {
        remote.say_bytes(piece);
        remote.pull().unwrap();
    }
    assert!(remote.messages().is_empty());
    assert_eq!(left(&remote), 1 + 16);
}

#[test]
fn liveness_what_lay_in_the_transport_buys_no_time_once_the_clock_went_back() {
    let mut remote = established();
    remote.wait(SECOND * 60).unwrap();
    remote.machine.send(&getdata([tx_item(0)]), remote.now).unwrap();
    remote.hears();
    remote.pull().unwrap();
    let written = remote.now;
    remote.now += SECOND * 29;
    remote.tick().unwrap();
    remote.now = written;
    remote.tick().unwrap();
    (0..4).for_each(|_| push(&mut remote));
    assert_eq!(remote.messages().len(), 4);
    assert_eq!(left(&remote), 30);
}

/// Five seconds were waited for the block, so that its bytes, which may take 24, give no more to what is still due.
#[test]
fn liveness_an_answer_gives_no_more_than_what_was_waited_since_other_bytes_bought_time() {
    let mut remote = established();
    let large = large_block(100_000);
    let items = [tx_item(0), tx_item(1), Inventory::block(large.hash())];
    remote.machine.send(&getdata(items), remote.now).unwrap();
    remote.hears();
    remote.pull().unwrap();
    remote.now += SECOND * 29;
    remote.say(&Message::Tx(tx(0)));
    (0..4).for_each(|_| push(&mut remote));
    assert_eq!(remote.messages().len(), 5);
    assert_eq!(left(&remote), 1 + 1 + 16);
    remote.wait(SECOND * 5).unwrap();
    remote.say(&Message::Block(large));
    assert_eq!(remote.messages().len(), 1);
    assert_eq!(left(&remote), 1 + 1 + 16);
}

/// A minute in all, however much it says before the driver looks.
#[test]
fn liveness_what_answers_nothing_cannot_put_an_answer_off_for_ever() {
    let mut remote = looked_at_after(29, 1);
    let stalled = loop {
        (0..8).for_each(|_| push(&mut remote));
        assert_eq!(remote.messages().len(), 8);
        if let Err(error) = remote.look() {
            break error;
        }
        remote.now += remote.deadline().unwrap().0;
    };
    assert_eq!(stalled, Error::Stalled(Expected::Item(Box::new(tx_item(0)))));
    assert_eq!(remote.now.elapsed().as_secs(), 30 + 60);
}
