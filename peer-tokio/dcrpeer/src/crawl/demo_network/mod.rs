//! A made-up network on this machine, for trying a crawl.
//!
//! Roles, topology and latencies come from a fixed seed, so that two demo networks of one size are the same. One peer in
//! seven is faulty, as on the real network.

mod latency;
mod plan;

use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use peer_core::message::{Address, Inv, Inventory, NetAddressV2, Raw, Timestamp};
use peer_core::{Command, Event, Hash, Message, Network, Node, Services};
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use self::latency::WithLatency;
pub(crate) use self::plan::NETWORK;
use self::plan::{DemoPeer, Plan, Role};
use crate::error::{Failure, plain};
use crate::node;

/// A running network. Dropping it stops all peers.
#[derive(Debug)]
pub(crate) struct DemoNetwork {
    seed: SocketAddr,
    reachable: u64,
    /// Keeps the ports of peers that do not listen.
    _not_listening: Vec<TcpSocket>,
    _tasks: JoinSet<()>,
}

/// Listen backlog of each peer. A crawl connects to each once.
const BACKLOG: u32 = 16;

impl DemoNetwork {
    /// Starts a network with so many addresses.
    pub(crate) fn start(size: u16) -> Result<Self, Failure> {
        let plan = Plan::new(size.into());
        let sockets: Result<Vec<_>, _> = plan.peers.iter().map(|_| socket()).collect();
        let sockets = sockets.map_err(|error| explain(size, &error))?;
        let addresses: Result<Vec<_>, _> = sockets.iter().map(TcpSocket::local_addr).collect();
        let addresses = addresses.map_err(|error| explain(size, &error))?;
        let seed = addresses.first().copied().ok_or_else(|| Failure::new("the demo network has no peers"))?;
        let reachable = plan.peers.iter().filter(|peer| peer.role.is_reachable()).count() as u64;
        let (mut not_listening, mut tasks) = (Vec::new(), JoinSet::new());
        for (peer, socket) in plan.peers.into_iter().zip(sockets) {
            if peer.role == Role::NotListening {
                not_listening.push(socket);
                continue;
            }
            let listener = socket.listen(BACKLOG).map_err(|error| explain(size, &error))?;
            tasks.spawn(accept_all(Arc::new(ListeningPeer::new(peer, &addresses)?), listener));
        }
        Ok(Self { seed, reachable, _not_listening: not_listening, _tasks: tasks })
    }

    /// The address to begin at.
    pub(crate) const fn seed(&self) -> SocketAddr {
        self.seed
    }

    /// How many peers are reachable.
    pub(crate) const fn reachable(&self) -> u64 {
        self.reachable
    }
}

fn socket() -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    Ok(socket)
}

fn explain(size: u16, error: &io::Error) -> Failure {
    Failure::new(format!(
        "cannot start {size} peers on 127.0.0.1: {}; try fewer, like --demo 50, or allow more open files \
         (ulimit -n)",
        plain(error)
    ))
}

/// A listening demo peer.
#[derive(Debug)]
struct ListeningPeer {
    peer: DemoPeer,
    node: Node,
    /// The addresses that it sends.
    known: Vec<NetAddressV2>,
}

impl ListeningPeer {
    fn new(peer: DemoPeer, addresses: &[SocketAddr]) -> Result<Self, Failure> {
        let known = peer.known_peers.iter().filter_map(|index| addresses.get(*index));
        let mut known: Vec<_> =
            known.map(|address| entry(Address::from(address.ip()), address.port())).collect();
        known.extend(peer.stray.map(|address| entry(address, 9108)));
        let node = node::build(peer.config())?;
        Ok(Self { peer, node, known })
    }
}

fn entry(address: Address, port: u16) -> NetAddressV2 {
    // Any time will do: the crawl does not read it.
    let timestamp = Timestamp::new(1_750_000_000).unwrap_or_default();
    NetAddressV2 { timestamp, services: Services::NODE_NETWORK, address, port }
}

/// Accepts connections until it is cancelled.
async fn accept_all(listening: Arc<ListeningPeer>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(serve_connection(Arc::clone(&listening), stream))),
                Err(_) => sleep(Duration::from_millis(100)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Handles one connection according to the role. Errors are not reported here, because the crawl reports them.
async fn serve_connection(listening: Arc<ListeningPeer>, stream: TcpStream) {
    match listening.peer.role {
        Role::NotListening | Role::Closes => {}
        Role::Silent => send_and_drain(stream, b"").await,
        Role::Web => send_and_drain(stream, b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await,
        Role::Foreign => {
            let mut header = [0; 24];
            let (magic, rest) = header.split_at_mut(4);
            magic.copy_from_slice(&Network::TESTNET3.magic().to_le_bytes());
            rest.get_mut(..7).into_iter().for_each(|command| command.copy_from_slice(b"version"));
            send_and_drain(stream, &header).await;
        }
        Role::Honest | Role::Old | Role::UnknownMessage | Role::WrongAnswer | Role::NoAddresses => {
            speak_protocol(&listening, stream).await
        }
    }
}

/// Sends these bytes and reads until the end.
async fn send_and_drain(mut stream: TcpStream, bytes: &[u8]) {
    stream.write_all(bytes).await.ok();
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.ok();
}

/// Speaks the protocol until the remote disconnects.
async fn speak_protocol(listening: &ListeningPeer, stream: TcpStream) {
    let Ok(remote) = stream.peer_addr() else { return };
    stream.set_nodelay(true).ok();
    let stream = WithLatency::new(stream, listening.peer.delay);
    let Ok(mut generator) = node::generator() else { return };
    let info = peer_tokio::connection_info(remote, listening.peer.height);
    let (handle, mut events, driver) =
        peer_tokio::inbound(stream, &listening.node, info, ChaCha12Rng::from_rng(&mut generator));
    tokio::spawn(driver);
    while let Some(event) = events.next().await {
        if event != Event::Message(Message::GetAddr) {
            continue;
        }
        let special = match listening.peer.role {
            Role::UnknownMessage => unknown_message(),
            Role::WrongAnswer => wrong_answer(),
            _ => None,
        };
        let sent = match special {
            Some(message) => handle.try_send(message).await.is_ok(),
            None => {
                let (known, mut generator) = (listening.known.clone(), ChaCha12Rng::from_rng(&mut generator));
                handle
                    .with(move |peer, now| peer.send_addresses(&known, now, &mut generator).is_ok())
                    .await
                    .is_ok()
            }
        };
        if !sent {
            break;
        }
    }
}

/// A message of an unknown command.
fn unknown_message() -> Option<Message> {
    let command = Command::new("gossip").ok()?;
    Some(Message::Raw(Raw { command, payload: Bytes::from_static(b"they say that") }))
}

/// A message that is no answer to `getaddr`.
fn wrong_answer() -> Option<Message> {
    let item = Inventory::tx(Hash::from_bytes([7; 32]));
    Some(Message::Inv(Inv { inventory: vec![item].try_into().ok()? }))
}
