//! Two machines over sockets, driven by `peer-mio`: two sets in one poll.

use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use peer_core::{Direction, Event, Message, Request, RequestOptions};
use peer_mio::{PeerEvent, PeerId, Peers, connection_info};
use rand_chacha::ChaCha8Rng;

use crate::lines::Work;
use crate::way::{self, Failure, LONG, Way, has_more, is_message};

const LISTENER: Token = Token(0);

pub(crate) struct OverMio {
    poll: Poll,
    events: Events,
    listener: TcpListener,
    near: Peers<ChaCha8Rng>,
    far: Peers<ChaCha8Rng>,
    /// The connection that stays.
    id: PeerId,
}

/// What happened since it was asked last.
#[derive(Default)]
struct Heard {
    near: usize,
    far: usize,
}

impl OverMio {
    pub(crate) fn new() -> Result<Self, Failure> {
        let (poll, events) = (Poll::new()?, Events::with_capacity(16));
        let mut listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let mut near = Peers::new(poll.registry().try_clone()?, 1..10, way::node()?, way::rng(1));
        let far = Peers::new(poll.registry().try_clone()?, 10..20, way::node()?, way::rng(2));
        let address = listener.local_addr()?;
        let id = near.connect(address, connection_info(address, 0))?;
        let mut this = Self { poll, events, listener, near, far, id };
        this.until_established()?;
        Ok(this)
    }

    fn ping_pong(&mut self, outstanding: usize, count: usize, by_id: bool) -> Result<(), Failure> {
        let (mut said, mut heard) = (0, 0);
        loop {
            while said < count.min(heard + outstanding) {
                let now = self.near.now();
                let peer = self.near.peer(self.id).ok_or("the connection is over")?;
                if by_id {
                    peer.request(&Request::Ping, RequestOptions::new(), now)?;
                } else {
                    peer.send(&way::ping(said as u64), now)?;
                }
                said += 1;
            }
            heard += self.happened(is_message)?.near;
            if heard == count {
                return Ok(());
            }
            if said == count.min(heard + outstanding) {
                self.wait()?;
            }
        }
    }

    fn one_way(&mut self, message: &Message, len: usize, count: usize) -> Result<(), Failure> {
        let (mut said, mut heard) = (0, 0);
        loop {
            let now = self.near.now();
            let peer = self.near.peer(self.id).ok_or("the connection is over")?;
            while said < count && has_more(peer.queued(), len) {
                peer.send(message, now)?;
                said += 1;
            }
            heard += self.happened(is_message)?.far;
            if heard == count {
                return Ok(());
            }
            self.wait()?;
        }
    }

    fn shake_hands(&mut self) -> Result<(), Failure> {
        let address = self.listener.local_addr()?;
        let id = self.near.connect(address, connection_info(address, 0))?;
        self.until_established()?;
        self.near.close(id);
        let mut ends = 0;
        loop {
            for set in [&mut self.near, &mut self.far] {
                while let Some((_, happened)) = set.next_event() {
                    ends += usize::from(matches!(happened, PeerEvent::Closed(_)));
                }
            }
            if ends == 2 {
                return Ok(());
            }
            self.wait()?;
        }
    }

    /// Goes on until both ends of a new connection have shaken hands.
    fn until_established(&mut self) -> Result<(), Failure> {
        let mut count = 0;
        loop {
            let heard = self.happened(|event| *event == Event::Established)?;
            count += heard.near + heard.far;
            if count == 2 {
                return Ok(());
            }
            self.wait()?;
        }
    }

    /// Asks both sets for everything that happened, and counts.
    fn happened(&mut self, counts: impl Fn(&Event) -> bool) -> Result<Heard, Failure> {
        let mut heard = Heard::default();
        for (set, heard) in [(&mut self.near, &mut heard.near), (&mut self.far, &mut heard.far)] {
            while let Some((_, happened)) = set.next_event() {
                match happened {
                    PeerEvent::Event(event) => *heard += usize::from(counts(&event)),
                    PeerEvent::Closed(closed) => return Err(closed.into()),
                    _ => {}
                }
            }
        }
        Ok(heard)
    }

    fn wait(&mut self) -> Result<(), Failure> {
        let timeout = [self.near.timeout(), self.far.timeout()].into_iter().flatten().min();
        self.poll.poll(&mut self.events, timeout)?;
        if timeout.is_none_or(|timeout| timeout > LONG) && self.events.is_empty() {
            return Err("nothing happens any more".into());
        }
        for event in &self.events {
            if self.near.ready(event) || self.far.ready(event) {
                continue;
            }
            while let Ok((stream, address)) = self.listener.accept() {
                self.far.insert(stream, Direction::Inbound, connection_info(address, 0))?;
            }
        }
        Ok(())
    }
}

impl Way for OverMio {
    fn run(&mut self, work: &Work, count: usize) -> Result<(), Failure> {
        match work {
            Work::PingPong { outstanding } => self.ping_pong(*outstanding, count, false),
            Work::Requests => self.ping_pong(1, count, true),
            Work::OneWay { message, frame } => self.one_way(message, frame.len(), count),
            Work::Handshakes => (0..count).try_for_each(|_| self.shake_hands()),
        }
    }
}
