//! The cases against `peer-tokio`, all connections on one thread.

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
use crate::{bad_bytes, endings, load, silence};

struct Tokio;

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
                                let result = house.handles[&connection].send(message).await;
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
        self.adopt(inbound(stream, &self.node, peer_tokio::hello(address, 0), rng));
    }

    /// Only loopback is dialled, which answers at once.
    fn dial(&mut self, address: SocketAddr) {
        let stream = std::net::TcpStream::connect(address).unwrap();
        stream.set_nonblocking(true).unwrap();
        let (stream, rng) = (TcpStream::from_std(stream).unwrap(), self.rng());
        self.adopt(outbound(stream, &self.node, peer_tokio::hello(address, 0), rng).unwrap());
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

#[test]
fn a_frame_may_come_in_two_parts() {
    bad_bytes::a_frame_in_two_parts::<Tokio>();
}

#[test]
fn a_conversation_may_come_byte_by_byte() {
    bad_bytes::a_conversation_byte_by_byte::<Tokio>();
}

#[test]
fn a_second_version_ends_it() {
    bad_bytes::a_second_version::<Tokio>();
}

#[test]
fn a_frame_of_another_network_ends_it() {
    bad_bytes::another_network::<Tokio>();
}

#[test]
fn a_wrong_checksum_ends_it() {
    bad_bytes::a_wrong_checksum::<Tokio>();
}

#[test]
fn a_message_larger_than_its_kind_may_be_ends_it() {
    bad_bytes::a_message_larger_than_its_kind_may_be::<Tokio>();
}

#[test]
fn a_ping_before_the_version_ends_that_connection_alone() {
    bad_bytes::a_ping_before_the_version::<Tokio>();
}

#[test]
fn no_version_fails_the_handshake() {
    silence::no_version::<Tokio>();
}

#[test]
fn no_version_of_one_that_we_dialled_fails_the_handshake() {
    silence::no_version_of_one_that_we_dialled::<Tokio>();
}

#[test]
fn no_verack_fails_the_handshake() {
    silence::no_verack::<Tokio>();
}

#[test]
fn silence_after_the_handshake_ends_it() {
    silence::silence_after_the_handshake::<Tokio>();
}

#[test]
fn silence_inside_a_frame_ends_it() {
    silence::silence_inside_a_frame::<Tokio>();
}

#[test]
fn a_stream_may_end_at_every_byte_of_a_handshake() {
    endings::at_every_byte_of_a_handshake::<Tokio>();
}

#[test]
fn a_stream_may_end_at_every_byte_of_a_handshake_that_we_began() {
    endings::at_every_byte_of_a_handshake_that_we_began::<Tokio>();
}

#[test]
fn last_words_are_heard_before_the_end() {
    endings::last_words_are_heard::<Tokio>();
}

#[test]
fn resets_are_failures_of_the_transport() {
    endings::resets_are_failures_of_the_transport::<Tokio>();
}

#[test]
fn a_node_that_dials_itself_notices_at_both_ends() {
    endings::a_node_that_dials_itself::<Tokio>();
}

#[test]
fn eighty_junk_messages_of_4_mb_do_not_delay_another() {
    load::junk_does_not_delay_another::<Tokio>();
}

#[test]
fn both_sides_may_send_5_mb_at_once() {
    load::both_sides_send_at_once::<Tokio>();
}

#[test]
fn two_nodes_may_send_5_mb_at_once() {
    load::two_nodes_send_at_once::<Tokio>();
}

#[test]
fn remotes_that_never_read_cost_no_more_than_the_limit_and_are_let_go() {
    load::remotes_that_never_read::<Tokio>();
}
