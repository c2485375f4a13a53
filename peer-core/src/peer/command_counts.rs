//! Messages and bytes by command, of a peer whose owner wants to know.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::Peer;
use crate::message::{Command, find};

/// Messages and bytes of one command in both directions, headers included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandCount {
    /// The command; `None` for all unknown commands together.
    pub command: Option<Command>,
    /// Messages written to the last byte.
    pub messages_sent: u64,
    /// Their size in bytes.
    pub bytes_sent: u64,
    /// Messages received as a whole and with the right checksum.
    pub messages_received: u64,
    /// Their size in bytes.
    pub bytes_received: u64,
}

/// Counts for each command that was seen. Only commands of the table are counted apart, so their number is bounded.
#[derive(Clone, Debug, Default)]
pub(crate) struct CommandCounts(BTreeMap<Option<Command>, CommandCount>);

impl CommandCounts {
    fn of(&mut self, command: [u8; Command::LEN]) -> &mut CommandCount {
        let command = find(command).map(|spec| spec.command);
        let none = CommandCount {
            command,
            messages_sent: 0,
            bytes_sent: 0,
            messages_received: 0,
            bytes_received: 0,
        };
        self.0.entry(command).or_insert(none)
    }

    pub(crate) fn on_sent(&mut self, command: [u8; Command::LEN], bytes: usize) {
        let count = self.of(command);
        count.messages_sent = count.messages_sent.saturating_add(1);
        count.bytes_sent = count.bytes_sent.saturating_add(bytes as u64);
    }

    pub(crate) fn on_received(&mut self, command: Command, bytes: usize) {
        let count = self.of(command.to_wire());
        count.messages_received = count.messages_received.saturating_add(1);
        count.bytes_received = count.bytes_received.saturating_add(bytes as u64);
    }
}

impl Peer {
    /// The counts, in the order of the commands' names. Empty if the configuration turns them off.
    pub(super) fn command_counts(&self) -> Vec<CommandCount> {
        let counts = self.history.sent.as_ref().and_then(|sent| sent.commands.as_deref());
        counts.map_or_else(Vec::new, |counts| counts.0.values().copied().collect())
    }

    pub(super) fn count_received(&mut self, command: Command, bytes: usize) {
        if let Some(counts) = self.history.commands_mut() {
            counts.on_received(command, bytes);
        }
    }
}
