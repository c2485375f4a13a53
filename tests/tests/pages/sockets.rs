//! Two ends of a connection over loopback, and what they say.

use core::time::Duration;
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Instant;

use peer_core::message::{NetAddress, Timestamp, Transaction, TxOut};
use peer_core::{
    Config, ConfigBuilder, Connection, ConnectionInfo, Direction, Error, Event, Message, Network, Node, Peer,
    Services, Time,
};
use peer_tokio::SystemRng;

use crate::drive::run as one_loop;

/// Transactions that each end sends to the other: together more than both pipes hold.
const MANY: u32 = 40;

/// Time to shake hands of a [`hasty`] machine: much less than the second that evidence is waited for.
const HASTE: Duration = Duration::from_millis(200);

/// A connection over loopback: the dialled end and the accepted one.
pub(crate) fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let dialled = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (dialled, listener.accept().unwrap().0)
}

/// A machine whose clock begins now.
pub(crate) fn machine(stream: &TcpStream, direction: Direction) -> (Connection, impl Fn() -> Time + use<>) {
    start(Config::builder(Network::SIMNET), stream, direction)
}

/// A machine that waits for the handshake for a short time.
pub(crate) fn hasty(stream: &TcpStream) -> (Connection, impl Fn() -> Time + use<>) {
    let config = Config::builder(Network::SIMNET).handshake_timeout(HASTE);
    start(config, stream, Direction::Inbound)
}

/// How long a call takes, which must be as long as a [`hasty`] machine waits: not shorter, and no second longer.
#[track_caller]
pub(crate) fn assert_takes_haste<T>(call: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = call();
    let took = start.elapsed();
    assert!(took >= HASTE && took < HASTE + Duration::from_secs(1), "{took:?}");
    result
}

fn start(
    config: ConfigBuilder,
    stream: &TcpStream,
    direction: Direction,
) -> (Connection, impl Fn() -> Time + use<>) {
    let (node, start) = (Node::new(config.build().unwrap()), Instant::now());
    let remote = NetAddress::new(stream.peer_addr().unwrap(), Services::NONE);
    let info = ConnectionInfo::new(remote, 0, Timestamp::default());
    let peer = match direction {
        Direction::Outbound => Connection::outbound(&node, info, Time::ZERO, &mut SystemRng).unwrap(),
        Direction::Inbound => Connection::inbound(&node, info, Time::ZERO, &mut SystemRng),
    };
    (peer, move || Time::from_elapsed(start.elapsed()))
}

/// A transaction of half a megabyte.
fn large() -> Message {
    let output = TxOut { value: 1, version: 0, pk_script: &[7; 500_000] };
    Message::Tx(Transaction::new(1, &[], &[output], 0, 0).unwrap())
}

/// An owner that leaves as soon as hands are shaken. `drive` is our driver. The remote has the driver in one loop, which
/// returns when our direction of the stream ends and leaves its own open: ours returns after that, or five seconds later.
pub(crate) fn assert_tells_that_it_leaves<D>(drive: D)
where
    D: Fn(&TcpStream, Direction, fn(&mut Peer, Event, Time)) -> Error + Send + 'static,
{
    let ((near, far), (told, ended)) = (tcp(), sync_channel(1));
    thread::spawn(move || {
        let leaves: fn(&mut Peer, Event, Time) = |peer, event, now| {
            if event == Event::Established {
                peer.leave(now + Duration::from_secs(60), now);
            }
        };
        told.send(drive(&near, Direction::Outbound, leaves)).unwrap();
    });
    assert_eq!(one_loop(&far, Direction::Inbound, |_, _, _| {}), Error::ClosedByRemote);
    let still_hears = ended.recv_timeout(Duration::from_millis(200));
    assert_eq!(still_hears, Err(RecvTimeoutError::Timeout), "our end was told before it was over");
    drop(far);
    assert_eq!(ended.recv().unwrap(), Error::ClosedByOwner);
}

/// Sends much, and leaves when it has heard as much and that the other end has, too.
pub(crate) fn talkative(leaves: bool) -> impl FnMut(&mut Peer, Event, Time) {
    let (mut heard, mut is_heard) = (0, false);
    move |peer, event, now| {
        match event {
            Event::Established => {
                for _ in 0..MANY {
                    peer.send(&large(), now).unwrap();
                }
            }
            Event::Message(Message::Tx(_)) => {
                heard += 1;
                if heard == MANY {
                    peer.send(&Message::SendHeaders, now).unwrap();
                }
            }
            Event::Message(Message::SendHeaders) => is_heard = true,
            _ => {}
        }
        if heard == MANY && is_heard && leaves {
            peer.close();
        }
    }
}
