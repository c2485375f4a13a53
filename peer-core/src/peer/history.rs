//! What was said earlier, as far as it matters later. It is kept after the end of the connection.

use alloc::boxed::Box;

use super::ban_rules::InitStateExchange;
use super::chain_requests::LastRequests;
use super::command_counts::CommandCounts;
use super::standing::Points;
use crate::hash::Hash;

/// See the [module](self).
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    /// What we said, and the requested counts. `None` if the peer requested neither headers nor addresses and sent
    /// nothing that nodes count.
    pub(crate) sent: Option<Box<SendHistory>>,
    pub(crate) init_state: InitStateExchange,
    /// The block that the remote announced last, if the owner noted it.
    pub(crate) last_announced: Option<Box<Hash>>,
    /// The height of its best known block.
    pub(crate) last_block: i32,
    /// The remote asked for announcements by `headers`.
    pub(crate) wants_headers: bool,
}

/// What we said before.
#[derive(Clone, Debug, Default)]
pub(crate) struct SendHistory {
    pub(crate) last_requests: LastRequests,
    pub(crate) points: Points,
    /// We asked for addresses.
    pub(crate) addresses: bool,
    /// The number of the last request with an id.
    pub(crate) last_request: u64,
    /// What went each way by command, where the configuration wants that.
    pub(crate) commands: Option<Box<CommandCounts>>,
}

impl History {
    /// Whether nothing was said yet.
    pub(crate) fn new(counts_commands: bool) -> Self {
        let commands = || SendHistory { commands: Some(Box::default()), ..SendHistory::default() };
        Self { sent: counts_commands.then(|| Box::new(commands())), ..Self::default() }
    }

    /// The counts by command, where they are wanted.
    pub(crate) fn commands_mut(&mut self) -> Option<&mut CommandCounts> {
        self.sent.as_mut()?.commands.as_deref_mut()
    }
}
