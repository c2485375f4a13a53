//! A ping that waits behind a block: each end on a thread of its own, the block encoded beforehand.

use core::net::SocketAddr;
use core::time::Duration;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use mio::net::TcpListener;
use mio::{Events, Poll, Token};
use peer_core::frame::EncodedFrame;
use peer_core::{AcceptLimits, Event, Message, ProtocolVersion};
use peer_mio::{Acceptor, PeerEvent, PeerId, Peers, SystemRng, connection_info};
use peer_tests::figures::clock::Stopwatch;
use peer_tests::samples::usual_block;
use tokio::runtime::{Builder, Runtime};
use tokio::time::sleep;

use crate::way::{self, Failure, NETWORK};

/// A block is sent so often.
const EVERY: Duration = Duration::from_millis(100);

/// When the ping follows its block, of which the transport has some by then. So it may not overtake it.
const AFTER: Duration = Duration::from_micros(500);

/// About 1.3 MB.
const TRANSACTIONS: u32 = 3080;

fn block() -> Result<EncodedFrame, Failure> {
    let block = Message::Block(usual_block(TRANSACTIONS));
    Ok(block.encode_frame(NETWORK, ProtocolVersion::LATEST)?)
}

pub(crate) fn over_tokio(count: usize) -> Result<Vec<f64>, Failure> {
    let (told, address) = channel();
    let far = thread::spawn(move || {
        runtime()?.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
            told.send(listener.local_addr()?)?;
            let (stream, _) = listener.accept().await?;
            let (handle, mut events) = peer_tokio::accept(stream, &way::node()?, 0).await?;
            while events.next().await.is_some() {}
            drop(handle);
            Ok::<_, Failure>(())
        })
    });
    let nanos = runtime()?.block_on(ping_over_tokio(address.recv()?, count))?;
    join(far)?;
    Ok(nanos)
}

async fn ping_over_tokio(address: SocketAddr, count: usize) -> Result<Vec<f64>, Failure> {
    let (block, mut nanos) = (block()?, Vec::new());
    let (handle, mut events) = peer_tokio::connect(address, &way::node()?, 0).await?;
    for nonce in 0..count {
        let start = Stopwatch::start();
        handle.send_encoded(&block).await?;
        while start.elapsed() < AFTER {
            tokio::task::yield_now().await;
        }
        let start = Stopwatch::start();
        handle.send(way::ping(nonce as u64)).await?;
        while !is_pong(&events.next().await.ok_or("the connection is over")?) {}
        nanos.push(start.elapsed().as_nanos() as f64);
        sleep(EVERY).await;
    }
    handle.close();
    handle.closed().await;
    Ok(nanos)
}

pub(crate) fn over_mio(count: usize) -> Result<Vec<f64>, Failure> {
    let (told, address) = channel();
    let far = thread::spawn(move || {
        let mut far = End::new()?;
        let listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
        let limits = AcceptLimits::new(1, 1);
        let mut acceptor = Acceptor::new(far.poll.registry(), Token(0), listener, limits)?;
        told.send(acceptor.listener().local_addr()?)?;
        while !far.is_over {
            far.turn(None)?;
            for event in &far.events {
                acceptor.ready(event);
            }
            while let Some(accepted) = acceptor.accept(&mut far.peers, 0) {
                accepted?;
            }
        }
        Ok::<_, Failure>(())
    });
    let nanos = ping_over_mio(&address, count)?;
    join(far)?;
    Ok(nanos)
}

fn ping_over_mio(address: &Receiver<SocketAddr>, count: usize) -> Result<Vec<f64>, Failure> {
    let (block, mut nanos, mut near) = (block()?, Vec::new(), End::new()?);
    let address = address.recv()?;
    let id = near.peers.connect(address, connection_info(address, 0))?;
    while !near.is_established {
        near.turn(None)?;
    }
    for nonce in 0..count {
        let start = Stopwatch::start();
        near.peers.try_send_encoded(id, &block)?;
        while start.elapsed() < AFTER {
            near.turn(Some(Duration::ZERO))?;
        }
        let start = Stopwatch::start();
        near.peers.try_send(id, &way::ping(nonce as u64))?;
        while near.pongs <= nonce {
            near.turn(None)?;
        }
        nanos.push(start.elapsed().as_nanos() as f64);
        near.rest(EVERY)?;
    }
    near.end(id)?;
    Ok(nanos)
}

/// One set with one connection.
struct End {
    poll: Poll,
    events: Events,
    peers: Peers<SystemRng>,
    is_established: bool,
    is_over: bool,
    pongs: usize,
}

impl End {
    fn new() -> Result<Self, Failure> {
        let poll = Poll::new()?;
        let peers = Peers::new(poll.registry().try_clone()?, 1..2, way::node()?, SystemRng);
        let events = Events::with_capacity(16);
        Ok(Self { poll, events, peers, is_established: false, is_over: false, pongs: 0 })
    }

    fn turn(&mut self, most: Option<Duration>) -> Result<(), Failure> {
        let timeout = [self.peers.timeout(), most].into_iter().flatten().min();
        self.poll.poll(&mut self.events, timeout)?;
        for event in &self.events {
            self.peers.ready(event);
        }
        while let Some((_, happened)) = self.peers.next_event() {
            match happened {
                PeerEvent::Event(Event::Established) => self.is_established = true,
                PeerEvent::Event(event) => self.pongs += usize::from(is_pong(&event)),
                PeerEvent::Closed(_) => self.is_over = true,
                _ => {}
            }
        }
        Ok(())
    }

    fn rest(&mut self, time: Duration) -> Result<(), Failure> {
        let start = Stopwatch::start();
        while let Some(left) = time.checked_sub(start.elapsed()) {
            self.turn(Some(left))?;
        }
        Ok(())
    }

    fn end(&mut self, id: PeerId) -> Result<(), Failure> {
        self.peers.close(id);
        while !self.is_over {
            self.turn(None)?;
        }
        Ok(())
    }
}

const fn is_pong(event: &Event) -> bool {
    matches!(event, Event::Message(Message::Pong(_)))
}

fn runtime() -> Result<Runtime, Failure> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

fn join(far: thread::JoinHandle<Result<(), Failure>>) -> Result<(), Failure> {
    far.join().map_err(|_| "the far end panicked")?
}
