//! Decodes the connections of a capture.

use core::net::SocketAddr;
use core::time::Duration;
use std::collections::HashMap;
use std::io::Read;

use peer_core::recording::Side;
use peer_core::{Network, ProtocolVersion};
use serde::Serialize;

use super::conversation::{Conversation, Teller};
use super::packets::{Packets, Segment};
use super::tcp::{Counts, Part, Stream};
use crate::error::Failure;
use crate::format::Count;
use crate::output::{STRONG, Styled};

/// Most connections at a time. A further one takes the place of the one that was silent for longest.
const CONNECTIONS: usize = 1000;

/// A connection whose sides have these addresses, dialer first.
struct Connection {
    number: u64,
    addresses: [SocketAddr; 2],
    streams: [Stream; 2],
    conversation: Conversation,
    /// When its last segment came.
    last: Duration,
}

/// For programs: a connection, before what it carries.
#[derive(Serialize)]
struct Begins {
    event: &'static str,
    connection: u64,
    dialer: SocketAddr,
    listener: SocketAddr,
}

/// For programs: what one side sent, at the end.
#[derive(Serialize)]
struct Ends {
    event: &'static str,
    connection: u64,
    from: &'static str,
    #[serde(flatten)]
    counts: Counts,
}

/// For programs: what a capture holds besides.
#[derive(Serialize)]
struct Warning<'a> {
    event: &'static str,
    detail: &'a str,
}

/// Decodes the frames of all connections, in the order in which they are complete.
pub(super) fn decode_capture(
    input: impl Read + Send,
    default: ProtocolVersion,
    teller: &mut Teller,
) -> Result<(), Failure> {
    let mut packets = Packets::read(input).map_err(Failure::new)?;
    let mut capture = Capture { default, start: None, count: 0, open: HashMap::new(), last: Duration::ZERO };
    let problem = loop {
        match packets.next() {
            Ok(Some(segment)) => capture.take(&segment, teller)?,
            Ok(None) => break None,
            Err(problem) => break Some(problem),
        }
    };
    capture.end(teller)?;
    if packets.others > 0 {
        warn(&format!("{} packets are no TCP that can be read", Count(packets.others)), teller)?;
    }
    // What came before was told.
    problem.map_or(Ok(()), |problem| Err(Failure::new(problem)))
}

fn warn(detail: &str, teller: &mut Teller) -> Result<(), Failure> {
    teller.write(&Warning { event: "warning", detail }, detail)
}

struct Capture {
    default: ProtocolVersion,
    /// The time of the first segment.
    start: Option<Duration>,
    count: u64,
    /// By their addresses, the lower one first.
    open: HashMap<[SocketAddr; 2], Connection>,
    last: Duration,
}

impl Capture {
    fn take(&mut self, segment: &Segment, teller: &mut Teller) -> Result<(), Failure> {
        let start = *self.start.get_or_insert(segment.time);
        let at = segment.time.saturating_sub(start);
        self.last = at;
        let mut key = [segment.from, segment.to];
        key.sort();
        let opens = segment.syn && segment.acknowledged.is_none();
        // A connection between the same addresses began before; one that only came again is the same.
        let is_other = |open: &Connection| !open.is_begun_by(segment);
        if opens && self.open.get(&key).is_some_and(is_other) {
            self.close(key, teller)?;
        }
        if !self.open.contains_key(&key) {
            self.make_room(teller)?;
            self.count = self.count.saturating_add(1);
            let connection = Connection::new(self.count, segment, self.default);
            connection.tell_begin(teller)?;
            self.open.insert(key, connection);
        }
        let Some(connection) = self.open.get_mut(&key) else { return Ok(()) };
        connection.last = at;
        connection.take(segment, teller)?;
        if segment.rst {
            self.close(key, teller)?;
        }
        Ok(())
    }

