//! What the tests are written in: streams that answer from a list, and a set of peers over them.

use core::cell::{RefCell, RefMut};
use core::ops::Range;
use core::time::Duration;
use core::{iter, mem};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::rc::Rc;

use mio::event::Source;
use mio::{Interest, Poll, Registry, Token};
use peer_core::{
    Config, ConfigBuilder, ConnectionInfo, Direction, Error, Event, Mark, Message, Network, Node, SendError,
    frame,
};
use peer_mio::{Closed, Outcome, PeerEvent, PeerId, Peers, Transport, connection_info};
use peer_tests::bound::Turns;
pub(crate) use peer_tests::remote::{bytes_of, hands};
pub(crate) use peer_tests::samples::{inv_of, item, ping};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use crate::limit;

/// An answer to a call.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// These bytes were there to read.
    Bytes(Vec<u8>),
    /// So many bytes are taken, at most.
    Take(usize),
    /// The end of the stream.
    Eof,
    /// An error, "would block" and "interrupted" included.
    Fail(ErrorKind),
}

pub(crate) const BLOCK: Answer = Answer::Fail(ErrorKind::WouldBlock);

/// What a scripted stream answers, and what it was asked.
#[derive(Debug, Default)]
pub(crate) struct Script {
    /// Answers to `read`. Afterwards it would block.
    pub(crate) reads: VecDeque<Answer>,
    /// Answers to `write`. Afterwards everything is taken.
    pub(crate) writes: VecDeque<Answer>,
    /// Answers to "is it connected?". Afterwards it is.
    pub(crate) connects: VecDeque<io::Result<bool>>,
    /// Takes the first piece of a vectored write only.
    pub(crate) plain: bool,
    /// Takes bytes, and keeps them back until it is flushed.
    pub(crate) buffers: bool,
    /// A flush would block.
    pub(crate) jams: bool,
    /// Answers to "shut down writing". Afterwards it is done.
    pub(crate) shutdowns: VecDeque<ErrorKind>,
    /// Writing is shut down.
    pub(crate) is_shut_down: bool,
    /// A read that brings less than was asked for is the last one.
    pub(crate) drains: bool,
    /// Calls of `read`.
    pub(crate) asked: usize,
    /// Bytes that were read.
    pub(crate) read: usize,
    /// Bytes that were taken by each write.
    pub(crate) taken: Vec<Vec<u8>>,
    /// Bytes that arrived at the other end.
    pub(crate) sent: Vec<u8>,
    held: Vec<u8>,
}

impl Script {
    /// There is this to read.
    pub(crate) fn say(&mut self, bytes: impl Into<Vec<u8>>) {
        self.reads.push_back(Answer::Bytes(bytes.into()));
    }

    /// The messages that arrived at the other end, by command.
    pub(crate) fn commands(&self) -> Vec<String> {
        let mut rest = &self.sent[..];
        let mut commands = Vec::new();
        while let Some(header) = rest.first_chunk().map(frame::Header::from_bytes) {
            commands.push(peer_core::Command::from_wire(header.command).unwrap().to_string());
            rest = &rest[header.wire_len()..];
        }
        commands
    }
}

/// A stream that answers from its script. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scripted(Rc<RefCell<Script>>);

impl Scripted {
    /// How many have it.
    pub(crate) fn owners(&self) -> usize {
        Rc::strong_count(&self.0)
    }

    pub(crate) fn script(&self) -> RefMut<'_, Script> {
        self.0.borrow_mut()
    }
}

impl Source for Scripted {
    fn register(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        Ok(())
    }

    fn reregister(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        panic!("a stream is registered once");
    }

    fn deregister(&mut self, _: &Registry) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Scripted {
    fn is_connected(&mut self) -> io::Result<bool> {
        self.script().connects.pop_front().unwrap_or(Ok(true))
    }

    fn short_read_drains(&self) -> bool {
        self.script().drains
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        let mut script = self.script();
        assert!(!script.is_shut_down, "a stream is shut down once");
        if let Some(kind) = script.shutdowns.pop_front() {
            return Err(kind.into());
        }
        script.is_shut_down = true;
        Ok(())
    }
}

impl Read for Scripted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut script = self.script();
        script.asked += 1;
        match script.reads.pop_front().unwrap_or(BLOCK) {
            Answer::Bytes(mut bytes) => {
                let rest = bytes.split_off(bytes.len().min(buffer.len()));
                if !rest.is_empty() {
                    script.reads.push_front(Answer::Bytes(rest));
                }
                buffer[..bytes.len()].copy_from_slice(&bytes);
                script.read += bytes.len();
                Ok(bytes.len())
            }
            Answer::Eof => Ok(0),
            Answer::Fail(kind) => Err(kind.into()),
            Answer::Take(_) => panic!("no answer to read"),
        }
    }
}

