//! Connections of the tokio adapter.

use core::future::{Future as _, poll_fn};
use core::net::SocketAddr;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

use getrandom::SysRng;
use peer_core::message::Inventory;
use peer_core::{Config, ConnectionInfo, Event, Hash, Network, Node, RequestOptions};
use peer_tests::remote::{bytes_of, hands};
use peer_tests::requests::items;
use peer_tests::samples::{block, block_item, inv};
use peer_tests::stated::{Place, assert_states};
use peer_tokio::{Events, Handle};
use rand_core::UnwrapErr;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

use crate::meter::Meter;
use crate::sockets::affordable;

/// Where it is told what each end holds, with its task, its timer and its place in the reactor. The kernel's part is
/// beyond.
const PLACES: [Place; 7] = [
    ("docs/limits.md", "bytes over `peer-mio` and "),
    ("README.md", "740 bytes; 690 bytes over mio, "),
    ("README.md", "An idle connection takes 690 bytes over mio, "),
    ("docs/performance.md", "| memory of an idle connection over TCP, mio / tokio | 690 B / "),
    ("docs/performance.md", "| ≤ 1 kB / 2 kB | 0.6 / 1.2 | 690 B / "),
    ("peer-tokio/src/lib.rs", "An idle connection over TCP holds "),
    ("CHANGELOG.md", "cancel safe, with backpressure, "),
];

