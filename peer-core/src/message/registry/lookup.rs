//! From a command to its line in the table, which every frame does several times.

use super::Command;
use super::spec::Spec;
use super::table::TABLE;
use crate::protocol::ProtocolVersion;

impl Command {
    /// The largest payload of this command at `version`, in bytes; 0 for one whose message does not exist then,
    /// `None` for one that never exists.
    #[must_use]
    pub fn max_payload(self, version: ProtocolVersion) -> Option<usize> {
        lookup(self).map(|spec| spec.max_payload(version))
    }

    /// Whether this command is part of `version`: frames with it can be read and decoded. All others are
    /// [unknown commands](crate::UnknownCommands) then, those that are part of other versions included.
    #[must_use]
    pub fn is_known_at(self, version: ProtocolVersion) -> bool {
        lookup(self).is_some_and(|spec| spec.is_known_at(version))
    }

    /// All commands of both eras, in the order of the table.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        TABLE.iter().map(|spec| spec.command)
    }
}

/// The line of a command.
pub(crate) fn lookup(command: Command) -> Option<&'static Spec> {
    find(command.to_wire())
}

/// The line of the command in a header's field, which need not be well formed.
pub(crate) fn find(field: [u8; Command::LEN]) -> Option<&'static Spec> {
    let line = PLACES.get(slot(field, MULTIPLIER))?;
    TABLE.get(usize::from(*line)).filter(|spec| spec.command.to_wire() == field)
}

/// Where a command's line is noted. The whole field is taken as one number.
const fn slot(field: [u8; Command::LEN], multiplier: u64) -> usize {
    let [a, b, c, d, e, f, g, h, i, j, k, l] = field;
    let front = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
    let back = u64::from_le_bytes([0, 0, i, j, k, l, 0, 0]);
    ((front ^ back).wrapping_mul(multiplier) >> 56) as usize
}

/// Of each slot, the line that is noted there.
static PLACES: [u8; SLOTS] = match places(MULTIPLIER) {
    Some(places) => places,
    None => [0; SLOTS],
};

/// The first odd number from this one on that gives each command a slot of its own.
const MULTIPLIER: u64 = {
    let mut multiplier: u64 = 0x9E37_79B9_7F4A_7C15;
    while places(multiplier).is_none() {
        multiplier = multiplier.wrapping_add(2);
    }
    multiplier
};

/// The slots of all commands, if no two share one.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    reason = "worked out by the compiler, which refuses what goes wrong"
)]
const fn places(multiplier: u64) -> Option<[u8; SLOTS]> {
    let (mut places, mut taken) = ([0; SLOTS], [false; SLOTS]);
    let mut line = 0;
    while line < TABLE.len() {
        let slot = slot(TABLE[line].command.to_wire(), multiplier);
        if taken[slot] {
            return None;
        }
        taken[slot] = true;
        places[slot] = line as u8;
        line += 1;
    }
    Some(places)
}

const SLOTS: usize = 256;
