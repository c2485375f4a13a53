//! Every future may be dropped at every poll: nothing is lost, nothing happens twice, no one waits in vain.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::Poll;
use core::time::Duration;
use std::sync::Arc;

use peer_core::{Error, Hash, SendError};
use peer_tokio::{Handle, Permit, inbound, outbound};
use tokio::io::duplex;
use tokio::task::yield_now;

use crate::tokio::poll::{at_every_poll, at_once, once, ready};
use crate::tokio::samples::{connection_info, inv_of, item, node, nonce_of, ping, rng};
use crate::tokio::side::{Side, dial, established};

// Events.

#[tokio::test(start_paused = true)]
async fn next_loses_no_event() {
    at_every_poll(AT_ONCE, async |cut| {
        let (near, mut far) = established(duplex(7)).await;
        for nonce in 0..3 {
            drop(near.handle.reserve().await.unwrap().try_send(ping(nonce)));
        }
        let first = cut.off(far.events.next()).await.map(nonce_of);
        let mut nonces: Vec<_> = first.into_iter().collect();
        while nonces.len() < 3 {
            nonces.push(far.ping().await);
        }
        assert_eq!(nonces, [0, 1, 2], "{cut:?}");
        first.is_some()
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn asking_for_an_event_and_giving_up_loses_none() {
    let (near, mut far) = established(duplex(7)).await;
    tokio::spawn(async move {
        for nonce in 0..100 {
            near.handle.send(ping(nonce)).await.unwrap();
        }
        near.handle.closed().await
    });
    let hear = async {
        let mut nonces = Vec::new();
        while nonces.len() < 100 {
            match once(far.events.next()) {
                Poll::Ready(event) => nonces.push(nonce_of(event)),
                Poll::Pending => yield_now().await,
            }
        }
        nonces
    };
    let nonces = at_once(hear).await;
    assert_eq!(nonces, (0..100).collect::<Vec<_>>());
}

// Commands.

#[tokio::test(start_paused = true)]
async fn with_runs_its_command_at_most_once() {
    let runs = &Arc::new(AtomicUsize::new(0));
    let count = async |handle: &Handle| {
        let runs = Arc::clone(runs);
        handle.with(move |_, _| runs.fetch_add(1, Ordering::Relaxed)).await.unwrap();
    };
    happens_where_it_had_a_place(AT_ONCE, count, async |_, _| runs.swap(0, Ordering::Relaxed)).await;
}

#[tokio::test(start_paused = true)]
async fn send_sends_at_most_once() {
    let send = async |handle: &Handle| handle.send(ping(1)).await.unwrap();
    happens_where_it_had_a_place(AT_ONCE, send, pings_before_the_next).await;
}

#[tokio::test(start_paused = true)]
async fn announce_announces_at_most_once() {
    announces_at_most_once(async |handle| handle.announce(item(1)).await).await;
}

#[tokio::test(start_paused = true)]
async fn announce_now_announces_at_most_once() {
    announces_at_most_once(async |handle| handle.announce_now(item(1)).await).await;
}

async fn announces_at_most_once(announce: impl AsyncFn(&Handle) -> Result<bool, SendError>) {
    let first = async |handle: &Handle| assert_eq!(announce(handle).await, Ok(true));
    happens_where_it_had_a_place(TRICKLE, first, async |near, far| {
        let happened = announce(near).await == Ok(false);
        assert_eq!(far.announced().await, [item(1)]);
        near.send(ping(0)).await.unwrap();
        assert_eq!(far.ping().await, 0, "announced twice");
        usize::from(happened)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn request_headers_asks_at_most_once() {
    let ask = async |handle: &Handle| handle.request_headers(vec![Hash::digest(b"tip")], Hash::ZERO).await;
    happens_where_it_had_a_place(AT_ONCE, ask, async |near, far| {
        let happened = ask(near).await == Ok(false);
        assert_eq!(far.message().await.command().as_str(), "getheaders");
        near.send(ping(0)).await.unwrap();
        assert_eq!(far.ping().await, 0, "asked twice");
        usize::from(happened)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn add_known_is_noted_or_not() {
    let note = async |handle: &Handle| handle.add_known(item(1)).await.unwrap();
    happens_where_it_had_a_place(AT_ONCE, note, async |near, _| {
        usize::from(near.with(|peer, now| peer.knows(&item(1), now)).await.unwrap())
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn stats_and_reserve_take_nothing_away() {
    happens_where_it_had_a_place(AT_ONCE, async |handle| handle.stats().await.bytes_sent, async |_, _| ANY)
        .await;
    happens_where_it_had_a_place(AT_ONCE, async |handle| drop(handle.reserve().await), async |_, _| ANY)
        .await;
}

#[tokio::test(start_paused = true)]
async fn what_a_permit_was_given_happens_whenever_its_future_is_dropped() {
    let runs = &Arc::new(AtomicUsize::new(0));
    at_every_poll(AT_ONCE, async |cut| {
        let (near, mut far) = established(duplex(7)).await;
        let counter = Arc::clone(runs);
        let count = move |_: &mut _, _| counter.fetch_add(1, Ordering::Relaxed);
        let ran = cut.off(near.handle.reserve().await.unwrap().with(count)).await;
        let sent = cut.off(near.handle.reserve().await.unwrap().try_send(ping(1))).await;
        assert_eq!(pings_before_the_next(&near.handle, &mut far).await, 1, "{cut:?}");
        assert_eq!(runs.swap(0, Ordering::Relaxed), 1, "{cut:?}");
        assert_eq!(places(&near.handle).len(), 16, "{cut:?}");
        ran.is_some() && sent.is_some()
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_command_that_found_no_place_does_not_happen() {
    let (near, _far) = duplex(7);
    let (handle, _events, driver) = outbound(near, &node(), connection_info(), rng(1)).unwrap();
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
    let (handle, _events, driver) = outbound(near, &node(), connection_info(), rng(1)).unwrap();
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

// Waiting.

#[tokio::test(start_paused = true)]
async fn flush_writes_what_waits_however_it_ends() {
    at_every_poll(AT_ONCE, async |cut| {
        let (near, mut far) = established(duplex(7)).await;
        near.handle.send(inv_of(3)).await.unwrap();
        let flushed = cut.off(near.handle.flush()).await;
        near.handle.send(ping(1)).await.unwrap();
        near.handle.flush().await.unwrap();
        let heard = [far.message().await, far.message().await];
        assert!(heard.contains(&inv_of(3)) && heard.contains(&ping(1)), "{heard:?} after {cut:?}");
        assert_eq!(places(&near.handle).len(), 16, "{cut:?}");
        flushed.is_some()
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn closed_can_be_asked_again() {
    at_every_poll(AT_ONCE, async |cut| {
        let (near, _far) = established(duplex(7)).await;
        let close = async {
            yield_now().await;
            near.handle.close();
        };
        let (closed, ()) = tokio::join!(cut.off(near.handle.closed()), close);
        assert_eq!(near.handle.closed().await.reason, Error::ClosedByOwner);
        closed.is_some()
    })
    .await;
}

// The driver.

#[tokio::test(start_paused = true)]
async fn a_driver_that_was_left_goes_on_where_it_was() {
    at_every_poll(AT_ONCE, async |cut| {
        let (near, far) = duplex(32);
        let (_handle, mut events, mut driver) = inbound(near, &node(), connection_info(), rng(2));
        let pings = tokio::spawn(send_ten_pings(dial(far, &node())));
        let heard = tokio::spawn(async move {
            events.next().await.unwrap();
            events.next().await.unwrap();
            let mut nonces = Vec::new();
            while let Some(event) = events.next().await {
                nonces.push(nonce_of(Some(event)));
            }
            nonces
        });
        let finished = cut.off(&mut driver).await;
        yield_now().await;
        assert_eq!(driver.await.reason, Error::ClosedByRemote, "{cut:?}");
        assert_eq!(heard.await.unwrap(), (0..10).collect::<Vec<_>>(), "{cut:?}");
        assert_eq!(pings.await.unwrap(), Error::ClosedByOwner, "{cut:?}");
        finished.is_some()
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_driver_resolves_all_waiting_calls() {
    at_every_poll(AT_ONCE, async |cut| {
        let (near, far) = duplex(32);
        let (handle, mut events, driver) = inbound(near, &node(), connection_info(), rng(2));
        let pings = tokio::spawn(send_ten_pings(dial(far, &node())));
        let waiting = [0, 1].map(|_| {
            let handle = handle.clone();
            tokio::spawn(async move { handle.stats().await })
        });
        let flush = tokio::spawn({
            let handle = handle.clone();
            async move { while handle.flush().await.is_ok() {} }
        });
        let listen = tokio::spawn(async move { while events.next().await.is_some() {} });
        let finished = cut.off(driver).await;
        let reason = match finished {
            Some(_) => Error::ClosedByRemote,
            None if cut.polls == 0 => Error::NeverDriven,
            None => Error::ClosedByOwner,
        };
        assert_eq!(handle.closed().await.reason, reason, "{cut:?}");
        for stats in waiting {
            stats.await.unwrap();
        }
        flush.await.unwrap();
        listen.await.unwrap();
        pings.await.unwrap();
        finished.is_some()
    })
    .await;
}

/// No time passes.
const AT_ONCE: Duration = Duration::ZERO;

/// Longest that an announcement waits for others, with a round trip of a clock that counts milliseconds.
const TRICKLE: Duration = Duration::from_millis(501);

/// As often as it should have, as far as one can see.
const ANY: usize = usize::MAX;

/// Cuts `command` off at every poll, where there is a place for it and where it must wait for one. It must have
/// happened, as often as `times` tells, exactly if it was polled while there was one, and take no place along.
async fn happens_where_it_had_a_place<T>(
    longest: Duration,
    command: impl AsyncFn(&Handle) -> T,
    times: impl AsyncFn(&Handle, &mut Side) -> usize,
) {
    for crowded in [false, true] {
        at_every_poll(longest, async |cut| {
            let (near, mut far) = established(duplex(7)).await;
            let occupied = if crowded { places(&near.handle) } else { Vec::new() };
            let leave = async {
                yield_now().await;
                drop(occupied);
            };
            let (finished, ()) = tokio::join!(cut.off(command(&near.handle)), leave);
            let expected = usize::from(cut.polls > usize::from(crowded));
            near.handle.stats().await;
            let times = times(&near.handle, &mut far).await;
            assert!(times == expected || times == ANY, "happened {times} times after {cut:?}");
            assert_eq!(places(&near.handle).len(), 16, "{cut:?}");
            finished.is_some()
        })
        .await;
    }
}

/// All places that are free.
pub(crate) fn places(handle: &Handle) -> Vec<Permit<'_>> {
    let mut places = Vec::new();
    while let Poll::Ready(place) = once(handle.reserve()) {
        places.push(place.unwrap());
    }
    places
}

/// How many pings of number 1 came before one that is sent now.
async fn pings_before_the_next(near: &Handle, far: &mut Side) -> usize {
    near.send(ping(0)).await.unwrap();
    let mut count = 0;
    while far.ping().await == 1 {
        count += 1;
    }
    count
}

async fn send_ten_pings(mut side: Side) -> Error {
    side.handshake().await;
    for nonce in 0..10 {
        // The other end may be gone.
        side.handle.send(ping(nonce)).await.ok();
    }
    side.handle.flush().await.ok();
    side.handle.close();
    side.ended().await.reason
}
