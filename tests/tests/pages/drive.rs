//! The driver in 20 lines of `docs/driving.md`, over real sockets.

use core::time::Duration;
use std::thread;

use peer_core::message::Ping;
use peer_core::{Direction, Message, Timer};
use peer_tokio::SystemRng;

use crate::sockets::{assert_takes_haste, hasty, machine, talkative, tcp};

include!("../../../docs/code/drive.rs");

/// The page's time-outs of the socket.
const WAIT: Duration = Duration::from_millis(5);

fn end(
    stream: std::net::TcpStream,
    direction: Direction,
    handle: impl FnMut(&mut Peer, Event, Time) + Send + 'static,
) -> thread::JoinHandle<Error> {
    thread::spawn(move || {
        stream.set_read_timeout(Some(WAIT)).unwrap();
        stream.set_write_timeout(Some(WAIT)).unwrap();
        let (connection, clock) = machine(&stream, direction);
        drive((connection, stream, clock, &mut SystemRng, handle)).unwrap_err()
    })
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
    let (near, far) = tcp();
    near.set_read_timeout(Some(WAIT)).unwrap();
    let (connection, clock) = hasty(&near);
    let run = || drive((connection, near, clock, &mut SystemRng, |_: &mut Peer, _, _| {}));
    assert_eq!(assert_takes_haste(run), Err(Error::Timeout(Timer::Handshake)));
    drop(far);
}
