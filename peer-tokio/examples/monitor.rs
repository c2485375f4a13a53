//! How do I log everything that peers say, for programs to read?
//!
//! `cargo run -p peer-tokio --example monitor -- NETWORK ADDRESS…` listens to these nodes and writes one line of JSON for
//! each message, and one for each end. Without arguments it listens to two peers of its own on this machine, until they
//! disconnect.

use core::time::Duration;
use std::io::{ErrorKind, Write as _, stdout};
use std::time::UNIX_EPOCH;

use peer_core::message::{Inventory, Ping};
use peer_core::{Config, ConfigError, Event, Hash, Message, Network, Node, Report};
use peer_tokio::{SystemRng, connection_info, inbound, outbound};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::timeout;

type Done = Result<(), Report>;

const DIAL_TIMEOUT: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Done {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => {
            let mut addresses = Vec::new();
            for number in 1..=2 {
                let listener = TcpListener::bind("127.0.0.1:0").await?;
                addresses.push(listener.local_addr()?.to_string());
                tokio::spawn(send_messages(listener, number));
            }
            monitor(&addresses, Network::SIMNET).await
        }
        [network, addresses @ ..] if !addresses.is_empty() => {
            monitor(addresses, network.parse::<Network>().map_err(|error| error.to_string())?).await
        }
        _ => Err("usage: monitor [NETWORK ADDRESS…]".into()),
    }
}

/// Writes all messages, until all connections have ended or standard output is closed.
async fn monitor(addresses: &[String], network: Network) -> Done {
    let node = node("monitor", network)?;
    // One task writes, so lines do not mix. A slow reader of the output slows down the reading of peers.
    let (sender, mut lines) = channel(64);
    for address in addresses {
        let (address, node, lines) = (address.clone(), node.clone(), sender.clone());
        tokio::spawn(async move {
            if let Err(error) = listen(&address, &node, &lines).await {
                lines.send(json!({ "peer": address, "end": error.to_string() })).await.ok();
            }
        });
    }
    drop(sender);
    while let Some(line) = lines.recv().await {
        match writeln!(stdout(), "{line}") {
            // Standard output is closed, as by `head`.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => break,
            result => result?,
        }
    }
    Ok(())
}

/// Passes on the messages of the peer at `address` while the channel is open.
async fn listen(address: &str, node: &Node, lines: &Sender<Value>) -> Done {
    let stream =
        timeout(DIAL_TIMEOUT, TcpStream::connect(address)).await.map_err(|_| "cannot connect in time")??;
    stream.set_nodelay(true)?;
    let info = connection_info(stream.peer_addr()?, 0);
    let (handle, mut events, driver) = outbound(stream, node, info, SystemRng)?;
    tokio::spawn(driver);
    while let Some(event) = events.next().await {
        let message = match event {
            Event::Version(version) => Message::Version(version),
            Event::Message(message) => message,
            _ => continue,
        };
        let unix = UNIX_EPOCH.elapsed().unwrap_or_default().as_secs_f64();
        let command = message.command();
        let line = json!({ "peer": address, "unix": unix, "command": command.as_str(), "message": message });
        if lines.send(line).await.is_err() {
            return Ok(());
        }
    }
    Err(handle.closed().await.into())
}

/// A peer that sends a few messages, and disconnects.
async fn send_messages(listener: TcpListener, number: u8) -> Done {
    let (stream, address) = listener.accept().await?;
    stream.set_nodelay(true)?;
    let node = node(&format!("speaker-{number}"), Network::SIMNET)?;
    let (handle, mut events, driver) = inbound(stream, &node, connection_info(address, 0), SystemRng);
    let driver = tokio::spawn(driver);
    while events.next().await.is_some_and(|event| event != Event::Established) {}
    handle.try_send(Message::SendHeaders).await?;
    handle.try_send(Ping { nonce: number.into() }).await?;
    for item in 0..3 {
        handle.announce(Inventory::tx(Hash::digest(&[number, item]))).await?;
    }
    // Dropping the last handle closes the connection after all of this is written.
    drop(handle);
    driver.await?;
    Ok(())
}

fn node(name: &str, network: Network) -> Result<Node, ConfigError> {
    Ok(Node::new(Config::builder(network).user_agent(name, "1.0").build()?))
}
