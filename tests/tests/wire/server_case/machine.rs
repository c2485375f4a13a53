//! The cases played to our machine: what it does beside what the real node did.

use core::time::Duration;
use std::collections::BTreeMap;

use peer_core::message::{GetData, GetInitState};
use peer_core::{Config, Error, Event, Message, Services, Time};
use peer_tests::checked::Checked;
use peer_tests::dcrd_node::{Ended, Rule, golden};
use peer_tests::neighbour;
use peer_tests::vectors::{Folder, Tally};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng as _;

use crate::server_case::case::{Case, FILE, Verdict};
use crate::server_case::node::{LOOK_LATER, Node};
use crate::server_case::player::{Player, Subject};

/// Where the node ends the connection and our machine does not: what is for its owner to decide, by the rule that the
/// node went by.
const OWNERS: [(Rule, &str); 19] = [
    (Rule::Score, SCORES),
    (Rule::EmptyInv, BANNED),
    (Rule::EmptyGetData, BANNED),
    (Rule::EmptyAddr, BANNED),
    (Rule::AddrNotCanonical, BANNED),
    (Rule::RepeatedGetInitState, BANNED),
    (Rule::MiningState, BANNED),
    (Rule::OldFilters, BANNED),
    (Rule::GetDataMessages, "the owner answers getdata"),
    (Rule::GetDataItems, "the owner answers getdata"),
    (Rule::WriteTimeout, "the owner answers getdata"),
    (Rule::TooManyRequests, "the owner decides what it asks for"),
    (Rule::RequestTimeout, "the owner decides what it asks for"),
    (Rule::SyncTimeout, "the owner decides what it asks for"),
    (Rule::HeadersUnconnected, HEADERS),
    (Rule::HeadersUnconnectedAgain, HEADERS),
    (Rule::HeadersUnlinked, HEADERS),
    (Rule::HeadersInvalid, HEADERS),
    (Rule::NoNetworkService, "the owner judges services"),
];

const SCORES: &str = "scores are the owner's business";
const BANNED: &str = "a node bans for it, the owner may answer it";
const HEADERS: &str = "the owner checks headers";
const UNASKED: &str = "answers that were not asked for end the connection";
const PEER_CLOSES: &str = "the opponent closes";

/// How much longer than the node the machine may take to close.
const TOLERANCE: Duration = Duration::from_secs(2);

/// Our machine and its owner, who pulls what comes and says nothing but what the opponent waits for.
#[derive(Debug)]
pub(crate) struct Machine {
    machine: Checked,
    rng: ChaCha8Rng,
    /// Whether the opponent waits for the question for the initial state.
    asks_init_state: bool,
    /// Whether the opponent waits to be asked for what it announces.
    asks_items: bool,
    /// Why it is over, and since when.
    over: Option<(Error, Time)>,
}

impl Machine {
    fn new(case: &Case) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let config = Config::builder(case.network).services(Services::NODE_NETWORK).build().unwrap();
        let machine = neighbour::machine(config, case.node, &mut rng);
        let (asks_init_state, asks_items) = (case.awaits("getinitstate"), case.awaits("getdata"));
        Self { machine, rng, asks_init_state, asks_items, over: None }
    }

    /// Says what a node says and the opponent waits for.
    fn on_event(&mut self, event: Event, now: Time) {
        let message = match event {
            Event::Established if self.asks_init_state => GetInitState::default().into(),
            Event::Message(Message::Inv(inv)) if self.asks_items => {
                GetData { inventory: inv.inventory }.into()
            }
            _ => return,
        };
        self.machine.send(&message, now).unwrap();
    }

    fn note(&mut self, now: Time) {
        if let Some(error) = self.machine.failure()
            && self.over.is_none()
        {
            self.over = Some((error.clone(), now));
        }
    }
}

impl Subject for Machine {
    fn feed(&mut self, bytes: &[u8], now: Time) {
        self.machine.feed(bytes);
        while let Ok(Some(event)) = self.machine.receive(now) {
            self.on_event(event, now);
        }
        self.note(now);
    }

    fn take(&mut self, now: Time) -> Vec<u8> {
        let bytes = self.machine.take_all(now);
        // What it owed may have kept it from reading.
        self.feed(&[], now);
        bytes
    }

    fn offer(&mut self, now: Time) {
        self.machine.poll_transmit(now);
    }

    fn timeout(&self) -> Option<Time> {
        self.machine.next_timeout().map(|(at, _)| at)
    }

    fn handle_timeout(&mut self, now: Time) {
        // Why it failed is noted.
        drop(self.machine.tick(now, &mut self.rng));
        self.note(now);
    }

    fn end(&mut self, now: Time) {
        self.machine.handle_eof(now);
        self.note(now);
    }

    fn is_over(&self) -> bool {
        self.over.is_some()
    }
}

#[test]
fn server_case_of_every_line_is_played_to_the_machine_and_differs_by_named_rules_only() {
    let folder = Folder::open();
    let chain = golden::chain();
    let mut tally = Tally::new("server_cases, the machine");
    let mut differences = BTreeMap::<_, usize>::new();
    println!("{:>4}  {:10} {:6} {:44}  case: reason", "line", "dcrd", "ours", "by rule");
    let lines = tally.lines(&folder, FILE);
    let number = lines.len();
    for line in lines {
        let case = Case::new(line);
        let node = Player::play(&case, Node::new(&case, &chain), LOOK_LATER).subject.ended();
        let ours = Player::play(&case, Machine::new(&case), TOLERANCE).subject;
        let rule = difference(&case, node, ours.over.as_ref().map(|(error, _)| error));
        print(&case, &ours, rule);
        match rule {
            Some(rule) => {
                *differences.entry(rule).or_default() += 1;
                tally.skipped(&case.line, rule);
            }
            None => tally.checked(&case.line),
        }
    }
    println!("{number} lines, {} differ: {differences:#?}", differences.values().sum::<usize>());
    tally.finish(&folder);
}

fn print(case: &Case, ours: &Machine, rule: Option<&str>) {
    let end = if ours.over.is_some() { "close" } else { "stay" };
    let (theirs, rule) = (format!("{:?}", case.verdict), rule.unwrap_or_default());
    let reason = ours.over.as_ref().map(|(error, at)| format!(": {} ({error}) at {at}", error.name()));
    let reason = reason.unwrap_or_default();
    println!("{:>4}  {theirs:10} {end:6} {rule:44}  {}{reason}", case.line.number(), case.name);
}

/// Why the machine does something else than the node, `None` where it does not. Fails where there is no rule for it.
fn difference(case: &Case, node: Option<Ended>, ours: Option<&Error>) -> Option<&'static str> {
    let is_end = matches!(case.verdict, Verdict::Close | Verdict::Ban);
    match (is_end, ours) {
        (true, Some(_)) | (false, None) => None,
        (false, Some(Error::ClosedByRemote | Error::ClosedBeforeVersion)) if case.peer_closes() => {
            Some(PEER_CLOSES)
        }
        (false, Some(Error::Unrequested(_))) => Some(UNASKED),
        (false, Some(error)) => panic!("{}: the machine ends: {error}", case.place()),
        (true, None) => {
            let rule = node.unwrap_or_else(|| panic!("{}: the machine stays", case.place())).rule;
            let known = OWNERS.iter().find(|(known, _)| *known == rule);
            Some(known.unwrap_or_else(|| panic!("{}: the machine stays ({rule})", case.place())).1)
        }
    }
}
