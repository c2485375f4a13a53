//! The node under test.

use core::net::SocketAddr;
use core::time::Duration;
use core::{fmt, mem};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use peer_core::{Config, ConfigBuilder, Error, Event, Message, Node, SendError};
use peer_tests::remote::NETWORK;

/// Longest that a test waits for anything. Only a failing test waits so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(100);

/// An adapter that runs a node in a thread of its own.
pub(crate) trait Adapter {
    /// Lets others come through `listener`, obeys orders, and tells what happens until it is told to stop.
    /// Connections have numbers from 0 on, as they come and are dialled. Two nodes at a time must not have the same
    /// `seed`, or they take each other for themselves.
    fn start(node: Node, seed: u64, listener: TcpListener, told: Sender<(u64, Told)>) -> Running;
}

/// A node that runs.
pub(crate) struct Running {
    pub(crate) order: Box<dyn Fn(Order)>,
    pub(crate) thread: JoinHandle<()>,
}

/// What the owner of a node does.
pub(crate) enum Order {
    Dial(SocketAddr),
    Send(u64, Message),
    Stop,
}

/// What the owner of a node is told of one connection.
#[derive(Debug, PartialEq)]
pub(crate) enum Told {
    Event(Event),
    Sent(Result<(), SendError>),
    Ended(Error),
}

/// A node under test and its owner. Dropping it stops it.
pub(crate) struct Subject {
    pub(crate) address: SocketAddr,
    running: Option<Running>,
    told: Receiver<(u64, Told)>,
    /// What came while the test waited for something else.
    kept: Vec<(u64, Told)>,
}

impl Subject {
    /// A node with the default configuration.
    pub(crate) fn new<A: Adapter>() -> Self {
        Self::with::<A>(|config| config)
    }

    /// A node with this configuration.
    pub(crate) fn with<A: Adapter>(configure: impl FnOnce(ConfigBuilder) -> ConfigBuilder) -> Self {
        let node = Node::new(configure(Config::builder(NETWORK)).build().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, told) = channel();
        Self {
            address,
            running: Some(A::start(node, address.port().into(), listener, tell)),
            told,
            kept: Vec::new(),
        }
    }

    pub(crate) fn dial(&self, address: SocketAddr) {
        self.order(Order::Dial(address));
    }

    /// Sends a message, and returns what came of it.
    pub(crate) fn send(&mut self, connection: u64, message: Message) -> Result<(), SendError> {
        self.order(Order::Send(connection, message));
        self.wait_for(connection, |told| if let Told::Sent(result) = told { Ok(result) } else { Err(told) })
    }

    /// The next event of a connection.
    pub(crate) fn event(&mut self, connection: u64) -> Event {
        self.wait_for(connection, |told| match told {
            Told::Event(event) => Ok(event),
            Told::Ended(error) => panic!("{error} instead of an event"),
            other @ Told::Sent(_) => Err(other),
        })
    }

    /// Waits until a connection's hands are shaken.
    pub(crate) fn established(&mut self, connection: u64) {
        assert!(matches!(self.event(connection), Event::Version(_)));
        assert_eq!(self.event(connection), Event::Established);
    }

    /// The next message of a connection.
    pub(crate) fn message(&mut self, connection: u64) -> Message {
        match self.event(connection) {
            Event::Message(message) => message,
            other => panic!("{other:?} instead of a message"),
        }
    }

    /// Waits for the end of a connection, and returns the reason.
    pub(crate) fn ended(&mut self, connection: u64) -> Error {
        self.wait_for(connection, |told| if let Told::Ended(error) = told { Ok(error) } else { Err(told) })
    }

    /// Waits for the first thing told of a connection that `wanted` takes; the rest is kept.
    fn wait_for<T>(&mut self, connection: u64, wanted: impl Fn(Told) -> Result<T, Told>) -> T {
        let mut kept = mem::take(&mut self.kept).into_iter();
        while let Some((of, told)) = kept.next() {
            match if of == connection { wanted(told) } else { Err(told) } {
                Ok(found) => {
                    self.kept.extend(kept);
                    return found;
                }
                Err(told) => self.kept.push((of, told)),
            }
        }
        loop {
            let (of, told) = self.told.recv_timeout(PATIENCE).unwrap();
            match if of == connection { wanted(told) } else { Err(told) } {
                Ok(found) => return found,
                Err(told) => self.kept.push((of, told)),
            }
        }
    }

    fn order(&self, order: Order) {
        (self.running.as_ref().unwrap().order)(order);
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        self.order(Order::Stop);
        let ended = self.running.take().map(|running| running.thread.join());
        if !std::thread::panicking() {
            ended.unwrap().unwrap();
        }
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("address", &self.address).finish_non_exhaustive()
    }
}
