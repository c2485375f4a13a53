//! The cases played to the scripted node: it does what the real one did.

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use peer_core::frame::Header;
use peer_core::{Direction, Network, Time};
use peer_tests::dcrd_node::{Chain, ConnectionId, DcrdNode, Ended, Rule, Setup, golden, rules};
use peer_tests::vectors::{Folder, Tally};

use crate::server_case::case::{Answer, Case, FILE, Start, Verdict};
use crate::server_case::player::{Heard, Player, Subject};

/// What may differ, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    /// A block of the node's own mining was announced while the case ran.
    MinedMeanwhile,
    /// The chain had grown since the headers of the recording.
    GrownChain,
    /// Bytes that differ from run to run: versions, pings, locators.
    VariesByRun,
    /// A block, filter, vote or transaction that is in no recording.
    NotRecorded,
    /// What the sockets held when the connection ended, and what the real node had no time left to write.
    SocketBuffers,
    /// A request that is 30 s old at a look of the node's: it depends on microseconds whether it is this look or the next.
    LookAndRequestTogether,
}

/// The scripted node and its one connection.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) node: DcrdNode,
    pub(crate) id: ConnectionId,
}

impl Node {
    pub(crate) fn new(case: &Case, chain: &Chain) -> Self {
        let current = || Setup::current_with(chain.clone());
        let setup = match (case.network, case.start()) {
            (Network::SIMNET, Start::Current) => current(),
            (Network::SIMNET, Start::Restarted) => {
                let mut setup = current();
                setup.is_synced = false;
                setup
            }
            (network, _) => Setup::new(network),
        };
        let mut node = DcrdNode::new(setup, 1);
        let id = match case.node {
            Direction::Inbound => node.accept(HOST, Time::ZERO),
            Direction::Outbound => node.dial(HOST, Time::ZERO),
        };
        Self { node, id }
    }

    pub(crate) fn ended(&self) -> Option<Ended> {
        self.node.ended(self.id)
    }

    pub(crate) fn verdict(&self) -> Verdict {
        match (self.ended(), self.node.scores(self.id).iter().max()) {
            (Some(ended), _) if ended.is_ban => Verdict::Ban,
            (Some(Ended { rule: Rule::ByRemote, .. }), _) => Verdict::Stay,
            (Some(_), _) => Verdict::Close,
            (None, Some(highest)) => Verdict::Score(*highest),
            (None, None) => Verdict::Stay,
        }
    }
}

impl Subject for Node {
    fn feed(&mut self, bytes: &[u8], now: Time) {
        self.node.receive(self.id, bytes, now);
    }

    fn take(&mut self, now: Time) -> Vec<u8> {
        let bytes = self.node.poll_transmit(self.id, now).to_vec();
        self.node.handle_transmitted(self.id, bytes.len(), now);
        bytes
    }

    fn offer(&mut self, now: Time) {
        self.node.poll_transmit(self.id, now);
    }

    fn timeout(&self) -> Option<Time> {
        self.node.poll_timeout()
    }

    fn handle_timeout(&mut self, now: Time) {
        self.node.handle_timeout(now);
    }

    fn end(&mut self, now: Time) {
        self.node.handle_eof(self.id, now);
    }

    fn is_over(&self) -> bool {
        self.ended().is_some()
    }
}

#[test]
fn server_case_of_every_line_goes_with_the_scripted_node_as_with_the_real_one() {
    let folder = Folder::open();
    let chain = golden::chain();
    let mut tally = Tally::new("server_cases");
    let mut differences = std::collections::BTreeMap::<_, usize>::new();
    let lines = tally.lines(&folder, FILE);
    println!("{:>4}  {:9} {:9} {:>8} {:>8}  case (rule)", "line", "dcrd", "scripted", "ms", "ms");
    for line in lines {
        let case = Case::new(line);
        let player = Player::play(&case, Node::new(&case, &chain), LOOK_LATER);
        print(&case, &player);
        let late = assert_verdict(&case, &player);
        for difference in assert_answers(&case, &player).into_iter().chain(late) {
            *differences.entry(difference).or_default() += 1;
        }
        tally.checked(&case.line);
    }
    println!("differences in answers: {differences:?}");
    tally.finish(&folder);
}

fn print(case: &Case, player: &Player<'_, Node>) {
    let ended = player.subject.ended();
    let ms = |after: Option<Duration>| after.map(|after| format!("{:.0}", after.as_secs_f64() * 1e3));
    let [theirs, ours] = [ms(case.after), ms(after(player))].map(Option::unwrap_or_default);
    let verdicts = [case.verdict, player.subject.verdict()].map(|verdict| format!("{verdict:?}"));
    let rule = ended.map(|ended| format!(" ({})", ended.rule)).unwrap_or_default();
    let [real, scripted] = verdicts;
    println!("{:>4}  {real:9} {scripted:9} {theirs:>8} {ours:>8}  {}{rule}", case.line.number(), case.name);
}

fn after(player: &Player<'_, Node>) -> Option<Duration> {
    player.subject.ended().map(|ended| ended.at.saturating_since(player.clock))
}

