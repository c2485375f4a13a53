//! What is measured.

use std::sync::Arc;

use peer_core::message::Inventory;
use peer_core::{Hash, Message, ProtocolVersion, frame};
use peer_tests::samples::{inv, usual_block, usual_tx};

use crate::way::{Failure, NETWORK};

/// A line of the table.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) name: &'static str,
    /// What there is a number of.
    pub(crate) unit: &'static str,
    /// How many in a round.
    pub(crate) count: usize,
    work: Kind,
}

/// What is done, in short.
#[derive(Debug)]
enum Kind {
    PingPong { outstanding: usize },
    Requests,
    OneWay(fn() -> Message),
    Handshakes,
}

/// What is done.
#[derive(Debug)]
pub(crate) enum Work {
    /// Pings that are answered, so many at a time.
    PingPong { outstanding: usize },
    /// The same by requests with an id, one at a time.
    Requests,
    /// A message, again and again in one direction.
    OneWay { message: Arc<Message>, frame: Vec<u8> },
    /// Connections that are made, introduced and closed.
    Handshakes,
}

pub(crate) const LINES: [Line; 9] = [
    Line {
        name: "ping-pong, 1 at a time",
        unit: "round trips",
        count: 500,
        work: Kind::PingPong { outstanding: 1 },
    },
    Line {
        name: "ping-pong, 100 at a time",
        unit: "round trips",
        count: 5000,
        work: Kind::PingPong { outstanding: 100 },
    },
    Line { name: "request, 1 at a time", unit: "round trips", count: 500, work: Kind::Requests },
    Line { name: "inv of 1", unit: "messages", count: 5000, work: Kind::OneWay(|| announcement(1)) },
    Line { name: "inv of 1,000", unit: "messages", count: 50, work: Kind::OneWay(|| announcement(1000)) },
    Line { name: "inv of 50,000", unit: "messages", count: 2, work: Kind::OneWay(|| announcement(50_000)) },
    Line {
        name: "tx of 422 B",
        unit: "messages",
        count: 5000,
        work: Kind::OneWay(|| Message::Tx(usual_tx(0))),
    },
    Line {
        name: "block of 340 kB",
        unit: "messages",
        count: 24,
        work: Kind::OneWay(|| Message::Block(usual_block(805))),
    },
    Line { name: "handshake", unit: "handshakes", count: 50, work: Kind::Handshakes },
];

impl Line {
    /// Makes what is needed to do it.
    pub(crate) fn work(&self) -> Result<Work, Failure> {
        Ok(match self.work {
            Kind::PingPong { outstanding } => Work::PingPong { outstanding },
            Kind::Requests => Work::Requests,
            Kind::OneWay(make) => {
                let message = make();
                let frame = frame::encode(&message, NETWORK, ProtocolVersion::LATEST)?;
                Work::OneWay { message: Arc::new(message), frame }
            }
            Kind::Handshakes => Work::Handshakes,
        })
    }
}

/// The names of all lines, for the help.
pub(crate) fn names() -> String {
    let names = LINES.iter().map(|line| format!("  {}\n", line.name));
    format!("Lines:\n{}", names.collect::<String>())
}

fn announcement(count: u32) -> Message {
    let item = |number: u32| Inventory::tx(Hash::digest(&number.to_le_bytes()));
    inv((0..count).map(item).collect::<Vec<_>>())
}
