//! How do I visit many peers at once, on one thread?
//!
//! `cargo run -p peer-mio --example crawl -- NETWORK ADDRESS…` asks each of these nodes for addresses. Without arguments
//! it starts 100 peers on this machine, in one other thread, and asks those.
#![expect(clippy::arithmetic_side_effects, reason = "the numbers are small")]

use core::fmt::Display;
use core::net::SocketAddr;
use core::time::Duration;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Write as _, stdout};
use std::net::ToSocketAddrs as _;
use std::{env, thread};

use mio::{Events, Poll, Token, net::TcpListener};
use peer_core::message::NetAddressV2;
use peer_core::{Config, Error, Event, Message, Network, Node, Report, Request, RequestOptions};
use peer_mio::{AcceptLimits, Acceptor, PeerEvent, Peers, SystemRng, connection_info};

type Fallible<T> = Result<T, Report>;

/// Most connections of a set, each of which has a token and a file descriptor.
const MOST: usize = 500;
/// For the whole crawl, and for one connection to be made.
const TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

fn main() -> Fallible<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &arguments[..] {
        [] => crawl(start_peers(100)?, Network::SIMNET),
        [network, addresses @ ..] if !addresses.is_empty() => {
            crawl(addresses.to_vec(), network.parse::<Network>().map_err(|error| error.to_string())?)
        }
        _ => Err("usage: crawl [NETWORK ADDRESS…]".into()),
    }
}

/// Asks all nodes for addresses, at most `MOST` at a time, and counts the responses.
fn crawl(mut addresses: Vec<String>, network: Network) -> Fallible<()> {
    let count = addresses.len();
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(1024));
    let mut peers = set(&poll, "crawl", network)?;
    peers.set_connect_timeout(CONNECT_TIMEOUT);
    let (mut answers, mut failures) = (BTreeMap::<_, Vec<usize>>::new(), BTreeMap::<_, usize>::new());
    while (!addresses.is_empty() || !peers.is_empty()) && peers.now().elapsed() < TIMEOUT {
        while peers.len() < MOST
            && let Some(address) = addresses.pop()
        {
            // An address that cannot be dialled counts as a failure; the crawl goes on.
            if let Err(error) = dial(&mut peers, &address) {
                *failures.entry(error.to_string()).or_default() += 1;
            }
        }
        wait(&mut poll, &mut events, Some(peers.timeout().unwrap_or(TIMEOUT).min(Duration::from_secs(1))))?;
        for event in &events {
            peers.ready(event);
        }
        while let Some((id, event)) = peers.next_event() {
            let now = peers.now();
            match (event, peers.peer(id)) {
                (PeerEvent::Event(Event::Established), Some(peer)) => {
                    // If the connection has ended, this fails, and the next event reports the end.
                    peer.request(&Request::Addresses, RequestOptions::new(), now).ok();
                }
                (PeerEvent::Event(Event::Response(response)), Some(peer)) => {
                    let agent = peer.stats().user_agent.to_string();
                    answers.entry(agent).or_default().push(addresses_in(&response.message));
                    peers.finish(id);
                }
                (PeerEvent::Event(Event::Unanswered { reason, .. }), _) => {
                    *failures.entry(reason.to_string()).or_default() += 1;
                    peers.finish(id);
                }
                (PeerEvent::Closed(closed), _) if closed.reason() != Some(&Error::ClosedByOwner) => {
                    *failures.entry(closed.to_string()).or_default() += 1;
                }
                _ => {}
            }
        }
    }
    print(format_args!("visited {count} addresses at once, in {}", peers.now()));
    for (agent, counts) in answers {
        let sum: usize = counts.iter().sum();
        print(format_args!("{:6} × {agent}, who told of {sum} addresses", counts.len()));
    }
    failures.insert("no answer in time".into(), peers.len() + addresses.len());
    let some = failures.iter().filter(|(_, count)| **count > 0);
    some.for_each(|(failure, count)| print(format_args!("{count:6} × {failure}")));
    Ok(())
}

fn addresses_in(message: &Message) -> usize {
    match message {
        Message::Addr(addr) => addr.addresses.len(),
        Message::AddrV2(addr) => addr.addresses().len(),
        _ => 0,
    }
}

fn dial(peers: &mut Peers<SystemRng>, name: &str) -> Fallible<()> {
    let address = name.to_socket_addrs()?.next().ok_or("a name without addresses")?;
    peers.connect(address, connection_info(address, 0))?;
    Ok(())
}

/// Waits for readiness. A signal ends the wait early, without an error.
fn wait(poll: &mut Poll, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
    match poll.poll(events, timeout) {
        Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
        result => result,
    }
}

fn set(poll: &Poll, name: &str, network: Network) -> Fallible<Peers<SystemRng>> {
    let node = Node::new(Config::builder(network).user_agent(name, "1.0").build()?);
    Ok(Peers::new(poll.registry().try_clone()?, 0..MOST, node, SystemRng))
}

/// Starts so many peers, each of which knows the addresses of all, and returns these.
fn start_peers(size: usize) -> Fallible<Vec<String>> {
    let poll = Poll::new()?;
    let mut acceptors = Vec::new();
    for number in 0..size {
        let listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
        let limits = AcceptLimits::new(MOST, MOST);
        acceptors.push(Acceptor::new(poll.registry(), Token(MOST + number), listener, limits)?);
    }
    let addresses =
        acceptors.iter().map(|acceptor| acceptor.listener().local_addr()).collect::<Result<Vec<_>, _>>()?;
    let peers = set(&poll, "demo", Network::SIMNET)?;
    let known = addresses.clone();
    thread::spawn(move || serve(poll, peers, acceptors, &known));
    Ok(addresses.iter().map(SocketAddr::to_string).collect())
}

fn serve(
    mut poll: Poll,
    mut peers: Peers<SystemRng>,
    mut acceptors: Vec<Acceptor>,
    known: &[SocketAddr],
) -> Fallible<()> {
    let known: Vec<_> = known.iter().map(|address| to_net_address(*address)).collect();
    let mut events = Events::with_capacity(1024);
    loop {
        let accepting = acceptors.iter().filter_map(|acceptor| acceptor.timeout(&peers));
        wait(&mut poll, &mut events, peers.timeout().into_iter().chain(accepting).min())?;
        for event in &events {
            let _is_known = peers.ready(event) || acceptors.iter_mut().any(|acceptor| acceptor.ready(event));
        }
        for acceptor in &mut acceptors {
            // A connection that is refused is closed.
            while acceptor.accept(&mut peers, 0).is_some() {}
        }
        while let Some((id, event)) = peers.next_event() {
            if event == PeerEvent::Event(Event::Message(Message::GetAddr)) {
                let now = peers.now();
                peers.peer(id).map(|peer| peer.send_addresses(&known, now, &mut SystemRng).ok());
            }
        }
    }
}

fn to_net_address(address: SocketAddr) -> NetAddressV2 {
    let (timestamp, services) = Default::default();
    NetAddressV2 { timestamp, services, address: address.ip().into(), port: address.port() }
}

/// Prints a line. Exits if standard output is closed, as by `head`.
fn print(line: impl Display) {
    if let Err(error) = writeln!(stdout(), "{line}") {
        std::process::exit(i32::from(error.kind() != ErrorKind::BrokenPipe));
    }
}
