//! No feature changes what the machine does: one conversation has the same bytes, events, deadlines and statistics
//! under each combination of features. `.ci/release behaviour` runs it under all of them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::fmt;
use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;

use bytes::BytesMut;
use peer_core::blake256::Blake256;
use peer_core::message::{
    BlockHeader, GetData, GetHeaders, Headers, Inventory, NetAddress, NotFound, Raw, Timestamp,
};
use peer_core::{
    BannableMessages, Command, Config, Connection, ConnectionInfo, Event, Hash, Message, Network, Node,
    Services, Time, UnknownCommands,
};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng as _};

/// Of everything that is heard below. After a change of what the machine says, write here what the test prints.
const DIGEST: &str = "632ea3b1589ce54c1c8bb2b97be9388dbed2cb2517b35b5020954c0b1a577bf0";

#[test]
fn every_combination_of_features_holds_the_same_conversation() {
    #[cfg(feature = "tracing")]
    tracing::subscriber::set_global_default(log::Everything).unwrap();

    let rng = &mut ChaCha8Rng::seed_from_u64(7);
    let mut heard = Heard(Blake256::new());
    let mut dialer =
        Side::new(Connection::outbound(&node(), connection_info(9108), Time::ZERO, rng).unwrap());
    let mut host = Side::new(Connection::inbound(&node(), connection_info(50_000), Time::ZERO, rng));
    let (mut now, end) = (Time::ZERO, Time::from_elapsed(Duration::from_secs(300)));
    while now < end {
        dialer.act(&mut host, now, rng, &mut heard);
        host.act(&mut dialer, now, rng, &mut heard);
        now = dialer.next(now).min(host.next(now));
    }
    heard.note(&dialer.peer.handle_eof(&dialer.input));
    for side in [&dialer, &host] {
        assert!(side.peer.peer().stats().bytes_sent > 100_000, "{:?}", side.peer.peer().stats());
        heard.note(&side.peer.peer().stats());
    }
    assert_eq!(Hash::from_bytes(heard.0.finalize()).to_string(), DIGEST);
}

fn node() -> Node {
    let config = Config::builder(Network::SIMNET).user_agent_prefix("peer").user_agent("features", "1");
    let config = config.idle_timeout(Duration::from_secs(60)).ping_interval(Duration::from_secs(20));
    Node::new(
        config
            .unknown_commands(UnknownCommands::Deliver)
            .bannable_messages(BannableMessages::Send)
            .build()
            .unwrap(),
    )
}

fn connection_info(port: u16) -> ConnectionInfo {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    ConnectionInfo::new(NetAddress::new(address, Services::NONE), 100, Timestamp::default())
}

/// A hash over everything that an owner can see.
struct Heard(Blake256);

impl Heard {
    fn note(&mut self, what: &impl fmt::Debug) {
        self.0.update(format!("{what:?}\n").as_bytes());
    }
}

struct Side {
    peer: Connection,
    arriving: Vec<u8>,
    input: BytesMut,
}

impl Side {
    fn new(peer: Connection) -> Self {
        Self { peer, arriving: Vec::new(), input: BytesMut::new() }
    }

    fn act(&mut self, other: &mut Self, now: Time, rng: &mut ChaCha8Rng, heard: &mut Heard) {
        // In pieces, so that hashes are worked out over several calls.
        for piece in core::mem::take(&mut self.arriving).chunks(1_000) {
            self.input.extend_from_slice(piece);
            while let Some(event) = self.peer.receive(&mut self.input, now).unwrap() {
                heard.note(&event);
                #[cfg(feature = "serde")]
                serde_json::to_string(&event).unwrap();
                self.answer(&event, now);
            }
        }
        self.peer.handle_timeout(now, rng).unwrap();
        while self.peer.wants_write() {
            let bytes = self.peer.poll_transmit(now).to_vec();
            heard.note(&bytes);
            self.peer.handle_transmitted(bytes.len(), now);
            other.arriving.extend(bytes);
        }
        heard.note(&self.peer.peer().next_timeout());
    }

    fn answer(&mut self, event: &Event, now: Time) {
        match event {
            Event::Established => {
                for number in 0..1_500_u16 {
                    self.peer
                        .peer_mut()
                        .announce(Inventory::tx(Hash::digest(&number.to_le_bytes())), now)
                        .unwrap();
                }
                let locator = vec![Hash::ZERO].try_into().unwrap();
                self.say(
                    now,
                    Message::GetHeaders(GetHeaders { protocol_version: 12, locator, stop: Hash::ZERO }),
                );
                let raw = Raw { command: Command::new("custom").unwrap(), payload: vec![7; 100_000].into() };
                self.say(now, Message::Raw(raw));
            }
            Event::Message(Message::GetHeaders(_)) => {
                let headers: Vec<_> =
                    (0..100).map(|height| BlockHeader { height, ..BlockHeader::default() }).collect();
                assert_eq!(
                    BlockHeader::hash_many(&headers).first(),
                    headers.first().map(BlockHeader::hash).as_ref()
                );
                self.say(now, Message::Headers(Headers { headers: headers.try_into().unwrap() }));
            }
            Event::Message(Message::Inv(inv)) => {
                let inventory = inv.inventory.iter().take(3).copied().collect::<Vec<_>>().try_into().unwrap();
                self.say(now, Message::GetData(GetData { inventory }));
            }
            Event::Message(Message::GetData(wanted)) => {
                self.say(now, Message::NotFound(NotFound { inventory: wanted.inventory.clone() }));
            }
            _ => {}
        }
    }

    fn say(&mut self, now: Time, message: Message) {
        self.peer.peer_mut().send(&message, now).unwrap();
    }

    fn next(&self, now: Time) -> Time {
        let deadline = self.peer.poll_timeout();
        if self.arriving.is_empty() { deadline.unwrap_or(now + Duration::from_secs(1)) } else { now }
    }
}

/// A subscriber that wants every line, and renders it.
#[cfg(feature = "tracing")]
mod log {
    use core::fmt;

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    pub(super) struct Everything;

    struct Text(String);

    impl Visit for Text {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            self.0.push_str(&format!("{field}={value:?}"));
        }
    }

    impl Subscriber for Everything {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn event(&self, event: &Event<'_>) {
            let mut text = Text(String::new());
            event.record(&mut text);
            assert!(!text.0.is_empty());
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }
}
