//! The same bytes through sockets and a poll, and no protocol: what the system costs.

use std::io::{self, ErrorKind, Read, Write};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use peer_core::{Message, ProtocolVersion, frame};
use peer_tests::remote::introduction;

use crate::lines::Work;
use crate::way::{self, Failure, LONG, NETWORK, Way};

/// Most bytes of one read or write, as in `peer-mio`.
const PIECE: usize = 64 * 1024;

const LISTENER: Token = Token(0);
const NEAR: Token = Token(1);
const FAR: Token = Token(2);

pub(crate) struct Sockets {
    system: System,
    near: End,
    far: End,
}

struct System {
    poll: Poll,
    events: Events,
    listener: TcpListener,
    buffer: Vec<u8>,
}

struct End {
    stream: TcpStream,
    token: Token,
    readable: bool,
    writable: bool,
    /// The other end closed.
    is_over: bool,
    read: usize,
    written: usize,
}

impl Sockets {
    pub(crate) fn new() -> Result<Self, Failure> {
        let mut system = System::new()?;
        let (near, far) = system.connect()?;
        Ok(Self { system, near, far })
    }

    /// Sends this frame again and again, `total` bytes in all. Where far answers it is with as many, and near
    /// sends only `ahead` bytes more than came back.
    fn talk(&mut self, frame: &[u8], ahead: usize, total: usize, answers: bool) -> Result<(), Failure> {
        let source = frame.repeat(PIECE.div_ceil(frame.len()));
        let Self { system, near, far } = self;
        for end in [&mut *near, &mut *far] {
            (end.read, end.written) = (0, 0);
        }
        loop {
            near.write(&source, total.min(near.read + ahead))?;
            far.read(&mut system.buffer)?;
            if answers {
                far.write(&source, far.read)?;
                near.read(&mut system.buffer)?;
            }
            if total == if answers { near.read } else { far.read } {
                return Ok(());
            }
            let goes_on = near.writable && near.written < total.min(near.read + ahead);
            if !goes_on && !near.readable && !far.readable {
                system.wait([near, far])?;
            }
        }
    }
}

impl Way for Sockets {
    fn run(&mut self, work: &Work, count: usize) -> Result<(), Failure> {
        match work {
            Work::PingPong { outstanding } => {
                let ping = encode(&way::ping(0))?;
                self.talk(&ping, outstanding * ping.len(), count * ping.len(), true)
            }
            Work::Requests => self.run(&Work::PingPong { outstanding: 1 }, count),
            Work::OneWay { frame, .. } => self.talk(frame, count * frame.len(), count * frame.len(), false),
            Work::Handshakes => {
                let (version, verack) = (encode(&introduction(12).into())?, encode(&Message::Verack)?);
                let both = [&version[..], &verack].concat();
                (0..count).try_for_each(|_| self.system.shake_hands(&version, &both, &verack))
            }
        }
    }
}

impl System {
    fn new() -> Result<Self, Failure> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self { poll, events: Events::with_capacity(16), listener, buffer: vec![0; PIECE] })
    }

    /// A connection, accepted.
    fn connect(&mut self) -> Result<(End, End), Failure> {
        let dialled = TcpStream::connect(self.listener.local_addr()?)?;
        let near = End::new(&self.poll, dialled, NEAR)?;
        loop {
            self.poll.poll(&mut self.events, Some(LONG))?;
            match attempt(|| self.listener.accept())? {
                Some((accepted, _)) => return Ok((near, End::new(&self.poll, accepted, FAR)?)),
                None if self.events.is_empty() => return Err("no connection came".into()),
                None => {}
            }
        }
    }

    /// Makes a connection, says in turn what a handshake says, and closes it.
    fn shake_hands(&mut self, first: &[u8], second: &[u8], third: &[u8]) -> Result<(), Failure> {
        let (mut near, mut far) = self.connect()?;
        self.say(&mut near, &mut far, first)?;
        self.say(&mut far, &mut near, second)?;
        self.say(&mut near, &mut far, third)?;
        drop(near);
        while !far.is_over {
            self.wait([&mut far])?;
            far.read(&mut self.buffer)?;
        }
        Ok(())
    }

    fn say(&mut self, from: &mut End, to: &mut End, bytes: &[u8]) -> Result<(), Failure> {
        (from.written, to.read) = (0, 0);
        from.write(bytes, bytes.len())?;
        while to.read < bytes.len() {
            self.wait([to])?;
            to.read(&mut self.buffer)?;
        }
        Ok(())
    }

    fn wait<const N: usize>(&mut self, mut ends: [&mut End; N]) -> Result<(), Failure> {
        self.poll.poll(&mut self.events, Some(LONG))?;
        if self.events.is_empty() {
            return Err("nothing happens any more".into());
        }
        for event in &self.events {
            if let Some(end) = ends.iter_mut().find(|end| end.token == event.token()) {
                end.readable |= event.is_readable();
                end.writable |= event.is_writable();
            }
        }
        Ok(())
    }
}

impl End {
    fn new(poll: &Poll, mut stream: TcpStream, token: Token) -> Result<Self, Failure> {
        poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, token, readable: false, writable: true, is_over: false, read: 0, written: 0 })
    }

    /// Writes once, where not all that it owes is written, which is `source` again and again.
    fn write(&mut self, source: &[u8], owes: usize) -> Result<(), Failure> {
        let rest = (owes - self.written).min(PIECE);
        if self.writable && rest > 0 {
            let bytes = &source[self.written % source.len()..];
            match attempt(|| self.stream.write(&bytes[..rest.min(bytes.len())]))? {
                Some(count) => self.written += count,
                None => self.writable = false,
            }
        }
        Ok(())
    }

    /// Reads once, where the poll said so. A read that does not fill the buffer was the last one.
    fn read(&mut self, buffer: &mut [u8]) -> Result<(), Failure> {
        if self.readable {
            let count = attempt(|| self.stream.read(buffer))?;
            self.is_over = count == Some(0);
            let count = count.unwrap_or_default();
            self.readable = count == buffer.len();
            self.read += count;
        }
        Ok(())
    }
}

fn encode(message: &Message) -> Result<Vec<u8>, Failure> {
    Ok(frame::encode(message, NETWORK, ProtocolVersion::LATEST)?)
}

/// `None` where it would block.
fn attempt<T>(act: impl FnOnce() -> io::Result<T>) -> io::Result<Option<T>> {
    match act() {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}
