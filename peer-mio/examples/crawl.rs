//! How do I visit many peers at once, on one thread?
//!
//! `cargo run -p peer-mio --example crawl` builds a town of 100 peers on this machine, in one other thread, and
//! asks each whom it knows. With addresses as arguments it visits simnet nodes there.
#![expect(clippy::arithmetic_side_effects, reason = "the numbers are small")]

use core::net::SocketAddr;
use core::time::Duration;
use std::collections::BTreeMap;
use std::{env, thread};

use mio::{Events, Interest, Poll, Token, net::TcpListener};
use peer_core::message::NetAddressV2;
use peer_core::{Config, Direction, Error, Event, Message, Network, Node};
use peer_mio::{Happened, Peers, SystemRng, hello};

type Done<T> = Result<T, Box<dyn core::error::Error + Send + Sync>>;

/// Most connections of a set, each of which has a token.
const MOST: usize = 1000;

fn main() -> Done<()> {
    let given: Result<Vec<SocketAddr>, _> = env::args().skip(1).map(|address| address.parse()).collect();
    let addresses = if env::args().len() > 1 { given? } else { build_town(100)? };
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(1024));
    let mut peers = set(&poll, "crawl")?;
    for address in &addresses {
        peers.connect(*address, hello(*address, 0))?;
    }
    let (mut answers, mut failures) = (BTreeMap::<_, Vec<usize>>::new(), BTreeMap::<_, usize>::new());
    let second = Duration::from_secs(1);
    while !peers.is_empty() && peers.now().elapsed() < 10 * second {
        poll.poll(&mut events, Some(peers.timeout().map_or(second, |timeout| timeout.min(second))))?;
        for event in &events {
            peers.ready(event);
        }
        while let Some((id, happened)) = peers.next_event() {
            let answer = match happened {
                Happened::Event(Event::Message(Message::Addr(addr))) => addr.addresses.len(),
                Happened::Event(Event::Message(Message::AddrV2(addr))) => addr.addresses().len(),
                Happened::Event(Event::Established) => {
                    let now = peers.now();
                    peers.peer(id).map(|peer| peer.send(&Message::GetAddr, now)).transpose()?;
                    continue;
                }
                Happened::Closed(closed) if closed.reason() != Some(&Error::ClosedByOwner) => {
                    *failures.entry(closed.to_string()).or_default() += 1;
                    continue;
                }
                _ => continue,
            };
            if let Some(remote) = peers.peer(id).and_then(|peer| peer.remote()) {
                answers.entry(remote.user_agent.to_string()).or_default().push(answer);
            }
            peers.finish(id);
        }
    }
    println!("visited {} addresses at once, in {}", addresses.len(), peers.now());
    for (agent, told) in answers {
        println!("{:6} × {agent}, who told of {} addresses", told.len(), told.iter().sum::<usize>());
    }
    failures.insert("no answer in time".into(), peers.len());
    failures.retain(|_, count| *count > 0);
    failures.iter().for_each(|(failure, count)| println!("{count:6} × {failure}"));
    Ok(())
}

fn set(poll: &Poll, name: &str) -> Done<Peers<SystemRng>> {
    let node = Node::new(Config::builder(Network::SIMNET).user_agent(name, "1.0").build()?);
    Ok(Peers::new(poll.registry().try_clone()?, 0..MOST, node, SystemRng))
}

/// So many addresses, behind each of which somebody answers who knows them all.
fn build_town(size: usize) -> Done<Vec<SocketAddr>> {
    let doors: Result<Vec<_>, _> = (0..size).map(|_| TcpListener::bind(([127, 0, 0, 1], 0).into())).collect();
    let mut doors = doors?;
    let poll = Poll::new()?;
    for (number, door) in doors.iter_mut().enumerate() {
        poll.registry().register(door, Token(MOST + number), Interest::READABLE)?;
    }
    let addresses = doors.iter().map(TcpListener::local_addr).collect::<Result<Vec<_>, _>>()?;
    let peers = set(&poll, "town")?;
    thread::spawn(move || live(poll, peers, &doors));
    Ok(addresses)
}

fn live(mut poll: Poll, mut peers: Peers<SystemRng>, doors: &[TcpListener]) -> Done<()> {
    let (mut events, mut known) = (Events::with_capacity(1024), Vec::new());
    for address in doors.iter().flat_map(TcpListener::local_addr) {
        let (timestamp, services) = Default::default();
        known.push(NetAddressV2 { timestamp, services, address: address.ip().into(), port: address.port() });
    }
    loop {
        poll.poll(&mut events, peers.timeout())?;
        for event in &events {
            let door = if peers.ready(event) { None } else { doors.get(event.token().0 - MOST) };
            while let Some(Ok((stream, address))) = door.map(TcpListener::accept) {
                peers.insert(stream, Direction::Inbound, hello(address, 0))?;
            }
        }
        while let Some((id, happened)) = peers.next_event() {
            if happened == Happened::Event(Event::Message(Message::GetAddr)) {
                let now = peers.now();
                peers.peer(id).map(|peer| peer.send_addresses(&known, now, &mut SystemRng)).transpose()?;
            }
        }
    }
}
