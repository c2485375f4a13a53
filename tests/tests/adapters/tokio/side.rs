//! What the tests are written in: two ends, one of which may be bare bytes.

use peer_core::message::Inventory;
use peer_core::{Event, Message, Node};
use peer_tokio::{Closed, Driver, Events, Handle, inbound, outbound};
use rand_chacha::ChaCha8Rng;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::tokio::samples::{connection_info, hands, node, nonce_of, rng};

/// One end of a connection, driven by a task.
pub(crate) struct Side {
    pub(crate) handle: Handle,
    pub(crate) events: Events,
    pub(crate) task: JoinHandle<Closed>,
}

impl Side {
    pub(crate) fn spawn<S>((handle, events, driver): (Handle, Events, Driver<S, ChaCha8Rng>)) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let task = tokio::spawn(driver);
        Self { handle, events, task }
    }

    /// The first two events.
    pub(crate) async fn handshake(&mut self) -> (Option<Event>, Option<Event>) {
        (self.events.next().await, self.events.next().await)
    }

    pub(crate) async fn message(&mut self) -> Message {
        match self.events.next().await {
            Some(Event::Message(message)) => message,
            other => panic!("{other:?} instead of a message"),
        }
    }

    /// The nonce of the next message, which is a ping.
    pub(crate) async fn ping(&mut self) -> u64 {
        nonce_of(self.events.next().await)
    }

    /// The items of the next message, which is an `inv`.
    pub(crate) async fn announced(&mut self) -> Vec<Inventory> {
        match self.message().await {
            Message::Inv(inv) => inv.inventory.iter().copied().collect(),
            other => panic!("{other:?} instead of inv"),
        }
    }

    /// Asks for events until there are no more.
    pub(crate) async fn listen(&mut self) {
        while self.events.next().await.is_some() {}
    }

    /// Listens to the end, and returns the reason.
    pub(crate) async fn ended(mut self) -> Closed {
        self.listen().await;
        self.task.await.unwrap()
    }
}

pub(crate) fn dial(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, node: &Node) -> Side {
    Side::spawn(outbound(stream, node, connection_info(), rng(1)).unwrap())
}

pub(crate) fn answer(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, node: &Node) -> Side {
    Side::spawn(inbound(stream, node, connection_info(), rng(2)))
}

/// Two strangers that shook hands.
pub(crate) async fn established<S>((near, far): (S, S)) -> (Side, Side)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut near, mut far) = (dial(near, &node()), answer(far, &node()));
    tokio::join!(near.handshake(), far.handshake());
    (near, far)
}

/// A peer that shook hands with a remote of which only the bytes are left.
pub(crate) async fn established_with_raw(pipe: usize) -> (Side, DuplexStream) {
    established_with_raw_of(&node(), pipe).await
}

/// The same for a peer of this node.
pub(crate) async fn established_with_raw_of(node: &Node, pipe: usize) -> (Side, DuplexStream) {
    let (near, mut far) = duplex(pipe);
    let mut near = answer(near, node);
    far.write_all(&hands()).await.unwrap();
    let mut version = [0; 24];
    let shake = async {
        near.handshake().await;
        near.handle.flush().await.unwrap();
    };
    let hear = async {
        far.read_exact(&mut version).await.unwrap();
        let [.., a, b, c, d, _, _, _, _] = version;
        let payload = u64::from(u32::from_le_bytes([a, b, c, d]));
        let verack = 24;
        let mut rest = (&mut far).take(payload + verack);
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await.unwrap();
    };
    tokio::join!(shake, hear);
    (near, far)
}

pub(crate) async fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dialled = TcpStream::connect(listener.local_addr().unwrap());
    let (dialled, accepted) = tokio::join!(dialled, listener.accept());
    (dialled.unwrap(), accepted.unwrap().0)
}
