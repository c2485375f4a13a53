//! How do I log everything that peers say, for programs to read?
//!
//! `cargo run -p peer-tokio --example monitor -- ADDRESS…` listens to nodes of mainnet and writes one line of
//! JSON for each message, and one for each end. Without arguments it listens to two peers of its own on this
//! machine, until they have said what they had to.

use core::error::Error;
use core::net::SocketAddr;
use std::time::UNIX_EPOCH;

use peer_core::message::{Inventory, Ping};
use peer_core::{Config, ConfigError, Event, Hash, Message, Network, Node};
use peer_tokio::{SystemRng, hello, inbound, outbound};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{Sender, channel};

type Done = Result<(), Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Done {
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for argument in std::env::args().skip(1) {
        addresses.push(argument.parse()?);
    }
    let network = if addresses.is_empty() { Network::SIMNET } else { Network::MAINNET };
    if addresses.is_empty() {
        for number in 1..=2 {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            addresses.push(listener.local_addr()?);
            tokio::spawn(speak(listener, number));
        }
    }
    let node = node("monitor", network)?;
    // One task writes: lines do not mix, and where the reader is slow, peers are read more slowly.
    let (sender, mut lines) = channel(64);
    for address in addresses {
        let (node, lines) = (node.clone(), sender.clone());
        tokio::spawn(async move {
            let end = match listen(address, &node, &lines).await {
                Ok(()) => "nobody reads on".to_owned(),
                Err(error) => error.to_string(),
            };
            lines.send(json!({ "peer": address, "end": end })).await
        });
    }
    drop(sender);
    while let Some(line) = lines.recv().await {
        println!("{line}");
    }
    Ok(())
}

/// Passes on what the peer at `address` says, as long as there is somebody to take it.
async fn listen(address: SocketAddr, node: &Node, lines: &Sender<Value>) -> Done {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (handle, mut events, driver) = outbound(stream, node, hello(address, 0), SystemRng)?;
    tokio::spawn(driver);
    while let Some(event) = events.next().await {
        let message = match event {
            Event::Version(version) => Message::Version(version),
            Event::Message(message) => message,
            _ => continue,
        };
        let (unix, command) = (UNIX_EPOCH.elapsed()?.as_secs_f64(), message.command());
        let line = json!({ "peer": address, "unix": unix, "command": command.as_str(), "message": message });
        if lines.send(line).await.is_err() {
            return Ok(());
        }
    }
    Err(handle.closed().await.into())
}

/// A peer that has a few things to say, and leaves.
async fn speak(listener: TcpListener, number: u8) -> Done {
    let (stream, address) = listener.accept().await?;
    stream.set_nodelay(true)?;
    let node = node(&format!("speaker-{number}"), Network::SIMNET)?;
    let (handle, mut events, driver) = inbound(stream, &node, hello(address, 0), SystemRng);
    let driver = tokio::spawn(driver);
    while events.next().await.is_some_and(|event| event != Event::Established) {}
    handle.send(Message::SendHeaders).await?;
    handle.send(Ping { nonce: number.into() }).await?;
    for item in 0..3 {
        handle.announce(Inventory::tx(Hash::digest(&[number, item]))).await?;
    }
    // The last handle leaves when all of this is written.
    drop(handle);
    driver.await?;
    Ok(())
}

fn node(name: &str, network: Network) -> Result<Node, ConfigError> {
    Ok(Node::new(Config::builder(network).user_agent(name, "1.0").build()?))
}
