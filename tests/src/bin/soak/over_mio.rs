//! The part over `peer-mio`: a set that dials and a set that accepts, in one poll on one thread.

use core::net::SocketAddr;
use core::ops::Range;
use core::time::Duration;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::Arc;

use mio::net::TcpListener;
use mio::{Events, Poll, Token};
use peer_core::Event;
use peer_mio::{AcceptError, AcceptLimits, Acceptor, Outcome, PeerEvent, PeerId, Peers, connection_info};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng as _;

use crate::Failure;
use crate::clock;
use crate::plan::{Plan, below, rng};
use crate::run::{Setting, node};
use crate::session::{LEAVING, Session, Wish};

/// The longest sleep, so that the end of the run and stuck connections are noticed.
const NAP: Duration = Duration::from_millis(50);

/// One set and what its connections say.
struct Side {
    peers: Peers<ChaCha8Rng>,
    sessions: BTreeMap<PeerId, Session>,
    paused: Vec<PeerId>,
}

pub(crate) fn run(listener: std::net::TcpListener, setting: &Setting) -> Result<(), Failure> {
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(1024));
    let mut rng = rng(setting.seed, 1);
    let mut near = Side::new(&poll, 1..1000, &mut rng)?;
    let mut far = Side::new(&poll, 1000..10_000, &mut rng)?;
    let (listener, limits) = (TcpListener::from_std(listener), AcceptLimits::new(9000, 9000));
    let mut acceptor = Acceptor::new(poll.registry(), Token(0), listener, limits)?;
    let (mut checked, mut dials) = (clock::now(), true);
    while dials || setting.tally.is_dialling() || !far.peers.is_empty() {
        if !setting.tally.stops() {
            near.dial(setting, &mut rng);
        } else if dials && near.peers.is_empty() {
            dials = false;
            setting.tally.end_dialling();
        }
        let timeouts = [near.peers.timeout(), far.peers.timeout(), acceptor.timeout(&far.peers), Some(NAP)];
        match poll.poll(&mut events, timeouts.into_iter().flatten().min()) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.into()),
            _ => {}
        }
        for event in &events {
            let _is_known = near.peers.ready(event) || far.peers.ready(event) || acceptor.ready(event);
        }
        far.accept(&mut acceptor, setting)?;
        near.run(&mut rng);
        far.run(&mut rng);
        if checked.elapsed() > Duration::from_secs(1) {
            near.close_stuck();
            far.close_stuck();
            checked = clock::now();
        }
    }
    Ok(())
}

impl Side {
    fn new(poll: &Poll, tokens: Range<usize>, rng: &mut ChaCha8Rng) -> Result<Self, Failure> {
        let peers = Peers::new(poll.registry().try_clone()?, tokens, node()?, ChaCha8Rng::from_rng(rng));
        Ok(Self { peers, sessions: BTreeMap::new(), paused: Vec::new() })
    }

    fn dial(&mut self, setting: &Setting, rng: &mut ChaCha8Rng) {
        while self.peers.len() < setting.peers {
            let plan = Plan::draw(setting.tally.begin(), rng);
            let address: SocketAddr = setting.targets[below(rng, 2) as usize];
            match self.peers.connect(address, connection_info(address, 0)) {
                Ok(id) => drop(self.sessions.insert(id, Session::dialled(plan, Arc::clone(&setting.tally)))),
                // As when no port is free: later.
                Err(error) => return setting.tally.end(&format!("cannot dial: {error}")),
            }
        }
    }

    fn accept(&mut self, acceptor: &mut Acceptor, setting: &Setting) -> Result<(), Failure> {
        while let Some(accepted) = acceptor.accept(&mut self.peers, 0) {
            match accepted {
                Ok((id, _)) => drop(self.sessions.insert(id, Session::accepted(Arc::clone(&setting.tally)))),
                Err(AcceptError::Io(error)) => setting.tally.end(&format!("cannot accept: {error}")),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn run(&mut self, rng: &mut ChaCha8Rng) {
        for id in self.paused.drain(..) {
            self.peers.resume(id);
        }
        while let Some((id, happened)) = self.peers.next_event() {
            if let PeerEvent::Closed(outcome) = happened {
                let Some(session) = self.sessions.remove(&id) else { continue };
                match outcome {
                    Outcome::Closed(closed) => session.on_end(&closed.to_string()),
                    other => session.on_no_connection(&other.to_string()),
                }
                continue;
            }
            let Some(session) = self.sessions.get_mut(&id) else { continue };
            match happened {
                PeerEvent::Event(Event::Established) => session.on_established(),
                PeerEvent::Event(Event::Message(message)) => session.on_message(&message),
                _ => {}
            }
            if below(rng, 64) == 0 {
                self.peers.pause(id);
                self.paused.push(id);
            }
            drive(&mut self.peers, id, session);
        }
    }

    fn close_stuck(&mut self) {
        let stuck: Vec<_> =
            self.sessions.iter().filter(|(_, session)| session.is_stuck()).map(|(id, _)| *id).collect();
        for id in stuck {
            if let Some(session) = self.sessions.remove(&id) {
                session.on_stuck();
            }
            self.peers.close(id);
        }
    }
}

/// Does what the session wants, until the queue is full.
fn drive(peers: &mut Peers<ChaCha8Rng>, id: PeerId, session: &mut Session) {
    loop {
        match session.wish() {
            Wish::GoOn => {}
            Wish::Leave => return peers.leave(id, LEAVING),
            Wish::Close => return peers.close(id),
        }
        // Where it is refused, room or the end follows.
        match session.next() {
            Some(message) if peers.try_send(id, &message).is_ok() => session.on_said(),
            _ => return,
        }
    }
}
