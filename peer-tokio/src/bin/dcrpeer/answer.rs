//! What is said to a remote that asks for what we do not have, and what a node does about it.
//!
//! The tool keeps no blocks, transactions and filters. A node bears that for hours if it is told in the way that it
//! knows, and bans for a day if it is told too much: each item that a `notfound` names costs points.

use core::fmt;

use peer_core::message::{GetData, Headers, Inventory, InventoryKind, NotFound};
use peer_core::{Message, Peer, SendError, Standing, Time};
use peer_tokio::Handle;
use serde::Serialize;

use crate::report::Notice;

/// Something that a remote asked for and we do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub(crate) enum Lack {
    Headers,
    Blocks,
    /// Blocks, transactions or mixing messages, which it was told are not here.
    Items,
    /// More of those than it may be told of.
    MoreItems,
    Filters,
    Pool,
    InitState,
}

impl Lack {
    const ALL: [Self; 7] = [
        Self::Headers,
        Self::Blocks,
        Self::Items,
        Self::MoreItems,
        Self::Filters,
        Self::Pool,
        Self::InitState,
    ];

    /// What answers such a request; `None` where nothing does.
    pub(crate) const fn answer(self) -> Option<&'static str> {
        match self {
            Self::Headers => Some("headers"),
            Self::Items => Some("notfound"),
            Self::InitState => Some("initstate"),
            Self::Blocks | Self::MoreItems | Self::Filters | Self::Pool => None,
        }
    }

    /// What was asked for and answered, and what a node does then.
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
                "asked for more items than it can be told are not here, for a node bans a host for a day that \
                 lacks too many: it got no answer, and a node leaves after 30 to 45 s, without a ban"
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

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// A set of lacks: those that were told of a connection already.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lacks(u8);

impl Lacks {
    /// Adds one; `false` if it was there.
    pub(crate) const fn insert(&mut self, lack: Lack) -> bool {
        let bit = 1 << lack as u8;
        let is_new = self.0 & bit == 0;
        self.0 |= bit;
        is_new
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Lack> {
        Lack::ALL.into_iter().filter(move |lack| self.0 & (1 << *lack as u8) != 0)
    }
}

/// What came of a request for something that we do not have.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) lack: Lack,
    /// What was said in return, besides what the machine says by itself.
    pub(crate) sent: Vec<Message>,
    /// The points that a node counts against us by now, where it counts any for this.
    pub(crate) standing: Option<Standing>,
}

impl Answered {
    const fn new(lack: Lack, sent: Vec<Message>) -> Self {
        Self { lack, sent, standing: None }
    }

    /// What is told of it.
    pub(crate) fn notice(&self, request: &Message) -> Notice<'static> {
        let (lack, standing) = (self.lack, self.standing);
        let detail = match standing {
            Some(standing) => {
                let (points, limit) = (standing.points(), standing.limit);
                format!("{lack}; {points} points so far, above {limit} it bans this host for a day")
            }
            None => lack.to_string(),
        };
        Notice::Unserved {
            request: request.command().to_string(),
            lack,
            answer: lack.answer(),
            detail,
            points: standing.map(Standing::points),
            limit: standing.map(|standing| standing.limit),
        }
    }
}

/// Answers a request for something that we do not have; `None` if the message is none, or if its answer cannot be sent
/// because the connection ends.
pub(crate) async fn without_it(handle: &Handle, message: &Message) -> Option<Answered> {
    match message {
        Message::GetHeaders(_) => {
            let none = Message::Headers(Headers::default());
            handle.send(none.clone()).await.ok()?;
            Some(Answered::new(Lack::Headers, vec![none]))
        }
        Message::GetData(request) => deny(handle, request).await,
        // An inv or a notfound without entries would be a ban.
        Message::GetBlocks(_) => Some(Answered::new(Lack::Blocks, Vec::new())),
        Message::GetCFilterV2(_) | Message::GetCfsV2(_) => Some(Answered::new(Lack::Filters, Vec::new())),
        Message::MemPool => Some(Answered::new(Lack::Pool, Vec::new())),
        // The machine has answered it.
        Message::GetInitState(_) => Some(Answered::new(Lack::InitState, Vec::new())),
        _ => None,
    }
}

/// Tells that items are not here, of as many as a node bears.
async fn deny(handle: &Handle, request: &GetData) -> Option<Answered> {
    // Of other kinds a node neither has nor denies anything, and leaves who denies it some.
    let is_denied =
        |item: &Inventory| matches!(item.kind, InventoryKind::TX | InventoryKind::BLOCK | InventoryKind::MIX);
    let items: Vec<_> = request.inventory.iter().copied().filter(is_denied).collect();
    if items.is_empty() {
        return None;
    }
    let denying = handle.with(move |peer, now| {
        let (sent, is_all) = deny_items(peer, &items, now)?;
        let lack = if is_all { Lack::Items } else { Lack::MoreItems };
        Ok::<_, SendError>(Answered { lack, sent, standing: Some(peer.standing(now)) })
    });
    denying.await.ok()?.ok()
}

/// Sends a `notfound` of all items, or where that would be too many for a node, of fewer until none is left that it
/// bears. Returns what was sent, and whether that is all.
fn deny_items(peer: &mut Peer, items: &[Inventory], now: Time) -> Result<(Vec<Message>, bool), SendError> {
    let (mut rest, mut most, mut sent) = (items, items.len(), Vec::new());
    while most > 0 && !rest.is_empty() {
        let (front, behind) = rest.split_at(most.min(rest.len()));
        let answer = Message::NotFound(NotFound { inventory: front.to_vec().try_into()? });
        match peer.send(&answer, now) {
            Ok(_) => {
                sent.push(answer);
                rest = behind;
            }
            // A refused message has no effect: half of it may do.
            Err(SendError::Bannable(_)) => most = front.len() / 2,
            Err(error) => return Err(error),
        }
    }
    Ok((sent, rest.is_empty()))
}
