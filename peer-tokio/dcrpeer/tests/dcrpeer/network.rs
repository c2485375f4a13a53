//! Peers that listen on this machine, in the test's own process.

use core::net::SocketAddr;
use core::sync::atomic::{AtomicU64, Ordering};
use std::net::TcpListener;
use std::sync::Arc;

use peer_core::message::{Address, NetAddressV2, Timestamp};
use peer_core::{BannableMessages, Config, ConfigBuilder, Event, Message, Network, Node, Services};
use peer_tokio::Handle;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;

/// A listening peer that counts its connections.
pub(crate) struct TestPeer {
    pub(crate) address: SocketAddr,
    visits: Arc<AtomicU64>,
}

impl TestPeer {
    pub(crate) fn visits(&self) -> u64 {
        self.visits.load(Ordering::SeqCst)
    }
}

/// Listeners on free ports. Their addresses are known before they accept.
pub(crate) fn listeners(count: usize) -> Vec<TcpListener> {
    (0..count).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect()
}

/// Sockets that hold a port without listening on it.
pub(crate) fn not_listening(count: usize) -> Vec<TcpSocket> {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let sockets: Vec<_> = (0..count).map(|_| TcpSocket::new_v4().unwrap()).collect();
    sockets.iter().for_each(|socket| socket.bind(any).unwrap());
    sockets
}

/// A configuration for simnet that sends even what nodes ban for.
pub(crate) fn config() -> ConfigBuilder {
    Config::builder(Network::SIMNET).bannable_messages(BannableMessages::Send)
}

/// A peer that answers getaddr with these addresses.
pub(crate) fn spawn_peer(
    runtime: &Runtime,
    listener: TcpListener,
    config: ConfigBuilder,
    height: i32,
    known: Vec<NetAddressV2>,
) -> TestPeer {
    let known = Arc::new(known);
    answer(runtime, listener, config, height, move |handle, message| {
        let known = Arc::clone(&known);
        async move {
            if message == Message::GetAddr {
                let mut rng = ChaCha12Rng::seed_from_u64(1);
                handle.with(move |peer, now| peer.send_addresses(&known, now, &mut rng).map(drop)).await.ok();
            }
        }
    })
}

/// A peer that calls `react` with every message.
pub(crate) fn answer<F: Future<Output = ()> + Send>(
    runtime: &Runtime,
    listener: TcpListener,
    config: ConfigBuilder,
    height: i32,
    react: impl Fn(Handle, Message) -> F + Clone + Send + Sync + 'static,
) -> TestPeer {
    let address = listener.local_addr().unwrap();
    let (visits, node) = (Arc::new(AtomicU64::new(0)), Node::new(config.build().unwrap()));
    let counter = Arc::clone(&visits);
    listener.set_nonblocking(true).unwrap();
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        while let Ok((stream, remote)) = listener.accept().await {
            let visit = counter.fetch_add(1, Ordering::SeqCst);
            let (info, rng) =
                (peer_tokio::connection_info(remote, height), ChaCha12Rng::seed_from_u64(visit));
            let (handle, mut events, driver) = peer_tokio::inbound(stream, &node, info, rng);
            let react = react.clone();
            tokio::spawn(driver);
            tokio::spawn(async move {
                while let Some(event) = events.next().await {
                    if let Event::Message(message) = event {
                        react(handle.clone(), message).await;
                    }
                }
            });
        }
    });
    TestPeer { address, visits }
}

/// An address as in `addrv2`.
pub(crate) fn entry(address: Address, port: u16) -> NetAddressV2 {
    let timestamp = Timestamp::new(1_700_000_000).unwrap();
    NetAddressV2 { timestamp, services: Services::NODE_NETWORK, address, port }
}

/// The same of a socket.
pub(crate) fn socket_entry(address: SocketAddr) -> NetAddressV2 {
    entry(Address::from(address.ip()), address.port())
}
