//! A node with one fault: a real one behind a relay that changes what crosses it.

use core::net::SocketAddr;
use core::sync::atomic::{AtomicU32, Ordering};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use peer_core::frame::{Header, encode};
use peer_core::message::Command;
use peer_core::{Message, Network, ProtocolVersion};

/// What a node does wrong.
#[derive(Clone, Copy)]
pub(super) struct Fault {
    /// What it sends before it hears anything.
    pub(super) greets: bool,
    /// Whether it keeps connections open that it should close.
    pub(super) hangs: bool,
    /// Whether it takes a piece that is no whole frame for an error.
    pub(super) needs_whole_frames: bool,
    /// What it makes of a frame that it hears, and of one that it sends.
    pub(super) hears: Edit,
    pub(super) says: Edit,
}

/// Turns a frame into the bytes that pass in its place.
pub(super) type Edit = fn(&mut Relayed, Raw) -> Vec<u8>;

/// A node without a fault.
pub(super) const NONE: Fault =
    Fault { greets: false, hangs: false, needs_whole_frames: false, hears: pass, says: pass };

pub(super) fn pass(_: &mut Relayed, raw: Raw) -> Vec<u8> {
    raw.bytes
}

/// One direction of a connection, for a fault to remember things.
pub(super) struct Relayed {
    /// Which connection of the node this is, from 1 on.
    pub(super) connection: u32,
    /// Frames that passed with each command are counted.
    passed: Vec<String>,
    /// Bytes that are held back.
    pub(super) held: Vec<u8>,
    /// Shared by all connections of the node.
    pub(super) shared: Arc<AtomicU32>,
}

impl Relayed {
    /// How many frames with the command of this one came so far, with it.
    pub(super) fn count(&mut self, raw: &Raw) -> usize {
        self.passed.push(raw.command());
        self.passed.iter().filter(|command| **command == raw.command()).count()
    }

    /// Whether a frame with this command came and was counted.
    pub(super) fn has(&self, command: &str) -> bool {
        self.passed.iter().any(|passed| passed == command)
    }

    pub(super) fn add_shared(&self) -> u32 {
        self.shared.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// A frame as it crosses the relay; of one that is too large to be whole, the header.
pub(super) struct Raw {
    pub(super) bytes: Vec<u8>,
}

impl Raw {
    pub(super) fn header(&self) -> Header {
        Header::from_bytes(self.bytes.first_chunk().unwrap())
    }

    pub(super) fn command(&self) -> String {
        let text = String::from_utf8_lossy(&self.header().command).into_owned();
        text.trim_end_matches('\0').to_owned()
    }

    pub(super) fn is(&self, command: &str) -> bool {
        self.command() == command
    }

    pub(super) fn payload(&self) -> &[u8] {
        &self.bytes[Header::LEN..]
    }

    /// The message, which must be one.
    pub(super) fn message(&self) -> Message {
        let command = Command::from_wire(self.header().command).unwrap();
        let payload = self.payload().to_vec().into();
        Message::decode(command, payload, ProtocolVersion::LATEST).unwrap()
    }
}

/// The bytes of a message on simnet.
pub(super) fn frame(message: impl Into<Message>) -> Vec<u8> {
    encode(&message.into(), Network::SIMNET, ProtocolVersion::LATEST).unwrap()
}

/// Listens in the node's place, until the process ends. Returns the address.
pub(super) fn relay(node: SocketAddr, fault: Fault) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let shared = Arc::<AtomicU32>::default();
    thread::spawn(move || {
        for (connection, visitor) in (1..).zip(listener.incoming().flatten()) {
            let shared = Arc::clone(&shared);
            thread::spawn(move || connect(node, fault, visitor, connection, shared));
        }
    });
    address
}

fn connect(node: SocketAddr, fault: Fault, visitor: TcpStream, connection: u32, shared: Arc<AtomicU32>) {
    let node = TcpStream::connect(node).unwrap();
    visitor.set_nodelay(true).unwrap();
    let relayed = |shared| Relayed { connection, passed: Vec::new(), held: Vec::new(), shared };
    let (hearing, saying) = (relayed(Arc::clone(&shared)), relayed(shared));
    if fault.greets {
        (&visitor).write_all(&frame(Message::SendHeaders)).ok();
    }
    let (node, visitor) = (Arc::new(node), Arc::new(visitor));
    let (from, to) = (Arc::clone(&visitor), Arc::clone(&node));
    // A peer that hangs must keep the stream as long as the visitor does.
    let needs_whole = fault.needs_whole_frames;
    thread::spawn(move || carry(&from, &to, hearing, fault.hears, needs_whole, false));
    carry(&node, &visitor, saying, fault.says, false, fault.hangs);
    if fault.hangs {
        KEPT.lock().unwrap().push(visitor);
    }
}

static KEPT: Mutex<Vec<Arc<TcpStream>>> = Mutex::new(Vec::new());

/// Carries frames from one stream to the other, until the first one ends.
fn carry(
    mut from: &TcpStream,
    mut to: &TcpStream,
    mut relayed: Relayed,
    edit: Edit,
    needs_whole: bool,
    hangs: bool,
) {
    let (mut buffer, mut input) = (vec![0; 64 * 1024], Vec::new());
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        input.extend_from_slice(&buffer[..count]);
        while let Some(raw) = next(&mut input) {
            // The other side may be gone.
            to.write_all(&edit(&mut relayed, raw)).ok();
        }
        if needs_whole && !input.is_empty() {
            break;
        }
    }
    if !hangs {
        to.shutdown(Shutdown::Both).ok();
        from.shutdown(Shutdown::Both).ok();
    }
}

/// Takes a frame off the front, or the header of one whose payload is not there and will not come.
fn next(input: &mut Vec<u8>) -> Option<Raw> {
    let header = Header::from_bytes(input.first_chunk()?);
    let is_alone = header.len > LARGEST || header.command.starts_with(b"getaddr");
    let len = if is_alone { Header::LEN } else { header.wire_len() };
    if input.len() < len {
        return None;
    }
    Some(Raw { bytes: input.drain(..len).collect() })
}

const LARGEST: u32 = 32 * 1024 * 1024;