fn assert_verdict(case: &Case, player: &Player<'_, Node>) -> Option<Difference> {
    let place = case.place();
    let mut node = player.subject.node.clone();
    assert_eq!(player.subject.verdict(), case.verdict, "{place}: the end");
    assert_eq!(player.subject.node.scores(player.subject.id), case.scores, "{place}: scores");
    let mut difference = None;
    if case.verdict != Verdict::Stay
        && let (Some(theirs), Some(ours)) = (case.after, after(player))
    {
        let apart = theirs.abs_diff(ours);
        let is_look = player.subject.ended().is_some_and(|ended| ended.rule == Rule::RequestTimeout);
        if is_look && apart.abs_diff(rules::REQUEST_TICK) < TOLERANCE {
            difference = Some(Difference::LookAndRequestTogether);
        } else {
            assert!(apart < TOLERANCE, "{place}: ended {ours:?} after, not {theirs:?}");
        }
    }
    if let Some(expected) = case.probe_answered {
        let last = player.heard.last().map(|heard| heard.frame.clone());
        let is_probe = last.is_some_and(|frame| frame.command.as_str() == "pong" && *frame.payload == PROBE);
        assert_eq!(is_probe, expected, "{place}: the pong of the probe");
    }
    // The next connection from the same address tells a ban from a close.
    let next = node.accept(HOST, player.now);
    let is_banned = node.ended(next).is_some_and(|ended| ended.rule == Rule::Banned);
    assert_eq!(is_banned, case.verdict == Verdict::Ban, "{place}: the next connection");
    difference
}

/// Fails for an answer that the real node did not give, or gave otherwise, and returns why others differ.
fn assert_answers(case: &Case, player: &Player<'_, Node>) -> Vec<Difference> {
    let place = case.place();
    if case.own > 0 && !case.is_about_time() {
        let is_handshake = |heard: &&Heard| matches!(heard.frame.command.as_str(), "version" | "verack");
        let before = player.heard.iter().filter(|heard| heard.is_before);
        let before = before.filter(|heard| case.node == Direction::Outbound || !is_handshake(heard));
        let before: Vec<_> = before.map(|heard| heard.frame.command.as_str().to_owned()).collect();
        let before = before.into_iter().filter(|command| command != "verack").collect::<Vec<_>>();
        assert_eq!(before, case.before, "{place}: what it said unasked");
    }
    let mut differences = Vec::new();
    let ours = player.heard.iter().filter(|heard| case.is_about_time() || !heard.is_before);
    let mut ours: Vec<_> = ours.map(|heard| answer(case, heard)).collect();
    let mut theirs = case.answers.clone();
    if case.is_about_time() {
        let before = theirs.len();
        theirs.retain(|answer| answer.command != "inv");
        differences.extend((theirs.len() < before).then_some(Difference::MinedMeanwhile));
    }
    let rule = player.subject.ended().map(|ended| ended.rule);
    let is_flood = matches!(rule, Some(Rule::GetDataMessages | Rule::GetDataItems));
    if is_flood || rule.is_some() && theirs.len() < ours.len() {
        let shared = theirs.len().min(ours.len());
        theirs.truncate(shared);
        ours.truncate(shared);
        differences.push(Difference::SocketBuffers);
    }
    let commands =
        |answers: &[Answer]| -> Vec<_> { answers.iter().map(|answer| answer.command.clone()).collect() };
    assert_eq!(commands(&ours), commands(&theirs), "{place}: answers");
    for (ours, theirs) in ours.iter().zip(&theirs) {
        differences.extend(assert_answer(&place, ours, theirs));
    }
    differences
}

fn assert_answer(place: &str, ours: &Answer, theirs: &Answer) -> Option<Difference> {
    let command = ours.command.as_str();
    if ours.len != theirs.len {
        let entry = match command {
            "headers" => 181,
            "inv" => 36,
            "getheaders" => 32,
            _ => panic!("{place}: {command} of {} bytes, not {}", ours.len, theirs.len),
        };
        let grown = theirs.len.checked_sub(ours.len).map(|bytes| (bytes / entry, bytes % entry));
        assert!(matches!(grown, Some((..=MOST_GROWN, 0))), "{place}: {command} of {} bytes", ours.len);
        return Some(Difference::GrownChain);
    }
    if theirs.frame.is_none() || ours.frame == theirs.frame {
        return None;
    }
    match command {
        "version" | "ping" | "getheaders" => Some(Difference::VariesByRun),
        "block" | "cfilterv2" | "cfiltersv2" | "initstate" | "inv" => Some(Difference::NotRecorded),
        _ => panic!("{place}: another {command}"),
    }
}

fn answer(case: &Case, heard: &Heard) -> Answer {
    let frame = &heard.frame;
    let command = frame.command.as_str().to_owned();
    let header = Header {
        network: case.network,
        command: frame.command.to_wire(),
        len: frame.payload.len().try_into().unwrap(),
        checksum: *frame.hash.as_bytes().first_chunk().unwrap(),
    };
    let bytes = [&header.to_bytes(), &*frame.payload].concat();
    Answer { command, len: frame.payload.len(), frame: Some(bytes) }
}

/// Where the opponent is.
const HOST: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
/// The nonce of the probe, as it is on the wire.
const PROBE: [u8; 8] = 0x1122_3344_5566_7788_u64.to_le_bytes();
/// How much longer the scripted node may take: it may look at requests one time later.
pub(crate) const LOOK_LATER: Duration = Duration::from_secs(20);
/// How far two ends may be apart: a real run takes time where the scripted one takes none.
const TOLERANCE: Duration = Duration::from_secs(2);
/// Blocks that the real chain may have grown by.
const MOST_GROWN: usize = 10;
