//! A remote that a test plays by hand, over a real socket that blocks.

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

use bytes::BytesMut;
use peer_core::frame::{FrameReader, Rules};
use peer_core::{Message, ProtocolVersion};
use peer_tests::remote::{NETWORK, bytes_of, hands, introduction};
use peer_tests::samples::ping;
use socket2::{Domain, Socket, Type};

use crate::subject::{PATIENCE, Subject};

const VERSION: ProtocolVersion = ProtocolVersion::LATEST;

/// One end of a connection with a node under test.
pub(crate) struct Client {
    stream: TcpStream,
    reader: FrameReader,
    heard: BytesMut,
}

impl Client {
    /// Visits a node.
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).unwrap())
    }

    /// Visits a node and shakes hands, and will not read any more after that. The system holds little of what it
    /// is sent, and a fixed amount: otherwise it makes room for more now and then, even for one who never reads.
    pub(crate) fn established_to_be_silent(subject: &mut Subject, connection: u64) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(64 * 1024).unwrap();
        socket.connect(&subject.address.into()).unwrap();
        Self::over(socket.into()).shake_hands(subject, connection)
    }

    /// Lets a node come.
    pub(crate) fn accept(listener: &TcpListener) -> Self {
        Self::over(listener.accept().unwrap().0)
    }

    /// Visits a node and shakes hands. `connection` is the number that the node gives it.
    pub(crate) fn established(subject: &mut Subject, connection: u64) -> Self {
        Self::connect(subject.address).shake_hands(subject, connection)
    }

    fn shake_hands(mut self, subject: &mut Subject, connection: u64) -> Self {
        self.write(&hands());
        subject.established(connection);
        assert!(matches!(self.hear(), Message::Version(_)));
        assert_eq!(self.hear(), Message::Verack);
        self
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { stream, reader: FrameReader::new(), heard: BytesMut::new() }
    }

    pub(crate) fn say(&mut self, message: &Message) {
        self.write(&bytes_of(message));
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Ends our half of the stream.
    pub(crate) fn finish(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Ends the connection, also for a task that is writing to it.
    pub(crate) fn hang_up(&self) {
        match self.stream.shutdown(Shutdown::Both) {
            // The other end was quicker.
            Err(error) if error.kind() == ErrorKind::NotConnected => {}
            result => result.unwrap(),
        }
    }

    /// Ends the connection as one does that crashed.
    pub(crate) fn reset(self) {
        Socket::from(self.stream).set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// A second handle of the same connection.
    pub(crate) fn writer(&self) -> TcpStream {
        self.stream.try_clone().unwrap()
    }

    /// The next message.
    pub(crate) fn hear(&mut self) -> Message {
        let rules = Rules::new(NETWORK, VERSION);
        loop {
            if let Some(frame) = self.reader.read(&mut self.heard, &rules).unwrap() {
                return frame.decode(VERSION).unwrap();
            }
            let mut buffer = [0; 16 * 1024];
            let count = self.stream.read(&mut buffer).unwrap();
            assert!(count > 0, "the node closed the connection");
            self.heard.extend_from_slice(&buffer[..count]);
        }
    }

    /// Pings, and waits for the pong.
    pub(crate) fn ping(&mut self, nonce: u64) {
        self.say(&ping(nonce));
        match self.hear() {
            Message::Pong(pong) => assert_eq!(pong.nonce, nonce),
            other => panic!("{other:?} instead of a pong"),
        }
    }
}

pub(crate) fn version() -> Vec<u8> {
    bytes_of(&introduction(12).into())
}
