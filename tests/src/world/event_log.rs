//! What happened, one thing at a time: for those who watch, and for the digest.

use core::fmt;

use peer_core::blake256::Blake256;
use peer_core::message::Inventory;
use peer_core::{Command, Config, Event, Message, Time, Timer};

use super::{ConnectionId, Ended, NodeId};

/// One thing that happened.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "complete by definition")]
pub struct Moment<'a> {
    /// When, by the world's time.
    pub at: Time,
    /// At which node.
    pub node: NodeId,
    /// The configuration of that node, where it is a real one of the world.
    pub config: Option<&'a Config>,
    /// On which of its connections, where it is about one.
    pub connection: Option<ConnectionId>,
    /// What.
    pub what: What<'a>,
}

/// What can happen.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum What<'a> {
    /// The node dialled this one.
    Dialled(NodeId),
    /// A transport to this node is there.
    Connected(NodeId),
    /// The owner sent a message.
    Sent(&'a Message),
    /// The owner announced an item.
    Announced(Inventory),
    /// A timer was due.
    Due(Timer),
    /// The transport took bytes.
    Wrote(&'a [u8]),
    /// The transport took none, being full.
    Blocked,
    /// So many bytes were read.
    Read(usize),
    /// Something surfaced.
    Event(&'a Event),
    /// The connection is over.
    Ended(&'a Ended),
    /// The node was woken for this reason.
    Woke(u64),
    /// The node's clock was set to this.
    ClockSet(Time),
    /// The logic had something to say.
    Note(&'a str),
}

impl fmt::Display for Moment<'_> {
    /// A line of the story: time, node, connection, what.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let connection = self.connection.map(|connection| connection.to_string()).unwrap_or_default();
        write!(f, "{:>12}  {:>6}  {connection:<8} {}", self.at, self.node, self.what)
    }
}

impl fmt::Display for What<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dialled(node) => write!(f, "dials {node}"),
            Self::Connected(node) => write!(f, "connected with {node}"),
            Self::Sent(message) => write!(f, "sends {} {}", message.command(), message.summary()),
            Self::Announced(item) => write!(f, "announces {} {}", item.kind, item.hash),
            Self::Due(timer) => write!(f, "timer: {timer}"),
            Self::Wrote(bytes) => write!(f, "wrote {} bytes", bytes.len()),
            Self::Blocked => f.write_str("pipe is full"),
            Self::Read(count) => write!(f, "read {count} bytes"),
            Self::Event(Event::Version(version)) => {
                write!(f, "got version {} {}", version.protocol_version, version.user_agent)
            }
            Self::Event(Event::Established) => f.write_str("established"),
            Self::Event(Event::Message(message)) => {
                write!(f, "got {} {}", message.command(), message.summary())
            }
            Self::Event(Event::Response(response)) => {
                let (id, left, message) = (response.id, response.remaining, &response.message);
                write!(f, "request {id}: {} {}, {left} remaining", message.command(), message.summary())
            }
            Self::Event(Event::Unanswered { id, reason, .. }) => write!(f, "request {id}: {reason}"),
            Self::Event(other) => write!(f, "{other:?}"),
            Self::Ended(ended) => write!(f, "over: {ended}"),
            Self::Woke(reason) => write!(f, "woken for {reason}"),
            Self::ClockSet(time) => write!(f, "clock set to {time}"),
            Self::Note(text) => f.write_str(text),
        }
    }
}

/// Hashes every moment of a world in a canonical form, so that two runs can be compared by 32 bytes.
///
/// A moment is hashed as: tag (1 byte), time in nanoseconds (8), node (4), number of the connection (4; 0 for
/// none), end (1: 0 outbound, 1 inbound), length of the rest (4), rest; numbers are little endian. The rest is
/// the bytes that were written, or the text or number that the moment carries.
#[derive(Clone)]
pub(super) struct Digest(Blake256);

impl Digest {
    pub(super) const fn new() -> Self {
        Self(Blake256::new())
    }

    pub(super) fn finish(&self) -> [u8; 32] {
        self.0.clone().finalize()
    }

    pub(super) fn add(&mut self, moment: &Moment<'_>) {
        match moment.what {
            What::Dialled(node) => self.put(1, moment, &node.number().to_le_bytes()),
            What::Connected(node) => self.put(2, moment, &node.number().to_le_bytes()),
            What::Sent(message) => self.put(3, moment, &message.command().to_wire()),
            What::Announced(item) => self.put(4, moment, item.hash.as_bytes()),
            What::Due(timer) => self.put(5, moment, timer.to_string().as_bytes()),
            What::Wrote(bytes) => self.put(6, moment, bytes),
            What::Blocked => self.put(7, moment, &[]),
            What::Read(count) => self.put(8, moment, &(count as u64).to_le_bytes()),
            What::Event(event) => self.put(9, moment, &command_of(event).to_wire()),
            What::Ended(ended) => self.put(10, moment, ended.to_string().as_bytes()),
            What::Woke(reason) => self.put(11, moment, &reason.to_le_bytes()),
            What::ClockSet(time) => self.put(12, moment, &nanos(time).to_le_bytes()),
            What::Note(text) => self.put(13, moment, text.as_bytes()),
        }
    }

    fn put(&mut self, tag: u8, moment: &Moment<'_>, rest: &[u8]) {
        let (number, end) = match moment.connection {
            None => (0, 0),
            Some(connection) => (connection.number(), u8::from(connection.is_inbound)),
        };
        let mut head = [0; 22];
        head[0] = tag;
        head[1..9].copy_from_slice(&nanos(moment.at).to_le_bytes());
        head[9..13].copy_from_slice(&moment.node.number().to_le_bytes());
        head[13..17].copy_from_slice(&number.to_le_bytes());
        head[17] = end;
        head[18..22].copy_from_slice(&u32::try_from(rest.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.0.update(&head);
        self.0.update(rest);
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::hex::encode(&self.finish()))
    }
}

/// The command of the frame that an event came from, or a name where there was none.
pub(super) fn command_of(event: &Event) -> Command {
    match event {
        Event::Version(_) => VERSION,
        Event::Message(message) => message.command(),
        Event::Response(response) => response.message.command(),
        Event::Unanswered { .. } => UNANSWERED,
        _ => VERACK,
    }
}

const VERSION: Command = command("version");
const VERACK: Command = command("verack");
const UNANSWERED: Command = command("unanswered");

const fn command(name: &str) -> Command {
    match Command::new(name) {
        Ok(command) => command,
        Err(_) => panic!("a command"),
    }
}

fn nanos(time: Time) -> u64 {
    u64::try_from(time.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
