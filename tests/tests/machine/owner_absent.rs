//! An owner that is absent for a while does not blame the remote for it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;

use peer_core::message::Inventory;
use peer_core::{Config, Direction, Error, Event, Expected, Hash, Message, Node, ProtocolVersion, Timer};
use peer_tests::remote::{NETWORK, Remote, bytes_of, introduction};
use peer_tests::samples::{getdata, inv, tx_item};

const SECOND: Duration = Duration::from_secs(1);

fn established() -> Remote {
    Remote::established(Config::builder(NETWORK).build().unwrap())
}

/// A message of about 1.8 MB, and its frame.
fn large() -> (Message, Vec<u8>) {
    let message = inv(vec![tx_item(1); 50_000]);
    let mut payload = Vec::new();
    message.encode(&mut payload, ProtocolVersion::LATEST).unwrap();
    let frame = peer_tests::remote::frame("inv", &payload).to_vec();
    (message, frame)
}

/// The owner does nothing for `duration`.
fn be_absent(remote: &mut Remote, duration: Duration) {
    remote.now += duration;
}

/// Pulls and runs the timers; no event may surface.
fn look(remote: &mut Remote) -> Result<(), Error> {
    assert_eq!(remote.pull()?, None);
    remote.wait(Duration::ZERO)
}

/// The time until a timer ends the connection while nothing else happens, and the error.
fn blamed_after(remote: &mut Remote) -> (Duration, Error) {
    let start = remote.now;
    loop {
        if let (_, Err(error)) = remote.wait_for_deadline() {
            return (remote.now.saturating_since(start), error);
        }
        remote.machine.take_all(remote.now);
    }
}

#[test]
fn a_frame_on_its_way_may_go_on_when_the_owner_is_back() {
    let (message, bytes) = large();
    let mut remote = established();
    let (begun, rest) = bytes.split_at(10_000);
    remote.say_bytes(begun);
    look(&mut remote).unwrap();
    be_absent(&mut remote, 600 * SECOND);
    // What the system held for us was not much, and until now it had no room for more.
    let (held, rest) = rest.split_at(100);
    remote.say_bytes(held);
    look(&mut remote).unwrap();
    remote.wait(60 * SECOND).unwrap();
    remote.say_bytes(rest);
    assert_eq!(remote.events(), [Event::Message(message)]);
}

#[test]
fn a_remote_that_then_stays_silent_is_given_its_two_minutes() {
    let (_, bytes) = large();
    let mut remote = established();
    remote.say_bytes(&bytes[..30]);
    look(&mut remote).unwrap();
    be_absent(&mut remote, 600 * SECOND);
    remote.say_bytes(&bytes[30..60]);
    look(&mut remote).unwrap();
    let (after, error) = blamed_after(&mut remote);
    assert_eq!((after.as_secs(), error), (120, Error::Timeout(Timer::Idle)));
}

#[test]
fn an_absence_counts_as_one_second_of_silence() {
    let mut remote = established();
    remote.say_bytes(&large().1[..30]);
    look(&mut remote).unwrap();
    be_absent(&mut remote, 600 * SECOND);
    look(&mut remote).unwrap();
    remote.hears();
    let (after, error) = blamed_after(&mut remote);
    assert_eq!((after.as_secs(), error), (119, Error::Timeout(Timer::Idle)));
}

/// A remote that was pinged, of which a byte came in each of 119 seconds.
fn slow_frame() -> Remote {
    let mut remote = established();
    for byte in large().1.iter().take(119) {
        remote.say_bytes(&[*byte]);
        look(&mut remote).unwrap();
        remote.wait(SECOND).unwrap();
        remote.hears();
    }
    remote
}

#[test]
fn a_byte_between_a_deadline_and_the_look_at_it_excuses_no_one_while_the_owner_is_there() {
    let mut remote = slow_frame();
    be_absent(&mut remote, 2 * SECOND);
    remote.say_bytes(&[0]);
    assert_eq!(look(&mut remote), Err(Error::Timeout(Timer::Idle)));
}

#[test]
fn an_answer_behind_others_is_waited_for_when_the_owner_is_back() {
    let mut remote = established();
    let item = Inventory::tx(Hash::digest(b"wanted"));
    remote.machine.send(&getdata(vec![item]), remote.now).unwrap();
    remote.hears();
    look(&mut remote).unwrap();
    be_absent(&mut remote, 60 * SECOND);
    remote.say(&inv(vec![tx_item(1)]));
    assert_eq!(remote.messages().len(), 1);
    look(&mut remote).unwrap();
    let (after, error) = blamed_after(&mut remote);
    // Of its 30 s the absence took one.
    assert_eq!((after, error), (29 * SECOND, Error::Stalled(Expected::Item(Box::new(item)))));
}

