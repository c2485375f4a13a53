//! Cost against the number of machines.

use core::hint::black_box;
use core::time::Duration;

use bytes::BytesMut;
use indicatif::ProgressBar;
use peer_core::message::{Inventory, Ping};
use peer_core::{Config, Connection, Event, Hash, Message, ProtocolVersion, Time, frame};
use peer_tests::figures::Spread;
use peer_tests::figures::clock::busy;
use peer_tests::remote::{NETWORK, Remote};
use peer_tests::text::grouped;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use stats_alloc::Region;

use crate::args::Cli;
use crate::{ALLOCATOR, Failure};

pub(crate) const NUMBERS: [usize; 5] = [10, 100, 1000, 10_000, 100_000];

/// What each machine does, by name.
pub(crate) const DEEDS: [&str; 4] = ["tick", "deadline", "announce", "ping"];

/// A number of machines, with nanoseconds for each of them.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) machines: usize,
    /// For each of [`DEEDS`].
    pub(crate) deeds: [Spread; DEEDS.len()],
    /// Bytes that an idle one holds.
    pub(crate) bytes: usize,
}

/// What all machines do, one after the other.
type Deed = fn(&mut Crowd) -> Result<(), Failure>;

/// So many machines, and what they need.
struct Crowd {
    peers: Vec<Connection>,
    now: Time,
    rng: ChaCha8Rng,
    /// Items announced so far.
    announced: u64,
    ping: Vec<u8>,
    input: BytesMut,
}

pub(crate) fn measure(cli: &Cli, bar: &ProgressBar) -> Result<Vec<Row>, Failure> {
    // What a machine holds should not depend on how often it is measured, and no timer of its own should run out.
    let config = Config::builder(NETWORK).known_inventory(1);
    let config = config.ping_interval(LONG).idle_timeout(2 * LONG);
    let one = Remote::established(config.build()?).machine.fork();
    let mut rows = Vec::new();
    for number in cli.numbers() {
        bar.set_message(format!("{} machines", grouped(number as u64)));
        let region = Region::new(ALLOCATOR);
        let peers: Vec<Connection> = (0..number).map(|_| one.clone()).collect();
        let change = region.change();
        let bytes = change.bytes_allocated.saturating_sub(change.bytes_deallocated) / number;
        let mut crowd = Crowd::new(peers)?;
        crowd.round()?;
        let rounds = (0..cli.rounds).map(|_| crowd.round()).collect::<Result<Vec<_>, _>>()?;
        let deeds = core::array::from_fn(|deed| Spread::of(rounds.iter().map(|round| round[deed])));
        rows.push(Row { machines: number, deeds, bytes });
        bar.inc(1);
    }
    Ok(rows)
}

impl Crowd {
    fn new(peers: Vec<Connection>) -> Result<Self, Failure> {
        let ping = frame::encode(&Message::Ping(Ping { nonce: 7 }), NETWORK, ProtocolVersion::LATEST)?;
        let rng = ChaCha8Rng::seed_from_u64(1);
        Ok(Self { peers, now: Time::ZERO, rng, announced: 0, ping, input: BytesMut::new() })
    }

    /// Does everything in the order of [`DEEDS`], and returns the nanoseconds of each for a machine.
    fn round(&mut self) -> Result<[f64; DEEDS.len()], Failure> {
        let deeds: [Deed; DEEDS.len()] = [Self::tick, Self::deadline, Self::announce, Self::ping];
        let times = (AT_LEAST / self.peers.len()).max(1);
        let mut nanos = [0.0; DEEDS.len()];
        for (deed, nanos) in deeds.into_iter().zip(&mut nanos) {
            let (result, took) = busy(|| (0..times).try_for_each(|_| deed(self)));
            result?;
            *nanos = took / (times * self.peers.len()) as f64;
        }
        Ok(nanos)
    }

    fn tick(&mut self) -> Result<(), Failure> {
        for peer in &mut self.peers {
            peer.handle_timeout(self.now, &mut self.rng)?;
        }
        Ok(())
    }

    fn deadline(&mut self) -> Result<(), Failure> {
        for peer in &self.peers {
            black_box(peer.peer().next_timeout().ok_or("it has one while it lives")?);
        }
        Ok(())
    }

    /// The same item to all, and half a second later the batch that it waits in.
    fn announce(&mut self) -> Result<(), Failure> {
        self.announced += 1;
        let item = Inventory::tx(Hash::digest(&self.announced.to_le_bytes()));
        for peer in &mut self.peers {
            if !peer.peer_mut().announce(item, self.now)? {
                return Err("no one knows it yet".into());
            }
        }
        self.now += Duration::from_millis(500);
        for peer in &mut self.peers {
            peer.handle_timeout(self.now, &mut self.rng)?;
            write(peer, self.now);
        }
        Ok(())
    }

    /// A ping comes to each, and is answered.
    fn ping(&mut self) -> Result<(), Failure> {
        for peer in &mut self.peers {
            self.input.extend_from_slice(&self.ping);
            match peer.receive(&mut self.input, self.now)? {
                Some(Event::Message(Message::Ping(_))) => write(peer, self.now),
                other => return Err(format!("{other:?} instead of a ping").into()),
            }
            // It has no more, and waits again.
            peer.receive(&mut self.input, self.now)?;
        }
        Ok(())
    }
}

fn write(peer: &mut Connection, now: Time) {
    while peer.wants_write() {
        let count = black_box(peer.poll_transmit(now)).len();
        peer.handle_transmitted(count, now);
    }
}

/// Longer than a measurement lasts by the machines' clocks.
const LONG: Duration = Duration::from_secs(365 * 24 * 3600);

/// Machines of a round: few do everything again and again.
const AT_LEAST: usize = 10_000;
