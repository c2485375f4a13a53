//! A made-up network on this machine, for trying a crawl where no other is at hand.
//!
//! Who is who, who knows whom, and how far away everybody seems to be comes from a fixed seed, so that every
//! village of one size is the same. One in seven is no good peer, as on the real network.

mod distant;
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

use self::distant::Distant;
use self::plan::{Inhabitant, Plan, Role};
use crate::error::Failure;
use crate::node;

/// The villages' network.
pub(crate) const NETWORK: Network = Network::SIMNET;

/// A running network. It is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Village {
    seed: SocketAddr,
    reachable: u64,
    /// Keeps the ports of those who do not listen.
    _empty: Vec<TcpSocket>,
    _tasks: JoinSet<()>,
}

/// Waiting connections of each listener. A crawl makes one.
const BACKLOG: u32 = 16;

impl Village {
    /// Starts a network with so many addresses.
    pub(crate) fn found(size: u16) -> Result<Self, Failure> {
        let plan = Plan::new(size.into());
        let sockets: Result<Vec<_>, _> = plan.inhabitants.iter().map(|_| socket()).collect();
        let sockets = sockets.map_err(|error| explain(size, &error))?;
        let places: Result<Vec<_>, _> = sockets.iter().map(TcpSocket::local_addr).collect();
        let places = places.map_err(|error| explain(size, &error))?;
        let seed = places.first().copied().ok_or_else(|| Failure::new("nobody lives there"))?;
        let reachable = plan.inhabitants.iter().filter(|one| one.role.is_reachable()).count() as u64;
        let (mut empty, mut tasks) = (Vec::new(), JoinSet::new());
        for (inhabitant, socket) in plan.inhabitants.into_iter().zip(sockets) {
            if inhabitant.role == Role::Dead {
                empty.push(socket);
                continue;
            }
            let listener = socket.listen(BACKLOG).map_err(|error| explain(size, &error))?;
            tasks.spawn(live(Arc::new(Home::new(inhabitant, &places)?), listener));
        }
        Ok(Self { seed, reachable, _empty: empty, _tasks: tasks })
    }

    /// Where to begin.
    pub(crate) const fn seed(&self) -> SocketAddr {
        self.seed
    }

    /// How many can be reached.
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
        "cannot start {size} peers on 127.0.0.1: {error}; try fewer, like --demo 50, or allow more open files \
         (ulimit -n)"
    ))
}

/// What an inhabitant needs to answer the door.
#[derive(Debug)]
struct Home {
    inhabitant: Inhabitant,
    node: Node,
    /// Whom it knows.
    known: Vec<NetAddressV2>,
}

impl Home {
    fn new(inhabitant: Inhabitant, places: &[SocketAddr]) -> Result<Self, Failure> {
        let known = inhabitant.knows.iter().filter_map(|index| places.get(*index));
        let mut known: Vec<_> = known.map(|place| entry(Address::from(place.ip()), place.port())).collect();
        known.extend(inhabitant.stray.map(|address| entry(address, 9108)));
        let node = node::build(inhabitant.config())?;
        Ok(Self { inhabitant, node, known })
    }
}

fn entry(address: Address, port: u16) -> NetAddressV2 {
    // When it was seen last matters to nobody here.
    let timestamp = Timestamp::new(1_750_000_000).unwrap_or_default();
    NetAddressV2 { timestamp, services: Services::NODE_NETWORK, address, port }
}

/// Lets visitors in for ever.
async fn live(home: Arc<Home>, listener: TcpListener) {
    let mut visits = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(visits.spawn(receive(Arc::clone(&home), stream))),
                Err(_) => sleep(Duration::from_millis(100)).await,
            },
            Some(_) = visits.join_next() => {}
        }
    }
}

/// What a visitor sees. Nobody here is told if it goes wrong: the crawl is.
async fn receive(home: Arc<Home>, stream: TcpStream) {
    match home.inhabitant.role {
        Role::Dead | Role::HangsUp => {}
        Role::Mute => say(stream, b"").await,
        Role::Web => say(stream, b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await,
        Role::Foreign => {
            let mut header = [0; 24];
            let (magic, rest) = header.split_at_mut(4);
            magic.copy_from_slice(&Network::TESTNET3.magic().to_le_bytes());
            rest.get_mut(..7).into_iter().for_each(|command| command.copy_from_slice(b"version"));
            say(stream, &header).await;
        }
        Role::Talks | Role::Old | Role::Junk | Role::Unrelated | Role::Alone => converse(&home, stream).await,
    }
}

/// Says this, whatever the visitor says, until it leaves.
async fn say(mut stream: TcpStream, bytes: &[u8]) {
    stream.write_all(bytes).await.ok();
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.ok();
}

/// Speaks the protocol until the visitor leaves.
async fn converse(home: &Home, stream: TcpStream) {
    let Ok(remote) = stream.peer_addr() else { return };
    stream.set_nodelay(true).ok();
    let stream = Distant::new(stream, home.inhabitant.delay);
    let mut seed = [0; 32];
    if getrandom::fill(&mut seed).is_err() {
        return;
    }
    let mut generator = ChaCha12Rng::from_seed(seed);
    let hello = peer_tokio::hello(remote, home.inhabitant.height);
    let (handle, mut events, driver) =
        peer_tokio::inbound(stream, &home.node, hello, ChaCha12Rng::from_rng(&mut generator));
    tokio::spawn(driver);
    while let Some(event) = events.next().await {
        if event != Event::Message(Message::GetAddr) {
            continue;
        }
        let other = match home.inhabitant.role {
            Role::Junk => junk(),
            Role::Unrelated => unrelated(),
            _ => None,
        };
        let sent = match other {
            Some(message) => handle.send(message).await.is_ok(),
            None => {
                let (known, mut generator) = (home.known.clone(), ChaCha12Rng::from_rng(&mut generator));
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

/// A message that does not exist.
fn junk() -> Option<Message> {
    let command = Command::new("gossip").ok()?;
    Some(Message::Raw(Raw { command, payload: Bytes::from_static(b"they say that") }))
}

/// A message that answers nothing.
fn unrelated() -> Option<Message> {
    let item = Inventory::tx(Hash::from_bytes([7; 32]));
    Some(Message::Inv(Inv { inventory: vec![item].try_into().ok()? }))
}
