//! Bytes that come in odd pieces, and bytes that are wrong.

use peer_core::frame::Header;
use peer_core::{Command, Error, ErrorKind, Network};
use peer_tests::remote;
use peer_tests::remote::{bytes_of, hands};
use peer_tests::samples::ping;

use crate::client::{Client, version};
use crate::subject::{Adapter, Subject};

/// A ping cut at each byte. Another connection's ping is answered between the two parts, so the first part was
/// there to be read alone.
pub(crate) fn a_frame_in_two_parts<A: Adapter>() {
    let mut subject = Subject::new::<A>();
    let mut client = Client::established(&mut subject, 0);
    let mut other = Client::established(&mut subject, 1);
    let frame = bytes_of(&ping(7));
    for cut in 0..=frame.len() {
        let (first, second) = frame.split_at(cut);
        client.write(first);
        other.ping(cut as u64);
        client.write(second);
        assert_eq!(subject.message(0), ping(7), "cut at {cut}");
    }
}

/// The whole handshake and a ping, byte by byte.
pub(crate) fn a_conversation_byte_by_byte<A: Adapter>() {
    let mut subject = Subject::new::<A>();
    let mut client = Client::connect(subject.address);
    for byte in [hands(), bytes_of(&ping(7))].concat() {
        client.write(&[byte]);
    }
    subject.established(0);
    assert_eq!(subject.message(0), ping(7));
}

pub(crate) fn a_second_version<A: Adapter>() {
    let error = end_of::<A>(&version());
    assert_eq!(error, Error::Repeated(Command::new("version").unwrap()));
}

pub(crate) fn another_network<A: Adapter>() {
    let mut frame = bytes_of(&ping(7));
    frame[..4].copy_from_slice(&Network::MAINNET.magic().to_le_bytes());
    assert_eq!(end_of::<A>(&frame).kind(), Some(ErrorKind::WrongNetwork));
}

pub(crate) fn a_wrong_checksum<A: Adapter>() {
    let mut frame = bytes_of(&ping(7));
    frame[Header::LEN - 1] ^= 1;
    assert_eq!(end_of::<A>(&frame).kind(), Some(ErrorKind::PayloadChecksum));
}

/// Refused from its header: nothing of the payload is ever sent.
pub(crate) fn a_message_larger_than_its_kind_may_be<A: Adapter>() {
    let header = remote::header("ping", 4_000_000, [0; 4]);
    assert_eq!(end_of::<A>(&header).kind(), Some(ErrorKind::PayloadTooLarge));
}

/// Nothing but a `version` may come first, and another connection does not notice.
pub(crate) fn a_ping_before_the_version<A: Adapter>() {
    let mut subject = Subject::new::<A>();
    let mut other = Client::established(&mut subject, 0);
    let mut client = Client::connect(subject.address);
    client.write(&bytes_of(&ping(7)));
    assert_eq!(subject.ended(1), Error::NotVersionMessage { got: Command::new("ping").unwrap() });
    other.ping(7);
}

/// Why a connection ends when these bytes come after the handshake.
fn end_of<A: Adapter>(bytes: &[u8]) -> Error {
    let mut subject = Subject::new::<A>();
    let mut client = Client::established(&mut subject, 0);
    client.write(bytes);
    subject.ended(0)
}
