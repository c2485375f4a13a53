//! A remote that withholds an answer is found out, whatever it says and takes meanwhile.
#![expect(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

use core::time::Duration;

use peer_core::message::{Inventory, Ping};
use peer_core::{Config, Direction, Error, Event, Expected, Message, Node, Time, Timer};
use peer_tests::remote::{NETWORK, Remote, bytes_of, established, established_at, frame, introduction};
use peer_tests::samples::{block_item, getdata, inv_of, item, notfound, ping, tx_item, usual_tx_of};

const SECOND: Duration = Duration::from_secs(1);

/// Asks for these items and lets the request be written.
fn ask(remote: &mut Remote, items: impl Into<Vec<Inventory>>) {
    remote.machine.send(&getdata(items), remote.now).unwrap();
    remote.hears();
    remote.events();
}

/// Seconds until the connection ends, with `act` in each of them; at most `most`.
fn seconds_until_the_end(
    remote: &mut Remote,
    most: u32,
    mut act: impl FnMut(&mut Remote),
) -> Option<(u32, Error)> {
    for second in 1..=most {
        act(remote);
        let heard = drain(remote);
        if let Err(error) = heard.and_then(|()| remote.wait(SECOND)) {
            return Some((second, error));
        }
    }
    None
}

/// Pulls until there is nothing more.
fn drain(remote: &mut Remote) -> Result<(), Error> {
    while remote.pull()?.is_some() {}
    Ok(())
}

fn stalled(item: Inventory) -> Error {
    Error::Stalled(Expected::Item(Box::new(item)))
}

/// Bytes of this frame over and over, so many at a time, without a pause where a frame ends.
fn endless(frame: Vec<u8>, piece: usize) -> impl FnMut(&mut Remote) {
    let mut at = 0;
    move |remote| {
        let bytes: Vec<u8> = frame.iter().cycle().skip(at).take(piece).copied().collect();
        remote.say_bytes(&bytes);
        at = (at + piece) % frame.len();
    }
}

#[test]
fn unasked_frames_without_a_pause_do_not_hide_a_withheld_block() {
    for (items, piece) in [(50_000, 4200), (5000, 4250), (500, 5000), (100, 8000)] {
        let mut remote = established();
        ask(&mut remote, [block_item(1)]);
        let end = seconds_until_the_end(&mut remote, 1000, endless(bytes_of(&inv_of(items)), piece));
        let Some((seconds, error)) = end else { panic!("{items} items: the block is still waited for") };
        assert_eq!(error, stalled(block_item(1)), "{items} items, {piece} bytes a second");
        assert!(seconds <= 32, "{items} items, {piece} bytes a second: {seconds} s");
    }
}

/// A frame that may be the answer buys time until it is whole; the one behind it buys none once the answer is overdue.
#[test]
fn other_transactions_that_overlap_do_not_hide_a_withheld_one() {
    const BEGUN: usize = 40_000;
    let mut remote = established();
    ask(&mut remote, [tx_item(1)]);
    let other = bytes_of(&Message::Tx(usual_tx_of(600, 7)));
    assert!(other.len() > 2 * BEGUN, "{} bytes", other.len());
    remote.say_bytes(&other[..BEGUN]);
    let mut said = BEGUN;
    let end = seconds_until_the_end(&mut remote, 1000, |remote| {
        let rest = &other[said..];
        if rest.len() > 4200 {
            remote.say_bytes(&rest[..4200]);
            said += 4200;
        } else {
            // What ends one of them begins the next.
            remote.say_bytes(&[rest, &other[..BEGUN]].concat());
            said = BEGUN;
        }
    });
    let Some((seconds, error)) = end else { panic!("the transaction is still waited for") };
    assert_eq!(error, stalled(tx_item(1)));
    assert!(seconds <= 62, "{seconds} s, of which the frame on its way bought half");
}

