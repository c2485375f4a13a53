//! The tokio adapter, over loopback TCP and over a pipe of a few bytes with a paused clock.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "the clock is tokio's paused one")]

use core::future::Future;
use core::net::SocketAddr;
use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::io;
use std::sync::Arc;

use peer_core::frame::Header;
use peer_core::message::{Inv, Inventory, NetAddress, Ping, Timestamp, Version};
use peer_core::{
    Config, Error, Event, FrameError, Hash, Hello, Message, Network, Node, ProtocolVersion, SendError,
    Services, Timer, frame,
};
use peer_tokio::{Closed, Driver, Events, Handle, inbound, outbound};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{Instant, sleep, timeout};

const HOUR: Duration = Duration::from_secs(3600);

// Over loopback TCP.

#[tokio::test]
async fn two_peers_shake_hands_over_tcp() {
    let (near, far) = tcp().await;
    let (mut near, mut far) = (dial(near, &node()), answer(far, &node()));
    for (first, second) in <[_; 2]>::from(tokio::join!(near.handshake(), far.handshake())) {
        assert!(matches!(first, Some(Event::Version(_))), "first came {first:?}");
        assert_eq!(second, Some(Event::Established));
    }
}

#[tokio::test]
async fn a_ping_comes_back_and_is_measured() {
    let (mut near, mut far) = established(tcp().await).await;
    near.handle.send(ping(7)).await.unwrap();
    assert_eq!(far.message().await, ping(7));
    assert_eq!(near.message().await.command().to_string(), "pong");
    let stats = near.handle.stats().await;
    assert!(stats.last_ping_round_trip.is_some(), "no round trip in {stats:?}");
}

