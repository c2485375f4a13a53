//! A node that runs on `peer-tokio`, all connections on one thread.

use core::net::SocketAddr;
use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::mpsc::Sender;
use std::thread;

use peer_core::Node;
use peer_tokio::{Driver, Events, Handle, inbound, outbound};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::sync::mpsc::unbounded_channel;

use crate::subject::{Adapter, Order, Running, Told};

pub(crate) struct Tokio;

impl Adapter for Tokio {
    fn start(node: Node, seed: u64, listener: TcpListener, told: Sender<(u64, Told)>) -> Running {
        let (order, mut orders) = unbounded_channel();
        listener.set_nonblocking(true).unwrap();
        let thread = thread::spawn(move || {
            Builder::new_current_thread().enable_all().build().unwrap().block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let mut house =
                    House { node, rng: ChaCha8Rng::seed_from_u64(seed), told, handles: HashMap::new() };
                loop {
                    tokio::select! {
                        accepted = listener.accept() => house.welcome(accepted.unwrap()),
                        order = orders.recv() => match order.unwrap() {
                            Order::Dial(address) => house.dial(address),
                            Order::Send(connection, message) => {
                                let result = house.handles[&connection].try_send(message).await;
                                house.tell(connection, Told::Sent(result.map(drop)));
                            }
                            Order::Stop => return,
                        },
                    }
                }
            });
        });
        Running { order: Box::new(move |it| order.send(it).unwrap_or_default()), thread }
    }
}

struct House {
    node: Node,
    rng: ChaCha8Rng,
    told: Sender<(u64, Told)>,
    handles: HashMap<u64, Handle>,
}

impl House {
    fn welcome(&mut self, (stream, address): (TcpStream, SocketAddr)) {
        let rng = self.rng();
        self.adopt(inbound(stream, &self.node, peer_tokio::connection_info(address, 0), rng));
    }

    /// Only loopback is dialled, which answers at once.
    fn dial(&mut self, address: SocketAddr) {
        let stream = std::net::TcpStream::connect(address).unwrap();
        stream.set_nonblocking(true).unwrap();
        let (stream, rng) = (TcpStream::from_std(stream).unwrap(), self.rng());
        self.adopt(outbound(stream, &self.node, peer_tokio::connection_info(address, 0), rng).unwrap());
    }

    fn adopt(&mut self, (handle, mut events, driver): (Handle, Events, Driver<TcpStream, ChaCha8Rng>)) {
        let connection = self.handles.len() as u64;
        self.handles.insert(connection, handle);
        tokio::spawn(driver);
        let told = self.told.clone();
        tokio::spawn(async move {
            while let Some(event) = events.next().await {
                told.send((connection, Told::Event(event))).unwrap_or_default();
            }
            let reason = events.closed().unwrap().reason.clone();
            told.send((connection, Told::Ended(reason))).unwrap_or_default();
        });
    }

    fn tell(&self, connection: u64, told: Told) {
        self.told.send((connection, told)).unwrap_or_default();
    }

    fn rng(&mut self) -> ChaCha8Rng {
        ChaCha8Rng::from_rng(&mut self.rng)
    }
}
