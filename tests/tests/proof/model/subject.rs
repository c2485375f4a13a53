//! Runs a schedule and writes down what is to be seen from outside.

use core::cell::RefCell;
use core::time::Duration;
use std::collections::BTreeMap;
use std::rc::Rc;

use peer_core::message::Inventory;
use peer_core::{Config, Event, Message, Network, Time, Timer};
use peer_tests::samples::{getdata, notfound, tx, tx_item};
use peer_tests::world::{Checks, ConnectionId, Ended, Links, Logic, Moment, NodeId, Turn, What, World};

use crate::model::memory::Note;
use crate::model::schedule::{Deed, Reaction, Schedule};

/// The shortest and longest time from one node to another.
pub(crate) const LATENCY: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(105));

/// Everything that was done and seen, in order, by end of connection.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) ends: BTreeMap<ConnectionId, End>,
    /// When the world stopped.
    pub(crate) stopped: Time,
}

/// What was done and seen at one end.
#[derive(Debug, Default)]
pub(crate) struct End {
    pub(crate) established: Option<Time>,
    /// Every attempt to announce an item that was accepted as news, and whether at once.
    pub(crate) announced: Vec<(Time, Inventory, bool)>,
    /// Attempts that were taken for repetitions.
    pub(crate) repeated: Vec<(Time, Inventory)>,
    pub(crate) asked: Vec<(Time, Inventory, Reaction)>,
    pub(crate) silenced: Option<Time>,
    pub(crate) heard: Vec<(Time, Message)>,
    pub(crate) ended: Vec<(Time, Ended)>,
    pub(crate) notes: Vec<(Time, Note)>,
}

/// What nodes note and what is seen of timers, in one order.
type Notes = Rc<RefCell<BTreeMap<ConnectionId, Vec<(Time, Note)>>>>;

/// A node that remembers.
#[derive(Default)]
struct Subject {
    notes: Notes,
    ends: BTreeMap<ConnectionId, End>,
    reactions: BTreeMap<Inventory, (u32, Reaction)>,
}

impl Subject {
    fn end(&mut self, connection: ConnectionId) -> &mut End {
        self.ends.entry(connection).or_default()
    }

    fn note(&self, connection: ConnectionId, note: Note, now: Time) {
        self.notes.borrow_mut().entry(connection).or_default().push((now, note));
    }

    fn announce(&mut self, item: Inventory, at_once: bool, turn: &mut Turn<'_>) {
        let now = turn.now();
        for connection in turn.connections().to_vec() {
            let result =
                if at_once { turn.announce_now(connection, item) } else { turn.announce(connection, item) };
            if let Ok(is_news) = result {
                self.note(connection, Note::Announced { item, at_once, is_news }, now);
            }
            match result {
                Ok(true) => self.end(connection).announced.push((now, item, at_once)),
                Ok(false) => self.end(connection).repeated.push((now, item)),
                // The handshake is not complete.
                Err(_) => {}
            }
        }
    }

    fn answer(&self, connection: ConnectionId, item: Inventory, turn: &mut Turn<'_>) {
        let (number, reaction) = self.reactions[&item];
        let answer = match reaction {
            Reaction::Sends => Message::Tx(tx(number)),
            Reaction::Lacks => notfound([item]),
            Reaction::Ignores => return,
        };
        turn.send(connection, &answer).unwrap();
    }
}

impl Logic for Subject {
    fn on_event(&mut self, connection: ConnectionId, event: Event, turn: &mut Turn<'_>) {
        let now = turn.now();
        match event {
            Event::Established => self.end(connection).established = Some(now),
            Event::Message(message) => {
                if let Message::Inv(inv) = &message {
                    for item in inv.inventory.iter() {
                        turn.add_known(connection, item);
                        self.note(connection, Note::Known(*item), now);
                    }
                }
                if let Message::GetData(get) = &message {
                    get.inventory.iter().for_each(|item| self.answer(connection, *item, turn));
                }
                self.end(connection).heard.push((now, message));
            }
            _ => {}
        }
    }

    fn on_ended(&mut self, connection: ConnectionId, ended: &Ended, turn: &mut Turn<'_>) {
        let now = turn.now();
        self.end(connection).ended.push((now, ended.clone()));
    }
}

