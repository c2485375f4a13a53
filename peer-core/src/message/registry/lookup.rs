//! From a command to its line in the table, which each frame does once.

use super::Command;
use super::spec::Spec;
use super::table::{TABLE, line};
use crate::protocol_version::ProtocolVersion;

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
    TABLE.get(line(field)?)
}