#[test]
fn a_handshake_may_go_on_when_the_owner_is_back() {
    let mut remote = Remote::new(&Node::new(Config::builder(NETWORK).build().unwrap()), Direction::Inbound);
    be_absent(&mut remote, 60 * SECOND);
    remote.say(&introduction(12).into());
    assert!(matches!(remote.events()[..], [Event::Version(_)]));
    remote.hears();
    remote.wait(28 * SECOND).unwrap();
    remote.say(&Message::Verack);
    assert_eq!(remote.events(), [Event::Established]);
}

#[test]
fn a_transport_that_takes_more_of_a_frame_when_the_owner_is_back_may_go_on() {
    let mut remote = established();
    remote.machine.send(&large().0, remote.now).unwrap();
    assert_eq!(remote.machine.take(10_000, remote.now).len(), 10_000);
    be_absent(&mut remote, 600 * SECOND);
    remote.say(&Message::GetAddr);
    assert_eq!(remote.messages(), [Message::GetAddr]);
    assert_eq!(remote.machine.take(100, remote.now).len(), 100);
    // 20 s, and 6 for 1.8 MB, of which the absence took one.
    remote.wait(24 * SECOND).unwrap();
    assert_eq!(remote.wait(SECOND), Err(Error::Timeout(Timer::WriteStall)));
}

#[test]
fn a_transport_that_takes_nothing_when_the_owner_is_back_has_what_is_left_of_its_time() {
    let mut remote = established();
    remote.machine.send(&large().0, remote.now).unwrap();
    assert_eq!(remote.machine.take(10_000, remote.now).len(), 10_000);
    be_absent(&mut remote, 600 * SECOND);
    remote.machine.handle_transmitted(0, remote.now);
    remote.wait(24 * SECOND).unwrap();
    assert_eq!(remote.wait(SECOND), Err(Error::Timeout(Timer::WriteStall)));
}

/// Wakes at the next deadline, hardly late, as an owner does that sleeps until then.
fn sleep_until_the_deadline(remote: &mut Remote) {
    let (wait, _) = remote.deadline().unwrap();
    be_absent(remote, wait.saturating_add(Duration::from_millis(1)));
}

#[test]
fn a_byte_taken_at_each_deadline_does_not_put_off_the_write_stall() {
    let mut remote = established();
    remote.machine.send(&large().0, remote.now).unwrap();
    assert_eq!(remote.machine.take(10_000, remote.now).len(), 10_000);
    let start = remote.now;
    let end = loop {
        sleep_until_the_deadline(&mut remote);
        // Its messages keep the idle timer from it.
        remote.say(&Message::GetAddr);
        assert_eq!(remote.messages(), [Message::GetAddr]);
        assert_eq!(remote.machine.take(1, remote.now).len(), 1);
        assert!(remote.now < start + Duration::from_secs(60), "still not over");
        if let Err(error) = remote.wait(Duration::ZERO) {
            break error;
        }
    };
    assert_eq!((remote.now.saturating_since(start).as_secs(), end), (26, Error::Timeout(Timer::WriteStall)));
}

#[test]
fn a_byte_at_each_deadline_does_not_put_off_the_end_of_a_handshake() {
    let mut remote = Remote::new(&Node::new(Config::builder(NETWORK).build().unwrap()), Direction::Inbound);
    look(&mut remote).unwrap();
    sleep_until_the_deadline(&mut remote);
    remote.say_bytes(&bytes_of(&introduction(12).into())[..1]);
    assert_eq!(look(&mut remote), Err(Error::Timeout(Timer::Handshake)));
}

#[test]
fn an_owner_is_absent_that_looks_more_than_a_second_after_it_was_told_to() {
    let blamed = Err(Error::Timeout(Timer::Idle));
    for (late, expected) in [(1_000, blamed), (1_001, Ok(()))] {
        let mut remote = slow_frame();
        let (told, _) = remote.deadline().unwrap();
        be_absent(&mut remote, told + Duration::from_millis(late));
        remote.say_bytes(&[0]);
        assert_eq!(look(&mut remote), expected, "{late} ms late");
    }
}
