//! Answers to requests for what we do not have, and what a node does then.
//!
//! The tool keeps no blocks, transactions or filters. A node accepts that for hours if the answers are those of a node
//! without data. It bans for a day if a `notfound` names too many items, because each costs points.

use core::fmt;

use peer_core::message::{GetData, Headers, Inventory, InventoryKind, NotFound};
use peer_core::{Message, Peer, SendError, Standing, Time};
use peer_tokio::Handle;
use serde::Serialize;

/// Something that a remote asked for and we do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub(crate) enum Unserved {
    Headers,
    Blocks,
    /// Blocks, transactions or mixing messages, all of which were denied by `notfound`.
    Items,
    /// More of those than `notfound` may deny without a ban.
    MoreItems,
    Filters,
    Pool,
    InitState,
}

impl Unserved {
    const ALL: [Self; 7] = [
        Self::Headers,
        Self::Blocks,
        Self::Items,
        Self::MoreItems,
        Self::Filters,
        Self::Pool,
        Self::InitState,
    ];

    /// The command that answers such a request; `None` if it gets no answer.
    pub(crate) const fn answer(self) -> Option<&'static str> {
        match self {
            Self::Headers => Some("headers"),
            Self::Items => Some("notfound"),
            Self::InitState => Some("initstate"),
            Self::Blocks | Self::MoreItems | Self::Filters | Self::Pool => None,
        }
    }

    /// What was asked for, what was answered, and what a node does then.
    const fn text(self) -> &'static str {
        match self {
            Self::Headers => {
                "asked for headers and was told of none: a node stays, but one that has just started and \
                 synchronizes from us leaves after 10 s, without a ban"
            }
            Self::Blocks => {
                "asked for the names of blocks and got no answer, as from a node without newer ones: a node stays"
            }
            Self::Items => {
                "asked for items and was told that they are not here: a node stays, and counts points for each"
            }
            Self::MoreItems => {
                "asked for more items than may be denied: a node bans a host for a day that denies too many. The \
                 rest stays unanswered, and a node disconnects after 30 to 45 s, without a ban"
            }
            Self::Filters => {
                "asked for filters and got no answer, as from a node that does not know the blocks: a node \
                 stays, a wallet leaves after 30 s"
            }
            Self::Pool => {
                "asked for waiting transactions and got no answer, as from a node that has none: a node stays"
            }
            Self::InitState => "asked for the initial state and was told that it is empty: a node stays",
        }
    }
}

impl fmt::Display for Unserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// The kinds that were reported already for a connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct UnservedSet(u8);

impl UnservedSet {
    /// Adds one; `false` if it was there.
    pub(crate) const fn insert(&mut self, lack: Unserved) -> bool {
        let bit = 1 << lack as u8;
        let is_new = self.0 & bit == 0;
        self.0 |= bit;
        is_new
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Unserved> {
        Unserved::ALL.into_iter().filter(move |lack| self.0 & (1 << *lack as u8) != 0)
    }
}

/// How a request for something that we do not have was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) lack: Unserved,
    /// What was sent in return, besides what the machine sends by itself.
    pub(crate) sent: Vec<Message>,
    /// The points that a node counts against us by now, where it counts any for this.
    pub(crate) standing: Option<Standing>,
}

impl Reply {
    const fn new(lack: Unserved, sent: Vec<Message>) -> Self {
        Self { lack, sent, standing: None }
    }
}

/// Answers a request for something that we do not have; `None` if the message is none, or if its answer cannot be sent
/// because the connection ends.
pub(crate) async fn reply(handle: &Handle, message: &Message) -> Option<Reply> {
    match message {
        Message::GetHeaders(_) => {
            let none = Message::Headers(Headers::default());
            handle.try_send(none.clone()).await.ok()?;
            Some(Reply::new(Unserved::Headers, vec![none]))
        }
        Message::GetData(request) => deny(handle, request).await,
        // An inv or a notfound without entries would be a ban.
        Message::GetBlocks(_) => Some(Reply::new(Unserved::Blocks, Vec::new())),
        Message::GetCFilterV2(_) | Message::GetCfsV2(_) => Some(Reply::new(Unserved::Filters, Vec::new())),
        Message::MemPool => Some(Reply::new(Unserved::Pool, Vec::new())),
        // The machine has answered it.
        Message::GetInitState(_) => Some(Reply::new(Unserved::InitState, Vec::new())),
        _ => None,
    }
}

/// Denies the items by `notfound`, as many as a node accepts.
async fn deny(handle: &Handle, request: &GetData) -> Option<Reply> {
    // A node disconnects if other kinds are denied.
    let is_denied =
        |item: &Inventory| matches!(item.kind, InventoryKind::TX | InventoryKind::BLOCK | InventoryKind::MIX);
    let items: Vec<_> = request.inventory.iter().copied().filter(is_denied).collect();
    if items.is_empty() {
        return None;
    }
    let denying = handle.with(move |peer, now| {
        let (sent, is_all) = deny_items(peer, &items, now)?;
        let lack = if is_all { Unserved::Items } else { Unserved::MoreItems };
        Ok::<_, SendError>(Reply { lack, sent, standing: Some(peer.standing(now)) })
    });
    denying.await.ok()?.ok()
}

/// Sends a `notfound` of all items, or in parts of as many as a node accepts. Returns what was sent, and whether
/// that is all.
fn deny_items(peer: &mut Peer, items: &[Inventory], now: Time) -> Result<(Vec<Message>, bool), SendError> {
    let (mut rest, mut most, mut sent) = (items, items.len(), Vec::new());
    while most > 0 && !rest.is_empty() {
        let (batch, remainder) = rest.split_at(most.min(rest.len()));
        let answer = Message::NotFound(NotFound { inventory: batch.to_vec().try_into()? });
        match peer.send(&answer, now) {
            Ok(_) => {
                sent.push(answer);
                rest = remainder;
            }
            // A refused message has no effect, so half of the items can be tried.
            Err(SendError::Bannable(_)) => most = batch.len() / 2,
            Err(error) => return Err(error),
        }
    }
    Ok((sent, rest.is_empty()))
}
