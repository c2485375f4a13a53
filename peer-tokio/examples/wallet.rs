//! How does a light wallet fetch headers, committed filters, and the blocks that matter to it?
//!
//! `cargo run -p peer-tokio --example wallet -- NETWORK ADDRESS` fetches the first 2,000 headers from a node, and their
//! filters. Without arguments it does so with a small node of its own on this machine. Matching a filter is the wallet's
//! business; here, a filter matches if it ends with `wallet`.

use core::error::Error;
use core::fmt::Display;
use core::time::Duration;
use std::io::{ErrorKind, Write as _, stdout};

use peer_core::message::{
    Block, BlockHeader, CFilterV2, CFiltersV2, FilterData, GetCfsV2, GetData, Headers, Inventory, List,
};
use peer_core::{Config, Event, Hash, Message, Network, Node, Services};
use peer_tokio::{Events, Handle, SystemRng, connection_info, inbound, outbound};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Limit for each answer, and for connecting. Nodes need not answer requests for headers or filters, and no other timeout
/// applies.
const TIMEOUT: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?.to_string();
            tokio::spawn(host(listener));
            sync(&address, Network::SIMNET).await
        }
        [network, address] => {
            sync(address, network.parse::<Network>().map_err(|error| error.to_string())?).await
        }
        _ => Err("usage: wallet [NETWORK ADDRESS]".into()),
    }
}

/// Headers first, then the filters of all of them, then the blocks whose filters match.
async fn sync(address: &str, network: Network) -> Fallible<()> {
    let stream =
        timeout(TIMEOUT, TcpStream::connect(address)).await.map_err(|_| "cannot connect in time")??;
    stream.set_nodelay(true)?;
    let node = Node::new(Config::builder(network).user_agent("wallet", "1.0").build()?);
    let info = connection_info(stream.peer_addr()?, 0);
    let (handle, mut events, driver) = outbound(stream, &node, info, SystemRng)?;
    tokio::spawn(driver);
    while events.next().await.is_some_and(|event| event != Event::Established) {}
    // Without a locator, nodes look up the last block alone.
    let genesis = network.genesis_hash().unwrap_or_default();
    handle.request_headers(vec![genesis], Hash::ZERO).await?;
    let headers = wait_for(&handle, &mut events, |message| match message {
        // Headers after another block are an announcement.
        Message::Headers(it) if it.headers.first().is_none_or(|it| it.prev_block == genesis) => {
            Ok(it.headers)
        }
        other => Err(other),
    });
    let headers = headers.await?;
    if headers.is_empty() {
        return Err("the node tells no headers; is it still syncing?".into());
    }
    print(format_args!("headers  {}", headers.len()));
    let mut wanted = Vec::new();
    for batch in BlockHeader::hash_many(&headers).chunks(100) {
        let (Some(&start_hash), Some(&end_hash)) = (batch.first(), batch.last()) else { continue };
        handle.try_send(GetCfsV2 { start_hash, end_hash }).await?;
        let filters = wait_for(&handle, &mut events, |message| match message {
            Message::CFiltersV2(it) if it.cfilters.iter().map(|it| &it.block_hash).eq(batch) => {
                Ok(it.cfilters)
            }
            other => Err(other),
        });
        let filters = filters.await?;
        print(format_args!("filters  {}", filters.len()));
        let matching = filters.iter().filter(|filter| filter.data.ends_with(b"wallet"));
        wanted.extend(matching.map(|filter| Inventory::block(filter.block_hash)));
    }
    for item in wanted {
        handle.try_send(GetData { inventory: vec![item].try_into()? }).await?;
        let block = wait_for(&handle, &mut events, |message| match message {
            Message::Block(it) if it.hash() == item.hash => Ok(Some(it)),
            Message::NotFound(it) if it.inventory.contains(&item) => Ok(None),
            other => Err(other),
        });
        match block.await? {
            Some(block) => {
                print(format_args!("block    {} at height {} matters", item.hash, block.header().height))
            }
            None => print(format_args!("block    {} is not there: ask another node", item.hash)),
        }
    }
    print(format_args!("synced   with {} bytes", handle.stats().await.bytes_received));
    Ok(())
}

/// Waits for the message that `wanted` accepts. Every other message, which it returns, is printed.
async fn wait_for<T>(
    handle: &Handle,
    events: &mut Events,
    wanted: impl Fn(Message) -> Result<T, Message>,
) -> Fallible<T> {
    let answer = async {
        while let Some(event) = events.next().await {
            let Event::Message(message) = event else { continue };
            match wanted(message) {
                Ok(found) => return Ok(found),
                // Such as announcements of blocks and transactions. The machine answers `ping` and `getinitstate`.
                Err(other) => print(format_args!("besides  {} {}", other.command(), other.summary())),
            }
        }
        Err(handle.closed().await.into())
    };
    timeout(TIMEOUT, answer).await.map_err(|_| format!("the node gives no answer within {TIMEOUT:?}"))?
}

/// A node with 250 blocks, of which one matches the wallet's filter.
async fn host(listener: TcpListener) -> Fallible<()> {
    let (stream, address) = listener.accept().await?;
    let config = Config::builder(Network::SIMNET).user_agent("host", "1.0").services(Services::NODE_NETWORK);
    let node = Node::new(config.build()?);
    let (handle, mut events, driver) = inbound(stream, &node, connection_info(address, 250), SystemRng);
    tokio::spawn(driver);
    let mut prev_block = Network::SIMNET.genesis_hash().unwrap_or_default();
    let next = |height| {
        let header = BlockHeader { height, prev_block, ..BlockHeader::default() };
        prev_block = header.hash();
        header
    };
    let chain: Vec<_> = (1..=250).map(next).collect();
    let ours = FilterData::new("for the wallet")?;
    while let Some(event) = events.next().await {
        match event {
            Event::Message(Message::GetHeaders(request)) => {
                let headers = if request.locator.is_empty() { Vec::new() } else { chain.clone() };
                handle.try_send(Headers { headers: headers.try_into()? }).await?;
            }
            Event::Message(Message::GetCfsV2(GetCfsV2 { start_hash, .. })) => {
                let blocks = chain.iter().skip_while(|header| header.hash() != start_hash).take(100);
                let filters = blocks.map(|header| CFilterV2 {
                    block_hash: header.hash(),
                    data: if header.height == 137 { ours.clone() } else { FilterData::default() },
                    proof_index: 0,
                    proof_hashes: List::new(),
                });
                handle.try_send(CFiltersV2 { cfilters: filters.collect::<Vec<_>>().try_into()? }).await?;
            }
            Event::Message(Message::GetData(GetData { inventory })) => {
                let is_requested =
                    |header: &&_| inventory.contains(&Inventory::block(BlockHeader::hash(header)));
                for header in chain.iter().filter(is_requested) {
                    handle.try_send(Block::new(header, &[], &[])?).await?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Prints a line. Exits if standard output is closed, as by `head`.
fn print(line: impl Display) {
    if let Err(error) = writeln!(stdout(), "{line}") {
        std::process::exit(i32::from(error.kind() != ErrorKind::BrokenPipe));
    }
}
