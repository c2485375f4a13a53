//! How does a light wallet fetch headers, committed filters, and the blocks that matter to it?
//!
//! `cargo run -p peer-tokio --example wallet -- NETWORK ADDRESS...` does so from the first of these nodes that has it all.
//! Without arguments it asks three small nodes of its own on this machine: one that tells nothing, one that stalls, and one
//! that serves. Matching a filter is the wallet's business; here, a filter matches if it ends with `wallet`.

use core::fmt::Display;
use core::time::Duration;
use std::io::{ErrorKind, Write as _, stdout};

use peer_core::message::{
    Block, BlockHeader, CFilterV2, CFiltersV2, FilterData, GetCfsV2, GetData, Headers, Inventory, List,
};
use peer_core::{Config, Event, Hash, Interest, Message, Network, Node, Report, Services};
use peer_tokio::{SystemRng, connection_info, inbound, outbound};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

type Fallible<T> = Result<T, Report>;

/// Limit for connecting, and for headers.
const TIMEOUT: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (network, addresses) = match &arguments[..] {
        [] => (Network::SIMNET, vec![host("silent").await?, host("stalled").await?, host("serving").await?]),
        [network, addresses @ ..] if !addresses.is_empty() => {
            (network.parse::<Network>().map_err(|error| error.to_string())?, addresses.to_vec())
        }
        _ => return Err("usage: wallet [NETWORK ADDRESS...]".into()),
    };
    for address in addresses {
        match sync(&address, network).await {
            Ok(()) => return Ok(()),
            Err(error) => print(format_args!("not from {address}: {error}")),
        }
    }
    Err("no node has it all".into())
}

/// Headers first, then the filters of all of them, then the blocks whose filters match.
async fn sync(address: &str, network: Network) -> Fallible<()> {
    let stream =
        timeout(TIMEOUT, TcpStream::connect(address)).await.map_err(|_| "cannot connect in time")??;
    stream.set_nodelay(true)?;
    let node = Node::new(Config::builder(network).user_agent("wallet", "1.0").build()?);
    let info = connection_info(stream.peer_addr()?, 0);
    let (peer, events, driver) = outbound(stream, &node, info, SystemRng)?;
    tokio::spawn(driver);
    let _open = events.only(Interest::NONE).await?;
    let mut chain = vec![network.genesis_hash().unwrap_or_default()];
    let mut wanted = Vec::new();
    loop {
        // They are linked to each other and to the locator: the machine has checked that.
        let tip = chain.last().copied().into_iter().collect();
        let headers = timeout(TIMEOUT, peer.headers(tip, Hash::ZERO));
        let headers = headers.await.map_err(|_| format!("no headers within {TIMEOUT:?}"))??;
        let hashes = BlockHeader::hash_many(&headers);
        if hashes.is_empty() {
            break;
        }
        for batch in hashes.chunks(100) {
            let filters = peer.filters(batch).await?;
            let matching = filters.iter().filter(|filter| filter.data.ends_with(b"wallet"));
            wanted.extend(matching.map(|filter| filter.block_hash));
        }
        chain.extend(hashes);
    }
    print(format_args!("headers  {}, filters as many", chain.len().saturating_sub(1)));
    let mut blocks = peer.blocks(wanted);
    while let Some(block) = blocks.next().await {
        let block = block?;
        print(format_args!("block    {} at height {} matters", block.hash(), block.header().height));
    }
    print(format_args!("synced   with {} bytes", peer.stats().await.bytes_received));
    Ok(())
}

/// A node with 250 blocks, of which one matches the wallet's filter. It serves, is silent, or does not even take pings.
async fn host(kind: &'static str) -> Fallible<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    tokio::spawn(serve(listener, kind));
    Ok(address)
}

async fn serve(listener: TcpListener, kind: &str) -> Fallible<()> {
    let (stream, address) = listener.accept().await?;
    let config = Config::builder(Network::SIMNET).user_agent(kind, "1.0").services(Services::NODE_NETWORK);
    let node = Node::new(config.build()?);
    let (handle, mut events, mut driver) = inbound(stream, &node, connection_info(address, 250), SystemRng);
    if kind == "stalled" {
        let shake = async { while events.next().await.is_some_and(|event| event != Event::Established) {} };
        tokio::select! { closed = &mut driver => return Err(closed.into()), () = shake => {} }
        // No one drives it any more: it reads nothing and says nothing.
        return core::future::pending().await;
    }
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
            Event::Message(_) if kind == "silent" => {}
            Event::Message(Message::GetHeaders(request)) => {
                let is_tip = request.locator.first() == chain.last().map(BlockHeader::hash).as_ref();
                let headers = if is_tip { Vec::new() } else { chain.clone() };
                handle.try_send(Headers { headers: headers.try_into()? }).await?;
            }
            Event::Message(Message::GetCfsV2(GetCfsV2 { start_hash, end_hash })) => {
                let from_start = chain.iter().skip_while(|header| header.hash() != start_hash);
                let end = chain.iter().find(|header| header.hash() == end_hash).map_or(0, |it| it.height);
                let blocks = from_start.filter(|header| header.height <= end);
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
