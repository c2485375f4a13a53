//! The driver in one loop of `docs/driving.md`, over real sockets.

use core::time::Duration;
use std::thread;

use peer_core::message::Ping;
use peer_core::{Direction, Message, Timer};
use peer_tokio::SystemRng;

use crate::sockets::{assert_takes_haste, assert_tells_that_it_leaves, hasty, machine, talkative, tcp};

include!("../../../docs/code/drive.rs");

/// The page's time-outs of the socket.
const WAIT: Duration = Duration::from_millis(5);

fn end(
    stream: TcpStream,
    direction: Direction,
    handle: impl FnMut(&mut Peer, Event, Time) + Send + 'static,
) -> thread::JoinHandle<Error> {
    thread::spawn(move || run(&stream, direction, handle))
}

pub(crate) fn run(
    stream: &TcpStream,
    direction: Direction,
    handle: impl FnMut(&mut Peer, Event, Time),
) -> Error {
    stream.set_read_timeout(Some(WAIT)).unwrap();
    stream.set_write_timeout(Some(WAIT)).unwrap();
    let (mut connection, clock) = machine(stream, direction);
    let mut stream = stream.try_clone().unwrap();
    drive(&mut connection, &mut stream, clock, &mut SystemRng, handle).unwrap_err()
}

#[test]
fn the_loop_shakes_hands_talks_and_ends() {
    let (near, far) = tcp();
    let far = end(far, Direction::Inbound, |_, _, _| {});
    let near = end(near, Direction::Outbound, |peer, event, now| match event {
        Event::Established => {
            peer.send(&Message::Ping(Ping { nonce: 7 }), now).unwrap();
        }
        Event::Message(Message::Pong(pong)) if pong.nonce == 7 => {
            peer.close();
        }
        _ => {}
    });
    assert_eq!(near.join().unwrap(), Error::ClosedByOwner);
    assert_eq!(far.join().unwrap(), Error::ClosedByRemote);
}

#[test]
fn two_loops_that_both_send_much_do_not_deadlock() {
    let (near, far) = tcp();
    let far = end(far, Direction::Inbound, talkative(false));
    let near = end(near, Direction::Outbound, talkative(true));
    assert_eq!(near.join().unwrap(), Error::ClosedByOwner);
    assert_eq!(far.join().unwrap(), Error::ClosedByRemote);
}

#[test]
fn a_remote_that_says_nothing_is_blamed_in_time_by_the_loop() {
    let (mut near, far) = tcp();
    near.set_read_timeout(Some(WAIT)).unwrap();
    let (mut connection, clock) = hasty(&near);
    let run = || drive(&mut connection, &mut near, clock, &mut SystemRng, |_, _, _| {});
    assert_eq!(assert_takes_haste(run), Err(Error::Timeout(Timer::Handshake)));
    drop(far);
}

#[test]
fn an_owner_of_the_loop_that_leaves_tells_the_remote_at_once() {
    assert_tells_that_it_leaves(run);
}
