//! How do I connect to a peer, send it a request, and disconnect?
//!
//! `cargo run -p peer-tokio --example client -- NETWORK ADDRESS` visits a node, as in `mainnet 192.0.2.1:9108`.
//! Without arguments it visits a small peer of its own on this machine.

use core::fmt::Display;
use std::io::{ErrorKind, Write as _, stdout};

use peer_core::message::{BlockHeader, Headers};
use peer_core::{Config, Event, Hash, Interest, Message, Network, Node, Report};
use peer_tokio::{Closed, SystemRng, connection_info, inbound, outbound};
use tokio::net::{TcpListener, TcpStream};

type Fallible<T> = Result<T, Report>;

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
            visit(address, network.parse::<Network>().map_err(|error| error.to_string())?).await
        }
        _ => Err("usage: client [NETWORK ADDRESS]".into()),
    }
}

/// Shakes hands, pings, requests headers, and disconnects.
async fn visit(address: &str, network: Network) -> Fallible<()> {
    print(format_args!("connecting to {address} on {network}"));
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let info = connection_info(stream.peer_addr()?, 0);
    let (peer, events, driver) = outbound(stream, &node("client", network)?, info, SystemRng)?;
    tokio::spawn(driver);
    let _open = events.only(Interest::NONE).await?; // the handshake is complete
    let remote = peer.stats().await;
    print(format_args!("agent       {}", remote.user_agent));
    print(format_args!("protocol    {}, height {}", remote.advertised_version, remote.starting_height));
    print(format_args!("round trip  {:.1?}", peer.ping().await?));
    let genesis = network.genesis_hash().unwrap_or_default();
    let headers = peer.headers(vec![genesis], Hash::ZERO).await?;
    print(format_args!("headers     {}", headers.len()));
    for header in headers.iter().take(3) {
        print(format_args!("            {:>6}  {}", header.height, header.hash()));
    }
    peer.close();
    print(format_args!("left        {}", peer.closed().await));
    let stats = peer.stats().await;
    print(format_args!("bytes       {} out, {} in", stats.bytes_sent, stats.bytes_received));
    Ok(())
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
