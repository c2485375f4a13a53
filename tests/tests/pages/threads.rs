//! The driver with threads of `docs/driving.md`, over real sockets.

use peer_core::message::Ping;
use peer_core::{Config, Direction, Message, Network, Timer};
use peer_tokio::SystemRng;

use crate::sockets::{assert_takes_haste, assert_tells_that_it_leaves, hasty, machine, talkative, tcp};

include!("../../../docs/code/threads.rs");
include!("../../../docs/code/dial.rs");

/// A connection that a thread drives, and how to command it.
fn end(
    stream: TcpStream,
    direction: Direction,
    handle: impl FnMut(&mut Peer, Event, Time) + Send + 'static,
) -> (SyncSender<News>, JoinHandle<Error>) {
    let (commands, news) = sync_channel(16);
    let inbox = commands.clone();
    let driver = thread::spawn(move || {
        let (connection, clock) = machine(&stream, direction);
        run((connection, stream, clock, &mut SystemRng), (inbox, news), handle).unwrap()
    });
    (commands, driver)
}

#[test]
fn it_shakes_hands_and_does_what_other_threads_command() {
    let (near, far) = tcp();
    let (_, far) = end(far, Direction::Inbound, |_, _, _| {});
    let (told, heard) = sync_channel(16);
    let (commands, near) = end(near, Direction::Outbound, move |_, event, _| told.send(event).unwrap());
    while heard.recv().unwrap() != Event::Established {}
    let ping = |peer: &mut Peer, now| assert!(peer.send(&Ping { nonce: 7 }.into(), now).is_ok());
    commands.send(News::Command(Box::new(ping))).unwrap();
    assert!(matches!(heard.recv().unwrap(), Event::Message(Message::Pong(pong)) if pong.nonce == 7));
    commands.send(News::Command(Box::new(|peer, _| drop(peer.close())))).unwrap();
    assert_eq!(near.join().unwrap(), Error::ClosedByOwner);
    assert_eq!(far.join().unwrap(), Error::ClosedByRemote);
}

#[test]
fn two_threads_that_both_send_much_do_not_deadlock() {
    let (near, far) = tcp();
    let (_, far) = end(far, Direction::Inbound, talkative(false));
    let (_, near) = end(near, Direction::Outbound, talkative(true));
    assert_eq!(near.join().unwrap(), Error::ClosedByOwner);
    assert_eq!(far.join().unwrap(), Error::ClosedByRemote);
}

#[test]
fn a_transport_that_fails_ends_it() {
    let (near, far) = tcp();
    let (_, near) = end(near, Direction::Inbound, |_, _, _| {});
    far.shutdown(Shutdown::Write).unwrap();
    assert_eq!(near.join().unwrap(), Error::ClosedBeforeVersion);
}

#[test]
fn a_remote_that_says_nothing_is_blamed_in_time_by_the_threads() {
    let (near, far) = tcp();
    let (connection, clock) = hasty(&near);
    let (inbox, news) = sync_channel(16);
    let run = || run((connection, near, clock, &mut SystemRng), (inbox, news), |_, _, _| {});
    assert_eq!(assert_takes_haste(run).unwrap(), Error::Timeout(Timer::Handshake));
    drop(far);
}

#[test]
fn a_dialled_node_shakes_hands() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let host = thread::spawn(move || end(listener.accept().unwrap().0, Direction::Inbound, |_, _, _| {}).1);
    let node = Node::new(Config::builder(Network::SIMNET).build().unwrap());
    let close = |peer: &mut Peer, event: Event, _: Time| {
        if event == Event::Established {
            peer.finish();
        }
    };
    let (_, driver) = dial((address, &node, SystemRng), close).unwrap();
    assert_eq!(driver.join().unwrap().unwrap(), Error::ClosedByOwner);
    assert_eq!(host.join().unwrap().join().unwrap(), Error::ClosedByRemote);
}

#[test]
fn an_owner_of_the_threads_that_leaves_tells_the_remote_at_once() {
    assert_tells_that_it_leaves(|stream, direction, handle| {
        let ((connection, clock), (inbox, news)) = (machine(stream, direction), sync_channel(16));
        let stream = stream.try_clone().unwrap();
        run((connection, stream, clock, &mut SystemRng), (inbox, news), handle).unwrap()
    });
}