pub(crate) fn idle_connection() {
    let connections = affordable();
    runtime(false).block_on(async {
        let (near, far, listener) = (node(), node(), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let meter = Meter::start();
        let mut ends = Vec::with_capacity(2 * connections);
        for _ in 0..connections {
            let dialled = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (accepted, _) = listener.accept().await.unwrap();
            let (near_handle, near_events, near_driver) =
                peer_tokio::outbound(dialled, &near, connection_info(), generator()).unwrap();
            let (far_handle, far_events, far_driver) =
                peer_tokio::inbound(accepted, &far, connection_info(), generator());
            tokio::spawn(near_driver);
            tokio::spawn(far_driver);
            let (mut near, mut far) = ((near_handle, near_events), (far_handle, far_events));
            let both = async { tokio::join!(idle(&mut near), idle(&mut far)) };
            timeout(Duration::from_secs(20), both).await.unwrap();
            ends.extend([near, far]);
        }
        let held = meter.held() / ends.len();
        assert_states(&format!("each of {} idle ends", ends.len()), held, 1, &PLACES);
    });
}

/// Shakes hands, and begins to wait for whatever comes next.
async fn idle((handle, events): &mut (Handle, Events)) {
    while events.next().await.unwrap() != Event::Established {}
    handle.flush().await.unwrap();
    let begun = poll_fn(|cx| Poll::Ready(events.poll_next(cx))).await;
    assert!(begun.is_pending(), "not idle yet: {begun:?}");
}

/// A connection whose task runs, and the remote's end of its pipe.
async fn established() -> (Handle, Events, DuplexStream) {
    let (near, mut far) = duplex(4096);
    let (handle, mut events, driver) = peer_tokio::inbound(near, &node(), connection_info(), generator());
    tokio::spawn(driver);
    far.write_all(&hands()).await.unwrap();
    while events.next().await.unwrap() != Event::Established {}
    (handle, events, far)
}

pub(crate) fn silent_owner() {
    runtime(true).block_on(async {
        let (_handle, _events, mut far) = established().await;
        let frame = bytes_of(&inv(&*vec![Inventory::tx(Hash::ZERO); 100]));
        let meter = Meter::start();
        for _ in 0..3 {
            let flood = async { while far.write_all(&frame).await.is_ok() {} };
            timeout(Duration::from_secs(3600), flood).await.unwrap_err();
            let held = meter.held();
            // 16 events, and one read and one frame of input.
            let most = 16 * (frame.len() + 100) + 2 * (frame.len() + 16 * 1024);
            assert!(held <= most, "an owner that asks for nothing holds {held} bytes");
        }
    });
}

/// What was read together with it is let go of.
pub(crate) fn half_a_frame() {
    runtime(true).block_on(async {
        let (_handle, mut events, mut far) = established().await;
        let frame = bytes_of(&inv(&*vec![Inventory::tx(Hash::ZERO); 400]));
        let (whole, half) = (frame.repeat(8), &frame[..31]);
        let said = [&whole, half].concat();
        let meter = Meter::start();
        let takes = async {
            for _ in 0..8 {
                drop(events.next().await.unwrap());
            }
        };
        tokio::join!(far.write_all(&said), takes).0.unwrap();
        sleep(SETTLED).await;
        let held = meter.held();
        // The pipe itself has grown to its 4096 bytes.
        assert!(held <= 4096 + 1024, "{held} bytes for {}", half.len());
    });
}

pub(crate) fn cancelled_flushes() {
    runtime(true).block_on(async {
        let (handle, _events, _far) = established().await;
        // The remote reads nothing, so none of them comes to its end.
        handle.send(inv(&*vec![Inventory::tx(Hash::ZERO); 1000])).await.unwrap();
        let meter = Meter::start();
        for _ in 0..10_000 {
            let mut flush = pin!(handle.flush());
            let begun = poll_fn(|cx| Poll::Ready(flush.as_mut().poll(cx))).await;
            assert_eq!(begun, Poll::Pending);
            yield_now().await;
        }
        let held = meter.held();
        assert!(held <= 4096, "{held} bytes after 10,000 flushes that were cancelled");
    });
}

/// A flush that had to wait, and a request, beside the same without anybody that waits.
pub(crate) fn waited() {
    runtime(true).block_on(async {
        let (handle, mut events, mut far) = established().await;
        let (many, response) = (inv(&*vec![Inventory::tx(Hash::ZERO); 1000]), bytes_of(&block(1).into()));
        let asked = items([block_item(1)]);
        let asks = handle.with(move |peer, now| peer.request(&asked, RequestOptions::new(), now));
        asks.await.unwrap().unwrap();
        handle.send(many.clone()).await.unwrap();
        take_all(&mut far).await;
        far.write_all(&response).await.unwrap();
        drop(events.next().await);
        sleep(SETTLED).await;
        let meter = Meter::start();
        // What a connection gives back would hide what it keeps.
        let ballast = vec![0_u8; BALLAST];

        handle.send(many.clone()).await.unwrap();
        tokio::join!(handle.flush(), take_all(&mut far)).0.unwrap();
        assert_eq!(meter.held(), BALLAST, "after a flush");

        let responds = async {
            sleep(SETTLED).await;
            far.write_all(&response).await
        };
        let (asked, responded) = tokio::join!(handle.block(block_item(1).hash), responds);
        responded.unwrap();
        drop(asked.unwrap());
        take_all(&mut far).await;
        assert_eq!(meter.held(), BALLAST, "after a request");
        drop((ballast, many));
    });
}

/// More than a connection gives back.
const BALLAST: usize = 64 * 1024;

/// Time in which everything happens that is to happen.
const SETTLED: Duration = Duration::from_secs(1);

/// Takes all that comes in a while.
async fn take_all(far: &mut DuplexStream) {
    let mut bytes = [0; 4096];
    while let Ok(read) = timeout(SETTLED, far.read(&mut bytes)).await {
        assert_ne!(read.unwrap(), 0);
    }
}

fn runtime(paused: bool) -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(paused).build().unwrap()
}

fn node() -> Node {
    Node::new(Config::builder(Network::SIMNET).build().unwrap())
}

fn connection_info() -> ConnectionInfo {
    peer_tokio::connection_info(SocketAddr::from(([127, 0, 0, 1], 18555)), 0)
}

/// The system's, which holds nothing: what a generator holds is its owner's choice.
fn generator() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}
