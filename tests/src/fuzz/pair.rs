//! Target `pair`: two machines and the pipe between them agree on what was said.
//!
//! Input: setting of the outbound end (2 bytes), of the inbound end (2 bytes), how to run it (1 byte), then
//! operations: side in the highest bit, a small argument in the two below, operation in the low five.

use core::mem;
use core::time::Duration;
use std::borrow::Cow;
use std::collections::BTreeMap;

use peer_core::message::Inventory;
use peer_core::{Direction, Error, ErrorKind, Event, Message, Node, TransportError};

use super::call::Call;
use super::script::Script;
use super::setting::Setting;
use super::subject::{Answer, Generator, Subject, is_thorough};
use super::vocabulary::{item, word};
use crate::remote::connection_info;

/// Bits of the byte that says how to run a script: begin after the handshake.
const ESTABLISHED: u8 = 0x08;
/// Both ends are of one node.
const SAME_NODE: u8 = 0x10;

/// Rounds after which moving bytes must have come to rest.
const MAX_ROUNDS: u32 = 10_000;

/// Runs a script on two machines. Panics if a promise is broken, or if they understand different things.
pub fn pair(data: &[u8]) {
    let mut script = Script::new(data);
    let settings = [script.array(), script.array()].map(Setting::new);
    let mut pair = Pair::new(settings, script.byte(), is_thorough(data));
    while !script.is_over() {
        pair.step(&mut script);
    }
    pair.finish();
}

struct Pair {
    /// The outbound end, then the inbound one.
    ends: [Seat; 2],
    is_same_node: bool,
}

/// One end.
struct Seat {
    subject: Subject,
    /// Bytes on their way to the other end.
    pipe: Vec<u8>,
    /// Nothing follows what is in the pipe.
    closed: bool,
    sent: Vec<&'static Message>,
    heard: Vec<Event>,
    /// The items that its owner announced, by their [names](name).
    announced: Vec<u64>,
}

impl Pair {
    fn new(settings: [Setting; 2], how: u8, thorough: bool) -> Self {
        let [outbound, inbound] = settings;
        let mut rng = Generator::new(u64::from(how));
        let is_established = how & ESTABLISHED != 0;
        let is_same_node = how & SAME_NODE != 0 && !is_established;
        let peers = if is_established {
            let inbound = inbound.at_version_of(outbound);
            [outbound.towards(Direction::Outbound), inbound.towards(Direction::Inbound)]
                .map(Setting::established)
        } else {
            let node = Node::new(outbound.config());
            let other = if is_same_node { node.clone() } else { Node::new(inbound.config()) };
            [(&node, Direction::Outbound), (&other, Direction::Inbound)]
                .map(|(node, direction)| Setting::peer_of(node, direction, connection_info(), &mut rng))
        };
        let ends = peers.map(|peer| Seat {
            subject: Subject::new(peer, rng.clone(), thorough),
            pipe: Vec::new(),
            closed: false,
            sent: Vec::new(),
            heard: Vec::new(),
            announced: Vec::new(),
        });
        Self { ends, is_same_node }
    }

    fn step(&mut self, script: &mut Script<'_>) {
        let byte = script.byte();
        let (side, argument) = (usize::from(byte >> 7), byte >> 5 & 3);
        match byte & 0x1f {
            0 => self.write(side, usize::from(script.byte())),
            1 => self.write(side, usize::MAX),
            2 => self.deliver(side, usize::from(script.byte()), argument != 3),
            3 => self.deliver(side, usize::MAX, argument != 3),
            4 => self.hear(side, &Call::PullAll),
            5 | 6 => self.say(side, &word(script.byte()).message),
            7 if argument == 3 => self.announce(side, &Call::AnnounceNow(item(script.byte()))),
            7 => self.announce(side, &Call::AnnounceItem(item(script.byte()))),
            8 => {
                let first = u32::from(script.byte());
                self.announce(side, &Call::Announce(first, [1, 4, 16, 250][usize::from(argument)]));
            }
            9 => self.wait(Duration::from_millis(u64::from(script.byte()) << (4 * argument))),
            10 => self.tick(side),
            11 => self.advance(),
            12 if argument == 3 => drop(self.ends[side].subject.call(&Call::Close)),
            13 if argument == 3 => {
                drop(self.ends[side].subject.call(&Call::End(Some(TransportError::Other))))
            }
            14 if argument == 3 => self.ends[side].closed = true,
            _ => self.settle(),
        }
    }

