//! How do I log the traffic between two peers?
//!
//! `cargo run -p peer-tokio --example proxy -- LISTEN UPSTREAM` forwards the bytes of connections to LISTEN, both ways,
//! and prints each frame. It is no peer itself: the two ends shake hands with each other, on any network. Without
//! arguments it forwards between two peers of its own on this machine.

use core::fmt::Display;
use core::net::SocketAddr;
use core::time::Duration;
use std::io::{ErrorKind, Write as _, stdout};

use peer_core::frame::{Header, Tap};
use peer_core::message::{GetData, Inventory, NotFound, Ping};
use peer_core::{Command, Config, ConfigError, Event, Hash, Message, Network, Node, Report};
use peer_tokio::{SystemRng, connection_info, inbound, outbound};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

type Done = Result<(), Report>;

const DIAL_TIMEOUT: Duration = Duration::from_secs(10);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Done {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => {
            let (listener, upstream) =
                (TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?);
            let (address, target) = (listener.local_addr()?, upstream.local_addr()?.to_string());
            tokio::try_join!(proxy(listener, target, 1), dial(address), accept(upstream))?;
            Ok(())
        }
        [listen, upstream] => proxy(TcpListener::bind(listen).await?, upstream.clone(), usize::MAX).await,
        _ => Err("usage: proxy [LISTEN UPSTREAM]".into()),
    }
}

/// Accepts so many connections, dials `upstream` for each, and waits until all have ended.
async fn proxy(listener: TcpListener, upstream: String, mut connections: usize) -> Done {
    print(format_args!("listening on {}, before {upstream}", listener.local_addr()?));
    let mut pairs = JoinSet::new();
    while connections > 0 {
        match listener.accept().await {
            Ok((near, client)) => {
                connections = connections.saturating_sub(1);
                let upstream = upstream.clone();
                pairs.spawn(async move {
                    if let Err(error) = forward(near, client, &upstream).await {
                        print(format_args!("{client}  before {upstream}: {error}"));
                    }
                });
            }
            // Without free file descriptors `accept` fails at once, until a pair ends.
            Err(error) => {
                print(format_args!("cannot accept: {error}"));
                sleep(Duration::from_millis(200)).await;
            }
        }
        while pairs.try_join_next().is_some() {}
    }
    pairs.join_all().await;
    Ok(())
}

/// Forwards between one pair of peers until both have closed their side.
async fn forward(near: TcpStream, client: SocketAddr, upstream: &str) -> Done {
    let far =
        timeout(DIAL_TIMEOUT, TcpStream::connect(upstream)).await.map_err(|_| "cannot connect in time")??;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    let (to, from) = (format!("{client} ──▶ {upstream}"), format!("{client} ◀── {upstream}"));
    tokio::try_join!(copy(&to, near_in, far_out), copy(&from, far_in, near_out))?;
    Ok(())
}

/// Copies bytes as they arrive, and prints the frames in them.
async fn copy(route: &str, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> Done {
    let (mut tap, mut bytes) = (Tap::new(), vec![0; 64 * 1024]);
    loop {
        let count = from.read(&mut bytes).await?;
        let (read, _) = bytes.split_at(count);
        if read.is_empty() {
            print(format_args!("{route}  hangs up"));
            return Ok(to.shutdown().await?);
        }
        tap.feed(read, |header| print(format_args!("{route}  {}", describe(header))));
        to.write_all(read).await?;
    }
}

/// A frame's command and its size on the wire. The frame is not checked: the peers do that.
fn describe(header: &Header) -> String {
    let command = Command::from_wire(header.command);
    let name = command.as_ref().map_or("no command", Command::as_str);
    format!("{name:<12} {:>6} bytes", header.wire_len())
}

/// A peer that requests ten transactions, and disconnects at `notfound`.
async fn dial(address: SocketAddr) -> Done {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (handle, mut events, driver) =
        outbound(stream, &node("dialer")?, connection_info(address, 0), SystemRng)?;
    tokio::spawn(driver);
    while let Some(event) = events.next().await {
        match event {
            Event::Established => {
                handle.try_send(Ping { nonce: 1 }).await?;
                let items: Vec<_> = (0..10).map(|number| Inventory::tx(Hash::digest(&[number]))).collect();
                handle.try_send(GetData { inventory: items.try_into()? }).await?;
            }
            Event::Message(Message::NotFound(_)) => return Ok(()),
            _ => {}
        }
    }
    Err(handle.closed().await.into())
}

/// A peer that has none of the requested items.
async fn accept(listener: TcpListener) -> Done {
    let (stream, address) = listener.accept().await?;
    stream.set_nodelay(true)?;
    let (handle, mut events, driver) =
        inbound(stream, &node("listener")?, connection_info(address, 0), SystemRng);
    tokio::spawn(driver);
    while let Some(event) = events.next().await {
        if let Event::Message(Message::GetData(GetData { inventory })) = event {
            handle.try_send(NotFound { inventory }).await?;
        }
    }
    Ok(())
}

fn node(name: &str) -> Result<Node, ConfigError> {
    Ok(Node::new(Config::builder(Network::SIMNET).user_agent(name, "1.0").build()?))
}

/// Prints a line. Exits if standard output is closed, as by `head`.
fn print(line: impl Display) {
    if let Err(error) = writeln!(stdout(), "{line}") {
        std::process::exit(i32::from(error.kind() != ErrorKind::BrokenPipe));
    }
}
