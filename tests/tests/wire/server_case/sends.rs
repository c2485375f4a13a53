//! The cases as commands of our owner: what the node bans for is refused, and the connection goes on.

use core::time::Duration;
use std::collections::BTreeMap;

use bytes::BytesMut;
use peer_core::frame::{FrameReader, Rules};
use peer_core::message::NotFound;
use peer_core::{Config, Direction, Message, Network, ProtocolVersion, SendError, Services};
use peer_tests::dcrd_node::{Chain, Setup, golden};
use peer_tests::neighbour::Neighbour;
use peer_tests::vectors::{Folder, Tally};

use crate::server_case::case::{Case, FILE, Step, Verdict};

/// Why a line says nothing of what an owner may send.
const NO_MESSAGE: &str = "the bytes are no message, so no owner can send them";
const HANDSHAKE: &str = "about the handshake, which the machine does alone";
const DIALLED: &str = "our peer listens: as where it dials";
const TIME: &str = "about time";
const CLOSES: &str = "the node closes and does not ban";
const FLOOD: &str = "more messages than one connection may ask or tell at once";
/// Where a line is harmless and we refuse it all the same.
const STRICTER: [(&str, &str); 6] = [
    ("UnrequestedInitState", "an initstate is an answer"),
    ("Unanswerable", "no node answers that kind of inventory"),
    ("EmptyAddr", "nodes of other networks ban for it"),
    ("AddrNotCanonical", "nodes of other networks ban for it"),
    ("SecondInitState", "an initstate is an answer"),
    ("Encode", "the message cannot be encoded"),
];

/// What an owner does in a case.
enum Deed {
    Send(Message),
    /// Lets the node ask for what was announced, then does not have it.
    NotFound,
    Wait(Duration),
}

#[test]
fn server_case_that_the_node_bans_for_is_refused_by_the_public_api() {
    let folder = Folder::open();
    let chain = golden::chain();
    let mut tally = Tally::new("server_cases, sent");
    let (mut refused, mut sent) = (BTreeMap::<_, usize>::new(), 0);
    println!("{:>4}  {:10} {:60}  ours", "line", "dcrd", "case");
    for line in tally.lines(&folder, FILE) {
        let case = Case::new(line);
        let deeds = match deeds(&case) {
            Ok(deeds) => deeds,
            Err(rule) => {
                tally.skipped(&case.line, rule);
                continue;
            }
        };
        let mut neighbour = neighbour(&case, &chain);
        let refusals: Vec<_> = deeds.iter().filter_map(|deed| perform(&mut neighbour, &case, deed)).collect();
        neighbour.run(Duration::from_secs(1));
        let ours = refusals.first().map(ToString::to_string).unwrap_or_default();
        println!("{:>4}  {:10} {:60}  {ours}", case.line.number(), format!("{:?}", case.verdict), case.name);
        let is_closed =
            case.verdict == Verdict::Close && neighbour.ended().is_some_and(|ended| !ended.is_ban);
        assert!(
            is_closed || neighbour.is_connected(),
            "{}: {:?}, {:?}",
            case.place(),
            neighbour.ended(),
            neighbour.failure()
        );
        if let Some(refusal) = refusals.first() {
            *refused.entry(name_of(refusal)).or_default() += 1;
        }
        match (case.verdict, refusals.first()) {
            (Verdict::Ban | Verdict::Close, Some(_)) => tally.checked(&case.line),
            (Verdict::Ban, None) => panic!("{}: it was sent", case.place()),
            (Verdict::Close, None) => tally.skipped(&case.line, CLOSES),
            (_, Some(refusal)) => {
                let name = name_of(refusal);
                let rule = STRICTER.iter().find(|(known, _)| *known == name);
                let rule = rule.unwrap_or_else(|| panic!("{}: refused: {refusal}", case.place()));
                tally.skipped(&case.line, rule.1);
            }
            (_, None) => {
                sent += 1;
                tally.checked(&case.line);
            }
        }
    }
    println!("sent: {sent}, refused: {refused:#?}");
    tally.finish(&folder);
}

/// Our machine and the node of the case, whose chain it is.
fn neighbour(case: &Case, chain: &Chain) -> Neighbour {
    let setup = match case.network {
        Network::SIMNET => Setup::current_with(chain.clone()),
        network => Setup::new(network),
    };
    let config = Config::builder(case.network)
        .protocol_version(case.version.min(ProtocolVersion::LATEST))
        .services(Services::NONE)
        .build()
        .unwrap();
    let mut neighbour = Neighbour::established(setup, config, Direction::Outbound);
    neighbour.run(Duration::from_millis(250));
    neighbour
}

/// What the owner does, or why the line is not about that.
fn deeds(case: &Case) -> Result<Vec<Deed>, &'static str> {
    if case.node == Direction::Outbound {
        return Err(DIALLED);
    }
    if case.is_about_time() {
        return Err(TIME);
    }
    if !case.awaits("verack") {
        return Err(HANDSHAKE);
    }
    let mut deeds = Vec::new();
    for step in case.steps.iter().skip(case.own) {
        match step {
            Step::Write(bytes) => deeds.extend(messages(case, bytes)?.into_iter().map(Deed::Send)),
            Step::NotFound => deeds.push(Deed::NotFound),
            Step::Await(_) => deeds.push(Deed::Wait(Duration::from_millis(10))),
            Step::Wait(time) | Step::WaitWithoutReading(time) => deeds.push(Deed::Wait(*time)),
            Step::Drip(..) | Step::Echo | Step::AnswerPings => return Err(TIME),
        }
    }
    if deeds.len() > MOST_MESSAGES && case.verdict != Verdict::Ban {
        return Err(FLOOD);
    }
    Ok(deeds)
}

fn messages(case: &Case, bytes: &[u8]) -> Result<Vec<Message>, &'static str> {
    let rules = Rules::new(case.network, case.version);
    let (mut reader, mut input) = (FrameReader::new(), BytesMut::from(bytes));
    let mut messages = Vec::new();
    while let Some(frame) = reader.read(&mut input, &rules).map_err(|_| NO_MESSAGE)? {
        let message = frame.decode(case.version).map_err(|_| NO_MESSAGE)?;
        if matches!(message, Message::Version(_) | Message::Verack) {
            return Err(HANDSHAKE);
        }
        messages.push(message);
    }
    if reader.missing(&input).is_some() { Err(NO_MESSAGE) } else { Ok(messages) }
}

/// Does it, and returns the refusal.
fn perform(neighbour: &mut Neighbour, case: &Case, deed: &Deed) -> Option<SendError> {
    let message = match deed {
        Deed::Wait(time) => {
            neighbour.run(*time);
            return None;
        }
        Deed::Send(message) => message.clone(),
        Deed::NotFound => {
            let asked = neighbour.messages().filter_map(|message| match message {
                Message::GetData(request) => Some(request.inventory.clone()),
                _ => None,
            });
            let inventory = asked.last().unwrap_or_else(|| panic!("{}: nothing was asked for", case.place()));
            NotFound { inventory }.into()
        }
    };
    neighbour.send(&message).err()
}

/// The refusal's name in the code.
fn name_of(refusal: &SendError) -> String {
    let text = match refusal {
        SendError::Bannable(rule) => format!("{rule:?}"),
        other => format!("{other:?}"),
    };
    text.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
}

/// More than any one question needs.
const MOST_MESSAGES: usize = 20;
