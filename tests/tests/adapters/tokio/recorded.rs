//! A recorded connection: the driver does not notice, and a machine in the place of either side says the same.

use core::task::Poll;
use core::time::Duration;
use std::io::IoSlice;

use peer_core::message::Ping;
use peer_core::recording::{Header, Recording, Side, Writer, recorder};
use peer_core::{Direction, Event, Message};
use peer_tests::recordings::{replay, told};
use peer_tokio::Recorded;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex};
use tokio::time::sleep;

use crate::tokio::poll::once;
use crate::tokio::samples::{connection_info, node};
use crate::tokio::side::{answer, dial};

#[tokio::test(start_paused = true)]
async fn a_conversation_recorded_at_both_ends_goes_again_as_both_sides() {
    crate::limit::begin();
    let info = connection_info();
    let (near, far) = duplex(100);
    let header = |direction| {
        Header::new(node().config().clone(), direction).software("test 1").unix_time(info.unix_time)
    };
    let (near_recorder, near_writer) = recorder(&header(Direction::Outbound), 1 << 20);
    let (far_recorder, far_writer) = recorder(&header(Direction::Inbound), 1 << 20);
    let mut near = dial(Recorded::new(near, near_recorder.clone()), &node());
    let mut far = answer(Recorded::new(far, far_recorder.clone()), &node());
    tokio::join!(near.handshake(), far.handshake());
    near.handle.send(Message::Ping(Ping { nonce: 5 })).await.unwrap();
    assert_eq!(far.events.next().await, Some(Event::Message(Message::Ping(Ping { nonce: 5 }))));
    let talk = async { while near.events.next().await.is_some() {} };
    let hear = async { while far.events.next().await.is_some() {} };
    tokio::select! {
        ((), ()) = async { tokio::join!(talk, hear) } => panic!("it ended early"),
        () = sleep(Duration::from_secs(250)) => {}
    }
    near.handle.close();
    let (closed, other) = tokio::join!(near.ended(), far.ended());
    near_recorder.end(&closed.reason);
    far_recorder.end(&other.reason);
    drop((near_recorder, far_recorder));

    for (writer, reason) in [(near_writer, "ClosedByOwner"), (far_writer, "ClosedByRemote")] {
        let file = written(writer);
        assert!(file.contains(&format!(r#""end":"{reason}""#)), "{file}");
        let recording = Recording::read(&file).unwrap();
        assert!(!recording.is_cut);
        for side in [Side::Dialer, Side::Listener] {
            // Version, verack, the owner's ping or its pong, two pings and two pongs.
            assert_eq!(replay(&recording, side).frames, 7, "{side} of the {reason} file");
        }
    }
}

#[tokio::test]
async fn what_a_stream_took_and_gave_is_recorded_and_its_end_once() {
    crate::limit::begin();
    let (recorder, writer) = recorder(&Header::new(node().config().clone(), Direction::Outbound), 1 << 20);
    let (near, mut far) = duplex(5);
    let mut stream = Recorded::new(near, recorder);
    assert!(stream.is_write_vectored());
    assert_eq!(stream.write(b"").await.unwrap(), 0);
    assert_eq!(stream.write(b"abc").await.unwrap(), 3);
    assert_eq!(stream.write_vectored(&[IoSlice::new(b"d"), IoSlice::new(b"ef")]).await.unwrap(), 2);
    assert!(once(stream.write(b"f")).is_pending());
    stream.flush().await.unwrap();
    let mut buffer = [0; 5];
    far.read_exact(&mut buffer).await.unwrap();
    assert_eq!(buffer, *b"abcde");

    far.write_all(b"hello").await.unwrap();
    assert_eq!(stream.read(&mut []).await.unwrap(), 0);
    assert_eq!(stream.read(&mut buffer).await.unwrap(), 5);
    assert_eq!(buffer, *b"hello");
    assert!(matches!(once(stream.read(&mut buffer)), Poll::Pending));
    drop(far);
    assert_eq!(stream.read(&mut buffer).await.unwrap(), 0);
    stream.shutdown().await.unwrap();
    drop(stream);
    let end = ["end of listener", "end of dialer"];
    assert_eq!(told(writer), [["dialer: abc", "dialer: de", "listener: hello"].as_slice(), &end].concat());
}

#[test]
fn the_drop_of_a_recorded_stream_is_its_end() {
    let (recorder, writer) = recorder(&Header::new(node().config().clone(), Direction::Inbound), 1 << 20);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _entered = runtime.enter();
    drop(Recorded::new(duplex(1).0, recorder));
    assert_eq!(told(writer), ["end of listener"]);
}

/// What the recorders of this writer noted, once all are gone.
fn written(writer: Writer) -> String {
    let mut file = Vec::new();
    assert_eq!(writer.run(&mut file).unwrap(), 0);
    String::from_utf8(file).unwrap()
}
