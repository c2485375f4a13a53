//! One connection of the node.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::BytesMut;
use peer_core::frame::{Frame, FrameReader, encode};
use peer_core::message::{GetData, Inventory, Version};
use peer_core::{Direction, Hash, Message, Network, ProtocolVersion, Services, Time};

use super::output::Output;
use super::rules::{self, Rule};
use super::score::Score;

/// How far the handshake is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    AwaitVersion,
    AwaitVerack,
    Established,
}

/// Why a connection is over, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "complete by definition")]
pub struct Ended {
    /// The rule that ended it.
    pub rule: Rule,
    /// Whether the host is banned from now on.
    pub is_ban: bool,
    /// When.
    pub at: Time,
}

/// What the node knows of one connection.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    pub(super) network: Network,
    pub(super) host: IpAddr,
    pub(super) direction: Direction,
    pub(super) opened: Time,
    pub(super) stage: Stage,
    pub(super) version: ProtocolVersion,
    pub(super) remote: Option<Box<Version>>,
    pub(super) reader: FrameReader,
    pub(super) input: BytesMut,
    pub(super) output: Output,
    pub(super) ended: Option<Ended>,
    /// Messages between `version` and `verack`.
    pub(super) early: Vec<Frame>,
    pub(super) last_message: Time,
    pub(super) next_ping: Option<Time>,
    /// When the open requests are looked at next.
    pub(super) next_look: Time,
    pub(super) bans: bool,
    pub(super) score: Score,
    pub(super) scores: Vec<u32>,
    /// Items asked of the remote, and since when.
    pub(super) requests: BTreeMap<Inventory, Time>,
    /// Items that the remote announced and was not asked for, because another one was.
    pub(super) announced: BTreeSet<Inventory>,
    /// Since when the remote owes its initial state.
    pub(super) init_state_since: Option<Time>,
    pub(super) asked_init_state: bool,
    pub(super) got_init_state: bool,
    pub(super) gave_init_state: bool,
    pub(super) gave_addresses: bool,
    pub(super) wants_headers: bool,
    pub(super) unconnected: u32,
    pub(super) last_locator: Option<Hash>,
    /// The block that the node announced last.
    pub(super) last_announced: Option<Hash>,
    /// The last block of a full answer to `getblocks`.
    pub(super) continue_at: Option<Hash>,
    /// What the remote is known to have, and since when.
    pub(super) known: BTreeMap<Inventory, Time>,
    /// What waits to be announced, and until when.
    pub(super) trickle: Vec<Inventory>,
    pub(super) trickle_at: Option<Time>,
    /// Waiting `getdata`, their items in reverse.
    pub(super) getdata: VecDeque<Asked>,
    /// Items of unknown types, which count as waiting for ever.
    pub(super) stuck: usize,
}

/// A `getdata` that is not answered yet.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) rest: VecDeque<Inventory>,
    pub(super) missing: Vec<Inventory>,
}

impl Connection {
    pub(super) fn new(network: Network, host: IpAddr, direction: Direction, bans: bool, now: Time) -> Self {
        Self {
            network,
            host,
            direction,
            opened: now,
            stage: Stage::AwaitVersion,
            version: ProtocolVersion::LATEST,
            remote: None,
            reader: FrameReader::new(),
            input: BytesMut::new(),
            output: Output::default(),
            ended: None,
            early: Vec::new(),
            last_message: now,
            next_ping: None,
            next_look: now + rules::REQUEST_TICK,
            bans,
            score: Score::default(),
            scores: Vec::new(),
            requests: BTreeMap::new(),
            announced: BTreeSet::new(),
            init_state_since: None,
            asked_init_state: false,
            got_init_state: false,
            gave_init_state: false,
            gave_addresses: false,
            wants_headers: false,
            unconnected: 0,
            last_locator: None,
            last_announced: None,
            continue_at: None,
            known: BTreeMap::new(),
            trickle: Vec::new(),
            trickle_at: None,
            getdata: VecDeque::new(),
            stuck: 0,
        }
    }

    pub(super) fn is_established(&self) -> bool {
        self.ended.is_none() && self.stage == Stage::Established
    }

    /// Whether the remote offers the full service.
    pub(super) fn is_full(&self) -> bool {
        let remote = self.remote.as_ref();
        remote.is_some_and(|version| version.services.contains(Services::NODE_NETWORK))
    }

    /// The height that the remote told in its `version`.
    pub(super) fn height(&self) -> i64 {
        self.remote.as_ref().map_or(-1, |version| i64::from(version.last_block))
    }

    pub(super) fn send(&mut self, message: &Message) {
        self.push(message, false);
    }

    /// Sends an item of a `getdata`.
    pub(super) fn send_item(&mut self, message: &Message) {
        self.push(message, true);
    }

    fn push(&mut self, message: &Message, is_item: bool) {
        let frame = encode(message, self.network, self.version).unwrap();
        self.output.push(frame, is_item);
    }

    /// Adds points to the score.
    pub(super) fn blame(&mut self, lasting: u32, passing: u32, now: Time) -> Result<(), Rule> {
        if !self.bans || lasting + passing == 0 {
            return Ok(());
        }
        let score = self.score.increase(lasting, passing, now);
        self.scores.push(score);
        if score > rules::BAN_THRESHOLD { Err(Rule::Score) } else { Ok(()) }
    }

    /// Asks for items, none of which is asked of the remote already.
    pub(super) fn request(&mut self, items: Vec<Inventory>, now: Time) -> Result<(), Rule> {
        if items.is_empty() {
            return Ok(());
        }
        if self.requests.len() + items.len() > rules::OPEN_REQUESTS {
            return Err(Rule::TooManyRequests);
        }
        self.requests.extend(items.iter().map(|item| (*item, now)));
        self.send(&GetData { inventory: items.try_into().unwrap() }.into());
        Ok(())
    }

    pub(super) fn add_known(&mut self, item: Inventory, now: Time) {
        self.known.insert(item, now);
        if self.known.len() > rules::KNOWN_ITEMS
            && let Some((&oldest, _)) = self.known.iter().min_by_key(|(_, since)| **since)
        {
            self.known.remove(&oldest);
        }
    }

    pub(super) fn knows(&self, item: &Inventory, now: Time) -> bool {
        self.known.get(item).is_some_and(|since| now.saturating_since(*since) < rules::KNOWN_FOR)
    }

    /// Items of `getdata` messages that wait.
    pub(super) fn waiting_items(&self) -> usize {
        self.stuck + self.getdata.iter().map(|asked| asked.rest.len()).sum::<usize>()
    }
}
