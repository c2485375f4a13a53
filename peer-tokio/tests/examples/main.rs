//! The examples, as people run them: the real programs, alone, against peers of the test, and against each other.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod neighbours;
mod node;
mod offline;
mod program;
mod trouble;

use core::net::SocketAddr;
use core::time::Duration;

use peer_core::{Config, Event, Message, Network, Node, Services};
use peer_tokio::{Events, Handle, SystemRng, connection_info, inbound, outbound};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Far longer than anything here takes.
const LIMIT: Duration = Duration::from_secs(120);

/// One end of a connection with an example.
struct Remote {
    handle: Handle,
    events: Events,
}

impl Remote {
    /// Accepts an example.
    async fn accept(listener: &TcpListener) -> Self {
        let (stream, address) = timeout(LIMIT, listener.accept()).await.expect("no one dialled").unwrap();
        let (handle, events, driver) = inbound(stream, &node(), connection_info(address, 0), SystemRng);
        tokio::spawn(driver);
        Self { handle, events }
    }

    /// Dials an example, and shakes hands.
    async fn dial(address: SocketAddr) -> Self {
        Self::try_dial(address).await.expect("no handshake")
    }

    /// The same, unless the example closes the connection before.
    async fn try_dial(address: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect(address).await.unwrap();
        let (handle, events, driver) =
            outbound(stream, &node(), connection_info(address, 0), SystemRng).unwrap();
        tokio::spawn(driver);
        let mut remote = Self { handle, events };
        while remote.next().await? != Event::Established {}
        Some(remote)
    }

    async fn next(&mut self) -> Option<Event> {
        timeout(LIMIT, self.events.next()).await.expect("nothing happens")
    }

    /// The next message that `wanted` takes. Others are skipped.
    async fn hear<T>(&mut self, wanted: impl Fn(Message) -> Option<T>) -> T {
        loop {
            let event = self.next().await.expect("the connection is over");
            if let Event::Message(message) = event
                && let Some(found) = wanted(message)
            {
                return found;
            }
        }
    }

    async fn send(&self, message: impl Into<Message>) {
        self.handle.send(message).await.unwrap();
    }

    /// Waits for the end.
    async fn end(mut self) {
        while self.next().await.is_some() {}
    }
}

/// The node of the remotes: with the full service, on simnet.
fn node() -> Node {
    Node::new(Config::builder(Network::SIMNET).services(Services::NODE_NETWORK).build().unwrap())
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

/// An address of this machine that refuses connections.
async fn refusing() -> String {
    listen().await.1
}
