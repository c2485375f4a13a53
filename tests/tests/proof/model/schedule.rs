//! What is done in a world, and when.

use core::ops::Range;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};

/// A world, and what is done in it. Nodes are numbers modulo their count, connections of a node modulo theirs.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    pub(crate) seed: u64,
    pub(crate) nodes: u8,
    /// Most bytes written at once.
    pub(crate) piece: usize,
    /// How many items each peer remembers that its remote has.
    pub(crate) room: usize,
    pub(crate) steps: Vec<Step>,
    /// How long it goes on afterwards, in seconds.
    pub(crate) rest: u64,
}

/// Something that is done after a pause.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// In milliseconds.
    pub(crate) pause: u64,
    pub(crate) node: u8,
    pub(crate) deed: Deed,
}

#[derive(Clone, Debug)]
pub(crate) enum Deed {
    /// Announces these items to all neighbours, in batches.
    Announce(Range<u32>),
    /// Announces an item to all neighbours at once.
    AnnounceNow(u32),
    /// Asks a neighbour for an item that no one asked it for before.
    Ask { connection: u8, reaction: Reaction },
    /// Nothing gets through this connection any more.
    Silence { connection: u8 },
}

/// What the neighbour does about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reaction {
    Sends,
    Lacks,
    Ignores,
}

/// More than any schedule says.
pub(crate) const EVERYTHING: usize = 1_000_000;

pub(crate) fn schedules() -> impl Strategy<Value = Schedule> {
    let piece = prop_oneof![1..100_usize, Just(100_000)];
    // Items are few, so that they are forgotten and announced again.
    let room = prop_oneof![3 => Just(EVERYTHING), 2 => 1..50_usize];
    (any::<u64>(), 2..5_u8, piece, room, vec(steps(), 0..25), 0..400_u64).prop_map(
        |(seed, nodes, piece, room, steps, rest)| Schedule { seed, nodes, piece, room, steps, rest },
    )
}

fn steps() -> impl Strategy<Value = Step> {
    // Often within the delay of a batch, sometimes long enough for pings.
    let pause = prop_oneof![4 => 0..700_u64, 1 => 0..20_000_u64, 1 => 0..200_000_u64];
    (pause, any::<u8>(), deeds()).prop_map(|(pause, node, deed)| Step { pause, node, deed })
}

fn deeds() -> impl Strategy<Value = Deed> {
    let announce = (0..40_u32, prop_oneof![6 => 1..10_u32, 1 => 1..2500_u32]);
    let reaction =
        prop_oneof![4 => Just(Reaction::Sends), 2 => Just(Reaction::Lacks), 1 => Just(Reaction::Ignores)];
    prop_oneof![
        8 => announce.prop_map(|(first, count)| Deed::Announce(first..first + count)),
        4 => (0..40_u32).prop_map(Deed::AnnounceNow),
        4 => (any::<u8>(), reaction).prop_map(|(connection, reaction)| Deed::Ask { connection, reaction }),
        1 => any::<u8>().prop_map(|connection| Deed::Silence { connection }),
    ]
}
