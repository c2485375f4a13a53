//! How do I connect to a peer, ask it something, and leave?
//!
//! `cargo run -p peer-tokio --example client -- ADDRESS [NETWORK]` visits a node of mainnet, or of the network
//! that is named. Without arguments it visits a small peer of its own on this machine.

use core::error::Error;
use core::net::SocketAddr;

use peer_core::message::{BlockHeader, Headers, Ping};
use peer_core::{Config, Event, Hash, Message, Network, Node};
use peer_tokio::{Closed, SystemRng, hello, inbound, outbound};
use tokio::net::{TcpListener, TcpStream};

type Done = Result<(), Box<dyn Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Done {
    let mut arguments = std::env::args().skip(1);
    if let Some(address) = arguments.next() {
        let network = arguments.next().map_or(Ok(Network::MAINNET), |name| name.parse())?;
        return visit(address.parse()?, network).await;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (visit, host) = tokio::join!(visit(address, Network::SIMNET), host(listener));
    println!("host        {}", host?);
    visit
}

/// Shakes hands, pings, asks for headers, and leaves when both answers are there.
async fn visit(address: SocketAddr, network: Network) -> Done {
    println!("connecting to {address} on {network}");
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (handle, mut events, driver) =
        outbound(stream, &node("client", network)?, hello(address, 0), SystemRng)?;
    tokio::spawn(driver);
    let (mut ponged, mut headed) = (false, false);
    while let Some(event) = events.next().await {
        match event {
            Event::Version(version) => {
                println!("agent       {}", version.user_agent);
                println!("protocol    {}, height {}", version.protocol_version, version.last_block);
            }
            Event::Established => {
                handle.send(Ping { nonce: 1 }).await?;
                // From the first block on: nothing in this locator is known to anybody.
                handle.request_headers(vec![Hash::ZERO], Hash::ZERO).await?;
            }
            Event::Message(Message::Pong(_)) => {
                let stats = handle.stats().await;
                println!("round trip  {:.1?}", stats.last_ping_round_trip.unwrap_or_default());
                ponged = true;
            }
            Event::Message(Message::Headers(Headers { headers })) => {
                println!("headers     {}", headers.len());
                for header in headers.iter().take(3) {
                    println!("            {:>6}  {}", header.height, header.hash());
                }
                headed = true;
            }
            Event::Message(other) => println!("also came   {} {}", other.command(), other.summary()),
            _ => {}
        }
        if ponged && headed {
            handle.close();
        }
    }
    let stats = handle.stats().await;
    println!("left        {}", handle.closed().await);
    println!("bytes       {} out, {} in", stats.bytes_sent, stats.bytes_received);
    if ponged && headed { Ok(()) } else { Err(handle.closed().await.into()) }
}

/// A peer with a chain of three blocks, for one visitor.
async fn host(listener: TcpListener) -> Result<Closed, Box<dyn Error + Send + Sync>> {
    let (stream, visitor) = listener.accept().await?;
    stream.set_nodelay(true)?;
    let node = node("host", Network::SIMNET)?;
    let (handle, mut events, driver) = inbound(stream, &node, hello(visitor, 3), SystemRng);
    tokio::spawn(driver);
    while let Some(event) = events.next().await {
        if let Event::Message(Message::GetHeaders(_)) = event {
            let first = BlockHeader { height: 1, ..BlockHeader::default() };
            let second = BlockHeader { height: 2, prev_block: first.hash(), ..first };
            let third = BlockHeader { height: 3, prev_block: second.hash(), ..first };
            handle.send(Headers { headers: vec![first, second, third].try_into()? }).await?;
        }
    }
    Ok(handle.closed().await)
}

fn node(name: &str, network: Network) -> Result<Node, peer_core::ConfigError> {
    Ok(Node::new(Config::builder(network).user_agent(name, "1.0").build()?))
}
