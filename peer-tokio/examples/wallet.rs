//! How does a light wallet fetch headers, committed filters, and the blocks that matter to it?
//!
//! `cargo run -p peer-tokio --example wallet -- ADDRESS` fetches the first 2,000 headers of mainnet from a node, and
//! their filters. Without an argument it does so with a small node of its own on this machine. Matching a filter is
//! the wallet's business; here, a filter matches that ends with its name.

use core::error::Error;
use core::net::SocketAddr;
use core::time::Duration;

use peer_core::message::{
    Block, BlockHeader, CFilterV2, CFiltersV2, FilterData, GetCFsV2, GetData, Headers, Inventory, List,
};
use peer_core::{Config, Event, Hash, Message, Network, Node};
use peer_tokio::{Events, SystemRng, hello, inbound, outbound};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Nodes need not answer a request for filters, so only the wallet can say how long is too long.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> Fallible<()> {
    if let Some(address) = std::env::args().nth(1) {
        return timeout(PATIENCE, sync(address.parse()?, Network::MAINNET)).await?;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(host(listener));
    timeout(PATIENCE, sync(address, Network::SIMNET)).await?
}

/// Headers first, then the filters of all of them, then the blocks whose filters match.
async fn sync(address: SocketAddr, network: Network) -> Fallible<()> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let node = Node::new(Config::builder(network).user_agent("wallet", "1.0").build()?);
    let (handle, mut events, driver) = outbound(stream, &node, hello(address, 0), SystemRng)?;
    tokio::spawn(driver);
    while events.next().await.is_some_and(|event| event != Event::Established) {}
    // Without a locator, nodes look up the last block alone.
    handle.request_headers(network.genesis_hash().into_iter().collect(), Hash::ZERO).await?;
    let are_headers = |it| if let Message::Headers(it) = it { Some(it.headers) } else { None };
    let headers = hear(&mut events, are_headers).await?;
    if headers.is_empty() {
        return Err("the node tells no headers; is it still syncing?".into());
    }
    println!("headers  {}", headers.len());
    let mut wanted = Vec::new();
    for batch in BlockHeader::hash_many(&headers).chunks(100) {
        let (Some(&start_hash), Some(&end_hash)) = (batch.first(), batch.last()) else { continue };
        handle.send(GetCFsV2 { start_hash, end_hash }).await?;
        let is_batch = |it| if let Message::CFiltersV2(it) = it { Some(it.cfilters) } else { None };
        let filters = hear(&mut events, is_batch).await?;
        println!("filters  {}", filters.len());
        let matching = filters.iter().filter(|filter| filter.data.ends_with(b"wallet"));
        wanted.extend(matching.map(|filter| Inventory::block(filter.block_hash)));
    }
    for item in wanted {
        handle.send(GetData { inventory: vec![item].try_into()? }).await?;
        let is_block = |it| if let Message::Block(it) = it { Some(it) } else { None };
        let block = hear(&mut events, is_block).await?;
        println!("block    {} at height {} matters", block.hash(), block.header().height);
    }
    println!("synced   with {} bytes", handle.stats().await.bytes_received);
    Ok(())
}

/// Waits for the message that `wanted` takes.
async fn hear<T>(events: &mut Events, wanted: impl Fn(Message) -> Option<T>) -> Fallible<T> {
    while let Some(event) = events.next().await {
        let Event::Message(message) = event else { continue };
        if let Some(found) = wanted(message) {
            return Ok(found);
        }
    }
    Err(events.closed().cloned().ok_or("the connection goes on")?.into())
}

/// A node with 250 blocks, of which one matters to the wallet.
async fn host(listener: TcpListener) -> Fallible<()> {
    let (stream, address) = listener.accept().await?;
    let node = Node::new(Config::builder(Network::SIMNET).user_agent("host", "1.0").build()?);
    let (handle, mut events, driver) = inbound(stream, &node, hello(address, 250), SystemRng);
    tokio::spawn(driver);
    let chain: Vec<_> = (1..=250).map(|height| BlockHeader { height, ..BlockHeader::default() }).collect();
    let ours = FilterData::new("for the wallet")?;
    while let Some(event) = events.next().await {
        match event {
            Event::Message(Message::GetHeaders(request)) => {
                let headers = if request.locator.is_empty() { Vec::new() } else { chain.clone() };
                handle.send(Headers { headers: headers.try_into()? }).await?;
            }
            Event::Message(Message::GetCFsV2(GetCFsV2 { start_hash, .. })) => {
                let blocks = chain.iter().skip_while(|header| header.hash() != start_hash).take(100);
                let filters = blocks.map(|header| CFilterV2 {
                    block_hash: header.hash(),
                    data: if header.height == 137 { ours.clone() } else { FilterData::default() },
                    proof_index: 0,
                    proof_hashes: List::new(),
                });
                handle.send(CFiltersV2 { cfilters: filters.collect::<Vec<_>>().try_into()? }).await?;
            }
            Event::Message(Message::GetData(GetData { inventory })) => {
                let is_asked = |header: &&_| inventory.contains(&Inventory::block(BlockHeader::hash(header)));
                for header in chain.iter().filter(is_asked) {
                    handle.send(Block::new(header, &[], &[])?).await?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}
