//! A ping behind a request that may stay unanswered: its pong tells that nothing will come.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;

use peer_core::message::{Ping, Pong};
use peer_core::{Hash, Message, OnTimeout, RequestId, RequestOptions, Unanswered};
use peer_tests::remote::{Remote, bytes_of, established};
use peer_tests::requests::{NONE, Told, chain, filters, headers_after, headers_of, items, told};
use peer_tests::samples::{block_item, getdata, headers, ping};

const SECOND: Duration = Duration::from_secs(1);
const TIP: Hash = Hash::from_bytes([7; 32]);
const PLAIN: RequestOptions = RequestOptions::new();

/// Asks for headers, and returns the pong that the fence asks for.
fn fenced(remote: &mut Remote, options: RequestOptions) -> (RequestId, Message) {
    let id = remote.machine.request(&headers_after([TIP]), options, remote.now).unwrap();
    let heard = remote.hears();
    let [Message::GetHeaders(_), Message::Ping(ping)] = &heard[..] else { panic!("{heard:?}") };
    (id, pong(*ping))
}

fn pong(ping: Ping) -> Message {
    Pong { nonce: ping.nonce }.into()
}

#[test]
fn a_pong_without_a_response_before_it_means_no_two_seconds_later() {
    let mut remote = established();
    let (id, pong) = fenced(&mut remote, PLAIN);
    assert_eq!(remote.wait(SECOND * 20), Ok(()));
    assert_eq!(remote.is_told(&pong), [Told::Message(pong.clone())]);
    assert_eq!(remote.wait(Duration::from_millis(1900)), Ok(()));
    assert_eq!(told(&mut remote), []);
    assert_eq!(remote.wait(SECOND), Ok(()));
    assert_eq!(told(&mut remote), [Told::Ended(id, Unanswered::Declined, NONE)]);
    assert!(remote.machine.is_established());
}

#[test]
fn a_pong_may_overtake_its_response() {
    let mut remote = established();
    let (id, pong) = fenced(&mut remote, PLAIN);
    remote.is_told(&pong);
    assert_eq!(remote.wait(SECOND), Ok(()));
    let response = headers_of(chain(TIP, 1));
    assert_eq!(remote.is_told(&response), [Told::Response(id, response.clone(), 0)]);
    assert_eq!(remote.wait(SECOND * 5), Ok(()));
    assert_eq!(told(&mut remote), [], "it has ended");
}

#[test]
fn a_pong_behind_the_response_means_nothing() {
    let mut remote = established();
    let (id, pong) = fenced(&mut remote, PLAIN);
    assert_eq!(remote.is_told(&headers()), [Told::Response(id, headers(), 0)]);
    assert_eq!(remote.is_told(&pong), [Told::Message(pong.clone())]);
    assert_eq!(remote.wait(SECOND * 5), Ok(()));
    assert_eq!(told(&mut remote), []);
}

#[test]
fn a_remote_that_declines_is_not_to_blame_whatever_follows_a_timeout() {
    let mut remote = established();
    let (id, pong) = fenced(&mut remote, PLAIN.on_timeout(OnTimeout::Close));
    remote.is_told(&pong);
    assert_eq!(remote.wait(SECOND * 3), Ok(()));
    assert_eq!(told(&mut remote), [Told::Ended(id, Unanswered::Declined, NONE)]);
}

#[test]
fn a_pong_of_another_ping_proves_nothing() {
    let mut remote = established();
    let (id, _) = fenced(&mut remote, PLAIN);
    remote.machine.send(&ping(5), remote.now).unwrap();
    remote.hears();
    remote.is_told(&Pong { nonce: 5 }.into());
    assert_eq!(remote.wait(SECOND * 29), Ok(()));
    assert_eq!(told(&mut remote), []);
    assert_eq!(remote.wait(SECOND * 2), Ok(()));
    assert_eq!(told(&mut remote), [Told::Ended(id, Unanswered::TimedOut, NONE)]);
}

#[test]
fn a_pong_that_comes_before_we_are_told_of_the_write_counts() {
    let mut remote = established();
    let id = remote.machine.request(&headers_after([TIP]), PLAIN, remote.now).unwrap();
    let shown = remote.machine.poll_transmit_chunks(1000, remote.now).concat();
    let nonce = u64::from_le_bytes(shown[shown.len() - 8..].try_into().unwrap());
    remote.is_told(&Pong { nonce }.into());
    assert_eq!(remote.wait(SECOND), Ok(()));
    remote.machine.handle_transmitted(usize::MAX, remote.now);
    assert_eq!(remote.wait(SECOND * 2), Ok(()));
    assert_eq!(told(&mut remote), [Told::Ended(id, Unanswered::Declined, NONE)]);
}

#[test]
fn what_has_a_negative_response_has_no_fence() {
    let mut remote = established();
    remote.machine.request(&items([block_item(1)]), PLAIN, remote.now).unwrap();
    assert_eq!(remote.hears(), [getdata([block_item(1)])]);
}

#[test]
fn without_a_fence_no_ping_is_sent() {
    let mut remote = established();
    remote.machine.request(&headers_after([TIP]), PLAIN.fence(false), remote.now).unwrap();
    assert!(matches!(remote.hears()[..], [Message::GetHeaders(_)]));
    remote.machine.request(&filters([TIP]), PLAIN.fence(false), remote.now).unwrap();
    assert!(matches!(remote.hears()[..], [Message::GetCfsV2(_)]));
}

#[test]
fn each_request_has_a_fence_of_its_own() {
    let mut remote = established();
    let (first, pong) = fenced(&mut remote, PLAIN);
    let (second, other_pong) = fenced(&mut remote, PLAIN);
    assert_ne!(pong, other_pong);
    remote.is_told(&pong);
    assert_eq!(remote.wait(SECOND * 3), Ok(()));
    assert_eq!(told(&mut remote), [Told::Ended(first, Unanswered::Declined, NONE)]);
    let response = headers_of(chain(TIP, 1));
    assert_eq!(remote.is_told(&response), [Told::Response(second, response.clone(), 0)]);
}

#[test]
fn a_request_and_its_fence_are_queued_together_or_not_at_all() {
    let request = Message::GetHeaders(peer_core::message::GetHeaders {
        protocol_version: 0,
        locator: vec![TIP].try_into().unwrap(),
        stop: Hash::ZERO,
    });
    let config = peer_core::Config::builder(peer_tests::remote::NETWORK);
    let config = config.send_limit(bytes_of(&request).len() + 31).send_pause(50).build().unwrap();
    let mut remote = Remote::established(config);
    assert!(remote.machine.request(&headers_after([TIP]), PLAIN, remote.now).is_err());
    assert_eq!(remote.machine.queued(), 0);
    remote.machine.request(&headers_after([TIP]), PLAIN.fence(false), remote.now).unwrap();
}
