//! Connections of the mio adapter, over loopback TCP.

use core::time::Duration;
use std::io::Write as _;
use std::net::TcpStream;
use std::thread;

use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use peer_core::message::Ping;
use peer_core::{Config, Direction, Event, Message, Network, Node};
use peer_mio::{PeerEvent, PeerId, Peers, connection_info};
use peer_tests::remote::{bytes_of, hands};
use peer_tests::samples::{inv_of, ping};
use peer_tests::stated::{Place, assert_states};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use crate::meter::{Meter, measured};
use crate::sockets::affordable;

/// As many are dialled at a time, so that none waits for the listener in vain.
const TOGETHER: usize = 100;

/// Longer than anything here takes: a test that waits so long has failed.
const LONG: Duration = Duration::from_secs(20);

/// Where it is told how many bytes an end of an idle connection takes.
const PLACES: [Place; 7] = [
    ("docs/limits.md", "an idle connection between two peers of ours is "),
    ("README.md", "with the longest user agent 740 bytes; "),
    ("README.md", "An idle connection takes "),
    ("docs/performance.md", "| memory of an idle connection over TCP, mio / tokio | "),
    ("docs/performance.md", "| ≤ 1 kB / 2 kB | 0.6 / 1.2 | "),
    ("peer-mio/src/lib.rs", "An idle peer has no buffer. It takes "),
    ("CHANGELOG.md", "half-open connects, typed ends, "),
];

/// Two sets in one poll, of which one dials the other.
struct Fixture {
    poll: Poll,
    events: Events,
    listener: TcpListener,
    near: Peers<ChaCha8Rng>,
    far: Peers<ChaCha8Rng>,
}

pub(crate) fn idle() {
    let connections = affordable();
    let mut fixture = Fixture::new();
    let meter = Meter::start();
    let mut ids = Vec::new();
    while ids.len() < connections {
        ids.extend(fixture.dial(TOGETHER.min(connections - ids.len())));
    }
    let names = ids.capacity() * size_of::<PeerId>();
    let held = meter.held() - names;
    let each = held / (2 * connections);
    assert_states(&format!("an end of {connections} idle connections"), each, 1, &PLACES);
    assert_eq!((fixture.near.iter().count(), fixture.far.iter().count()), (connections, connections));

    fixture.exchange(&ids);
    let held = meter.held() - names;
    let each = held / (2 * connections);
    assert_states("an end that idles again after an exchange", each, 1, &PLACES);
}

/// What was read together with it is let go of.
pub(crate) fn half_a_frame() {
    let mut fixture = Fixture::new();
    let mut remote = TcpStream::connect(fixture.listener.local_addr().unwrap()).unwrap();
    remote.write_all(&hands()).unwrap();
    fixture.until(1, |event| *event == Event::Established);
    let meter = Meter::start();
    let pings: Vec<u8> = (0..1000).flat_map(|nonce| bytes_of(&ping(nonce))).collect();
    let bytes = pings.capacity();
    remote.write_all(&pings[..pings.len() - 1]).unwrap();
    fixture.until(999, |event| matches!(event, Event::Message(_)));
    let held = meter.held() - bytes;
    assert!(held <= 1024, "{held} bytes for 31");
}

/// The buffer of a frame that comes in many reads grows, and is not copied for each of them.
pub(crate) fn large_frame() {
    let mut fixture = Fixture::new();
    let mut remote = TcpStream::connect(fixture.listener.local_addr().unwrap()).unwrap();
    remote.write_all(&hands()).unwrap();
    fixture.until(1, |event| *event == Event::Established);
    let frame = bytes_of(&inv_of(40_000));
    let len = frame.len();
    let sends = thread::spawn(move || {
        for piece in frame.chunks(16 * 1024) {
            remote.write_all(piece).unwrap();
            thread::sleep(Duration::from_millis(1));
        }
        remote
    });
    let ((), _, allocated) = measured(|| fixture.until(1, |event| matches!(event, Event::Message(_))));
    drop(sends.join().unwrap());
    assert!(allocated <= 6 * len, "{allocated} bytes were allocated for {len}");
}

impl Fixture {
    fn new() -> Self {
        let poll = Poll::new().unwrap();
        let mut listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).unwrap();
        poll.registry().register(&mut listener, Token(0), Interest::READABLE).unwrap();
        let set = |tokens, seed| {
            let node = Node::new(Config::builder(Network::SIMNET).build().unwrap());
            Peers::new(poll.registry().try_clone().unwrap(), tokens, node, ChaCha8Rng::seed_from_u64(seed))
        };
        let (near, far) = (set(1..10_000, 1), set(10_000..20_000, 2));
        Self { poll, events: Events::with_capacity(1024), listener, near, far }
    }

    /// Makes so many connections, and returns when all have shaken hands at both ends.
    fn dial(&mut self, count: usize) -> Vec<PeerId> {
        let address = self.listener.local_addr().unwrap();
        let ids =
            (0..count).map(|_| self.near.connect(address, connection_info(address, 0)).unwrap()).collect();
        self.until(2 * count, |event| *event == Event::Established);
        ids
    }

    /// Pings every peer, and returns when all pings and pongs were delivered.
    fn exchange(&mut self, ids: &[PeerId]) {
        let now = self.near.now();
        for id in ids {
            self.near.peer(*id).unwrap().send(&Message::Ping(Ping { nonce: id.get() }), now).unwrap();
        }
        self.until(2 * ids.len(), |event| matches!(event, Event::Message(_)));
    }

    /// Runs until so many such events came and none is left.
    fn until(&mut self, mut count: usize, counts: impl Fn(&Event) -> bool) {
        loop {
            while let Some((id, event)) = self.near.next_event().or_else(|| self.far.next_event()) {
                match event {
                    PeerEvent::Event(event) => count -= usize::from(counts(&event)),
                    PeerEvent::Closed(closed) => panic!("{id} has closed: {closed}"),
                    _ => {}
                }
            }
            if count == 0 {
                return;
            }
            let timeouts = [self.near.timeout(), self.far.timeout()];
            let timeout = timeouts.into_iter().flatten().min().unwrap_or(LONG);
            self.poll.poll(&mut self.events, Some(timeout)).unwrap();
            assert!(timeout < LONG || !self.events.is_empty(), "nothing happens any more");
            for event in &self.events {
                if !self.near.ready(event) && !self.far.ready(event) {
                    while let Ok((stream, address)) = self.listener.accept() {
                        self.far.insert(stream, Direction::Inbound, connection_info(address, 0)).unwrap();
                    }
                }
            }
        }
    }
}
