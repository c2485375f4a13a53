//! Any flavour of runtime, any kind of task, or none.

use peer_core::Event;
use peer_tokio::{Driver, Events, Handle, inbound, outbound};
use rand_chacha::ChaCha8Rng;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};
use tokio::net::TcpStream;
use tokio::task::{LocalSet, spawn_local};

use crate::tokio::samples::{connection_info, node, nonce_of, ping, rng};
use crate::tokio::side::{established, tcp};

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

#[tokio::test(start_paused = true)]
async fn a_connection_needs_no_task_of_its_own() {
    let (near, far) = duplex(7);
    let (handle, mut near_events, near_driver) = outbound(near, &node(), connection_info(), rng(1)).unwrap();
    let (_far_handle, mut far_events, far_driver) = inbound(far, &node(), connection_info(), rng(2));
    let talk = async {
        while near_events.next().await != Some(Event::Established) {}
        handle.send(ping(7)).await
    };
    let listen = async {
        while far_events.next().await != Some(Event::Established) {}
        nonce_of(far_events.next().await)
    };
    tokio::select! {
        closed = near_driver => panic!("{closed}"),
        closed = far_driver => panic!("{closed}"),
        (sent, heard) = async { tokio::join!(talk, listen) } => {
            sent.unwrap();
            assert_eq!(heard, 7);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_stays_on_its_thread_is_driven_there() {
    let (near, far) = duplex(7);
    let (near, far): (Box<dyn Local>, Box<dyn Local>) = (Box::new(near), Box::new(far));
    let (handle, mut events, driver) = outbound(near, &node(), connection_info(), rng(1)).unwrap();
    let (_far_handle, mut far_events, far_driver) = inbound(far, &node(), connection_info(), rng(2));
    let conversation = async {
        spawn_local(driver);
        spawn_local(far_driver);
        let near = async { while events.next().await != Some(Event::Established) {} };
        let far = async { while far_events.next().await != Some(Event::Established) {} };
        tokio::join!(near, far);
        handle.send(ping(7)).await.unwrap();
        assert_eq!(nonce_of(far_events.next().await), 7);
    };
    LocalSet::new().run_until(conversation).await;
}

#[test]
fn a_driver_goes_wherever_its_stream_and_generator_go() {
    fn is_send<T: Send>() {}
    fn is_shared<T: Send + Sync>() {}
    is_send::<Driver<TcpStream, ChaCha8Rng>>();
    is_send::<Events>();
    is_shared::<Handle>();
}

/// A stream that may not leave its thread.
trait Local: AsyncRead + AsyncWrite + Unpin {}

impl Local for DuplexStream {}
