//! How fast does news reach a whole network?
//!
//! `cargo run --release -p peer-tests --example propagation` lets a thousand nodes, each of which dials eight others,
//! pass a transaction on by `inv`, `getdata` and `tx`, and draws the share that has it over time into
//! `propagation.svg`, or into the file that is named. There is no socket and no clock: all follows from a seed,
//! so that two runs draw the same picture.
#![expect(clippy::arithmetic_side_effects, reason = "the numbers are small")]

use core::error::Error;
use core::time::Duration;
use std::collections::BTreeMap;
use std::{env, fs};

use peer_core::message::{GetData, Inventory, Transaction};
use peer_core::{Config, Event, Message, Network, Time};
use peer_tests::world::{Checks, ConnectionId, Logic, NodeId, Turn, World};

const NODES: u32 = 1000;
const DIALS: u32 = 8;
const PAUSE: Duration = Duration::from_secs(12);

/// A node that passes on what it learns.
#[derive(Default)]
struct Relay {
    has: BTreeMap<Inventory, (Transaction, Time)>,
}

impl Relay {
    fn learn(&mut self, tx: Transaction, turn: &mut Turn<'_>) {
        let item = Inventory::tx(tx.hash());
        let now = turn.now();
        if self.has.insert(item, (tx, now)).is_none() {
            for connection in turn.connections().to_vec() {
                // A neighbour without a complete handshake hears of it from others.
                turn.announce(connection, item).ok();
            }
        }
    }
}

impl Logic for Relay {
    fn on_start(&mut self, turn: &mut Turn<'_>) {
        for _ in 0..DIALS {
            let node = turn.draw_node();
            turn.dial(node);
        }
    }

    fn on_event(&mut self, connection: ConnectionId, event: Event, turn: &mut Turn<'_>) {
        match event {
            Event::Message(Message::Inv(inv)) => {
                inv.inventory.iter().for_each(|item| turn.add_known(connection, item));
                let mut news = inv.inventory.into_vec();
                news.retain(|item| !self.has.contains_key(item));
                if !news.is_empty() {
                    let inventory = news.try_into().expect("no more than came");
                    turn.send(connection, &GetData { inventory }.into()).expect("there is room");
                }
            }
            Event::Message(Message::GetData(GetData { inventory })) => {
                for (tx, _) in inventory.iter().filter_map(|item| self.has.get(item)) {
                    turn.send(connection, &tx.clone().into()).expect("there is room");
                }
            }
            Event::Message(Message::Tx(tx)) => self.learn(tx, turn),
            _ => {}
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let file = env::args().nth(1).unwrap_or_else(|| "propagation.svg".to_owned());
    let mut world = World::new(7).checks(Checks::Cheap);
    for _ in 0..NODES {
        world.add(Config::builder(Network::SIMNET).build()?, Relay::default());
    }
    world.run_for(PAUSE);
    let (start, tx) = (world.now(), Transaction::new(1, &[], &[], 0, 0)?);
    let item = Inventory::tx(tx.hash());
    world.act(NodeId::new(0), |relay, turn| relay.learn(tx, turn));
    world.run_for(PAUSE);

    let arrivals = world.nodes().filter_map(|node| Some(world.logic(node).has.get(&item)?.1));
    let mut delays: Vec<_> = arrivals.map(|at| at.saturating_since(start)).collect();
    delays.sort_unstable();
    println!("{} of {NODES} nodes have it, with {} messages", delays.len(), world.tally().messages);
    for percent in [10, 50, 90, 99, 100] {
        let delay = delays.get(delays.len() * percent / 100 - 1).ok_or("no node has it")?;
        println!("{percent:4} % after {:5} ms", delay.as_millis());
    }
    fs::write(&file, draw(&delays)).map_err(|error| format!("cannot write {file}: {error}"))?;
    println!("drawn into {file}");
    Ok(())
}

/// A curve: time to the right, the share of nodes that have it upwards.
fn draw(delays: &[Duration]) -> String {
    let longest = delays.last().copied().unwrap_or_default().as_secs_f64();
    let right = |delay: &Duration| 60.0 + 700.0 * delay.as_secs_f64() / longest;
    let up = |count: u32| 360.0 - 320.0 * f64::from(count) / f64::from(NODES);
    let points = (1..).zip(delays).map(|(count, delay)| format!("{:.1},{:.1} ", right(delay), up(count)));
    let points: String = points.collect();
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 800 400' font-family='sans-serif' font-size='14'>\n\
         <rect width='800' height='400' fill='white'/>\n\
         <path d='M60 40V360H760' fill='none' stroke='gray'/>\n\
         <polyline points='{points}' fill='none' stroke='royalblue' stroke-width='3'/>\n\
         <text x='60' y='25'>Nodes that have the transaction, of {NODES}</text>\n\
         <text x='760' y='385' text-anchor='end'>{longest:.2} s</text>\n\
         <text x='50' y='45' text-anchor='end'>all</text>\n</svg>\n"
    )
}
