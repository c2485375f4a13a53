//! A remote that answers each `getdata` in time is never refused and never waited for, whatever is asked twice, pushed,
//! crossed, summed up or reported late.
#![expect(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;
use std::collections::VecDeque;

use peer_core::message::{Inventory, InventoryKind, MixFactoredPoly, MixHeader};
use peer_core::{Hash, Message};
use peer_tests::remote::{Remote, established};
use peer_tests::samples::{block, block_item, getdata, notfound, ping, tx, tx_item};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// How many conversations.
const SEEDS: u64 = 1_000;

/// How many steps each has.
const STEPS: u32 = 150;

/// How many transactions, and how many blocks, are spoken of.
const OBJECTS: u32 = 4;

/// One machine, its owner, and a remote that answers.
struct Conversation {
    remote: Remote,
    rng: ChaCha8Rng,
    /// Bytes that the transport took and that the machine has not been told of.
    unreported: usize,
    /// Requests that the remote has read and not answered.
    asked: VecDeque<Vec<Inventory>>,
    /// What it said to be without, to be told together with the next.
    missing: Vec<Inventory>,
    /// Whether it answers each item of a request once, as sets do, or as often as it is named, as dcrd does.
    knows_sets: bool,
}

impl Conversation {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let knows_sets = rng.next_u32() % 2 == 0;
        Self {
            remote: established(),
            rng,
            unreported: 0,
            asked: VecDeque::new(),
            missing: Vec::new(),
            knows_sets,
        }
    }

    fn below(&mut self, limit: u32) -> u32 {
        self.rng.next_u32() % limit
    }

    fn step(&mut self) {
        match self.below(8) {
            0 => self.ask(),
            1 | 2 => self.write(),
            3 => self.report(),
            4 | 5 => self.answer(),
            6 => {
                let pushed = self.below(OBJECTS);
                self.remote.say(&Message::Tx(tx(pushed)));
            }
            _ => {
                // No one waits long for what the remote has been asked; what has not left may wait.
                let is_waited_for = !self.asked.is_empty() || !self.missing.is_empty() || self.unreported > 0;
                let most = if is_waited_for { 100 } else { 40_000 };
                let pause = Duration::from_millis(u64::from(self.below(most)));
                self.remote.wait(pause).unwrap();
                self.remote.say(&ping(1));
            }
        }
        self.remote.events();
    }

    /// The owner asks for some items, perhaps for one of them more than once.
    fn ask(&mut self) {
        let count = 1 + self.below(5);
        let items: Vec<_> = (0..count).map(|_| self.item()).collect();
        self.remote.machine.send(&getdata(items), self.remote.now).unwrap();
    }

    fn item(&mut self) -> Inventory {
        let number = self.below(OBJECTS);
        match self.below(5) {
            0 | 1 => tx_item(number),
            2 | 3 => block_item(number),
            _ => Inventory::mix(mix_hash()),
        }
    }

    /// The remote reads what waits to be written. The machine is told of it later.
    fn write(&mut self) {
        if self.unreported > 0 {
            return;
        }
        let bytes = self.remote.machine.poll_transmit(self.remote.now).to_vec();
        self.unreported = bytes.len();
        for message in self.remote.understand(&bytes) {
            if let Message::GetData(request) = message {
                self.asked.push_back(request.inventory.to_vec());
            }
        }
    }

    fn report(&mut self) {
        let count = core::mem::take(&mut self.unreported);
        self.remote.machine.handle_transmitted(count, self.remote.now);
    }

    /// The remote answers its oldest request: with what it has, then with a `notfound`, which may wait for the next.
    fn answer(&mut self) {
        let Some(mut items) = self.asked.pop_front() else { return };
        if self.knows_sets {
            items.sort();
            items.dedup();
        }
        for item in items {
            match self.have(item).filter(|_| !self.rng.next_u32().is_multiple_of(3)) {
                Some(message) => self.remote.say(&message),
                None => self.missing.push(item),
            }
        }
        let sums_up = !self.asked.is_empty() && self.below(2) == 0;
        if !sums_up {
            self.tell_missing();
        }
    }

    fn tell_missing(&mut self) {
        let missing = core::mem::take(&mut self.missing);
        if !missing.is_empty() {
            self.remote.say(&notfound(missing));
        }
    }

    fn have(&self, item: Inventory) -> Option<Message> {
        let is = |number: &u32| [tx_item(*number), block_item(*number)].contains(&item);
        let number = (0..OBJECTS).find(is).unwrap_or_default();
        match item.kind {
            InventoryKind::TX => Some(Message::Tx(tx(number))),
            InventoryKind::BLOCK => Some(Message::Block(block(number))),
            _ => Some(mix()),
        }
    }

    /// Everything that is still to be said is said.
    fn finish(&mut self) {
        while self.remote.machine.wants_write() {
            self.report();
            self.write();
            self.report();
        }
        while !self.asked.is_empty() {
            self.answer();
        }
        self.tell_missing();
        self.remote.events();
    }
}

fn mix() -> Message {
    Message::MixFactoredPoly(Box::new(MixFactoredPoly {
        header: MixHeader { signature: [1; 64], identity: [2; 33], session_id: [3; 32], run: 0 },
        roots: peer_core::message::FieldValues::new([[7]]).unwrap(),
        seen_slot_reserves: peer_core::message::List::new(),
    }))
}

fn mix_hash() -> Hash {
    let mut payload = Vec::new();
    mix().encode(&mut payload, peer_core::ProtocolVersion::LATEST).unwrap();
    Hash::digest(&payload)
}

#[test]
fn whatever_crosses_an_honest_remote_is_neither_refused_nor_waited_for() {
    for seed in 0..SEEDS {
        let told = std::panic::catch_unwind(|| {
            let mut conversation = Conversation::new(seed);
            (0..STEPS).for_each(|_| conversation.step());
            conversation.finish();
            assert_eq!(conversation.remote.machine.open_requests(), 0, "something is still waited for");
            // Longer than any answer may take, and less than silence may last.
            conversation.remote.wait(Duration::from_secs(100)).unwrap();
        });
        assert!(told.is_ok(), "seed {seed} failed");
    }
}
