//! How do I watch two peers from between them?
//!
//! `cargo run -p peer-tokio --example proxy -- LISTEN UPSTREAM` passes on what comes to LISTEN, both ways, and
//! shows each frame as it goes by. It takes no part: peers shake hands through it, with each other, on any network.
//! Without arguments it stands between two peers of its own on this machine.

use core::error::Error;
use core::fmt::Display;
use core::net::SocketAddr;
use core::time::Duration;
use std::io::{ErrorKind, Write as _, stdout};

use peer_core::frame::{Header, Tap};
use peer_core::message::{GetData, Inventory, NotFound, Ping};
use peer_core::{Command, Config, ConfigError, Event, Hash, Message, Network, Node};
use peer_tokio::{SystemRng, connection_info, inbound, outbound};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

type Done = Result<(), Box<dyn Error + Send + Sync>>;

const DIAL_TIMEOUT: Duration = Duration::from_secs(10);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Done {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => {
            let (front, behind) =
                (TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?);
            let (address, upstream) = (front.local_addr()?, behind.local_addr()?.to_string());
            tokio::try_join!(proxy(front, upstream, 1), dial(address), accept(behind))?;
            Ok(())
        }
        [listen, upstream] => proxy(TcpListener::bind(listen).await?, upstream.clone(), usize::MAX).await,
        _ => Err("usage: proxy [LISTEN UPSTREAM]".into()),
    }
}

/// Takes so many visitors, each of which gets a connection of its own to `upstream`, and waits until they left.
async fn proxy(listener: TcpListener, upstream: String, mut visitors: usize) -> Done {
    print(format_args!("listening on {}, before {upstream}", listener.local_addr()?));
    let mut pairs = JoinSet::new();
    while visitors > 0 {
        match listener.accept().await {
            Ok((near, visitor)) => {
                visitors = visitors.saturating_sub(1);
                let upstream = upstream.clone();
                pairs.spawn(async move {
                    if let Err(error) = carry(near, visitor, &upstream).await {
                        print(format_args!("{visitor}  before {upstream}: {error}"));
                    }
                });
            }
            // Without free file descriptors it fails at once, until a pair leaves.
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

/// Stands between one pair of peers until both have hung up.
async fn carry(near: TcpStream, visitor: SocketAddr, upstream: &str) -> Done {
    let far =
        timeout(DIAL_TIMEOUT, TcpStream::connect(upstream)).await.map_err(|_| "cannot connect in time")??;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    let (to, from) = (format!("{visitor} ──▶ {upstream}"), format!("{visitor} ◀── {upstream}"));
    tokio::try_join!(pass(&to, near_in, far_out), pass(&from, far_in, near_out))?;
    Ok(())
}

/// Passes bytes on as they come, and shows the frames that they make up.
async fn pass(way: &str, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> Done {
    let (mut tap, mut bytes) = (Tap::new(), vec![0; 64 * 1024]);
    loop {
        let count = from.read(&mut bytes).await?;
        let (passing, _) = bytes.split_at(count);
        if passing.is_empty() {
            print(format_args!("{way}  hangs up"));
            return Ok(to.shutdown().await?);
        }
        tap.feed(passing, |header| print(format_args!("{way}  {}", describe(header))));
        to.write_all(passing).await?;
    }
}

/// A frame's command and its size on the wire. Nobody has checked it: that is the peers' business.
fn describe(header: &Header) -> String {
    let command = Command::from_wire(header.command);
    let name = command.as_ref().map_or("no command", Command::as_str);
    format!("{name:<12} {:>6} bytes", header.wire_len())
}

/// A peer that asks for ten transactions, and leaves when it was told that there are none.
async fn dial(address: SocketAddr) -> Done {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (handle, mut events, driver) =
        outbound(stream, &node("dialler")?, connection_info(address, 0), SystemRng)?;
    tokio::spawn(driver);
    while let Some(event) = events.next().await {
        match event {
            Event::Established => {
                handle.send(Ping { nonce: 1 }).await?;
                let items: Vec<_> = (0..10).map(|number| Inventory::tx(Hash::digest(&[number]))).collect();
                handle.send(GetData { inventory: items.try_into()? }).await?;
            }
            Event::Message(Message::NotFound(_)) => return Ok(()),
            _ => {}
        }
    }
    Err(handle.closed().await.into())
}

/// A peer that has nothing of what it is asked for.
async fn accept(listener: TcpListener) -> Done {
    let (stream, address) = listener.accept().await?;
    stream.set_nodelay(true)?;
    let (handle, mut events, driver) =
        inbound(stream, &node("listener")?, connection_info(address, 0), SystemRng);
    tokio::spawn(driver);
    while let Some(event) = events.next().await {
        if let Event::Message(Message::GetData(GetData { inventory })) = event {
            handle.send(NotFound { inventory }).await?;
        }
    }
    Ok(())
}

fn node(name: &str) -> Result<Node, ConfigError> {
    Ok(Node::new(Config::builder(Network::SIMNET).user_agent(name, "1.0").build()?))
}

/// Prints a line. Ends the program where nobody reads it any more, as behind `head`.
fn print(line: impl Display) {
    if let Err(error) = writeln!(stdout(), "{line}") {
        std::process::exit(i32::from(error.kind() != ErrorKind::BrokenPipe));
    }
}