    fn make_room(&mut self, teller: &mut Teller) -> Result<(), Failure> {
        if self.open.len() < CONNECTIONS {
            return Ok(());
        }
        let oldest = self.open.iter().min_by_key(|(_, open)| (open.last, open.number)).map(|(key, _)| *key);
        oldest.map_or(Ok(()), |key| self.close(key, teller))
    }

    fn close(&mut self, key: [SocketAddr; 2], teller: &mut Teller) -> Result<(), Failure> {
        self.open.remove(&key).map_or(Ok(()), |connection| connection.end(teller))
    }

    fn end(&mut self, teller: &mut Teller) -> Result<(), Failure> {
        let mut left: Vec<_> = self.open.drain().map(|(_, connection)| connection).collect();
        left.sort_by_key(|connection| connection.number);
        left.into_iter().try_for_each(|connection| connection.end(teller))
    }
}

impl Connection {
    fn new(number: u64, segment: &Segment, default: ProtocolVersion) -> Self {
        let is_node = |address: SocketAddr| {
            Network::KNOWN.iter().any(|(network, _)| network.default_port() == Some(address.port()))
        };
        // The one that answers the first segment is the listener; in the middle of a connection the port tells.
        let is_from_dialer = match (segment.syn, segment.acknowledged) {
            (true, None) => true,
            (true, Some(_)) => false,
            (false, _) => !is_node(segment.from),
        };
        let addresses = if is_from_dialer { [segment.from, segment.to] } else { [segment.to, segment.from] };
        Self {
            number,
            addresses,
            streams: [Stream::default(), Stream::default()],
            conversation: Conversation::new(Some(number), None, default),
            last: Duration::ZERO,
        }
    }

    /// Whether this first segment is the one that began the connection.
    fn is_begun_by(&self, segment: &Segment) -> bool {
        let [dialer, listener] = &self.streams;
        segment.from == self.addresses[0] && dialer.is_at_start_of(segment) && !listener.has_bytes()
    }

    fn tell_begin(&self, teller: &mut Teller) -> Result<(), Failure> {
        let ([dialer, listener], connection) = (self.addresses, self.number);
        let line = format!("{}  {dialer} → {listener}", Styled(STRONG, format_args!("#{connection}")));
        teller.write(&Begins { event: "connection", connection, dialer, listener }, &line)
    }

    fn take(&mut self, segment: &Segment, teller: &mut Teller) -> Result<(), Failure> {
        let [dialer, listener] = &mut self.streams;
        let (from, own, other) = if segment.from == self.addresses[0] {
            (Side::Dialer, dialer, listener)
        } else {
            (Side::Listener, listener, dialer)
        };
        let lost = segment.acknowledged.map(|number| other.acknowledge(number)).unwrap_or_default();
        let parts = own.take(segment);
        let at = self.last;
        tell(&mut self.conversation, (at, from.other()), lost, teller)?;
        tell(&mut self.conversation, (at, from), parts, teller)
    }

    fn end(mut self, teller: &mut Teller) -> Result<(), Failure> {
        for (side, stream) in [Side::Dialer, Side::Listener].into_iter().zip(&mut self.streams) {
            tell(&mut self.conversation, (self.last, side), stream.end(), teller)?;
            self.conversation.cut((self.last, side), teller)?;
            let (connection, from, counts) = (self.number, side.name(), stream.counts);
            let line = format!("{}  {side}: {counts}", Styled(STRONG, format_args!("#{connection}")));
            teller.write(&Ends { event: "stream", connection, from, counts }, &line)?;
        }
        Ok(())
    }
}

fn tell(
    conversation: &mut Conversation,
    place: (Duration, Side),
    parts: Vec<Part>,
    teller: &mut Teller,
) -> Result<(), Failure> {
    parts.into_iter().try_for_each(|part| match part {
        Part::Bytes(bytes) => conversation.bytes(place, &bytes, teller),
        Part::Hole(missing) => conversation.hole(place, missing, teller),
    })
}
