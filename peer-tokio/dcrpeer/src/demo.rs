//! `dcrpeer` without a command: two peers talk over TCP on this machine, and each step is printed. Only the announced
//! items are made up. The demo fails unless every step happened.

mod transcript;

use core::time::Duration;

use clap::Args;
use peer_core::blake256;
use peer_core::message::Inventory;
use peer_core::{Config, Direction, Error, Hash, Network, Node};
use peer_tokio::{Closed, Events, Handle};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio::{task, try_join};

use self::transcript::{Entry, Side, Transcript};
use crate::error::{Failure, chain, plain};
use crate::format::{Count, Span};
use crate::node;
use crate::options::RecordArgs;
use crate::record::{Recording, Recordings, record};

/// How many items are announced, and how many of them may come at once.
const ITEMS: u32 = 2500;
const BATCH: usize = 1000;

/// How many pings to wait for, and the time between them. A node sends one about every two minutes.
const PINGS: usize = 3;
const PING_INTERVAL: Duration = Duration::from_millis(400);

/// Far longer than the demo takes.
const TIME_LIMIT: Duration = Duration::from_secs(30);

#[derive(Args, Debug, Default)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    record: RecordArgs,
}

/// Runs the demo to its end.
pub(crate) async fn run(args: DemoArgs) -> Result<(), Failure> {
    let recordings = args.record.of_many()?;
    match timeout(TIME_LIMIT, run_conversation(recordings.as_ref())).await {
        Ok(result) => result,
        Err(_) => Err(Failure::new(format!("the conversation was not over after {}", Span(TIME_LIMIT)))),
    }
}

async fn run_conversation(recordings: Option<&Recordings>) -> Result<(), Failure> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| no_loopback(&error))?;
    let address = listener.local_addr().map_err(|error| no_loopback(&error))?;
    let listening = named_node("listener", Duration::from_secs(107))?;
    let dialling = named_node("dialer", PING_INTERVAL)?;

    let (sender, entries) = mpsc::channel(64);
    let mut transcript = Transcript::begin(address, entries)?;
    let (ours, theirs) =
        try_join!(TcpStream::connect(address), listener.accept()).map_err(|error| no_loopback(&error))?;
    transcript.write_step(Side::Dialer, "connects")?;
    let (dialer, dialer_recording) = join(&dialling, Direction::Outbound, ours, recordings)?;
    let dialer = follow(&transcript, Side::Dialer, dialer, sender.clone());
    let (accepted, listener_recording) = join(&listening, Direction::Inbound, theirs.0, recordings)?;
    let listener_handle = follow(&transcript, Side::Listener, accepted, sender);

    transcript.section("Handshake", "both introduce themselves and agree on a protocol version")?;
    transcript.until(&dialer, |observed| observed.established == 2).await?;

    transcript.section("Keep-alive", &format!("the dialer pings every {}", Span(PING_INTERVAL)))?;
    transcript.until(&dialer, |observed| observed.round_trips.len() >= PINGS).await?;

    let title = format!("the dialer announces {} transactions one by one", Count(ITEMS.into()));
    transcript.section("Inventory", &title)?;
    for number in 0..ITEMS {
        let is_new = dialer.announce(item(number)).await;
        if !is_new.map_err(|error| Failure::new(chain(&error)))? {
            return Err(Failure::new(format!("item {number} was taken for one that the listener has")));
        }
    }
    transcript.until(&dialer, |observed| observed.items.len() >= ITEMS as usize).await?;

    transcript.section("Self-connection", "the listener's node dials its own address by mistake")?;
    transcript.write_step(Side::Listener, &format!("dials {address}"))?;
    let (outbound, inbound) = dial_self(&listening, &listener).await?;
    transcript.write_step(Side::Listener, &format!("the dialling half: {outbound}"))?;
    transcript.write_step(Side::Listener, &format!("the dialled half: {inbound}"))?;

    transcript.statistics(&dialer.stats().await, &listener_handle.stats().await)?;
    check(&transcript, &outbound, &inbound)?;
    dialer.close();
    for (handle, recording) in [(dialer, dialer_recording), (listener_handle, listener_recording)] {
        if let Some(recording) = recording
            && let Some(problem) = recording.finish(&handle.closed().await.reason).await
        {
            return Err(Failure::new(problem));
        }
    }
    transcript.end()
}

