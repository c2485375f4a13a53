//! Streams that end or break.

use std::net::TcpListener;

use peer_core::{Error, FrameError};
use peer_tests::remote::{bytes_of, hands};
use peer_tests::samples::ping;

use crate::client::{Client, version};
use crate::subject::{Adapter, Subject};

/// The stream of one that came ends after each number of bytes of its handshake.
pub(crate) fn at_every_byte_of_a_handshake<A: Adapter>() {
    let mut subject = Subject::new::<A>();
    for (connection, len) in (0..=hands().len()).enumerate() {
        let mut client = Client::connect(subject.address);
        check_end(&mut subject, connection as u64, &mut client, len);
    }
}

/// The stream of one that we dialled ends after each number of bytes of its handshake.
pub(crate) fn at_every_byte_of_a_handshake_that_we_began<A: Adapter>() {
    let mut subject = Subject::new::<A>();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    for (connection, len) in (0..=hands().len()).enumerate() {
        subject.dial(listener.local_addr().unwrap());
        let mut client = Client::accept(&listener);
        check_end(&mut subject, connection as u64, &mut client, len);
    }
}

/// What was said before the end is told before the end.
pub(crate) fn last_words_are_heard<A: Adapter>() {
    let mut subject = Subject::new::<A>();
    let mut client = Client::established(&mut subject, 0);
    client.write(&[bytes_of(&ping(1)), bytes_of(&ping(2))].concat());
    client.finish();
    assert_eq!(subject.message(0), ping(1));
    assert_eq!(subject.message(0), ping(2));
    assert_eq!(subject.ended(0), Error::ClosedByRemote);
}

/// A reset is a failure of the transport, whether reading meets it or writing, which takes its error away. Many are
/// tried, since that is a race.
pub(crate) fn resets_are_failures_of_the_transport<A: Adapter>() {
    let mut subject = Subject::new::<A>();
    for connection in 0..50 {
        let mut client = Client::established(&mut subject, connection);
        client.write(&bytes_of(&ping(1)).repeat(100));
        client.reset();
        assert_eq!(subject.ended(connection), Error::TransportFailed);
    }
}

/// A node that dials itself notices at both ends.
pub(crate) fn a_node_that_dials_itself<A: Adapter>() {
    let mut subject = Subject::new::<A>();
    subject.dial(subject.address);
    let ends = [subject.ended(0), subject.ended(1)];
    assert_eq!(ends, [Error::SelfConnection, Error::SelfConnection]);
}

/// Ends the stream after `len` bytes of the handshake and looks at the reason that the node gives.
fn check_end(subject: &mut Subject, connection: u64, client: &mut Client, len: usize) {
    client.write(&hands()[..len]);
    client.finish();
    let error = subject.ended(connection);
    let between_frames = [
        (0, Error::ClosedBeforeVersion),
        (version().len(), Error::ClosedBeforeVerack),
        (hands().len(), Error::ClosedByRemote),
    ];
    if let Some((_, expected)) = between_frames.iter().find(|(end, _)| *end == len) {
        assert_eq!(error, *expected, "after {len} bytes");
    } else {
        let Error::Frame(error) = &error else { panic!("{error} after {len} bytes") };
        assert!(matches!(**error, FrameError::Truncated { .. }), "{error} after {len} bytes");
    }
}
