//! What happens on a connection: drawn from the seed by the end that dials, and told in every message.

use peer_core::message::{Inventory, InventoryKind};
use peer_core::{Hash, Message};
use peer_tests::samples::inv;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// How a connection ends, in the order of [`ENDINGS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The end that dialled leaves when both have said everything.
    Leave,
    /// It leaves when it has said everything itself, while the other end talks on.
    LeaveEarly,
    /// The end that accepted leaves when both have said everything.
    AcceptorLeaves,
    /// The end that dialled closes in the middle.
    Close,
    /// It closes only its writing half, when it has said everything. Of remotes without a machine.
    HalfClose,
    /// It sends junk, or cuts the connection. Of remotes without a machine.
    Break,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) number: u64,
    /// Messages of the end that dialled.
    pub(crate) ours: u32,
    /// Messages of the end that accepted.
    pub(crate) theirs: u32,
    pub(crate) ending: Ending,
}

/// A message as the other end understands it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbered {
    pub(crate) plan: Plan,
    pub(crate) sequence: u32,
}

const ENDINGS: [Ending; 6] = [
    Ending::Leave,
    Ending::LeaveEarly,
    Ending::AcceptorLeaves,
    Ending::Close,
    Ending::HalfClose,
    Ending::Break,
];

impl Plan {
    /// The plan of a connection of two adapters.
    pub(crate) fn draw(number: u64, rng: &mut ChaCha8Rng) -> Self {
        Self::of(number, ENDINGS[below(rng, 4) as usize], rng)
    }

    /// The plan of a remote without a machine.
    pub(crate) fn draw_raw(number: u64, rng: &mut ChaCha8Rng) -> Self {
        Self::of(number, ENDINGS[4 + below(rng, 2) as usize], rng)
    }

    fn of(number: u64, ending: Ending, rng: &mut ChaCha8Rng) -> Self {
        // Most connections say little, so that many come and go.
        let most = if below(rng, 8) == 0 { 1000 } else { 30 };
        Self { number, ours: 1 + below(rng, most), theirs: below(rng, most), ending }
    }

    /// A message of this connection: an `inv` whose first item has the plan and the number.
    pub(crate) fn message(self, sequence: u32) -> Message {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&self.number.to_le_bytes());
        hash[8..12].copy_from_slice(&sequence.to_le_bytes());
        hash[12..16].copy_from_slice(&self.ours.to_le_bytes());
        hash[16..20].copy_from_slice(&self.theirs.to_le_bytes());
        hash[20] = self.ending as u8;
        // Of all lengths up to 18 kB, so that queues of 128 KiB fill.
        let items = (self.number.wrapping_mul(31) + u64::from(sequence) * 7) % 23;
        let items = if items == 0 { 500 } else { items as usize };
        inv(vec![Inventory::tx(Hash::from_bytes(hash)); items])
    }
}

impl Numbered {
    /// What a message says. `None` for those that are not of a plan.
    pub(crate) fn read(message: &Message) -> Option<Self> {
        let Message::Inv(inv) = message else { return None };
        let item = inv.inventory.iter().next().filter(|item| item.kind == InventoryKind::TX)?;
        let hash = item.hash.to_bytes();
        let number = |at: usize| u32::from_le_bytes([hash[at], hash[at + 1], hash[at + 2], hash[at + 3]]);
        let plan = Plan {
            number: u64::from(number(0)) | u64::from(number(4)) << 32,
            ours: number(12),
            theirs: number(16),
            ending: *ENDINGS.get(usize::from(hash[20]))?,
        };
        Some(Self { plan, sequence: number(8) })
    }
}

/// A generator for each part of the run.
pub(crate) fn rng(seed: u64, part: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(part);
    rng
}

pub(crate) fn below(rng: &mut impl Rng, bound: u32) -> u32 {
    rng.next_u32() % bound
}
