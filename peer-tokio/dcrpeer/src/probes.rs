//! What `connect` sends on request: announcements of made-up transactions, and a request for headers.

use core::mem;
use std::collections::HashMap;

use peer_core::message::{GetData, GetHeaders, Inventory, InventoryKind, Locator};
use peer_core::{Hash, Network, SendError, blake256};
use peer_tokio::Handle;

use crate::error::Failure;
use crate::explain;
use crate::format::Count;

/// What to send after the handshake, and how the remote reacted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Probes {
    /// How many transactions to announce.
    announce: u32,
    /// Whether to ask for headers.
    headers: bool,
    /// What to announce, prepared before anything is timed.
    hashes: Vec<Hash>,
    /// What was announced, and whether the remote asked for it.
    requested: HashMap<Hash, bool>,
    asked: u32,
}

impl Probes {
    pub(crate) fn new(announce: u32, headers: bool) -> Self {
        Self { announce, headers, ..Self::default() }
    }

    /// Makes up transactions that no node has: their hashes derive from `salt`.
    pub(crate) fn prepare(&mut self, salt: u64) {
        self.hashes = (0..self.announce).map(|number| made_up_hash(salt, number)).collect();
    }

    /// How many transactions were announced; `None` if `--inv` was not given.
    pub(crate) fn announced(&self) -> Option<u32> {
        let announced = u32::try_from(self.requested.len()).unwrap_or(u32::MAX);
        (self.announce > 0).then_some(announced)
    }

    /// How many of them the remote has asked for; `None` if none should be announced.
    pub(crate) fn asked(&self) -> Option<u32> {
        (self.announce > 0).then_some(self.asked)
    }

    /// Announces what was prepared, once, and returns how many items that is. If the connection ends meanwhile, its
    /// end is reported instead.
    pub(crate) async fn announce(&mut self, handle: &Handle) -> Result<Option<u32>, Failure> {
        if self.hashes.is_empty() {
            return Ok(None);
        }
        let hashes = mem::take(&mut self.hashes);
        self.requested = hashes.iter().map(|hash| (*hash, false)).collect();
        let announcing = handle.with(move |peer, now| {
            hashes.into_iter().try_for_each(|hash| peer.announce(Inventory::tx(hash), now).map(drop))
        });
        match announcing.await {
            Err(_) | Ok(Ok(()) | Err(SendError::Closed(_))) => Ok(self.announced()),
            Ok(Err(error)) => Err(Failure::new(format!("cannot announce: {}", explain::refusal(&error)))),
        }
    }

    /// A request for headers from the first block on.
    pub(crate) fn get_headers(&self, network: Network) -> Option<GetHeaders> {
        let known: Vec<_> = network.genesis_hash().into_iter().collect();
        let locator = Locator::try_from(known).unwrap_or_default();
        self.headers.then_some(GetHeaders { protocol_version: 0, locator, stop: Hash::ZERO })
    }

    /// Counts what the remote asks for. Returns how many of these items we announced; `None` if we announced none.
    pub(crate) fn count_requested(&mut self, get: &GetData) -> Option<u32> {
        self.announced()?;
        let mut items = 0_u32;
        for item in get.inventory.iter().filter(|item| item.kind == InventoryKind::TX) {
            if let Some(asked) = self.requested.get_mut(&item.hash) {
                items = items.saturating_add(1);
                self.asked = self.asked.saturating_add(u32::from(!*asked));
                *asked = true;
            }
        }
        Some(items)
    }
}

/// A warning, if so many made-up transactions lead to a ban or a disconnect.
pub(crate) fn warning(announce: u32, is_rude: bool) -> Option<String> {
    if announce <= MOST_UNKNOWN {
        return None;
    }
    let announce = Count(announce.into());
    Some(if is_rude {
        format!(
            "--inv {announce}: a node that asks for more than {MOST_UNKNOWN} transactions and is told that they do not \
             exist bans this host for a day; use a node of your own"
        )
    } else {
        format!(
            "--inv {announce}: a node bans for a day if more than {MOST_UNKNOWN} announced transactions do not exist, so \
             it is told of no more than that, and leaves after 30 to 45 s if it asks for the others; announce \
             {MOST_UNKNOWN} to stay"
        )
    })
}

/// Most transactions that are announced and do not exist before a node bans for it.
const MOST_UNKNOWN: u32 = 10;

fn made_up_hash(salt: u64, number: u32) -> Hash {
    let mut bytes = [0; 12];
    let (first, second) = bytes.split_at_mut(8);
    first.copy_from_slice(&salt.to_le_bytes());
    second.copy_from_slice(&number.to_le_bytes());
    Hash::from_bytes(blake256::hash(&bytes))
}