#[test]
fn a_notfound_buys_time_for_what_it_answers_alone() {
    let mut remote = established();
    let asked: Vec<_> = (0..20).map(tx_item).collect();
    ask(&mut remote, [asked.clone(), vec![block_item(1)]].concat());
    let mut padded = (1..).zip(&asked).map(|(number, wanted)| {
        let padding = (number * 50_000_u32..).map(item).take(999);
        bytes_of(&notfound([vec![*wanted], padding.collect()].concat()))
    });
    let mut bytes = Vec::new();
    let end = seconds_until_the_end(&mut remote, 1000, |remote| {
        if bytes.len() < 4200 {
            bytes.extend(padded.next().into_iter().flatten());
        }
        let piece: Vec<u8> = bytes.drain(..4200.min(bytes.len())).collect();
        remote.say_bytes(&piece);
    });
    // Each of them takes 9 s to come, of which it buys one.
    let Some((seconds, error)) = end else { panic!("the block is still waited for") };
    assert!(matches!(error, Error::Stalled(_)), "{error}");
    assert!((33..=35).contains(&seconds), "{seconds} s");
}

#[test]
fn pongs_that_are_not_taken_do_not_hide_a_withheld_block() {
    let mut remote = established();
    ask(&mut remote, [block_item(1)]);
    for nonce in 0..2100 {
        remote.say(&Message::Ping(Ping { nonce }));
    }
    let mut second = 0_u32;
    let end = seconds_until_the_end(&mut remote, 3600, |remote| {
        // It is offered everything, and takes one pong each 19 seconds.
        remote.machine.poll_transmit_chunks(usize::MAX, remote.now);
        second += 1;
        if second.is_multiple_of(19) {
            remote.machine.handle_transmitted(32, remote.now);
            remote.say(&Message::Ping(Ping { nonce: 1 }));
        }
    });
    // Those that wait together have the time of one.
    assert_eq!(end, Some((22, Error::Timeout(Timer::WriteStall))));
}

#[test]
fn a_withheld_block_is_waited_for_no_longer_with_an_event_in_each_second() {
    let mut remote = established();
    ask(&mut remote, [block_item(1)]);
    let end = seconds_until_the_end(&mut remote, 100, |remote| {
        remote.say(&Message::Ping(Ping { nonce: 1 }));
        assert!(matches!(remote.pull(), Ok(Some(Event::Message(_)))));
        remote.hears();
    });
    assert_eq!(end, Some((30, stalled(block_item(1)))));
}

/// One byte of its `version` in each round of an owner that looks only so often.
fn handshake_in_rounds(round: Duration) -> Duration {
    let mut remote = Remote::new(&Node::new(Config::builder(NETWORK).build().unwrap()), Direction::Inbound);
    let bytes = bytes_of(&introduction(12).into());
    let mut bytes = bytes.iter();
    loop {
        remote.now += round;
        remote.say_bytes(&[*bytes.next().expect("it ends before the version is whole")]);
        if drain(&mut remote).and_then(|()| remote.look()).is_err() {
            return remote.now.saturating_since(Time::ZERO);
        }
    }
}

#[test]
fn a_byte_in_each_round_does_not_put_off_the_end_whatever_the_rounds() {
    // Rounds that end more than a second after the timeout count as one second.
    for (round, end) in [(1, 30), (7, 42), (10, 30), (20, 220), (36, 1080)] {
        let took = handshake_in_rounds(SECOND * round);
        assert!(took <= SECOND * end, "rounds of {round} s: {took:?}");
    }
}

#[test]
fn pings_without_end_do_not_keep_the_owners_frames_from_being_written() {
    let mut remote = established();
    let block = inv_of(30_000);
    let marks: Vec<_> = (0..30).map(|_| remote.machine.send(&block, remote.now).unwrap()).collect();
    let mut second = 0;
    while marks.iter().any(|mark| !remote.machine.is_flushed(*mark)) {
        (0..1000).for_each(|nonce| remote.say(&ping(nonce)));
        remote.events();
        // Pongs alone would take all of it.
        let mut left: usize = 1_100_000;
        while left > 0 {
            let taken = remote.machine.take(left, remote.now).len();
            left = if taken == 0 { 0 } else { left - taken };
        }
        remote.wait(SECOND).unwrap();
        second += 1;
        assert!(second < 120, "{} bytes are still queued", remote.machine.queued());
    }
}