impl Write for Scripted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut script = self.script();
        let count = match script.writes.pop_front().unwrap_or(Answer::Take(usize::MAX)) {
            Answer::Take(count) => count,
            Answer::Fail(kind) => return Err(kind.into()),
            Answer::Bytes(_) | Answer::Eof => panic!("no answer to write"),
        };
        let pieces = if script.plain { &pieces[..1] } else { pieces };
        let taken: Vec<u8> = pieces.iter().flat_map(|piece| piece.iter().copied()).take(count).collect();
        let count = taken.len();
        if script.buffers {
            script.held.extend(&taken);
        } else {
            script.sent.extend(&taken);
        }
        script.taken.push(taken);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut script = self.script();
        if script.jams {
            return Err(ErrorKind::WouldBlock.into());
        }
        let held = mem::take(&mut script.held);
        script.sent.extend(held);
        Ok(())
    }
}

/// A set of peers over scripted streams.
pub(crate) struct Set {
    pub(crate) peers: Peers<ChaCha8Rng, Scripted>,
    /// The registry's other half.
    _poll: Poll,
}

impl Set {
    pub(crate) fn new() -> Self {
        Self::of(Config::builder(Network::SIMNET), 100)
    }

    pub(crate) fn of(config: ConfigBuilder, tokens: usize) -> Self {
        let poll = Poll::new().unwrap();
        let registry = poll.registry().try_clone().unwrap();
        let node = Node::new(config.build().unwrap());
        Self { peers: Peers::new(registry, 7..7 + tokens, node, rng(1)), _poll: poll }
    }

    /// Takes in a stream.
    pub(crate) fn add(&mut self, direction: Direction) -> (PeerId, Scripted) {
        let stream = Scripted::default();
        let id = self.peers.insert(stream.clone(), direction, greeting()).unwrap();
        (id, stream)
    }

    /// Takes in a stream whose other end dialled us and shook hands.
    pub(crate) fn established(&mut self) -> (PeerId, Scripted) {
        let (id, stream) = self.add(Direction::Inbound);
        stream.script().say(hands());
        let events = self.events();
        assert!(
            matches!(&events[..], [(a, Event::Version(_)), (b, Event::Established)] if *a == id && *b == id)
        );
        *stream.script() = Script::default();
        (id, stream)
    }

    /// Queues a message at one of them.
    pub(crate) fn send(&mut self, id: PeerId, message: &Message) -> Result<Mark, SendError> {
        send(&mut self.peers, id, message)
    }

    /// Lets time pass, with an owner that looks whenever it is told to, and at the end. No connection ends before.
    pub(crate) fn wait(&mut self, duration: Duration) {
        let end = self.peers.now() + duration;
        while let Some(step) = self.peers.timeout().filter(|step| self.peers.now() + *step < end) {
            self.peers.advance(step);
            self.events();
        }
        let left = end.saturating_since(self.peers.now());
        self.peers.advance(left);
    }

    /// Everything that happens until there is nothing left to do but to wait.
    pub(crate) fn drain(&mut self) -> Vec<(PeerId, PeerEvent)> {
        iter::from_fn(|| self.next()).collect()
    }

    /// The next thing that happens, in as many rounds as it takes.
    pub(crate) fn next(&mut self) -> Option<(PeerId, PeerEvent)> {
        let mut turns = Turns::default();
        loop {
            turns.next();
            let told = self.peers.next_event();
            if told.is_some() || self.peers.timeout() != Some(Duration::ZERO) {
                return told;
            }
        }
    }

    /// The same, if no connection ends.
    pub(crate) fn events(&mut self) -> Vec<(PeerId, Event)> {
        let event = |(id, happened)| match happened {
            PeerEvent::Event(event) => (id, event),
            PeerEvent::Closed(closed) => panic!("{id} is over: {closed}"),
            other => panic!("{id}: {other:?}"),
        };
        self.drain().into_iter().map(event).collect()
    }

    /// The commands of the messages that surface before the one connection ends, and how it does.
    pub(crate) fn end(&mut self) -> (Vec<String>, Outcome) {
        let mut happened = self.drain();
        let Some((_, PeerEvent::Closed(closed))) = happened.pop() else { panic!("it is not over") };
        (happened.iter().map(|(_, happened)| name(happened)).collect(), closed)
    }
}

/// Queues a message at one peer of a set, now.
pub(crate) fn send<S: Transport>(
    peers: &mut Peers<ChaCha8Rng, S>,
    id: PeerId,
    message: &Message,
) -> Result<Mark, SendError> {
    let now = peers.now();
    peers.peer(id).unwrap().send(message, now)
}

/// What something is called.
pub(crate) fn name(happened: &PeerEvent) -> String {
    match happened {
        PeerEvent::Event(Event::Version(_)) => "version".into(),
        PeerEvent::Event(Event::Established) => "established".into(),
        PeerEvent::Event(Event::Message(message)) => message.command().to_string(),
        other => format!("{other:?}"),
    }
}

pub(crate) fn ended(reason: Error) -> Outcome {
    reason.into()
}

pub(crate) fn failed(kind: ErrorKind) -> Outcome {
    Closed::new(Error::TransportFailed, Some(kind)).into()
}

pub(crate) fn greeting() -> ConnectionInfo {
    connection_info(([127, 0, 0, 1], 18555).into(), 0)
}

pub(crate) fn rng(seed: u64) -> ChaCha8Rng {
    limit::begin();
    ChaCha8Rng::seed_from_u64(seed)
}

pub(crate) fn pings(nonces: Range<u64>) -> Vec<u8> {
    nonces.flat_map(|nonce| bytes_of(&ping(nonce))).collect()
}
