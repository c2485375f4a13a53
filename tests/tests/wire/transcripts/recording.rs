//! What a transcript says, side by side.

use core::time::Duration;

use bytes::BytesMut;
use peer_core::frame::{FrameReader, Rules};
use peer_core::message::{InitState, NetAddress, Version};
use peer_core::recording::{self, Entry, EntryKind};
use peer_core::{Message, Network, ProtocolVersion, Time};
use peer_tests::vectors::Line;

/// All transcripts are of this network.
pub(crate) const NETWORK: Network = Network::SIMNET;

/// A whole conversation.
pub(crate) struct Recording {
    pub(crate) name: String,
    pub(crate) chunks: Vec<Chunk>,
}

/// Bytes as they came from a socket; none are the end of that side's stream.
pub(crate) struct Chunk {
    pub(crate) at: Time,
    pub(crate) from: Side,
    pub(crate) bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Dialer,
    Listener,
}

impl Side {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Dialer => Self::Listener,
            Self::Listener => Self::Dialer,
        }
    }

    /// The library's word for it.
    pub(crate) fn published(self) -> recording::Side {
        match self {
            Self::Dialer => recording::Side::Dialer,
            Self::Listener => recording::Side::Listener,
        }
    }
}

/// One thing that happens to the machine.
#[derive(Clone)]
pub(crate) enum Step {
    /// The remote's bytes arrive.
    Hear(Vec<u8>),
    /// The owner sends a message.
    Say(Message),
    /// The stream of that side ends.
    End(Side),
}

impl Recording {
    pub(crate) fn new(lines: &[Line]) -> Self {
        let chunks = lines.iter().map(|line| {
            let milliseconds = line.at("t_ms").value().as_f64().expect("t_ms is a number");
            let elapsed = Duration::from_secs_f64(milliseconds / 1000.0);
            let from = match line.str("from") {
                "dialer" => Side::Dialer,
                "listener" => Side::Listener,
                other => panic!("{}: no side is called {other}", line.place()),
            };
            Chunk { at: Time::from_elapsed(elapsed), from, bytes: line.bytes("hex") }
        });
        Self { name: lines[0].file().to_owned(), chunks: chunks.collect() }
    }

    /// The recording as the library reads it, by way of the text of a file without a first line.
    pub(crate) fn published(&self) -> recording::Recording {
        let lines = self.chunks.iter().map(|chunk| {
            let (from, bytes) = (chunk.from.published(), chunk.bytes.clone().into());
            let kind =
                if chunk.bytes.is_empty() { EntryKind::Eof(from) } else { EntryKind::Bytes { from, bytes } };
            format!("{}\n", Entry { at: chunk.at, kind })
        });
        let mut recording = recording::Recording::read(&lines.collect::<String>()).unwrap();
        recording.network = Some(NETWORK);
        recording
    }

    /// The side that is the real node, as its user agent tells.
    pub(crate) fn node(&self) -> Side {
        let is_node = |side: &Side| self.version_of(*side).user_agent.as_str().contains("dcrd:");
        [Side::Dialer, Side::Listener].into_iter().find(is_node).expect("one side is the node")
    }

    /// How this side introduced itself.
    pub(crate) fn version_of(&self, side: Side) -> Version {
        match self.messages(side, ProtocolVersion::LATEST).next() {
            Some((_, Message::Version(version))) => *version,
            other => panic!("{}: {side:?} began with {other:?}", self.name),
        }
    }

    /// The protocol version that both sides agreed on.
    pub(crate) fn negotiated(&self) -> ProtocolVersion {
        let [one, other] = [Side::Dialer, Side::Listener].map(|side| self.version_of(side).protocol_version);
        ProtocolVersion::new(one.min(other).cast_unsigned())
    }

    /// Everything this side said; the nonce of its version, which is drawn anew each time, as 0.
    pub(crate) fn said_by(&self, side: Side) -> Vec<Message> {
        self.messages(side, self.negotiated()).map(|(_, message)| comparable(message)).collect()
    }

    /// What should surface to this side: all that the other one said, up to the first unknown command.
    pub(crate) fn heard_by(&self, side: Side) -> Vec<Message> {
        let mut said = self.said_by(side.other());
        let known = said.iter().position(|message| matches!(message, Message::Raw(_)));
        said.truncate(known.unwrap_or(said.len()));
        said
    }

    /// The side whose stream ended first.
    pub(crate) fn closed_by(&self) -> Side {
        self.chunks.iter().find(|chunk| chunk.bytes.is_empty()).expect("a conversation ends").from
    }

    /// What happens to a machine that plays this side, and when.
    pub(crate) fn steps(&self, ours: Side) -> Vec<(Time, Step)> {
        let mut said = self.messages(ours, self.negotiated()).peekable();
        let mut steps = Vec::new();
        for (index, chunk) in self.chunks.iter().enumerate() {
            if chunk.bytes.is_empty() {
                steps.push((chunk.at, Step::End(chunk.from)));
            } else if chunk.from != ours {
                steps.push((chunk.at, Step::Hear(chunk.bytes.clone())));
            }
            while let Some((_, message)) = said.next_if(|(complete, _)| *complete == index) {
                if !self.is_automatic(ours, &message) {
                    steps.push((chunk.at, Step::Say(message)));
                }
            }
        }
        steps
    }

    /// Whether this side told an initial state with nothing in it, as the machine does by itself.
    pub(crate) fn answers_init_state(&self, side: Side) -> bool {
        self.said_by(side).contains(&Box::new(InitState::default()).into())
    }

    /// Whether the machine says this by itself in the place of this side.
    fn is_automatic(&self, side: Side, message: &Message) -> bool {
        match message {
            Message::Version(_) | Message::Verack | Message::Pong(_) => true,
            Message::InitState(_) => self.answers_init_state(side),
            _ => false,
        }
    }

    /// The messages of one side, each with the index of the chunk that completed it. The first one is read at
    /// the latest version, the others at this one.
    fn messages(&self, side: Side, version: ProtocolVersion) -> impl Iterator<Item = (usize, Message)> {
        let chunks = self.chunks.iter().enumerate().filter(move |(_, chunk)| chunk.from == side);
        let (mut reader, mut input) = (FrameReader::new(), BytesMut::new());
        let mut in_force = ProtocolVersion::LATEST;
        chunks.flat_map(move |(index, chunk)| {
            input.extend_from_slice(&chunk.bytes);
            let mut messages = Vec::new();
            while let Some(frame) = reader.read(&mut input, &rules(in_force)).unwrap() {
                messages.push((index, frame.decode(in_force).unwrap()));
                in_force = version;
            }
            messages
        })
    }
}

/// Every command is read, as a program that records a conversation would.
pub(crate) fn rules(version: ProtocolVersion) -> Rules {
    let mut rules = Rules::new(NETWORK, version);
    rules.max_unknown = Some(1 << 20);
    rules
}

/// The message without what differs from run to run: the nonce of a version, and where its sender says that it is, which
/// the machine leaves out.
pub(crate) fn comparable(mut message: Message) -> Message {
    if let Message::Version(version) = &mut message {
        version.nonce = 0;
        if let Some(sender) = &mut version.addr_me {
            *sender = NetAddress { services: sender.services, ..NetAddress::UNSPECIFIED };
        }
    }
    message
}
