//! A command that panics takes the driver with it, and no one waits for what it leaves undone.

use core::future::{Future, poll_fn};
use core::panic::AssertUnwindSafe;
use core::pin::Pin;
use core::task::Poll;
use std::panic::catch_unwind;

use peer_core::Error;
use peer_tokio::inbound;
use tokio::io::{AsyncWriteExt, duplex};

use crate::tokio::poll::{at_once, once};
use crate::tokio::samples::{connection_info, hands, inv_of, node, rng};

/// The task that drives it catches the panic and keeps the driver.
#[tokio::test(start_paused = true)]
async fn a_panic_in_a_command_leaves_no_command_waiting() {
    let (near, mut far) = duplex(512);
    let (handle, mut events, mut driver) = inbound(near, &node(), connection_info(), rng(1));
    far.write_all(&hands()).await.unwrap();
    tokio::select! {
        closed = &mut driver => panic!("{closed}"),
        () = async { while events.next().await.is_some_and(|event| event != peer_core::Event::Established) {} } => {}
    }
    tokio::select! {
        closed = &mut driver => panic!("{closed}"),
        sent = handle.send(inv_of(27)) => drop(sent.unwrap()),
    }
    let mut flush = Box::pin(handle.flush());
    assert!(once(&mut flush).is_pending());
    let bomb = handle.reserve().await.unwrap().with(|_, _| panic!("a command of the owner"));
    let behind = handle.reserve().await.unwrap().with(|peer, _| peer.queued());
    let driven = poll_fn(|cx| {
        let poll = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut driver).poll(cx)));
        if poll.is_err() { Poll::Ready(()) } else { Poll::Pending }
    });
    driven.await;
    assert_eq!(at_once(bomb).await, Err::<(), _>(Error::ClosedByOwner.into()));
    assert_eq!(at_once(behind).await, Err(Error::ClosedByOwner.into()));
    assert_eq!(at_once(flush).await, Err(Error::ClosedByOwner.into()));
    assert_eq!(at_once(events.next()).await, None);
    assert_eq!(at_once(driver).await, Error::ClosedByOwner.into());
}