/// Every node dials those before it; then the steps are taken.
pub(crate) fn run(schedule: &Schedule) -> Record {
    let links = Links {
        latency: LATENCY.0..=Duration::from_millis(100),
        jitter: Duration::from_millis(5),
        bandwidth: u64::MAX,
        room: 1024 * 1024,
        pieces: 1..=schedule.piece,
    };
    let mut world = World::new(schedule.seed).checks(Checks::Cheap).links(links);
    let notes = Notes::default();
    world.observe(note_delays(&notes));
    for number in 0..u32::from(schedule.nodes) {
        let node = world.add(config(schedule.room), Subject { notes: notes.clone(), ..Subject::default() });
        (0..number).for_each(|other| {
            world.act(node, |_, turn| turn.dial(NodeId::new(other)));
        });
    }
    world.run_for(Duration::from_secs(1));
    for (index, step) in schedule.steps.iter().enumerate() {
        world.run_for(Duration::from_millis(step.pause));
        let node = NodeId::new(u32::from(step.node % schedule.nodes));
        act(&mut world, node, &step.deed, u32::try_from(index).unwrap());
    }
    world.run_for(Duration::from_secs(schedule.rest));
    let stopped = world.now();
    let mut record = Record { stopped, ..Record::default() };
    for node in world.nodes().collect::<Vec<_>>() {
        record.ends.append(&mut world.act(node, |subject, _| core::mem::take(&mut subject.ends)));
    }
    for (connection, notes) in notes.take() {
        record.ends.get_mut(&connection).unwrap().notes = notes;
    }
    record
}

fn note_delays(notes: &Notes) -> impl FnMut(&Moment<'_>) + 'static {
    let notes = notes.clone();
    move |moment| {
        if let (What::Due(Timer::Trickle), Some(connection)) = (moment.what, moment.connection) {
            notes.borrow_mut().entry(connection).or_default().push((moment.at, Note::DelayOver));
        }
    }
}

fn act(world: &mut World<Subject>, node: NodeId, deed: &Deed, index: u32) {
    match deed {
        Deed::Announce(items) => world.act(node, |subject, turn| {
            items.clone().for_each(|number| subject.announce(tx_item(number), false, turn));
        }),
        Deed::AnnounceNow(number) => {
            world.act(node, |subject, turn| subject.announce(tx_item(*number), true, turn));
        }
        Deed::Ask { connection, reaction } => {
            let Some(connection) = nth(world, node, *connection) else { return };
            ask(world, node, connection, *reaction, 1_000_000 + index);
        }
        Deed::Silence { connection } => {
            let Some(connection) = nth(world, node, *connection) else { return };
            let now = world.now();
            world.stall(connection, Duration::from_secs(1_000_000));
            for (node, end) in [(node, connection), (remote(world, node, connection), connection.other())] {
                world.act(node, |subject, _| subject.end(end).silenced.get_or_insert(now).to_owned());
            }
        }
    }
}

fn ask(world: &mut World<Subject>, node: NodeId, connection: ConnectionId, reaction: Reaction, number: u32) {
    let item = tx_item(number);
    let remote = remote(world, node, connection);
    world.act(remote, |subject, _| subject.reactions.insert(item, (number, reaction)));
    world.act(node, |subject, turn| {
        if turn.send(connection, &getdata([item])).is_ok() {
            let now = turn.now();
            subject.end(connection).asked.push((now, item, reaction));
        }
    });
}

fn nth(world: &World<Subject>, node: NodeId, number: u8) -> Option<ConnectionId> {
    let connections = world.connections(node);
    connections.get(usize::from(number).checked_rem(connections.len())?).copied()
}

fn remote(world: &mut World<Subject>, node: NodeId, connection: ConnectionId) -> NodeId {
    world.act(node, |_, turn| turn.remote(connection)).unwrap()
}

/// What is remembered lasts longer than any schedule.
fn config(room: usize) -> Config {
    Config::builder(Network::SIMNET)
        .known_inventory(room)
        .known_lifetime(Duration::from_secs(1_000_000))
        .build()
        .unwrap()
}