    /// Moves everything there is to move, lets the last batches leave, and compares what was said and heard.
    fn finish(mut self) {
        self.settle();
        self.wait(Duration::from_secs(1));
        self.tick(0);
        self.tick(1);
        self.settle();
        let is_whole = self.ends.iter().all(|end| end.subject.peer().peer().is_established() && !end.closed);
        if is_whole {
            let [version, other] =
                [0, 1].map(|side| self.ends[side].subject.peer().peer().protocol_version());
            assert_eq!(version, other, "they negotiated different versions");
        }
        let [outbound, inbound] = &self.ends;
        for (speaker, listener) in [(outbound, inbound), (inbound, outbound)] {
            check_handshake(listener, self.is_same_node);
            check_messages(speaker, listener, is_whole);
            check_pongs(speaker, listener, is_whole);
            check_announcements(speaker, listener, is_whole);
            if let Some(error) = listener.subject.peer().peer().failure() {
                assert!(is_lawful(error), "an honest remote was accused: {error:?}");
            }
        }
        self.ends.into_iter().for_each(|end| end.subject.finish());
    }

    fn write(&mut self, side: usize, most: usize) {
        let end = &mut self.ends[side];
        if end.closed || !end.subject.peer().wants_write() {
            return;
        }
        if let Answer::Bytes(bytes) = end.subject.call(&Call::Take(most)) {
            end.pipe.extend(bytes);
        }
    }

    /// Hands over what came for this side.
    fn deliver(&mut self, side: usize, most: usize, pull: bool) {
        let pipe = &mut self.ends[1 - side].pipe;
        let rest = pipe.split_off(pipe.len().min(most));
        let bytes = mem::replace(pipe, rest);
        self.hear(side, &Call::Hear { bytes: bytes.into(), pull });
    }

    fn hear(&mut self, side: usize, call: &Call<'_>) {
        let end = &mut self.ends[side];
        if let Answer::Pulled(events, _) = end.subject.call(call) {
            end.heard.extend(events);
        }
    }

    fn say(&mut self, side: usize, message: &'static Message) {
        // A pong that answers nothing could not be told from one that does.
        if matches!(message, Message::Pong(_)) {
            return;
        }
        let end = &mut self.ends[side];
        if matches!(end.subject.call(&Call::Send(Cow::Borrowed(message))), Answer::Queued(Ok(_))) {
            end.sent.push(message);
        }
    }

    fn announce(&mut self, side: usize, call: &Call<'_>) {
        let end = &mut self.ends[side];
        if let Answer::Announced(items) = end.subject.call(call) {
            end.announced.extend(items.iter().map(name));
        }
    }

    fn wait(&mut self, duration: Duration) {
        for end in &mut self.ends {
            end.subject.call(&Call::Wait(duration));
        }
    }

    fn tick(&mut self, side: usize) {
        self.ends[side].subject.call(&Call::Tick);
    }

    /// Goes on to the next deadline of either end.
    fn advance(&mut self) {
        let deadlines = self.ends.each_ref().map(|end| end.subject.peer().peer().next_timeout());
        let Some((at, _)) = deadlines.into_iter().flatten().min() else { return };
        let now = self.ends[0].subject.now();
        self.wait(at.saturating_since(now));
        self.tick(0);
        self.tick(1);
    }

    /// Moves bytes until nothing moves. Who has nothing more to read because the other end is over, is told.
    fn settle(&mut self) {
        for _ in 0..MAX_ROUNDS {
            let before = self.position();
            for side in [0, 1] {
                self.write(side, usize::MAX);
                self.deliver(side, usize::MAX, true);
                let other = &self.ends[1 - side];
                let is_over = other.closed || other.subject.peer().peer().failure().is_some();
                if is_over
                    && other.pipe.is_empty()
                    && self.ends[side].subject.peer().peer().failure().is_none()
                {
                    self.ends[side].subject.call(&Call::End(None));
                }
            }
            if self.position() == before {
                return;
            }
        }
        panic!("still moving after {MAX_ROUNDS} rounds");
    }

    /// What changes as long as something moves.
    fn position(&self) -> [(u64, usize, usize, bool); 2] {
        self.ends.each_ref().map(|end| {
            let peer = end.subject.peer();
            (peer.peer().stats().bytes_sent, end.pipe.len(), end.heard.len(), peer.peer().failure().is_some())
        })
    }
}

/// The messages that surfaced at an end.
fn messages(end: &Seat) -> impl Iterator<Item = &Message> {
    end.heard
        .iter()
        .filter_map(|event| if let Event::Message(message) = event { Some(message) } else { None })
}

