use peer_tokio::peer_core::{Config, Event, Network, Node};
use peer_tokio::{SystemRng, connection_info, outbound};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).ok_or("usage: first ADDRESS")?.parse()?;
    let node = Node::new(Config::builder(Network::MAINNET).user_agent("first", "0.1.0").build()?);
    let stream = tokio::net::TcpStream::connect(address).await?;
    let (peer, mut events, driver) = outbound(stream, &node, connection_info(address, 0), SystemRng)?;
    tokio::spawn(driver);
    while events.next().await.is_some_and(|event| event != Event::Established) {}
    peer.flush().await?; // our last word of the handshake, or why there was none
    println!("shook hands with {}", peer.stats().await.user_agent);
    Ok(())
}
