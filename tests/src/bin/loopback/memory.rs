//! Two machines, and their bytes handed over: what the protocol costs without a system.

use bytes::BytesMut;
use peer_core::{Connection, Node, Request, RequestOptions, Time};
use rand_chacha::ChaCha8Rng;

use crate::lines::Work;
use crate::way::{self, Failure, Way, has_more, is_message};

/// Most bytes handed over at a time, as many as the adapters read.
const PIECE: usize = 64 * 1024;

pub(crate) struct Memory {
    nodes: [Node; 2],
    rng: ChaCha8Rng,
    near: End,
    far: End,
}

struct End {
    peer: Connection,
    input: BytesMut,
}

impl Memory {
    pub(crate) fn new() -> Result<Self, Failure> {
        let (nodes, mut rng) = ([way::node()?, way::node()?], way::rng(1));
        let (near, far) = shake_hands(&nodes, &mut rng)?;
        Ok(Self { nodes, rng, near, far })
    }

    fn ping_pong(&mut self, outstanding: usize, count: usize) -> Result<(), Failure> {
        let (mut said, mut heard) = (0, 0);
        while heard < count {
            while said < count.min(heard + outstanding) {
                self.near.peer.peer_mut().send(&way::ping(said as u64), Time::ZERO)?;
                said += 1;
            }
            carry(&mut self.near, &mut self.far)?;
            heard += carry(&mut self.far, &mut self.near)?;
        }
        Ok(())
    }
}

impl Way for Memory {
    fn run(&mut self, work: &Work, count: usize) -> Result<(), Failure> {
        match work {
            Work::PingPong { outstanding } => self.ping_pong(*outstanding, count)?,
            Work::Requests => {
                for _ in 0..count {
                    self.near.peer.peer_mut().request(&Request::Ping, RequestOptions::new(), Time::ZERO)?;
                    carry(&mut self.near, &mut self.far)?;
                    carry(&mut self.far, &mut self.near)?;
                }
            }
            Work::OneWay { message, frame } => {
                let (mut said, mut heard) = (0, 0);
                while heard < count {
                    while said < count && has_more(self.near.peer.peer().queued(), frame.len()) {
                        self.near.peer.peer_mut().send(message, Time::ZERO)?;
                        said += 1;
                    }
                    heard += carry(&mut self.near, &mut self.far)?;
                }
            }
            Work::Handshakes => {
                for _ in 0..count {
                    let (mut near, mut far) = shake_hands(&self.nodes, &mut self.rng)?;
                    near.peer.peer_mut().close();
                    far.peer.handle_eof(&[]);
                }
            }
        }
        Ok(())
    }
}

fn shake_hands(nodes: &[Node; 2], rng: &mut ChaCha8Rng) -> Result<(End, End), Failure> {
    let info = peer_tests::remote::connection_info();
    let end = |peer| End { peer, input: BytesMut::new() };
    let mut near = end(Connection::outbound(&nodes[0], info, Time::ZERO, rng)?);
    let mut far = end(Connection::inbound(&nodes[1], info, Time::ZERO, rng));
    while !near.peer.peer().is_established() || !far.peer.peer().is_established() {
        carry(&mut near, &mut far)?;
        carry(&mut far, &mut near)?;
    }
    Ok((near, far))
}

/// Hands over all that waits to be written. Returns how many messages surfaced.
fn carry(from: &mut End, to: &mut End) -> Result<usize, Failure> {
    let mut messages = 0;
    while from.peer.wants_write() {
        let waiting = from.peer.poll_transmit(Time::ZERO);
        let piece = &waiting[..waiting.len().min(PIECE)];
        to.input.extend_from_slice(piece);
        let count = piece.len();
        from.peer.handle_transmitted(count, Time::ZERO);
        if from.peer.wants_write() && to.input.len() < to.peer.read_ahead() {
            continue;
        }
        while let Some(event) = to.peer.receive(&mut to.input, Time::ZERO)? {
            messages += usize::from(is_message(&event));
        }
    }
    Ok(messages)
}
