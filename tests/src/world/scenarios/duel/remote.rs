//! A remote that answers what it reads within seconds, takes what comes, and the pipes to it.

use core::time::Duration;
use std::collections::{BTreeSet, VecDeque};
use std::sync::OnceLock;

use bytes::BytesMut;
use peer_core::frame::{FrameReader, Rules};
use peer_core::message::{InitState, Inventory, InventoryKind, Pong};
use peer_core::{Message, Time};
use rand_chacha::ChaCha8Rng;

use super::{a_while, between, magnitude, once_in, one_of};
use crate::remote::{NETWORK, frame};
use crate::samples::{block, headers, inv_of, notfound, ping, tx, usual_tx_of};

/// The longest that it takes from a request to its answer, in milliseconds.
const SLOWEST: u64 = 3000;

/// Items that may be asked for. Of every fourth number there is a block.
pub(super) const ITEMS: u32 = 64;

/// See the [module](self).
pub(super) struct Remote {
    rules: Rules,
    reader: FrameReader,
    heard: BytesMut,
    /// What it says, each with the time from which on it may leave.
    says: VecDeque<(Time, Vec<u8>)>,
    /// Bytes of the first of them that are gone.
    gone: usize,
    /// When the pipe to us took its last piece, or had room again.
    free: Time,
    socket: Vec<u8>,
    /// Bytes that the pipe from us holds, as of `at`.
    held: u64,
    at: Time,
    holds: usize,
    rate: u64,
    /// Transactions that it sent by itself: asked for them, it says that they are not there.
    pushed: BTreeSet<Inventory>,
    next_push: Time,
}

impl Remote {
    pub(super) fn new(rules: Rules, rng: &mut ChaCha8Rng) -> Self {
        Self {
            rules,
            reader: FrameReader::new(),
            heard: BytesMut::new(),
            says: VecDeque::new(),
            gone: 0,
            free: Time::ZERO,
            socket: Vec::new(),
            held: 0,
            at: Time::ZERO,
            holds: usize::try_from(magnitude(rng, 1 << 16, 1 << 20)).unwrap(),
            rate: magnitude(rng, 65_536, 10_000_000),
            pushed: BTreeSet::new(),
            next_push: Time::ZERO,
        }
    }

    /// What happened at its end by `now`.
    pub(super) fn go_on(&mut self, now: Time, rng: &mut ChaCha8Rng) {
        while self.next_push <= now {
            let at = self.next_push;
            self.next_push = at + a_while(rng, 500, 60_000);
            // It says no more while what it said does not get through.
            if self.says.len() < 20 {
                self.push(at, rng);
            }
        }
        while let Some(at) = self.next_piece() {
            let piece = self.piece();
            if at > now || self.socket.len() + piece > self.holds {
                break;
            }
            let (_, bytes) = &self.says[0];
            self.socket.extend_from_slice(&bytes[self.gone..self.gone + piece]);
            self.gone += piece;
            self.free = at;
            if self.gone == bytes.len() {
                self.says.pop_front();
                self.gone = 0;
            }
        }
    }

    /// Bytes that arrive together.
    fn piece(&self) -> usize {
        self.says.front().map_or(0, |(_, bytes)| (bytes.len() - self.gone).min(4096))
    }

    /// When the next bytes arrive, if there is room.
    pub(super) fn next_piece(&self) -> Option<Time> {
        let (ready, _) = self.says.front()?;
        Some(self.free.max(*ready) + self.time_for(self.piece() as u64))
    }

    fn time_for(&self, bytes: u64) -> Duration {
        Duration::from_nanos(bytes * 1_000_000_000 / self.rate)
    }

    /// Takes from the pipe to us.
    pub(super) fn read(&mut self, most: usize, now: Time) -> Vec<u8> {
        if self.socket.len() + self.piece() > self.holds {
            self.free = self.free.max(now);
        }
        self.socket.drain(..most.min(self.socket.len())).collect()
    }

    pub(super) fn has_bytes(&self) -> bool {
        !self.socket.is_empty()
    }

