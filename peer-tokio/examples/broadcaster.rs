//! How do I give a transaction to my peers, and learn who took it?
//!
//! `cargo run -p peer-tokio --example broadcaster -- HEX ADDRESS…` announces the transaction to nodes of mainnet
//! and sends it to those who ask for it within ten seconds. Without arguments it does so with three peers of
//! its own on this machine, one of which has it already.

use core::error::Error;
use core::net::SocketAddr;
use core::time::Duration;

use peer_core::message::{GetData, Inventory, Transaction, TxOut};
use peer_core::{Config, ConfigError, Event, Message, Network, Node};
use peer_tokio::{SystemRng, hello, inbound, outbound};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Fallible<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let [hex, addresses @ ..] = &arguments[..] {
        let tx = Transaction::decode(unhex(hex)?.into())?;
        let addresses: Vec<_> = addresses.iter().map(|address| address.parse()).collect::<Result<_, _>>()?;
        return broadcast(&tx, &addresses, Network::MAINNET, 10).await;
    }
    let output = TxOut { value: 100_000_000, version: 0, pk_script: &[0x51] };
    let tx = Transaction::new(1, &[], &[output], 0, 0)?;
    let mut addresses = Vec::new();
    for wants in [true, true, false] {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        addresses.push(listener.local_addr()?);
        tokio::spawn(listen(listener, wants));
    }
    broadcast(&tx, &addresses, Network::SIMNET, 1).await
}

/// Offers `tx` to all at once, and tells who took it.
async fn broadcast(tx: &Transaction, to: &[SocketAddr], network: Network, seconds: u64) -> Fallible<()> {
    println!("{} of {} bytes", tx.hash(), tx.as_bytes().len());
    let (node, mut offers) = (node("broadcaster", network)?, JoinSet::new());
    for &address in to {
        let offer = offer(address, tx.clone(), node.clone());
        offers.spawn(async move { (address, timeout(Duration::from_secs(seconds), offer).await) });
    }
    let mut takers = Vec::new();
    while let Some(answer) = offers.join_next().await {
        match answer? {
            (address, Ok(Ok(agent))) => {
                println!("{address}  took it: {agent}");
                takers.push(address);
            }
            (address, Ok(Err(error))) => println!("{address}  failed: {error}"),
            (address, Err(_)) => println!("{address}  did not ask for it"),
        }
    }
    println!("{} of {} took it", takers.len(), to.len());
    if takers.is_empty() { Err("nobody took it".into()) } else { Ok(()) }
}

/// Announces the transaction, and sends it when it is asked for. Returns the agent of who took it.
async fn offer(address: SocketAddr, tx: Transaction, node: Node) -> Fallible<String> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (handle, mut events, driver) = outbound(stream, &node, hello(address, 0), SystemRng)?;
    tokio::spawn(driver);
    let item = Inventory::tx(tx.hash());
    while let Some(event) = events.next().await {
        match event {
            Event::Established => drop(handle.announce_now(item).await?),
            Event::Message(Message::GetData(asked)) if asked.inventory.contains(&item) => {
                handle.send(tx).await?;
                handle.flush().await?;
                return Ok(handle.stats().await.user_agent.to_string());
            }
            _ => {}
        }
    }
    Err(handle.closed().await.into())
}

/// A peer that asks for what it is offered, if it wants it.
async fn listen(listener: TcpListener, wants: bool) -> Fallible<()> {
    let (stream, address) = listener.accept().await?;
    stream.set_nodelay(true)?;
    let node = node(if wants { "curious" } else { "sated" }, Network::SIMNET)?;
    let (handle, mut events, driver) = inbound(stream, &node, hello(address, 0), SystemRng);
    tokio::spawn(driver);
    while let Some(event) = events.next().await {
        if let (Event::Message(Message::Inv(inv)), true) = (event, wants) {
            handle.send(GetData { inventory: inv.inventory }).await?;
        }
    }
    Ok(())
}

fn node(name: &str, network: Network) -> Result<Node, ConfigError> {
    Ok(Node::new(Config::builder(network).user_agent(name, "1.0").build()?))
}

fn unhex(text: &str) -> Fallible<Vec<u8>> {
    text.as_bytes().chunks(2).map(|pair| Ok(u8::from_str_radix(str::from_utf8(pair)?, 16)?)).collect()
}
