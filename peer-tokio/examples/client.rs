//! How do I connect to a peer, send it a request, and disconnect?
//!
//! `cargo run -p peer-tokio --example client -- NETWORK ADDRESS` visits a node, as in `mainnet 192.0.2.1:9108`.
//! Without arguments it visits a small peer of its own on this machine.

use core::error::Error;
use core::fmt::Display;
use core::time::Duration;
use std::io::{ErrorKind, Write as _, stdout};

use peer_core::message::{BlockHeader, Headers, Ping};
use peer_core::{Config, Event, Hash, Message, Network, Node};
use peer_tokio::{Closed, SystemRng, connection_info, inbound, outbound};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Limit for the whole session. A node need not answer `getheaders`, and no other timeout applies.
const TIMEOUT: Duration = Duration::from_secs(10);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?.to_string();
            let (visit, host) = tokio::join!(visit(&address, Network::SIMNET), host(listener));
            print(format_args!("host        {}", host?));
            visit
        }
        [network, address] => {
            let visit = visit(address, network.parse::<Network>().map_err(|error| error.to_string())?);
            timeout(TIMEOUT, visit).await.map_err(|_| format!("no answer within {TIMEOUT:?}"))?
        }
        _ => Err("usage: client [NETWORK ADDRESS]".into()),
    }
}

/// Shakes hands, pings, requests headers, and disconnects after both answers.
async fn visit(address: &str, network: Network) -> Fallible<()> {
    print(format_args!("connecting to {address} on {network}"));
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let info = connection_info(stream.peer_addr()?, 0);
    let (handle, mut events, driver) = outbound(stream, &node("client", network)?, info, SystemRng)?;
    tokio::spawn(driver);
    let (mut got_pong, mut got_headers) = (false, false);
    while let Some(event) = events.next().await {
        match event {
            Event::Version(version) => {
                print(format_args!("agent       {}", version.user_agent));
                print(format_args!(
                    "protocol    {}, height {}",
                    version.protocol_version, version.last_block
                ));
            }
            Event::Established => {
                handle.try_send(Ping { nonce: 1 }).await?;
                // From the first block on: no node knows the one hash of this locator.
                handle.request_headers(vec![Hash::ZERO], Hash::ZERO).await?;
            }
            Event::Message(Message::Pong(_)) => {
                let stats = handle.stats().await;
                print(format_args!("round trip  {:.1?}", stats.last_ping_round_trip.unwrap_or_default()));
                got_pong = true;
            }
            Event::Message(Message::Headers(Headers { headers })) => {
                print(format_args!("headers     {}", headers.len()));
                for header in headers.iter().take(3) {
                    print(format_args!("            {:>6}  {}", header.height, header.hash()));
                }
                got_headers = true;
            }
            Event::Message(other) => {
                print(format_args!("also came   {} {}", other.command(), other.summary()));
            }
            _ => {}
        }
        if got_pong && got_headers {
            handle.close();
        }
    }
    let stats = handle.stats().await;
    print(format_args!("left        {}", handle.closed().await));
    print(format_args!("bytes       {} out, {} in", stats.bytes_sent, stats.bytes_received));
    if got_pong && got_headers { Ok(()) } else { Err(handle.closed().await.into()) }
}

/// A peer with a chain of three blocks, for one connection.
async fn host(listener: TcpListener) -> Fallible<Closed> {
    let (stream, remote) = listener.accept().await?;
    stream.set_nodelay(true)?;
    let node = node("host", Network::SIMNET)?;
    let (handle, mut events, driver) = inbound(stream, &node, connection_info(remote, 3), SystemRng);
    tokio::spawn(driver);
    while let Some(event) = events.next().await {
        if let Event::Message(Message::GetHeaders(_)) = event {
            let prev_block = Network::SIMNET.genesis_hash().unwrap_or_default();
            let first = BlockHeader { height: 1, prev_block, ..BlockHeader::default() };
            let second = BlockHeader { height: 2, prev_block: first.hash(), ..first };
            let third = BlockHeader { height: 3, prev_block: second.hash(), ..first };
            handle.try_send(Headers { headers: vec![first, second, third].try_into()? }).await?;
        }
    }
    Ok(handle.closed().await)
}

fn node(name: &str, network: Network) -> Result<Node, peer_core::ConfigError> {
    Ok(Node::new(Config::builder(network).user_agent(name, "1.0").build()?))
}

/// Prints a line. Exits if standard output is closed, as by `head`.
fn print(line: impl Display) {
    if let Err(error) = writeln!(stdout(), "{line}") {
        std::process::exit(i32::from(error.kind() != ErrorKind::BrokenPipe));
    }
}
