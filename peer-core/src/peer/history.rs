//! What was said before, as far as it matters later. It outlives the end of the connection.

use alloc::boxed::Box;

use super::ban_rules::InitStateExchange;
use super::chain_requests::LastRequests;
use super::command_counts::CommandCounts;
use super::standing::Points;
use crate::hash::Hash;

/// See the [module](self).
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    /// What we said, and what is counted on request. A peer that asked for neither headers nor addresses and did nothing that
    /// nodes count has none.
    pub(crate) sent: Option<Box<SendHistory>>,
    pub(crate) init_state: InitStateExchange,
    /// The block that the remote announced last, as far as the owner noted it.
    pub(crate) last_announced: Option<Box<Hash>>,
    /// The height of the best block that it is known to have.
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
    /// The number of the last request that had an id.
    pub(crate) last_request: u64,
    /// What went each way by command, where the configuration wants that.
    pub(crate) commands: Option<Box<CommandCounts>>,
}

impl History {
    /// Nothing was said yet.
    pub(crate) fn new(counts_commands: bool) -> Self {
        let commands = || SendHistory { commands: Some(Box::default()), ..SendHistory::default() };
        Self { sent: counts_commands.then(|| Box::new(commands())), ..Self::default() }
    }

    /// The counts by command, where they are wanted.
    pub(crate) fn commands_mut(&mut self) -> Option<&mut CommandCounts> {
        self.sent.as_mut()?.commands.as_deref_mut()
    }
}