    /// How many of these bytes the pipe from us takes. The remote answers what is whole when it has arrived.
    pub(super) fn write(&mut self, bytes: &[u8], now: Time, rng: &mut ChaCha8Rng) -> usize {
        let passed = u128::from(self.rate) * now.saturating_since(self.at).as_nanos() / 1_000_000_000;
        if passed > 0 {
            self.held = self.held.saturating_sub(u64::try_from(passed).unwrap());
            self.at = now;
        }
        let count = bytes.len().min(self.holds.saturating_sub(usize::try_from(self.held).unwrap()));
        self.held += count as u64;
        let arrival = now + self.time_for(self.held);
        self.heard.extend_from_slice(&bytes[..count]);
        while let Some(frame) = self.reader.read(&mut self.heard, &self.rules).unwrap() {
            let message = frame.decode(self.rules.version).unwrap();
            self.answer(&message, arrival, rng);
        }
        count
    }

    fn answer(&mut self, message: &Message, arrival: Time, rng: &mut ChaCha8Rng) {
        match message {
            Message::Ping(ping) => {
                self.say(&Message::Pong(Pong { nonce: ping.nonce }), arrival, rng);
            }
            Message::GetData(request) => self.serve(&request.inventory, arrival, rng),
            Message::GetInitState(_) => self.say(&InitState::default().into(), arrival, rng),
            Message::GetHeaders(_) => self.say(&headers(), arrival, rng),
            Message::GetBlocks(_) => self.say(&inv_of(3), arrival, rng),
            _ => {}
        }
    }

    /// Each item by itself, and in the end what is not there.
    fn serve(&mut self, items: &[Inventory], arrival: Time, rng: &mut ChaCha8Rng) {
        let mut missing = Vec::new();
        for wanted in items {
            let number = (0..ITEMS).find(|number| item(*number) == *wanted).unwrap();
            if self.pushed.remove(wanted) || once_in(rng, 8) {
                missing.push(*wanted);
            } else if wanted.kind == InventoryKind::BLOCK {
                self.say(&Message::Block(block(number)), arrival, rng);
            } else {
                self.say(&Message::Tx(transaction(number)), arrival, rng);
            }
        }
        if !missing.is_empty() {
            self.say(&notfound(missing), arrival, rng);
        }
    }

    /// Something that no one asked for.
    fn push(&mut self, at: Time, rng: &mut ChaCha8Rng) {
        let number = u32::try_from(between(rng, 0, u64::from(ITEMS) - 1)).unwrap();
        let few = u32::try_from(magnitude(rng, 1, 2000)).unwrap();
        let message = match between(rng, 0, 3) {
            0 => ping(between(rng, 1, 1000)),
            1 => inv_of(few),
            2 => headers(),
            _ => Message::Tx(transaction(number)),
        };
        if let Message::Tx(tx) = &message {
            self.pushed.insert(Inventory::tx(tx.hash()));
        }
        self.say(&message, at, rng);
    }

    fn say(&mut self, message: &Message, since: Time, rng: &mut ChaCha8Rng) {
        let mut payload = Vec::new();
        message.encode(&mut payload, self.rules.version).unwrap();
        let delay = one_of(rng, &[1, 100, SLOWEST]);
        let ready = since + Duration::from_millis(between(rng, 0, delay));
        // What is said later leaves later.
        let ready = self.says.back().map_or(ready, |(last, _)| ready.max(*last));
        self.says.push_back((ready, frame(message.command().as_str(), &payload).to_vec()));
    }
}

/// The rules of what such a remote hears.
pub(super) fn rules(version: peer_core::ProtocolVersion) -> Rules {
    Rules::new(NETWORK, version)
}

/// Names what has this number. Each is hashed once: a seed asks for them many thousand times.
pub(super) fn item(number: u32) -> Inventory {
    static ALL: OnceLock<Vec<Inventory>> = OnceLock::new();
    let hashed = |number: u32| {
        if number.is_multiple_of(4) {
            Inventory::block(block(number).hash())
        } else {
            Inventory::tx(transaction(number).hash())
        }
    };
    ALL.get_or_init(|| (0..ITEMS).map(hashed).collect())[number as usize]
}

/// Some are small, some are as large as a transaction may well be.
fn transaction(number: u32) -> peer_core::message::Transaction {
    if number.is_multiple_of(16) || number % 16 != 1 { tx(number) } else { usual_tx_of(500, number) }
}
