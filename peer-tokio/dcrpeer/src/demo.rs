//! `dcrpeer` without a command: two peers hold a conversation over TCP on this machine, and it is told as it
//! happens. Everything is real but the announced items; the end is a failure unless all of it happened.

mod story;

use core::time::Duration;

use peer_core::blake256;
use peer_core::message::Inventory;
use peer_core::{Config, Direction, Error, Hash, Network, Node};
use peer_tokio::{Closed, Events, Handle};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio::{task, try_join};

use self::story::{Scene, Side, Story};
use crate::error::{Failure, chain};
use crate::node;
use crate::output::{Count, Span};

/// How many items are announced, and how many of them may come at once.
const ITEMS: u32 = 2500;
const BATCH: usize = 1000;

/// How many pings are waited for, and the time between them. A node sends one every two minutes or so.
const PINGS: usize = 3;
const PING_INTERVAL: Duration = Duration::from_millis(400);

/// Far more than it takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Tells the story to the end.
pub(crate) async fn run() -> Result<(), Failure> {
    match timeout(PATIENCE, converse()).await {
        Ok(result) => result,
        Err(_) => Err(Failure::new(format!("the conversation was not over after {}", Span(PATIENCE)))),
    }
}

async fn converse() -> Result<(), Failure> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| no_loopback(&error))?;
    let address = listener.local_addr().map_err(|error| no_loopback(&error))?;
    let listening = named("listener", Duration::from_secs(107))?;
    let dialling = named("dialler", PING_INTERVAL)?;

    let (sender, scenes) = mpsc::channel(64);
    let mut story = Story::begin(address, scenes)?;
    let (ours, theirs) =
        try_join!(TcpStream::connect(address), listener.accept()).map_err(|error| no_loopback(&error))?;
    story.tell(Side::Dialler, "connects")?;
    let dialler = join(&dialling, Direction::Outbound, ours)?;
    let dialler = follow(&story, Side::Dialler, dialler, sender.clone());
    let answering = join(&listening, Direction::Inbound, theirs.0)?;
    let answering = follow(&story, Side::Listener, answering, sender);

    story.chapter("Handshake", "both introduce themselves and agree on a protocol version")?;
    story.until(&dialler, |seen| seen.established == 2).await?;

    story.chapter("Keep-alive", &format!("the dialler pings every {}", Span(PING_INTERVAL)))?;
    story.until(&dialler, |seen| seen.round_trips.len() >= PINGS).await?;

    let title = format!("the dialler announces {} transactions one by one", Count(ITEMS.into()));
    story.chapter("Inventory", &title)?;
    for number in 0..ITEMS {
        let news = dialler.announce(item(number)).await;
        if !news.map_err(|error| Failure::new(chain(&error)))? {
            return Err(Failure::new(format!("item {number} was taken for one that the listener has")));
        }
    }
    story.until(&dialler, |seen| seen.items.len() >= ITEMS as usize).await?;

    story.chapter("Self-connection", "the listener's node dials its own address by mistake")?;
    story.tell(Side::Listener, &format!("dials {address}"))?;
    let (outbound, inbound) = dial_oneself(&listening, &listener).await?;
    story.tell(Side::Listener, &format!("as the one who dialled: {outbound}"))?;
    story.tell(Side::Listener, &format!("as the one who was dialled: {inbound}"))?;

    story.statistics(&dialler.stats().await, &answering.stats().await)?;
    check(&story, &outbound, &inbound)?;
    story.end()
}

fn named(name: &str, ping_interval: Duration) -> Result<Node, Failure> {
    let config = Config::builder(Network::SIMNET).user_agent(name, "1").ping_interval(ping_interval);
    node::build(config.build())
}

/// The name of a made-up transaction.
fn item(number: u32) -> Inventory {
    Inventory::tx(Hash::from_bytes(blake256::hash(&number.to_le_bytes())))
}

/// Gives the stream to the adapter, and its driver to the runtime.
fn join(node: &Node, direction: Direction, stream: TcpStream) -> Result<(Handle, Events), Failure> {
    let address = stream.peer_addr().map_err(|error| no_loopback(&error))?;
    stream.set_nodelay(true).map_err(|error| no_loopback(&error))?;
    let (hello, generator) = (peer_tokio::hello(address, 0), node::generator()?);
    let (handle, events, driver) = match direction {
        Direction::Inbound => peer_tokio::inbound(stream, node, hello, generator),
        Direction::Outbound => peer_tokio::outbound(stream, node, hello, generator)
            .map_err(|error| Failure::new(chain(&error)))?,
    };
    task::spawn(driver);
    Ok((handle, events))
}

/// Passes a side's events on to the story, with the time at which they came.
fn follow(
    story: &Story,
    side: Side,
    (handle, mut events): (Handle, Events),
    scenes: mpsc::Sender<Scene>,
) -> Handle {
    let clock = story.clock();
    task::spawn(async move {
        loop {
            let event = events.next().await;
            let is_last = event.is_none();
            let scene = Scene { at: clock.elapsed(), side, event };
            if scenes.send(scene).await.is_err() || is_last {
                break;
            }
        }
    });
    handle
}

/// Both halves of one connection belong to the same node. Returns how each of them ended.
async fn dial_oneself(node: &Node, listener: &TcpListener) -> Result<(Closed, Closed), Failure> {
    let address = listener.local_addr().map_err(|error| no_loopback(&error))?;
    let (dialled, accepted) =
        try_join!(TcpStream::connect(address), listener.accept()).map_err(|error| no_loopback(&error))?;
    let outbound = join(node, Direction::Outbound, dialled)?;
    let inbound = join(node, Direction::Inbound, accepted.0)?;
    Ok(tokio::join!(ending(outbound), ending(inbound)))
}

/// Goes along with everything until the end.
async fn ending((handle, mut events): (Handle, Events)) -> Closed {
    while events.next().await.is_some() {}
    handle.closed().await
}

/// Whether all that was told is as it should be.
fn check(story: &Story, outbound: &Closed, inbound: &Closed) -> Result<(), Failure> {
    let seen = story.seen();
    let expected = (0..ITEMS).map(|number| item(number).hash).collect();
    if seen.items != expected {
        let count = Count::from(seen.items.len());
        return Err(Failure::new(format!("{} items were announced, {count} came", Count(ITEMS.into()))));
    }
    if let Some(batch) = seen.batches.iter().find(|batch| **batch > BATCH) {
        return Err(Failure::new(format!("{batch} items came in one batch, {BATCH} is the most")));
    }
    for (half, closed) in [("outbound", outbound), ("inbound", inbound)] {
        if closed.reason != Error::SelfConnection {
            let reason = &closed.reason;
            return Err(Failure::new(format!(
                "the {half} half did not know itself, it ended with: {reason}"
            )));
        }
    }
    Ok(())
}

fn no_loopback(error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot talk over TCP on 127.0.0.1: {error}; is the loopback interface up?"))
}
