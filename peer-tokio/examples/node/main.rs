//! How do I serve a chain as wallets and nodes expect it? `docs/neighbours.md` has the rules.
//!
//! `cargo run -p peer-tokio --example node -- NETWORK LISTEN` listens there; without arguments, on simnet and a free
//! port of this machine, until it is stopped. The example `wallet` can visit it. Its chain is made up, see `chain.rs`.

use core::mem;
use core::time::Duration;
use std::collections::VecDeque;
use std::io::{Write as _, stdout};
use std::sync::Arc;

use peer_core::message::{GetData, Headers, Inventory, InventoryKind, NotFound};
use peer_core::{CodecError, Config, Event, Message, Network, Node, Report, SendError, Services};
use peer_tokio::{Events, Handle, SystemRng, connection_info, inbound};
use tokio::sync::Mutex;
use tokio::{net::TcpListener, select, time::sleep};

use self::chain::Chain;

mod chain;

/// The largest answer with its frame, in bytes: a `notfound` of 50,000 items. A block has at most 1,310,744.
const LARGEST_ANSWER: usize = 1_800_027;

/// Most requested items of a peer that wait to be sent, as in dcrd.
const MAX_WANTED: usize = 100_000;

#[tokio::main]
async fn main() -> Result<(), Report> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (network, address) = match &arguments[..] {
        [] => (Network::SIMNET, "127.0.0.1:0"),
        [network, address] => {
            (network.parse::<Network>().map_err(|error| error.to_string())?, address.as_str())
        }
        _ => return Err("usage: node [NETWORK LISTEN]".into()),
    };
    // Nodes disconnect from peers without this service that they have dialled.
    let config = Config::builder(network).user_agent("node", "1.0").services(Services::NODE_NETWORK);
    let (node, chain) = (Node::new(config.build()?), Arc::new(Mutex::new(Chain::new(network)?)));
    let listener = TcpListener::bind(address).await?;
    // A node goes on if standard output is closed.
    writeln!(stdout(), "listening on {} for {network}", listener.local_addr()?).ok();
    loop {
        let (stream, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            // Without free file descriptors `accept` fails at once, until a connection ends.
            Err(error) => {
                writeln!(stdout(), "cannot accept: {error}").ok();
                sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        stream.set_nodelay(true).ok();
        let height = chain.lock().await.height();
        let (handle, events, driver) = inbound(stream, &node, connection_info(address, height), SystemRng);
        tokio::spawn(driver);
        let chain = Arc::clone(&chain);
        tokio::spawn(async move {
            if let Err(error) = serve(&handle, events, &chain).await {
                writeln!(stdout(), "{address} is not served on: {error}").ok();
            }
            writeln!(stdout(), "{address} left: {}", handle.closed().await).ok();
        });
    }
}

/// Serves one peer until it disconnects, or requests more than the send queue holds.
async fn serve(handle: &Handle, mut events: Events, chain: &Mutex<Chain>) -> Result<(), SendError> {
    // The items of each `getdata`, and `None` behind them.
    let mut wanted = VecDeque::new();
    let (mut missing, mut wants_headers) = (Vec::new(), false);
    let mut blocks = chain.lock().await.subscribe();
    while events.next().await.is_some_and(|event| event != Event::Established) {}
    loop {
        let message = select! {
            event = events.next() => match event {
                Some(Event::Message(message)) => message,
                Some(_) => continue,
                None => return Ok(()),
            },
            Ok(block) = blocks.recv() => {
                for tx in block.transactions() {
                    handle.announce(Inventory::tx(tx.hash())).await?;
                }
                if wants_headers {
                    handle.try_send(Headers { headers: vec![block.header()].try_into()? }).await?;
                } else {
                    handle.announce_now(Inventory::block(block.hash())).await?;
                }
                continue;
            }
            // As many as there is room for. Events are handled meanwhile: two ends that only write deadlock.
            Ok(()) = handle.room(LARGEST_ANSWER), if !wanted.is_empty() => {
                let answer = match wanted.pop_front().flatten() {
                    Some(item) => {
                        let found = chain.lock().await.item(item);
                        if found.is_none() {
                            missing.push(item);
                        }
                        found
                    }
                    None => not_found(mem::take(&mut missing))?,
                };
                if let Some(answer) = answer {
                    // Sending fails if the node would ban us for it: then no answer is better.
                    handle.try_send(answer).await.ok();
                }
                continue;
            }
        };
        match message {
            Message::SendHeaders => wants_headers = true,
            Message::GetData(request) if wanted.len() < MAX_WANTED => {
                wanted.extend(request.inventory.into_iter().map(Some).chain([None]));
            }
            Message::GetData(_) => handle.close(),
            Message::Inv(inv) => {
                let new = chain.lock().await.unknown(inv.inventory.into_vec());
                // A request for more than 505 items costs points, an empty one is a ban.
                for items in new.chunks(505) {
                    handle.try_send(GetData { inventory: items.to_vec().try_into()? }).await?;
                }
            }
            Message::Tx(tx) => chain.lock().await.extend(&[tx])?,
            request => {
                let answer = chain.lock().await.answer(&request);
                if let Some(answer) = answer {
                    handle.try_send(answer).await?;
                }
            }
        }
    }
}

/// A `notfound` of these items, if there are any. A node disconnects if it names an item of another kind.
fn not_found(mut items: Vec<Inventory>) -> Result<Option<Message>, CodecError> {
    items.retain(|item| [InventoryKind::BLOCK, InventoryKind::TX, InventoryKind::MIX].contains(&item.kind));
    Ok(if items.is_empty() { None } else { Some(NotFound { inventory: items.try_into()? }.into()) })
}