#[tokio::test]
async fn announcements_arrive_in_batches_of_a_thousand() {
    let (near, far) = tcp().await;
    let hasty = Config::builder(Network::SIMNET).trickle_delay(Duration::ZERO..=Duration::ZERO);
    let (mut near, mut far) = (dial(near, &Node::new(hasty.build().unwrap())), answer(far, &node()));
    tokio::join!(near.handshake(), far.handshake());
    let announce_all = |peer: &mut peer_core::Peer, now| {
        (0..2500).all(|number| peer.announce(item(number), now) == Ok(true))
    };
    assert!(near.handle.with(announce_all).await.unwrap());
    let (mut sizes, mut items) = (Vec::new(), Vec::new());
    while items.len() < 2500 {
        let batch = far.announced().await;
        sizes.push(batch.len());
        items.extend(batch);
    }
    assert_eq!(sizes, [1000, 1000, 500]);
    assert_eq!(items, (0..2500).map(item).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_node_that_dials_itself_notices_at_both_ends() {
    let (near, far) = tcp().await;
    let node = node();
    let (near, far) = (dial(near, &node), answer(far, &node));
    let (near, far) = tokio::join!(near.ended(), far.ended());
    assert_eq!((near.reason, far.reason), (Error::SelfConnection, Error::SelfConnection));
}

#[tokio::test]
async fn a_closed_connection_says_who_closed_it() {
    let (near, far) = established(tcp().await).await;
    near.handle.close();
    let (near, far) = tokio::join!(near.ended(), far.ended());
    assert_eq!((near.reason, far.reason), (Error::ClosedByOwner, Error::ClosedByRemote));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_tasks_send_at_once_on_a_runtime_with_many_threads() {
    let (near, mut far) = established(tcp().await).await;
    for lane in 0..4 {
        let handle = near.handle.clone();
        tokio::spawn(async move {
            for number in 0..250 {
                handle.send(ping(lane * 250 + number)).await.unwrap();
            }
        });
    }
    let mut nonces = Vec::new();
    while nonces.len() < 1000 {
        nonces.push(far.ping().await);
    }
    nonces.sort_unstable();
    assert_eq!(nonces, (0..1000).collect::<Vec<_>>());
}

// Time.

#[tokio::test(start_paused = true)]
async fn seven_bytes_at_a_time_are_enough_to_shake_hands() {
    let (near, far) = established(duplex(7)).await;
    let (near, far) = tokio::join!(near.handle.stats(), far.handle.stats());
    assert_eq!(near.bytes_sent, far.bytes_received);
}

#[tokio::test(start_paused = true)]
async fn a_remote_that_never_answers_fails_the_handshake_after_30_seconds() {
    let start = Instant::now();
    let (near, _silent) = duplex(1024);
    let closed = dial(near, &node()).ended().await;
    assert_eq!(closed.reason, Error::Timeout(Timer::Handshake));
    assert_eq!(start.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_remote_that_falls_silent_is_given_two_minutes() {
    let (near, mut far) = duplex(1024);
    let mut near = answer(near, &node());
    far.write_all(&introduction()).await.unwrap();
    near.handshake().await;
    let start = Instant::now();
    assert_eq!(near.ended().await.reason, Error::Timeout(Timer::Idle));
    assert_eq!(start.elapsed(), Duration::from_secs(120));
}

#[tokio::test(start_paused = true)]
async fn pings_keep_a_quiet_pair_alive() {
    let (mut near, mut far) = established(duplex(7)).await;
    let listen = async { tokio::join!(near.listen(), far.listen()) };
    timeout(HOUR, listen).await.unwrap_err();
    assert!(near.handle.stats().await.last_ping_round_trip.is_some());
}

#[tokio::test(start_paused = true)]
async fn one_announcement_leaves_within_half_a_second() {
    let (near, mut far) = established(duplex(7)).await;
    let start = Instant::now();
    assert_eq!(near.handle.announce(item(1)).await, Ok(true));
    assert_eq!(far.announced().await, [item(1)]);
    let delay = start.elapsed();
    assert!(
        (Duration::from_millis(100)..=Duration::from_millis(501)).contains(&delay),
        "left after {delay:?}"
    );
}

// Backpressure and consent.

#[tokio::test(start_paused = true)]
async fn an_owner_that_asks_for_nothing_stops_the_reading() {
    let (near, far) = duplex(64 * 1024);
    let mut near = answer(near, &node());
    let (_unread, mut far) = tokio::io::split(far);
    far.write_all(&introduction()).await.unwrap();
    near.handshake().await;

    let mut accepted = 0_u64;
    let flood = async {
        for nonce in 0_u64.. {
            far.write_all(&bytes_of(&ping(nonce))).await.unwrap();
            accepted += 1;
        }
    };
    timeout(HOUR, flood).await.unwrap_err();
    let most = (64 + 16) * 1024 / 32 + 16;
    assert!(accepted <= most, "{accepted} pings of 32 bytes were accepted");

    for nonce in 0..accepted {
        assert_eq!(near.ping().await, nonce);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_owner_does_not_blame_the_remote() {
    let (near, mut far) = duplex(64 * 1024);
    let mut near = answer(near, &node());
    far.write_all(&introduction()).await.unwrap();
    near.handshake().await;
    for nonce in 0..17 {
        far.write_all(&bytes_of(&ping(nonce))).await.unwrap();
    }
    sleep(HOUR).await;
    assert_eq!(near.events.closed(), None);
}

#[tokio::test(start_paused = true)]
async fn a_remote_refused_at_its_version_is_told_nothing() {
    let (near, mut far) = duplex(1024);
    let mut near = answer(near, &node());
    far.write_all(&introduction()).await.unwrap();
    assert!(matches!(near.events.next().await, Some(Event::Version(_))));
    drop(near.events);
    let mut told = Vec::new();
    far.read_to_end(&mut told).await.unwrap();
    assert_eq!(told, []);
}

#[tokio::test(start_paused = true)]
async fn an_owner_may_take_its_time_over_a_version() {
    let (near, mut far) = duplex(1024);
    let mut near = answer(near, &node());
    far.write_all(&introduction()).await.unwrap();
    near.events.next().await;
    let mut told = Vec::new();
    timeout(HOUR, far.read_buf(&mut told)).await.unwrap_err();
    assert_eq!(near.events.next().await, Some(Event::Established));
}

#[tokio::test(start_paused = true)]
async fn without_consent_asking_once_is_not_asking_again() {
    let (near, mut far) = duplex(1024);
    let mut near = answer(near, &node());
    let early = once(near.events.next());
    assert_eq!(early, Poll::Pending);
    far.write_all(&introduction()).await.unwrap();
    near.events.next().await;
    let mut told = Vec::new();
    timeout(HOUR, far.read_buf(&mut told)).await.unwrap_err();
    assert_eq!(told, []);
}

#[tokio::test(start_paused = true)]
async fn what_came_in_time_counts_however_late_we_look() {
    let (near, mut far) = duplex(64 * 1024);
    let (_handle, mut events, mut driver) = inbound(near, &node(), hello(), rng(1));
    far.write_all(&introduction()).await.unwrap();
    tokio::select! {
        closed = &mut driver => panic!("{closed}"),
        () = async { while events.next().await != Some(Event::Established) {} } => {}
    }
    timeout(Duration::from_secs(1), &mut driver).await.unwrap_err();

    far.write_all(&bytes_of(&inv_of(1000))).await.unwrap();
    sleep(HOUR).await;
    tokio::select! {
        closed = driver => panic!("{closed}"),
        event = events.next() => assert_eq!(event, Some(Event::Message(inv_of(1000)))),
    }
}

// Cancel safety.

#[tokio::test(start_paused = true)]
async fn asking_for_an_event_and_giving_up_loses_none() {
    let (near, mut far) = established(duplex(7)).await;
    tokio::spawn(async move {
        for nonce in 0..100 {
            near.handle.send(ping(nonce)).await.unwrap();
        }
        near.handle.closed().await
    });
    let mut nonces = Vec::new();
    while nonces.len() < 100 {
        match once(far.events.next()) {
            Poll::Ready(event) => nonces.push(nonce_of(event)),
            Poll::Pending => yield_now().await,
        }
    }
    assert_eq!(nonces, (0..100).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_future_is_dropped_is_sent_once() {
    let (near, mut far) = established(duplex(7)).await;
    for nonce in 0..10 {
        assert!(once(near.handle.send(ping(nonce))).is_pending());
    }
    near.handle.send(ping(10)).await.unwrap();
    for nonce in 0..=10 {
        assert_eq!(far.ping().await, nonce);
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_that_found_no_place_does_not_happen() {
    let (near, _far) = duplex(7);
    let (handle, _events, driver) = outbound(near, &node(), hello(), rng(1)).unwrap();
    let ran = Arc::new(AtomicUsize::new(0));
    for _ in 0..20 {
        let ran = Arc::clone(&ran);
        let command = handle.with(move |_, _| ran.fetch_add(1, Ordering::Relaxed));
        assert!(once(command).is_pending());
    }
    tokio::spawn(driver);
    handle.stats().await;
    assert_eq!(ran.load(Ordering::Relaxed), 16);
}

#[tokio::test(start_paused = true)]
async fn places_are_given_back() {
    let (near, _far) = duplex(7);
    let (handle, _events, driver) = outbound(near, &node(), hello(), rng(1)).unwrap();
    let permits: Vec<_> = (0..16).map(|_| ready(once(handle.reserve())).unwrap()).collect();
    assert!(once(handle.reserve()).is_pending());
    drop(permits);
    for _ in 0..16 {
        drop(ready(once(handle.reserve())).unwrap().with(|_, _| ()));
    }
    assert!(once(handle.reserve()).is_pending());
    tokio::spawn(driver);
    yield_now().await;
    assert!(once(handle.reserve()).is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_flush_that_was_given_up_flushes_all_the_same() {
    let (near, mut far) = established(duplex(7)).await;
    near.handle.send(ping(1)).await.unwrap();
    assert!(once(near.handle.flush()).is_pending());
    assert_eq!(far.ping().await, 1);
    near.handle.flush().await.unwrap();
    near.handle.send(ping(2)).await.unwrap();
    assert_eq!(far.ping().await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_nobody_waits_for_does_not_take_the_message_back() {
    let (near, mut far) = established(duplex(7)).await;
    drop(near.handle.reserve().await.unwrap().send(ping(1)));
    assert_eq!(far.ping().await, 1);
}

// Flushing and ends.

#[tokio::test(start_paused = true)]
async fn a_flush_waits_until_the_transport_took_both_lanes() {
    let (near, mut far) = established_with_raw(256).await;
    let bulk = near.handle.send(inv_of(27)).await.unwrap();
    let control = near.handle.send(ping(1)).await.unwrap();
    timeout(Duration::from_secs(10), near.handle.flush()).await.unwrap_err();
    let mut rest = vec![0; 1000];
    let (flushed, _) = tokio::join!(near.handle.flush(), far.read_exact(&mut rest));
    assert_eq!(flushed, Ok(()));
    let all_out = near.handle.with(move |peer, _| peer.is_flushed(bulk) && peer.is_flushed(control));
    assert_eq!(all_out.await, Ok(true));
}

#[tokio::test(start_paused = true)]
async fn a_flush_is_not_fooled_by_what_is_queued_later() {
    let (near, mut far) = established_with_raw(256).await;
    near.handle.send(inv_of(600)).await.unwrap();
    let last = near.handle.send(inv_of(600)).await.unwrap();
    let handle = near.handle.clone();
    let flush = tokio::spawn(async move { handle.flush().await });
    yield_now().await;
    for nonce in 0..100 {
        near.handle.send(ping(nonce)).await.unwrap();
    }
    // The pings overtake the second batch, so they are read before it.
    let mut both = vec![0; 2 * bytes_of(&inv_of(600)).len() + 100 * bytes_of(&ping(0)).len()];
    let (flushed, _) = tokio::join!(flush, far.read_exact(&mut both));
    flushed.unwrap().unwrap();
    let is_out = near.handle.with(move |peer, _| peer.is_flushed(last));
    assert_eq!(is_out.await, Ok(true));
}

#[tokio::test(start_paused = true)]
async fn a_flush_waits_for_a_stream_that_buffers() {
    let (near, mut far) = duplex(1);
    let near = dial(tokio::io::BufWriter::new(near), &node());
    let (flushed, frame) = tokio::join!(
        async {
            near.handle.flush().await.unwrap();
            near.handle.close();
        },
        async {
            let mut frame = Vec::new();
            far.read_to_end(&mut frame).await.unwrap();
            frame
        }
    );
    let header = frame.first_chunk().map(Header::from_bytes).unwrap();
    assert_eq!((flushed, frame.len()), ((), header.wire_len()), "one whole frame");
}

#[tokio::test(start_paused = true)]
async fn a_flush_with_nothing_to_write_returns() {
    let (near, _far) = established(duplex(7)).await;
    assert_eq!(near.handle.flush().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_leaves_after_what_it_had_to_say() {
    let (near, mut far) = established(duplex(7)).await;
    near.handle.announce(item(1)).await.unwrap();
    near.handle.send(inv_of(27)).await.unwrap();
    near.handle.send(ping(1)).await.unwrap();
    let Side { handle, events: _events, task } = near;
    drop(handle);
    let mut commands = Vec::new();
    while let Some(Event::Message(message)) = far.events.next().await {
        commands.push(message.command().to_string());
    }
    commands.sort();
    assert_eq!(commands, ["inv", "inv", "ping"]);
    assert_eq!(task.await.unwrap().reason, Error::ClosedByOwner);
    assert_eq!(far.ended().await.reason, Error::ClosedByRemote);
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_does_not_wait_for_a_remote_that_takes_nothing() {
    let (near, _far) = established_with_raw(256).await;
    near.handle.send(inv_of(27)).await.unwrap();
    let start = Instant::now();
    let Side { handle, events: _events, task } = near;
    drop(handle);
    assert_eq!(task.await.unwrap().reason, Error::Timeout(Timer::WriteStall));
    assert_eq!(start.elapsed(), Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn small_frames_share_a_write() {
    let (near, mut far) = duplex(64 * 1024);
    let writes = Arc::new(AtomicUsize::new(0));
    let mut near = answer(Counted { pipe: near, vectored: true, writes: Arc::clone(&writes) }, &node());
    far.write_all(&introduction()).await.unwrap();
    near.handshake().await;
    let before = writes.load(Ordering::Relaxed);
    let send_many = |peer: &mut peer_core::Peer, _| (0..50).all(|nonce| peer.send(&ping(nonce)).is_ok());
    assert_eq!(near.handle.with(send_many).await, Ok(true));
    near.handle.flush().await.unwrap();
    assert_eq!(writes.load(Ordering::Relaxed) - before, 1);
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_vectored_writes_does_as_well() {
    let (near, far) = duplex(7);
    let near = Counted { pipe: near, vectored: false, writes: Arc::default() };
    let (mut near, mut far) = (dial(near, &node()), answer(far, &node()));
    tokio::join!(near.handshake(), far.handshake());
    near.handle.send(inv_of(300)).await.unwrap();
    assert_eq!(far.message().await, inv_of(300));
}

#[tokio::test(start_paused = true)]
async fn both_sides_may_send_much_at_once() {
    let (mut near, mut far) = established(duplex(4096)).await;
    let much = 30_000;
    near.handle.send(inv_of(much)).await.unwrap();
    far.handle.send(inv_of(much)).await.unwrap();
    let (to_near, to_far) = tokio::join!(near.message(), far.message());
    assert_eq!((to_near, to_far), (inv_of(much), inv_of(much)));
}

#[tokio::test(start_paused = true)]
async fn a_stream_cut_inside_a_frame_is_truncated() {
    let (near, mut far) = established_with_raw(1024).await;
    let frame = bytes_of(&ping(1));
    let (begun, _) = frame.split_at(30);
    far.write_all(begun).await.unwrap();
    drop(far);
    assert_eq!(near.ended().await.reason, FrameError::Truncated { missing: 2 }.into());
}

#[tokio::test(start_paused = true)]
async fn a_failing_transport_keeps_its_reason_for_people() {
    let (_handle, _events, driver) = inbound(Broken, &node(), hello(), rng(1));
    let closed = driver.await;
    assert_eq!(closed.reason, Error::TransportFailed);
    assert_eq!(closed.to_string(), "transport failed (connection reset)");
}

#[tokio::test(start_paused = true)]
async fn a_refused_command_harms_nobody() {
    let (near, far) = duplex(7);
    let (mut near, mut far) = (dial(near, &node()), answer(far, &node()));
    assert_eq!(near.handle.send(ping(1)).await, Err(SendError::NotEstablished));
    tokio::join!(near.handshake(), far.handshake());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_driver_leaves_nobody_waiting() {
    let (near, _far) = duplex(7);
    let (handle, mut events, driver) = outbound(near, &node(), hello(), rng(1)).unwrap();
    let waiting = tokio::spawn({
        let handle = handle.clone();
        async move { handle.send(ping(1)).await }
    });
    yield_now().await;
    drop(driver);
    assert_eq!(waiting.await.unwrap(), Err(Error::ClosedByOwner.into()));
    assert_eq!(events.next().await, None);
    assert_eq!(handle.closed().await, Error::ClosedByOwner.into());
}

#[tokio::test(start_paused = true)]
async fn everything_after_the_end_has_the_reason() {
    let (near, far) = established(duplex(7)).await;
    far.handle.close();
    let Side { handle, mut events, task } = near;
    assert_eq!(events.next().await, None);
    let closed = task.await.unwrap();
    assert_eq!(closed.reason, Error::ClosedByRemote);
    assert_eq!(events.closed(), Some(&closed));
    assert_eq!(handle.send(ping(1)).await, Err(SendError::Closed(Error::ClosedByRemote)));
    assert_eq!(handle.flush().await, Err(closed.clone()));
    assert_eq!(handle.closed().await, closed);
    assert!(handle.stats().await.bytes_received > 0);
}

#[test]
fn a_driver_goes_wherever_its_stream_and_generator_go() {
    fn is_send<T: Send>() {}
    fn is_shared<T: Send + Sync>() {}
    is_send::<Driver<TcpStream, ChaCha8Rng>>();
    is_send::<Events>();
    is_shared::<Handle>();
}

// What the tests are written in.

/// One end of a connection, driven by a task.
struct Side {
    handle: Handle,
    events: Events,
    task: JoinHandle<Closed>,
}

impl Side {
    fn spawn<S>((handle, events, driver): (Handle, Events, Driver<S, ChaCha8Rng>)) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let task = tokio::spawn(driver);
        Self { handle, events, task }
    }

    /// The first two events.
    async fn handshake(&mut self) -> (Option<Event>, Option<Event>) {
        (self.events.next().await, self.events.next().await)
    }

    async fn message(&mut self) -> Message {
        match self.events.next().await {
            Some(Event::Message(message)) => message,
            other => panic!("{other:?} instead of a message"),
        }
    }

    /// The nonce of the next message, which is a ping.
    async fn ping(&mut self) -> u64 {
        nonce_of(self.events.next().await)
    }

    /// The items of the next message, which is an `inv`.
    async fn announced(&mut self) -> Vec<Inventory> {
        match self.message().await {
            Message::Inv(inv) => inv.inventory.iter().copied().collect(),
            other => panic!("{other:?} instead of inv"),
        }
    }

    /// Asks for events until there are no more.
    async fn listen(&mut self) {
        while self.events.next().await.is_some() {}
    }

    /// Listens to the end, and returns the reason.
    async fn ended(mut self) -> Closed {
        self.listen().await;
        self.task.await.unwrap()
    }
}

fn dial(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, node: &Node) -> Side {
    Side::spawn(outbound(stream, node, hello(), rng(1)).unwrap())
}

fn answer(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, node: &Node) -> Side {
    Side::spawn(inbound(stream, node, hello(), rng(2)))
}

/// Two strangers that shook hands.
async fn established<S>((near, far): (S, S)) -> (Side, Side)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut near, mut far) = (dial(near, &node()), answer(far, &node()));
    tokio::join!(near.handshake(), far.handshake());
    (near, far)
}

/// A peer that shook hands with a remote of which only the bytes are left.
async fn established_with_raw(pipe: usize) -> (Side, DuplexStream) {
    let (near, mut far) = duplex(pipe);
    let mut near = answer(near, &node());
    far.write_all(&introduction()).await.unwrap();
    let mut version = [0; 24];
    let shake = async {
        near.handshake().await;
        near.handle.flush().await.unwrap();
    };
    let hear = async {
        far.read_exact(&mut version).await.unwrap();
        let [.., a, b, c, d, _, _, _, _] = version;
        let payload = u64::from(u32::from_le_bytes([a, b, c, d]));
        let verack = 24;
        let mut rest = (&mut far).take(payload + verack);
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await.unwrap();
    };
    tokio::join!(shake, hear);
    (near, far)
}

async fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dialled = TcpStream::connect(listener.local_addr().unwrap());
    let (dialled, accepted) = tokio::join!(dialled, listener.accept());
    (dialled.unwrap(), accepted.unwrap().0)
}

fn node() -> Node {
    Node::new(Config::builder(Network::SIMNET).build().unwrap())
}

fn hello() -> Hello {
    peer_tokio::hello(SocketAddr::from(([127, 0, 0, 1], 18555)), 0)
}

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn ping(nonce: u64) -> Message {
    Message::Ping(Ping { nonce })
}

fn nonce_of(event: Option<Event>) -> u64 {
    match event {
        Some(Event::Message(Message::Ping(ping))) => ping.nonce,
        other => panic!("{other:?} instead of a ping"),
    }
}

fn item(number: u32) -> Inventory {
    Inventory::tx(Hash::digest(&number.to_le_bytes()))
}

/// A message of the bulk lane, of about 36 bytes for each item.
fn inv_of(items: u32) -> Message {
    let items: Vec<_> = (0..items).map(item).collect();
    Message::Inv(Inv { inventory: items.try_into().unwrap() })
}

fn bytes_of(message: &Message) -> Vec<u8> {
    frame::encode(message, Network::SIMNET, ProtocolVersion::LATEST).unwrap()
}

/// All that a remote must say to shake hands.
fn introduction() -> Vec<u8> {
    let version = Version {
        protocol_version: 12,
        services: Services::NONE,
        timestamp: Timestamp::new(1_700_000_000).unwrap(),
        addr_you: NetAddress::UNSPECIFIED,
        addr_me: None,
        nonce: 1,
        user_agent: Default::default(),
        last_block: 0,
        disable_relay_tx: false,
    };
    [bytes_of(&version.into()), bytes_of(&Message::Verack)].concat()
}

/// Polls a future once and drops it.
fn once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

fn ready<T>(poll: Poll<T>) -> T {
    match poll {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("still pending"),
    }
}

/// A stream that fails when it is read.
struct Broken;

impl AsyncRead for Broken {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
    }
}

impl AsyncWrite for Broken {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A pipe that counts the writes it took.
struct Counted {
    pipe: DuplexStream,
    vectored: bool,
    writes: Arc<AtomicUsize>,
}

impl Counted {
    fn note(&self, taken: &Poll<io::Result<usize>>) {
        self.writes.fetch_add(usize::from(taken.is_ready()), Ordering::Relaxed);
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let taken = Pin::new(&mut self.pipe).poll_write(cx, bytes);
        self.note(&taken);
        taken
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let taken = Pin::new(&mut self.pipe).poll_write_vectored(cx, pieces);
        self.note(&taken);
        taken
    }

    fn is_write_vectored(&self) -> bool {
        self.vectored
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_shutdown(cx)
    }
}
