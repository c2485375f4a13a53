use peer_tokio::peer_core::{Config, Network, Node, Report};

#[tokio::main]
async fn main() -> Result<(), Report> {
    let address = std::env::args().nth(1).ok_or("usage: first ADDRESS")?;
    let node = Node::new(Config::builder(Network::MAINNET).user_agent("first", "0.1.0").build()?);
    let (peer, _events) = peer_tokio::connect(address, &node, 0).await?;
    let round_trip = peer.ping().await?;
    println!("{} answered a ping in {round_trip:?}", peer.stats().await.user_agent);
    Ok(())
}
