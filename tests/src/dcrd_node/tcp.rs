//! The scripted node on loopback sockets, for programs.
//!
//! One thread owns the node; each connection has one that reads and one that writes. The node's clock may run faster than
//! the real one, so that what it demands within minutes is demanded within seconds.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};

use peer_core::Time;

use super::clock::Clock;
use super::rules::Rule;
use super::{ConnectionId, DcrdNode};

/// A node that listens. It ends with this value.
#[derive(Debug)]
pub struct TcpNode {
    address: SocketAddr,
    events: Sender<TcpEvent>,
    thread: Option<JoinHandle<()>>,
}

type Command = Box<dyn FnOnce(&mut DcrdNode, Time) + Send>;

enum TcpEvent {
    /// A stream, and whether the node dialled it.
    Connected(TcpStream, bool),
    Received(ConnectionId, Vec<u8>),
    Eof(ConnectionId),
    Taken(ConnectionId, usize),
    Do(Command),
    Stop,
}

impl TcpNode {
    /// Listens on a free port of the loopback address. A second of real time is `speed` seconds of the node's.
    ///
    /// # Errors
    ///
    /// Those of the socket.
    pub fn start(node: DcrdNode, speed: u32) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let (events, inbox) = channel();
        let accepted = events.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if accepted.send(TcpEvent::Connected(stream, false)).is_err() {
                    return;
                }
            }
        });
        let outbox = events.clone();
        let clock = Clock::start(speed);
        let driver = Driver { node, links: BTreeMap::new(), events: outbox, clock };
        let thread = Some(thread::spawn(move || driver.run(&inbox)));
        Ok(Self { address, events, thread })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes the node dial a peer.
    ///
    /// # Errors
    ///
    /// Those of the socket.
    pub fn dial(&self, address: SocketAddr) -> io::Result<()> {
        let stream = TcpStream::connect_timeout(&address, DIAL)?;
        self.events.send(TcpEvent::Connected(stream, true)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Looks at the node, or commands it, in its own thread.
    pub fn with<T: Send + 'static>(&self, work: impl FnOnce(&mut DcrdNode, Time) -> T + Send + 'static) -> T {
        let (result, answer) = channel();
        let command: Command = Box::new(move |node, now| {
            // The task that asked waits for it.
            drop(result.send(work(node, now)));
        });
        self.events.send(TcpEvent::Do(command)).expect("the node runs");
        answer.recv().expect("the node runs")
    }

    /// Waits until the node says so.
    ///
    /// # Panics
    ///
    /// If it does not within a minute.
    pub fn wait_until(&self, what: &str, is_so: fn(&DcrdNode, Time) -> bool) {
        let (clock, latest) = (Clock::start(1), Time::from_elapsed(Duration::from_secs(60)));
        while !self.with(is_so_now(is_so)) {
            assert!(clock.now() < latest, "{what}: {:#?}", self.with(|node, _| ends(node)));
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for TcpNode {
    fn drop(&mut self) {
        // A thread that is gone needs no word.
        drop(self.events.send(TcpEvent::Stop));
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn is_so_now(is_so: fn(&DcrdNode, Time) -> bool) -> impl FnOnce(&mut DcrdNode, Time) -> bool + Send {
    move |node, now| is_so(node, now)
}

/// How every connection ended that did.
fn ends(node: &DcrdNode) -> Vec<Rule> {
    node.connections().filter_map(|id| node.ended(id)).map(|ended| ended.rule).collect()
}

/// The thread that owns the node.
struct Driver {
    node: DcrdNode,
    links: BTreeMap<ConnectionId, Link>,
    events: Sender<TcpEvent>,
    clock: Clock,
}

struct Link {
    stream: TcpStream,
    writer: Sender<Vec<u8>>,
    is_writing: bool,
}

impl Driver {
    fn run(mut self, inbox: &Receiver<TcpEvent>) {
        loop {
            let wait = self.node.poll_timeout().map(|at| self.clock.until(at));
            match inbox.recv_timeout(wait.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT)) {
                Ok(TcpEvent::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(event) => self.on_event(event),
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.node.handle_timeout(self.clock.now());
            self.write();
        }
        self.links.values().for_each(|link| drop(link.stream.shutdown(Shutdown::Both)));
    }

    fn on_event(&mut self, event: TcpEvent) {
        let now = self.clock.now();
        match event {
            TcpEvent::Connected(stream, is_dialled) => self.connect(stream, is_dialled),
            TcpEvent::Received(id, bytes) => self.node.receive(id, &bytes, now),
            TcpEvent::Eof(id) => self.node.handle_eof(id, now),
            TcpEvent::Taken(id, count) => {
                self.node.handle_transmitted(id, count, now);
                if let Some(link) = self.links.get_mut(&id) {
                    link.is_writing = false;
                }
            }
            TcpEvent::Do(command) => command(&mut self.node, now),
            TcpEvent::Stop => {}
        }
    }

    fn connect(&mut self, stream: TcpStream, is_dialled: bool) {
        let now = self.clock.now();
        let host = stream.peer_addr().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip());
        let id = if is_dialled { self.node.dial(host, now) } else { self.node.accept(host, now) };
        let (Ok(reading), Ok(writing)) = (stream.try_clone(), stream.try_clone()) else {
            return self.node.close(id, now);
        };
        let (events, (writer, frames)) = (self.events.clone(), channel());
        thread::spawn(move || read(reading, id, &events));
        let events = self.events.clone();
        thread::spawn(move || write(writing, id, &frames, &events));
        self.links.insert(id, Link { stream, writer, is_writing: false });
    }

    /// Gives each writer the next frame, and ends the streams of connections that are over.
    fn write(&mut self) {
        let (now, node) = (self.clock.now(), &mut self.node);
        self.links.retain(|id, link| {
            let ended = node.ended(*id);
            if !link.is_writing {
                let bytes = node.poll_transmit(*id, now).to_vec();
                link.is_writing = !bytes.is_empty() && link.writer.send(bytes).is_ok();
            }
            let is_over = ended.is_some_and(|ended| !link.is_writing || ended.rule == Rule::WriteTimeout);
            if is_over {
                // The remote may have been first.
                drop(link.stream.shutdown(Shutdown::Both));
            }
            !is_over
        });
    }
}

fn read(mut stream: TcpStream, id: ConnectionId, events: &Sender<TcpEvent>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        if events.send(TcpEvent::Received(id, buffer[..count].to_vec())).is_err() {
            return;
        }
    }
    // The driver may be gone.
    drop(events.send(TcpEvent::Eof(id)));
}

fn write(mut stream: TcpStream, id: ConnectionId, frames: &Receiver<Vec<u8>>, events: &Sender<TcpEvent>) {
    for frame in frames {
        let event = match stream.write_all(&frame) {
            Ok(()) => TcpEvent::Taken(id, frame.len()),
            Err(_) => TcpEvent::Eof(id),
        };
        if events.send(event).is_err() {
            return;
        }
    }
}

const LONGEST_WAIT: Duration = Duration::from_secs(1);
const DIAL: Duration = Duration::from_secs(5);
