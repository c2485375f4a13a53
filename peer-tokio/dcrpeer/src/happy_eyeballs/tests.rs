use core::future::pending;
use core::net::SocketAddr;
use core::time::Duration;
use std::io;

use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::{ATTEMPT_DELAY, ConnectError, Connected, FailedAttempt, alternate, connect};
use crate::clock::Stopwatch;

const TIME_LIMIT: Duration = Duration::from_secs(10);

fn addresses<const N: usize>(texts: [&str; N]) -> [SocketAddr; N] {
    texts.map(|text| text.parse().unwrap())
}

/// What a network does with an attempt.
#[derive(Clone, Copy)]
enum Fate {
    Silence,
    Refusal,
    AnswerAfter(Duration),
}

async fn meet(fate: Fate) -> io::Result<()> {
    match fate {
        Fate::Silence => pending().await,
        Fate::Refusal => Err(io::ErrorKind::ConnectionRefused.into()),
        Fate::AnswerAfter(delay) => {
            tokio::time::sleep(delay).await;
            Ok(())
        }
    }
}

/// Races for addresses of one family, which meet these fates in turn.
async fn race_to(fates: &[Fate]) -> Result<Connected<()>, Vec<FailedAttempt>> {
    let ports = 1..=u16::try_from(fates.len()).unwrap();
    let addresses: Vec<_> = ports.map(|port| SocketAddr::from(([127, 0, 0, 1], port))).collect();
    // Port 0 is none.
    let fates = [&[Fate::Silence][..], fates].concat();
    connect(&addresses, TIME_LIMIT, move |address| meet(fates[usize::from(address.port())])).await
}

#[tokio::test(start_paused = true)]
async fn a_dead_address_costs_one_head_start() {
    let clock = Stopwatch::start();
    let connected = race_to(&[Fate::Silence, Fate::AnswerAfter(Duration::ZERO)]).await.unwrap();
    assert_eq!((connected.address.port(), clock.elapsed()), (2, ATTEMPT_DELAY));
    let dead = [Fate::Silence; 4];
    let clock = Stopwatch::start();
    let connected = race_to(&[&dead[..], &[Fate::AnswerAfter(Duration::ZERO)]].concat()).await.unwrap();
    assert_eq!((connected.address.port(), clock.elapsed()), (5, 4 * ATTEMPT_DELAY));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_makes_the_next_attempt_begin_at_once() {
    let clock = Stopwatch::start();
    let connected =
        race_to(&[Fate::Refusal, Fate::Refusal, Fate::AnswerAfter(Duration::ZERO)]).await.unwrap();
    assert_eq!((connected.address.port(), clock.elapsed()), (3, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_slow_goes_on_beside_the_next_and_may_win() {
    let slow = Duration::from_secs(2);
    let clock = Stopwatch::start();
    let connected = race_to(&[Fate::AnswerAfter(slow), Fate::Silence, Fate::Refusal]).await.unwrap();
    assert_eq!((connected.address.port(), connected.took, clock.elapsed()), (1, slow, slow));
}

#[tokio::test(start_paused = true)]
async fn every_failure_is_returned_in_the_order_of_the_attempts() {
    let clock = Stopwatch::start();
    let failures = race_to(&[Fate::Silence, Fate::Refusal, Fate::Silence]).await.unwrap_err();
    // The third begins with the refusal of the second.
    assert_eq!(clock.elapsed(), TIME_LIMIT + ATTEMPT_DELAY);
    let [first, second, third] = failures.try_into().unwrap();
    assert_eq!([&first, &second, &third].map(|failed| failed.address.port()), [1, 2, 3]);
    assert!(
        matches!(first.reason, ConnectError::TimedOut(TIME_LIMIT)) && second.is_refused(),
        "{first:?}, {second:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn no_address_is_no_failure_of_any() {
    assert!(race_to(&[]).await.unwrap_err().is_empty());
}

#[test]
fn families_take_turns_and_the_first_address_stays_first() {
    let given = addresses(["[::1]:1", "[::1]:2", "[::1]:3", "127.0.0.1:4", "127.0.0.1:5"]);
    let order: Vec<_> = alternate(&given).iter().map(SocketAddr::port).collect();
    assert_eq!(order, [1, 4, 2, 5, 3]);
    let order: Vec<_> = alternate(&given[2..]).iter().map(SocketAddr::port).collect();
    assert_eq!(order, [3, 4, 5]);
}

#[tokio::test]
async fn over_tcp_the_address_that_listens_is_the_one_that_is_reached() {
    let not_listening = TcpSocket::new_v4().unwrap();
    not_listening.bind(addresses(["127.0.0.1:0"])[0]).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let both = [not_listening.local_addr().unwrap(), listener.local_addr().unwrap()];
    let connected = connect(&both, TIME_LIMIT, TcpStream::connect).await.unwrap();
    assert_eq!((connected.address, connected.stream.peer_addr().unwrap()), (both[1], both[1]));
}