/// First an introduction, then the agreement, then nothing but messages; and no one agrees with itself.
fn check_handshake(end: &Seat, is_same_node: bool) {
    let rank = |event: &Event| match event {
        Event::Version(_) => 0,
        Event::Established => 1,
        _ => 2,
    };
    assert!(end.heard.iter().map(rank).is_sorted(), "events out of order: {:?}", end.heard);
    for (rank_of, name) in [(0, "version"), (1, "established")] {
        let count = end.heard.iter().filter(|event| rank(event) == rank_of).count();
        assert!(count <= 1, "{name} surfaced {count} times");
    }
    let is_friend = end.heard.contains(&Event::Established);
    assert!(!(is_same_node && is_friend), "a node made friends with itself");
}

/// Of each command what was heard is what was sent, in order, and in the end all of it.
fn check_messages(speaker: &Seat, listener: &Seat, is_whole: bool) {
    // These the machines say of their own accord too.
    let is_exact = |message: &&Message| {
        !matches!(
            message,
            Message::Inv(_)
                | Message::Ping(_)
                | Message::Pong(_)
                | Message::Reject(_)
                | Message::InitState(_)
        )
    };
    let mut said: BTreeMap<_, Vec<&Message>> = BTreeMap::new();
    for message in speaker.sent.iter().copied().filter(is_exact) {
        said.entry(message.command()).or_default().push(message);
    }
    let mut said: BTreeMap<_, _> =
        said.into_iter().map(|(command, said)| (command, said.into_iter())).collect();
    for message in messages(listener).filter(is_exact) {
        let next = said.get_mut(&message.command()).and_then(Iterator::next);
        assert_eq!(Some(message), next, "something else was heard than was sent");
    }
    if is_whole {
        let lost: Vec<_> = said.into_values().flatten().filter(|message| !may_be_dropped(message)).collect();
        assert_eq!(lost, [] as [&Message; 0], "messages were lost");
    }
}

/// What some settings drop without a word.
const fn may_be_dropped(message: &Message) -> bool {
    matches!(message, Message::FilterAdd(_) | Message::FilterClear | Message::FilterLoad(_) | Message::Raw(_))
}

/// Every ping that surfaced is answered, in order.
fn check_pongs(speaker: &Seat, listener: &Seat, is_whole: bool) {
    let pings = messages(speaker).filter_map(|message| match message {
        Message::Ping(ping) => Some(ping.nonce),
        _ => None,
    });
    let pongs = messages(listener).filter_map(|message| match message {
        Message::Pong(pong) => Some(pong.nonce),
        _ => None,
    });
    let (pings, pongs): (Vec<_>, Vec<_>) = (pings.collect(), pongs.collect());
    assert!(pings.starts_with(&pongs), "pings {pings:?} were answered by {pongs:?}");
    assert!(!is_whole || pings == pongs, "only {pongs:?} of {pings:?} were answered");
}

/// An item that was announced is heard, and no more often than it was announced or said.
fn check_announcements(speaker: &Seat, listener: &Seat, is_whole: bool) {
    let sorted = |mut names: Vec<u64>| {
        names.sort_unstable();
        names
    };
    let heard = sorted(messages(listener).flat_map(items).map(|item| name(&item)).collect());
    let said = speaker.sent.iter().copied().flat_map(items).map(|item| name(&item));
    let said = sorted(speaker.announced.iter().copied().chain(said).collect());
    let mut unheard = said.iter();
    for name in &heard {
        assert!(unheard.any(|said| said == name), "item {name:x} was heard more often than it was announced");
    }
    let lost = speaker.announced.iter().find(|name| heard.binary_search(name).is_err());
    assert!(!is_whole || lost.is_none(), "item {lost:x?} was announced and not heard");
}

/// What tells the items of scripts apart: comparing whole hashes would take most of the time.
fn name(item: &Inventory) -> u64 {
    let [a, b, c, d, e, f, g, ..] = item.hash.to_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, item.kind.get().to_le_bytes()[0]])
}

/// What an `inv` names.
fn items(message: &Message) -> impl Iterator<Item = Inventory> {
    let inv = if let Message::Inv(inv) = message { Some(&inv.inventory) } else { None };
    inv.into_iter().flatten().copied()
}

/// Whether a connection of two honest machines may end with this. Their owners may say the wrong thing, such as
/// an answer that no one asked for; the machines may not.
fn is_lawful(error: &Error) -> bool {
    match error {
        Error::Frame(frame) => matches!(frame.kind(), ErrorKind::UnknownCmd | ErrorKind::Truncated),
        Error::Unrequested(_) | Error::NoBloomService(_) => true,
        other => !other.is_misbehaviour(),
    }
}
