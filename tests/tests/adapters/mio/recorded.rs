//! A recorded connection over mio.

use core::time::Duration;
use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net::TcpStream;

use mio::{Events, Poll};
use peer_core::recording::{Header, Recording, Side, recorder};
use peer_core::{Config, Direction, Event, Network, Node};
use peer_mio::{PeerEvent, Peers, Recorded, Transport, connection_info};
use peer_tests::recordings::{replay, told};

use crate::mio::scripted::{Answer, BLOCK, Scripted, rng};

#[test]
fn two_ends_of_one_set_are_recorded_and_go_again_as_both_sides() {
    crate::limit::begin();
    let config = |name| Config::builder(Network::SIMNET).user_agent(name, "1").build().unwrap();
    let header = Header::new(config("near"), Direction::Outbound);
    let (recorder, writer) = recorder(&header, 1 << 20);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (far, address) = listener.accept().unwrap();
    let stream = |stream: TcpStream| {
        stream.set_nonblocking(true).unwrap();
        mio::net::TcpStream::from_std(stream)
    };

    let mut poll = Poll::new().unwrap();
    let mut far_peers =
        Peers::new(poll.registry().try_clone().unwrap(), 10..11, Node::new(config("far")), rng(2));
    let mut near_peers =
        Peers::new(poll.registry().try_clone().unwrap(), 0..1, Node::new(config("near")), rng(1));
    far_peers.insert(stream(far), Direction::Inbound, connection_info(address, 0)).unwrap();
    let recorded = Recorded::new(stream(near), recorder.clone());
    let id = near_peers.insert(recorded, Direction::Outbound, connection_info(address, 0)).unwrap();
    let (mut events, mut established) = (Events::with_capacity(8), [false; 2]);
    while established != [true; 2] {
        while let Some((_, happened)) = near_peers.next_event() {
            established[0] |= matches!(happened, PeerEvent::Event(Event::Established));
        }
        while let Some((_, happened)) = far_peers.next_event() {
            established[1] |= matches!(happened, PeerEvent::Event(Event::Established));
        }
        poll.poll(&mut events, Some(Duration::from_millis(10))).unwrap();
        for event in &events {
            assert!(near_peers.ready(event) || far_peers.ready(event));
        }
    }
    near_peers.close(id);
    let reason = loop {
        if let Some((_, PeerEvent::Closed(closed))) = near_peers.next_event() {
            break closed.to_string();
        }
    };
    assert_eq!(reason, "closed by the owner");
    recorder.end(&peer_core::Error::ClosedByOwner);
    drop((recorder, near_peers));

    let mut file = Vec::new();
    assert_eq!(writer.run(&mut file).unwrap(), 0);
    let recording = Recording::read(&String::from_utf8(file).unwrap()).unwrap();
    for side in [Side::Dialer, Side::Listener] {
        assert_eq!(replay(&recording, side).frames, 2, "{side}");
    }
}

#[test]
fn what_a_stream_took_and_gave_is_recorded_and_its_end_once() {
    let config = Config::builder(Network::SIMNET).build().unwrap();
    let (recorder, writer) = recorder(&Header::new(config, Direction::Outbound), 1 << 20);
    let plain = Scripted::default();
    plain.script().writes = [Answer::Take(0), Answer::Take(3), BLOCK].into();
    plain.script().reads =
        [Answer::Bytes(Vec::new()), Answer::Bytes(b"hello".into()), BLOCK, Answer::Eof].into();
    let mut stream = Recorded::new(plain, recorder);
    assert_eq!(stream.write(b"abcd").unwrap(), 0);
    assert_eq!(stream.write(b"abcd").unwrap(), 3);
    assert_eq!(stream.write(b"d").unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(stream.write_vectored(&[IoSlice::new(b"d"), IoSlice::new(b"ef")]).unwrap(), 3);
    let mut buffer = [0; 9];
    assert_eq!(stream.read(&mut []).unwrap(), 0);
    assert_eq!(stream.read(&mut buffer).unwrap(), 5);
    assert_eq!(buffer, *b"hello\0\0\0\0");
    assert_eq!(stream.read(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(stream.read(&mut buffer).unwrap(), 0);
    stream.flush().unwrap();
    stream.shutdown_write().unwrap();
    drop(stream);
    let end = ["end of listener", "end of dialer"];
    assert_eq!(told(writer), [["dialer: abc", "dialer: def", "listener: hello"].as_slice(), &end].concat());
}

#[test]
fn a_recorded_stream_says_of_itself_what_its_stream_says() {
    let config = Config::builder(Network::SIMNET).build().unwrap();
    let (recorder, writer) = recorder(&Header::new(config, Direction::Outbound), 1 << 20);
    let plain = Scripted::default();
    let mut stream = Recorded::new(plain.clone(), recorder);
    plain.script().connects = [Ok(false), Ok(true)].into();
    assert_eq!([stream.is_connected().unwrap(), stream.is_connected().unwrap()], [false, true]);
    assert!(!stream.short_read_drains());
    plain.script().drains = true;
    plain.script().jams = true;
    assert!(stream.short_read_drains());
    assert_eq!(stream.flush().unwrap_err().kind(), ErrorKind::WouldBlock);
    plain.script().shutdowns = [ErrorKind::WouldBlock].into();
    assert_eq!(stream.shutdown_write().unwrap_err().kind(), ErrorKind::WouldBlock);
    stream.shutdown_write().unwrap();
    assert!(plain.script().is_shut_down);
    drop(stream);
    assert_eq!(told(writer), ["end of dialer"]);
}

#[test]
fn the_drop_of_a_recorded_stream_is_its_end() {
    let config = Config::builder(Network::SIMNET).build().unwrap();
    let (recorder, writer) = recorder(&Header::new(config, Direction::Inbound), 1 << 20);
    drop(Recorded::new(Scripted::default(), recorder));
    assert_eq!(told(writer), ["end of listener"]);
}