#[test]
fn a_remote_that_is_told_why_it_goes_is_gone_soon() {
    let mut remote = established_at(8);
    for nonce in 0..500 {
        remote.machine.send(&ping(nonce), remote.now).unwrap();
    }
    remote.machine.poll_transmit_chunks(usize::MAX, remote.now);
    remote.say_bytes(&frame("ping", &[0; 7]));
    remote.events();
    let end = seconds_until_the_end(&mut remote, 3600, |remote| {
        // It takes a frame shortly before each deadline.
        if remote.deadline().is_some_and(|(left, _)| left <= SECOND) {
            remote.machine.take(32, remote.now);
        }
    });
    let Some((seconds, _)) = end else { panic!("it is still there") };
    assert!(seconds <= 21, "{seconds} s");
}

/// One that is read without a pause hides nothing: what comes after twice the longest timeout is counted.
#[test]
fn a_flood_that_is_never_drained_does_not_hide_a_withheld_block() {
    let frame = bytes_of(&inv_of(300));
    for driver_tells in [false, true] {
        let mut remote = established();
        ask(&mut remote, [block_item(1)]);
        if driver_tells {
            remote.look().unwrap();
        }
        let error = (0..10_000).find_map(|_| {
            remote.say_bytes(&frame);
            remote.now += SECOND / 10;
            remote.pull().and_then(|_| remote.tick()).err()
        });
        assert_eq!(error, Some(stalled(block_item(1))), "one that tells: {driver_tells}");
    }
}

/// For a driver that looks for what came after each frame that it writes.
#[test]
fn a_ping_for_each_written_frame_does_not_keep_a_bulk_frame_from_being_written() {
    let mut remote = established();
    let mark = remote.machine.send(&inv_of(4), remote.now).unwrap();
    let share = 4 * 1024 / 32;
    for turn in 0..=share + 1 {
        if remote.machine.is_flushed(mark) {
            return;
        }
        remote.say(&Message::Ping(Ping { nonce: turn }));
        drain(&mut remote).unwrap();
        remote.machine.take(usize::MAX, remote.now);
    }
    assert!(remote.machine.is_flushed(mark), "replies of more than their share were written before it");
}

/// For a driver that is shown everything at once.
#[test]
fn pongs_that_are_shown_together_let_a_bulk_frame_through() {
    let mut remote = established();
    remote.machine.send(&inv_of(1), remote.now).unwrap();
    remote.machine.poll_transmit(remote.now);
    remote.machine.send(&inv_of(2), remote.now).unwrap();
    (0..400).for_each(|nonce| remote.say(&ping(nonce)));
    remote.events();
    let shown = remote.machine.poll_transmit_chunks(usize::MAX, remote.now).concat();
    let messages = remote.understand(&shown);
    let second = messages.iter().position(|message| *message == inv_of(2));
    // The first announcement, and as many pongs as may overtake the second.
    assert_eq!(second, Some(1 + 128));
}

/// For a driver that never tells: pauses of reading do not begin the search for evidence anew.
#[test]
fn a_pause_of_reading_in_each_second_does_not_hide_a_withheld_block() {
    let mut remote = Remote::established(Config::builder(NETWORK).send_pause(32).build().unwrap());
    ask(&mut remote, [block_item(1)]);
    let error = (0..1000).find_map(|_| {
        remote.now += SECOND / 10;
        remote.say(&ping(1));
        remote.say(&ping(2));
        let paused = drain(&mut remote).and_then(|()| remote.tick());
        let resumed = paused.and_then(|()| {
            remote.hears();
            drain(&mut remote)
        });
        resumed.and_then(|()| remote.tick()).err()
    });
    assert_eq!(error, Some(stalled(block_item(1))));
    assert!(remote.now < Time::ZERO + SECOND * 35, "{}", remote.now);
}

#[test]
fn what_is_taken_of_an_overdue_frame_buys_time_at_32_kib_a_second() {
    let mut remote = established();
    remote.machine.send(&inv_of(1000), remote.now).unwrap();
    remote.machine.poll_transmit(remote.now);
    remote.now += SECOND * 20;
    for taken in [4096, 4096] {
        remote.machine.poll_transmit(remote.now);
        remote.machine.handle_transmitted(taken, remote.now);
    }
    remote.machine.handle_transmitted(0, remote.now);
    assert_eq!(remote.deadline(), Some((SECOND / 4, Timer::WriteStall)));
    assert_eq!(remote.wait(SECOND / 4), Err(Error::Timeout(Timer::WriteStall)));
}
