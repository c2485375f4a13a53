//! How do I accept peers and answer what they ask?
//!
//! `cargo run -p peer-tokio --example server -- ADDRESS` listens there as a node of simnet with ten empty
//! blocks. Without an argument it listens on this machine, for three clients of its own, until they left.

use core::error::Error;
use core::net::SocketAddr;

use peer_core::message::{Block, BlockHeader, GetData, Headers, Inventory, NotFound};
use peer_core::{Config, Event, Hash, Message, Network, Node, SendError};
use peer_tokio::{Handle, SystemRng, hello, inbound, outbound};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

type Done = Result<(), Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Done {
    if let Some(address) = std::env::args().nth(1) {
        return serve(TcpListener::bind(address).await?, usize::MAX).await;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::try_join!(serve(listener, 3), client(address, 1), client(address, 2), client(address, 9))?;
    Ok(())
}

/// Accepts so many peers, each in a task of its own, and waits until they left.
async fn serve(listener: TcpListener, visitors: usize) -> Done {
    println!("listening on {}", listener.local_addr()?);
    let (node, mut peers) = (node("server")?, JoinSet::new());
    for _ in 0..visitors {
        let (stream, address) = listener.accept().await?;
        stream.set_nodelay(true)?;
        peers.spawn(host(stream, address, node.clone()));
        while peers.try_join_next().is_some() {}
    }
    peers.join_all().await;
    Ok(())
}

/// Tells who came, answers it, and tells why it left.
async fn host(stream: TcpStream, address: SocketAddr, node: Node) {
    let (handle, mut events, driver) = inbound(stream, &node, hello(address, 9), SystemRng);
    tokio::spawn(driver);
    while let Some(event) = events.next().await {
        match event {
            Event::Version(version) => println!("{address}  came: {}", version.user_agent),
            Event::Message(message) => {
                println!("{address}  says {}", message.command());
                if let Err(error) = answer(&handle, message).await {
                    println!("{address}  gets no answer: {error}");
                    handle.close();
                }
            }
            _ => {}
        }
    }
    println!("{address}  left: {}", handle.closed().await);
}

/// Sends what was asked for. Pings were answered by the machine.
async fn answer(handle: &Handle, message: Message) -> Done {
    let chain = || (0..10).map(|height| BlockHeader { height, ..BlockHeader::default() });
    match message {
        // Without a locator, nodes look up the last block alone: here, none.
        Message::GetHeaders(request) => {
            let headers: Vec<_> = chain().filter(|_| !request.locator.is_empty()).collect();
            say(handle, Headers { headers: headers.try_into()? }.into()).await?;
        }
        Message::GetData(GetData { inventory }) => {
            for item in inventory.iter() {
                let found = chain().find(|header| Inventory::block(header.hash()) == *item);
                let block = found.map(|header| Block::new(&header, &[], &[])).transpose()?;
                let nothing = NotFound { inventory: vec![*item].try_into()? };
                say(handle, block.map_or(nothing.into(), Message::Block)).await?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Sends a message, as soon as there is room for it: a remote may ask for more than we want to have waiting.
async fn say(handle: &Handle, message: Message) -> Done {
    loop {
        match handle.send(message.clone()).await {
            Err(SendError::Full { .. }) => handle.flush().await?,
            result => return Ok(result.map(drop)?),
        }
    }
}

/// Asks for headers, then for the block of this height, and leaves with it.
async fn client(address: SocketAddr, height: usize) -> Done {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (handle, mut events, driver) =
        outbound(stream, &node(&format!("client-{height}"))?, hello(address, 0), SystemRng)?;
    tokio::spawn(driver);
    while let Some(event) = events.next().await {
        match event {
            Event::Established => {
                let genesis = Network::SIMNET.genesis_hash().into_iter().collect();
                handle.request_headers(genesis, Hash::ZERO).await?;
            }
            Event::Message(Message::Headers(Headers { headers })) => {
                let wanted = headers.get(height).ok_or("the chain is too short")?;
                let inventory = vec![Inventory::block(wanted.hash())].try_into()?;
                handle.send(GetData { inventory }).await?;
            }
            Event::Message(Message::Block(_)) => return Ok(()),
            _ => {}
        }
    }
    Err(handle.closed().await.into())
}

fn node(name: &str) -> Result<Node, peer_core::ConfigError> {
    Ok(Node::new(Config::builder(Network::SIMNET).user_agent(name, "1.0").build()?))
}
