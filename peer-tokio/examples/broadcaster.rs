//! How do I send a transaction to my peers, and learn which of them requested it?
//!
//! `cargo run -p peer-tokio --example broadcaster -- NETWORK HEX ADDRESS…` announces the transaction to these nodes, and
//! sends it to each that asks, until all have or a minute is over. Without arguments it does so with three peers of its
//! own on this machine, one of which has it already. That a node asked does not mean that it accepted it.

use core::convert::Infallible;
use core::fmt::Display;
use core::time::Duration;
use std::collections::BTreeSet;
use std::io::{ErrorKind, Write as _, stdout};

use peer_core::message::{GetData, Inventory, NotFound, Ping, Transaction, TxOut};
use peer_core::{Config, ConfigError, Event, Message, Network, Node, Report};
use peer_tokio::{SystemRng, connection_info, inbound, outbound};
use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::{sleep, timeout};

type Fallible<T> = Result<T, Report>;

/// An address, with the agent of a node there that asked, or with what went wrong.
type Outcome = (String, Fallible<String>);

const DIAL_TIMEOUT: Duration = Duration::from_secs(10);
/// The nonce of the ping sent after the transaction.
const SERVED: u64 = 1;

#[tokio::main]
async fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => {
            let output = TxOut { value: 100_000_000, version: 0, pk_script: &[0x51] };
            let tx = Transaction::new(1, &[], &[output], 0, 0)?;
            let mut addresses = Vec::new();
            for wants in [true, true, false] {
                let listener = TcpListener::bind("127.0.0.1:0").await?;
                addresses.push(listener.local_addr()?.to_string());
                tokio::spawn(listen(listener, wants));
            }
            broadcast(&tx, &addresses, Network::SIMNET, Duration::from_secs(2)).await
        }
        [network, hex, addresses @ ..] if !addresses.is_empty() => {
            let network = network.parse::<Network>().map_err(|error| error.to_string())?;
            let tx = Transaction::decode(unhex(hex)?.into())?;
            broadcast(&tx, addresses, network, Duration::from_secs(60)).await
        }
        _ => Err("usage: broadcaster [NETWORK HEX ADDRESS…]".into()),
    }
}

/// Announces `tx` to all nodes, and prints which of them requested it. Ends when each has requested it or failed, or after
/// `time`.
async fn broadcast(tx: &Transaction, to: &[String], network: Network, time: Duration) -> Fallible<()> {
    print(format_args!("{} of {} bytes", tx.hash(), tx.as_bytes().len()));
    let (node, (sender, mut outcomes)) = (node("broadcaster", network)?, unbounded_channel());
    for address in to {
        let (address, tx, node, outcomes) = (address.clone(), tx.clone(), node.clone(), sender.clone());
        tokio::spawn(async move {
            let Err(error) = offer(&address, tx, node, &outcomes).await;
            outcomes.send((address, Err(error)))
        });
    }
    let (mut waiting, mut count) = (to.iter().cloned().collect::<BTreeSet<_>>(), 0_usize);
    let timer = sleep(time);
    tokio::pin!(timer);
    while !waiting.is_empty() {
        let outcome = select! { outcome = outcomes.recv() => outcome, () = &mut timer => None };
        let Some((address, outcome)) = outcome else { break };
        // A node that has requested it may disconnect: only its first outcome counts.
        if waiting.remove(&address) {
            match outcome {
                Ok(agent) => {
                    count = count.saturating_add(1);
                    print(format_args!("{address}  asked for it: {agent}"));
                }
                Err(error) => print(format_args!("{address}  failed: {error}")),
            }
        }
    }
    waiting.iter().for_each(|address| print(format_args!("{address}  did not ask for it")));
    print(format_args!("{count} of {} asked for it", to.len()));
    if count > 0 { Ok(()) } else { Err("no node asked for it".into()) }
}

/// Announces the transaction, and sends it on request. Reports the agent of a node that has received it.
async fn offer(
    address: &str,
    tx: Transaction,
    node: Node,
    outcomes: &UnboundedSender<Outcome>,
) -> Fallible<Infallible> {
    let stream =
        timeout(DIAL_TIMEOUT, TcpStream::connect(address)).await.map_err(|_| "cannot connect in time")??;
    stream.set_nodelay(true)?;
    let info = connection_info(stream.peer_addr()?, 0);
    let (handle, mut events, driver) = outbound(stream, &node, info, SystemRng)?;
    tokio::spawn(driver);
    let item = Inventory::tx(tx.hash());
    while let Some(event) = events.next().await {
        match event {
            Event::Established => drop(handle.announce(item).await?),
            Event::Message(Message::GetData(request)) => {
                for wanted in request.inventory {
                    if wanted == item {
                        handle.try_send(tx.clone()).await?;
                        handle.flush().await?;
                        // A node reads in order: with its answer, it has the transaction.
                        handle.try_send(Ping { nonce: SERVED }).await?;
                    } else {
                        // Sending fails if the node would ban us for it: then no answer is better.
                        handle.try_send(NotFound { inventory: vec![wanted].try_into()? }).await.ok();
                    }
                }
            }
            Event::Message(Message::Pong(pong)) if pong.nonce == SERVED => {
                outcomes.send((address.to_owned(), Ok(handle.stats().await.user_agent.to_string())))?;
            }
            _ => {}
        }
    }
    Err(handle.closed().await.into())
}

/// A peer that requests what is announced to it, if `wants`.
async fn listen(listener: TcpListener, wants: bool) -> Fallible<()> {
    let (stream, address) = listener.accept().await?;
    stream.set_nodelay(true)?;
    let node = node(if wants { "curious" } else { "sated" }, Network::SIMNET)?;
    let (handle, mut events, driver) = inbound(stream, &node, connection_info(address, 0), SystemRng);
    tokio::spawn(driver);
    while let Some(event) = events.next().await {
        if let (Event::Message(Message::Inv(inv)), true) = (event, wants) {
            handle.try_send(GetData { inventory: inv.inventory }).await?;
        }
    }
    Ok(())
}

fn node(name: &str, network: Network) -> Result<Node, ConfigError> {
    Ok(Node::new(Config::builder(network).user_agent(name, "1.0").build()?))
}

fn unhex(text: &str) -> Fallible<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err("the transaction is not hexadecimal".into());
    }
    text.as_bytes().chunks(2).map(|pair| Ok(u8::from_str_radix(str::from_utf8(pair)?, 16)?)).collect()
}

/// Prints a line. Exits if standard output is closed, as by `head`.
fn print(line: impl Display) {
    if let Err(error) = writeln!(stdout(), "{line}") {
        std::process::exit(i32::from(error.kind() != ErrorKind::BrokenPipe));
    }
}
