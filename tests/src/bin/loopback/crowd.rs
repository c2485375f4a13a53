//! Many connections at a time: what a round trip costs each, and what all of them cost while they idle.

use core::time::Duration;
use std::fs;

use mio::net::TcpListener;
use mio::{Events, Poll, Token};
use peer_core::{AcceptLimits, Event, Message};
use peer_mio::{Acceptor, PeerEvent, PeerId, Peers, SystemRng, connection_info};
use peer_tests::figures::clock::busy;
use peer_tokio::{Handle, Listener};
use tokio::runtime::Builder;
use tokio::time::sleep;

use crate::way::{self, Failure};

/// Round trips of each connection.
const ROUNDS: u64 = 10;

/// How long all of them idle.
const IDLE: Duration = Duration::from_secs(20);

/// Dials before those that came are accepted: fewer than the system's queue holds.
const AT_A_TIME: usize = 64;

/// What so many connections cost, both ends together.
struct Figures {
    round_trip_nanos: f64,
    idle_nanos: f64,
    idle_wakeups: u64,
}

pub(crate) fn run(count: usize, json: bool) -> Result<(), Failure> {
    for (adapter, measure) in [("mio", over_mio as fn(usize) -> _), ("tokio", over_tokio)] {
        let Figures { round_trip_nanos, idle_nanos, idle_wakeups } = measure(count)?;
        let (round_trip, idle) = (round_trip_nanos / 1e3, idle_nanos / 1e6);
        if json {
            println!(
                r#"{{"adapter":"{adapter}","connections":{count},"round_trip_us":{round_trip:.2},"idle_cpu_ms":{idle:.2},"idle_wakeups":{idle_wakeups}}}"#
            );
        } else {
            println!(
                "{adapter:5} {count} connections: {round_trip:.2} µs for each round trip; idle for 20 s: {idle:.2} ms of the CPU, {idle_wakeups} wake-ups"
            );
        }
    }
    Ok(())
}

struct Sets {
    poll: Poll,
    events: Events,
    acceptor: Acceptor,
    near: Peers<SystemRng>,
    far: Peers<SystemRng>,
    established: usize,
    pongs: usize,
}

fn over_mio(count: usize) -> Result<Figures, Failure> {
    let poll = Poll::new()?;
    let listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
    let address = listener.local_addr()?;
    let acceptor = Acceptor::new(poll.registry(), Token(0), listener, AcceptLimits::new(count, count))?;
    let set =
        |tokens| Ok::<_, Failure>(Peers::new(poll.registry().try_clone()?, tokens, way::node()?, SystemRng));
    let (near, far) = (set(1..1 + count)?, set(1 + count..1 + 2 * count)?);
    let (events, established, pongs) = (Events::with_capacity(1024), 0, 0);
    let mut sets = Sets { poll, events, acceptor, near, far, established, pongs };
    let mut ids = Vec::new();
    while ids.len() < count {
        for _ in 0..AT_A_TIME.min(count - ids.len()) {
            ids.push(sets.near.connect(address, connection_info(address, 0))?);
        }
        while sets.established < 2 * ids.len() {
            sets.turn(None)?;
        }
    }
    sets.round(&ids, 0)?;
    let (done, nanos) = busy(|| (1..=ROUNDS).try_for_each(|nonce| sets.round(&ids, nonce)));
    done?;
    let (idled, idle_nanos, idle_wakeups) = idle(|| {
        let start = sets.near.now();
        while let Some(left) = IDLE.checked_sub(sets.near.now().saturating_since(start)) {
            sets.turn(Some(left))?;
        }
        Ok::<_, Failure>(())
    })?;
    idled?;
    Ok(Figures { round_trip_nanos: nanos / (count as f64 * ROUNDS as f64), idle_nanos, idle_wakeups })
}

impl Sets {
    /// A ping and its pong over each connection, all at the same time.
    fn round(&mut self, ids: &[PeerId], nonce: u64) -> Result<(), Failure> {
        self.pongs = 0;
        let now = self.near.now();
        for id in ids {
            self.near.peer(*id).ok_or("a connection is over")?.send(&way::ping(nonce), now)?;
        }
        while self.pongs < ids.len() {
            self.turn(None)?;
        }
        Ok(())
    }

    fn turn(&mut self, most: Option<Duration>) -> Result<(), Failure> {
        let timeouts = [self.near.timeout(), self.far.timeout(), self.acceptor.timeout(&self.far), most];
        self.poll.poll(&mut self.events, timeouts.into_iter().flatten().min())?;
        for event in &self.events {
            let _is_known = self.near.ready(event) || self.far.ready(event) || self.acceptor.ready(event);
        }
        while let Some(accepted) = self.acceptor.accept(&mut self.far, 0) {
            accepted?;
        }
        for set in [&mut self.near, &mut self.far] {
            while let Some((_, happened)) = set.next_event() {
                match happened {
                    PeerEvent::Event(Event::Established) => self.established += 1,
                    PeerEvent::Event(Event::Message(Message::Pong(_))) => self.pongs += 1,
                    PeerEvent::Closed(closed) => return Err(closed.into()),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

fn over_tokio(count: usize) -> Result<Figures, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = socket.local_addr()?;
        let mut listener = Listener::new(socket, way::node()?, AcceptLimits::new(count, count));
        let node = way::node()?;
        let (mut nears, mut fars) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let accept = async {
                let (handle, events) = listener.accept().await.established(0).await?;
                events.discard();
                Ok::<_, Failure>(handle)
            };
            let (near, far) = tokio::join!(peer_tokio::connect(address, &node, 0), accept);
            nears.push(near?);
            fars.push(far?);
        }
        round(&mut nears, 0).await?;
        // The runtime has one thread, so its work between two points of this task is all that was done.
        let start = cpu_time::ThreadTime::now();
        for nonce in 1..=ROUNDS {
            round(&mut nears, nonce).await?;
        }
        let nanos = start.elapsed().as_nanos() as f64;
        let (wakeups, start) = (switches()?, cpu_time::ThreadTime::now());
        sleep(IDLE).await;
        let (idle_nanos, idle_wakeups) = (start.elapsed().as_nanos() as f64, switches()? - wakeups);
        Ok(Figures { round_trip_nanos: nanos / (count as f64 * ROUNDS as f64), idle_nanos, idle_wakeups })
    })
}

/// A ping and its pong over each connection, all at the same time.
async fn round(nears: &mut [(Handle, peer_tokio::Events)], nonce: u64) -> Result<(), Failure> {
    for (handle, _) in &*nears {
        // The answer to the command is not waited for: the one to the ping is.
        drop(handle.reserve().await?.try_send(way::ping(nonce)));
    }
    for (_, events) in nears {
        while !matches!(events.next().await.ok_or("a connection is over")?, Event::Message(Message::Pong(_)))
        {
        }
    }
    Ok(())
}

/// What `work` returns, the time of the CPU that it takes, and how often the thread was woken.
fn idle<T>(work: impl FnOnce() -> T) -> Result<(T, f64, u64), Failure> {
    let before = switches()?;
    let (result, nanos) = busy(work);
    Ok((result, nanos, switches()? - before))
}

/// How often this thread has waited.
fn switches() -> Result<u64, Failure> {
    let status = fs::read_to_string("/proc/thread-self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    Ok(line.ok_or("the system does not count")?.trim().parse()?)
}
