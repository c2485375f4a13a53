//! How do I accept peers and answer what they ask?
//!
//! `cargo run -p peer-tokio --example server -- NETWORK LISTEN` listens there with ten empty blocks, as in
//! `simnet 127.0.0.1:18555`. Without arguments it listens on this machine, for three clients of its own, until they
//! disconnect. The example `node` serves all that wallets and nodes expect.

use core::fmt::Display;
use core::net::SocketAddr;
use core::time::Duration;
use std::collections::VecDeque;
use std::io::{Write as _, stdout};

use peer_core::message::{Block, BlockHeader, GetData, GetHeaders, Headers, Inventory, NotFound};
use peer_core::{
    CodecError, Config, ConfigError, Event, Hash, Message, Network, Node, Report, SendError, Services,
};
use peer_tokio::{Events, Handle, SystemRng, connection_info, inbound, outbound};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio::{select, try_join};

type Done = Result<(), Report>;

/// The largest block with its frame, in bytes.
const LARGEST_BLOCK: usize = 1_310_744;

/// Most requested items of a peer that wait to be sent, as in dcrd.
const MAX_WANTED: usize = 100_000;

#[tokio::main]
async fn main() -> Done {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            let server = serve(listener, Network::SIMNET, 3);
            try_join!(server, client(address, 1), client(address, 2), client(address, 9)).map(drop)
        }
        [network, listen] => {
            let network = network.parse::<Network>().map_err(|error| error.to_string())?;
            serve(TcpListener::bind(listen).await?, network, usize::MAX).await
        }
        _ => Err("usage: server [NETWORK LISTEN]".into()),
    }
}

/// Accepts so many connections, each in a task of its own, and waits until all have ended.
async fn serve(listener: TcpListener, network: Network, mut connections: usize) -> Done {
    print(format_args!("listening on {} for {network}", listener.local_addr()?));
    let (node, mut peers) = (node("server", network)?, JoinSet::new());
    while connections > 0 {
        match listener.accept().await {
            Ok((stream, address)) => {
                connections = connections.saturating_sub(1);
                peers.spawn(handle_connection(stream, address, node.clone()));
            }
            // Without free file descriptors `accept` fails at once, until a connection ends.
            Err(error) => {
                print(format_args!("cannot accept: {error}"));
                sleep(Duration::from_millis(200)).await;
            }
        }
        while peers.try_join_next().is_some() {}
    }
    peers.join_all().await;
    Ok(())
}

/// Answers a peer, and prints how the connection ended.
async fn handle_connection(stream: TcpStream, address: SocketAddr, node: Node) {
    stream.set_nodelay(true).ok();
    let chain = chain(node.config().network());
    let (handle, events, driver) = inbound(stream, &node, connection_info(address, 10), SystemRng);
    tokio::spawn(driver);
    if let Err(error) = answer(&handle, events, &chain, address).await {
        print(format_args!("{address}  gets no more answers: {error}"));
    }
    print(format_args!("{address}  left: {}", handle.closed().await));
}

/// Answers requests. The machine answers `ping` and `getinitstate`.
async fn answer(
    handle: &Handle,
    mut events: Events,
    chain: &[BlockHeader],
    address: SocketAddr,
) -> Result<(), SendError> {
    let mut wanted = VecDeque::new();
    loop {
        let event = select! {
            event = events.next() => event,
            // As many as there is room for. Events are handled meanwhile: two ends that only write deadlock.
            Ok(()) = handle.room(LARGEST_BLOCK), if !wanted.is_empty() => {
                let Some(item) = wanted.pop_front() else { continue };
                let found = chain.iter().find(|header| Inventory::block(header.hash()) == item);
                let block = found.map(|header| Block::new(header, &[], &[])).transpose()?;
                let missing = NotFound { inventory: vec![item].try_into()? };
                // Sending fails if the node would ban us for it: then no answer is better.
                handle.try_send(block.map_or(missing.into(), Message::Block)).await.ok();
                continue;
            }
        };
        match event {
            None => return Ok(()),
            Some(Event::Version(version)) => print(format_args!("{address}  came: {}", version.user_agent)),
            Some(Event::Message(message)) => {
                print(format_args!("{address}  says {}", message.command()));
                match message {
                    Message::GetHeaders(request) => drop(handle.try_send(headers(chain, &request)?).await?),
                    Message::GetData(request) if wanted.len() < MAX_WANTED => {
                        wanted.extend(request.inventory)
                    }
                    Message::GetData(_) => handle.close(),
                    _ => {}
                }
            }
            Some(_) => {}
        }
    }
}

/// The headers after the first known hash of the locator. Without a locator, a node looks up only the stop hash; here, it
/// finds none.
fn headers(chain: &[BlockHeader], request: &GetHeaders) -> Result<Headers, CodecError> {
    let known = |hash: &Hash| chain.iter().position(|header| header.hash() == *hash);
    let start = request.locator.iter().find_map(known).map_or(0, |position| position.saturating_add(1));
    let headers = chain.iter().skip(start).filter(|_| !request.locator.is_empty());
    Ok(Headers { headers: headers.copied().collect::<Vec<_>>().try_into()? })
}

/// Ten linked headers, from height 1 on. They prove no work, so real nodes do not follow them.
fn chain(network: Network) -> Vec<BlockHeader> {
    let mut prev_block = network.genesis_hash().unwrap_or_default();
    let next = |height| {
        let header = BlockHeader { height, prev_block, ..BlockHeader::default() };
        prev_block = header.hash();
        header
    };
    (1..=10).map(next).collect()
}

/// Requests headers, then the block of this height, and disconnects.
async fn client(address: SocketAddr, height: u32) -> Done {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let node = node(&format!("client-{height}"), Network::SIMNET)?;
    let (handle, mut events, driver) = outbound(stream, &node, connection_info(address, 0), SystemRng)?;
    tokio::spawn(driver);
    while let Some(event) = events.next().await {
        match event {
            Event::Established => {
                let genesis = Network::SIMNET.genesis_hash().into_iter().collect();
                handle.request_headers(genesis, Hash::ZERO).await?;
            }
            Event::Message(Message::Headers(Headers { headers })) => {
                let wanted = headers.iter().find(|header| header.height == height);
                let wanted = wanted.ok_or("the chain is too short")?;
                let inventory = vec![Inventory::block(wanted.hash())].try_into()?;
                handle.try_send(GetData { inventory }).await?;
            }
            Event::Message(Message::Block(_)) => return Ok(()),
            _ => {}
        }
    }
    Err(handle.closed().await.into())
}

fn node(name: &str, network: Network) -> Result<Node, ConfigError> {
    let services = Services::NODE_NETWORK;
    Ok(Node::new(Config::builder(network).user_agent(name, "1.0").services(services).build()?))
}

/// Prints a line. A server goes on if standard output is closed.
fn print(line: impl Display) {
    writeln!(stdout(), "{line}").ok();
}