fn named_node(name: &str, ping_interval: Duration) -> Result<Node, Failure> {
    let config = Config::builder(Network::SIMNET).user_agent(name, "1").ping_interval(ping_interval);
    node::build(config.build())
}

/// The name of a made-up transaction.
fn item(number: u32) -> Inventory {
    Inventory::tx(Hash::from_bytes(blake256::hash(&number.to_le_bytes())))
}

/// The faces of a connection, and its recording if there is one.
type Joined = ((Handle, Events), Option<Recording>);

/// Gives the stream to the adapter, and its driver to the runtime.
fn join(
    node: &Node,
    direction: Direction,
    stream: TcpStream,
    recordings: Option<&Recordings>,
) -> Result<Joined, Failure> {
    let address = stream.peer_addr().map_err(|error| no_loopback(&error))?;
    stream.set_nodelay(true).map_err(|error| no_loopback(&error))?;
    let (info, generator) = (peer_tokio::connection_info(address, 0), node::generator()?);
    let start = |recordings: &Recordings| {
        recordings.start_next((node.config(), direction), &info, &address.to_string())
    };
    let recording = recordings.map(start).transpose()?.flatten();
    let stream = record(stream, recording.as_ref());
    let (handle, events, driver) = match direction {
        Direction::Inbound => peer_tokio::inbound(stream, node, info, generator),
        Direction::Outbound => peer_tokio::outbound(stream, node, info, generator)
            .map_err(|error| Failure::new(chain(&error)))?,
    };
    task::spawn(driver);
    Ok(((handle, events), recording))
}

/// Forwards one side's events to the transcript, each with its arrival time.
fn follow(
    transcript: &Transcript,
    side: Side,
    (handle, mut events): (Handle, Events),
    entries: mpsc::Sender<Entry>,
) -> Handle {
    let clock = transcript.clock();
    task::spawn(async move {
        loop {
            let event = events.next().await;
            let is_last = event.is_none();
            let entry = Entry { at: clock.elapsed(), side, event };
            if entries.send(entry).await.is_err() || is_last {
                break;
            }
        }
    });
    handle
}

/// Both halves of one connection belong to the same node. Returns how each of them ended.
async fn dial_self(node: &Node, listener: &TcpListener) -> Result<(Closed, Closed), Failure> {
    let address = listener.local_addr().map_err(|error| no_loopback(&error))?;
    let (dialled, accepted) =
        try_join!(TcpStream::connect(address), listener.accept()).map_err(|error| no_loopback(&error))?;
    let (outbound, _) = join(node, Direction::Outbound, dialled, None)?;
    let (inbound, _) = join(node, Direction::Inbound, accepted.0, None)?;
    Ok(tokio::join!(wait_for_end(outbound), wait_for_end(inbound)))
}

/// Drains the events and returns how the connection ended.
async fn wait_for_end((handle, mut events): (Handle, Events)) -> Closed {
    while events.next().await.is_some() {}
    handle.closed().await
}

/// Checks what the transcript recorded.
fn check(transcript: &Transcript, outbound: &Closed, inbound: &Closed) -> Result<(), Failure> {
    let observed = transcript.observed();
    let expected = (0..ITEMS).map(|number| item(number).hash).collect();
    if observed.items != expected {
        let count = Count::from(observed.items.len());
        return Err(Failure::new(format!("{} items were announced, {count} came", Count(ITEMS.into()))));
    }
    if let Some(batch) = observed.batches.iter().find(|batch| **batch > BATCH) {
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
    Failure::new(format!(
        "cannot talk over TCP on 127.0.0.1: {}; check that the loopback interface is up",
        plain(error)
    ))
}
