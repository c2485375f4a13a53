//! An empty `headers` that comes after its request has ended must not answer the next request.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;

use peer_core::message::Pong;
use peer_core::{Hash, Message, OnTimeout, RequestId, RequestOptions, Unanswered};
use peer_tests::remote::{Remote, established};
use peer_tests::requests::{NONE, Told, chain, headers_after, headers_of, told};
use peer_tests::samples::headers;

const SECOND: Duration = Duration::from_secs(1);
const HERE: Hash = Hash::from_bytes([7; 32]);
const THERE: Hash = Hash::from_bytes([8; 32]);
const PLAIN: RequestOptions = RequestOptions::new();

/// Asks for headers, and returns the pong that the fence asks for.
fn fenced(remote: &mut Remote, options: RequestOptions) -> (RequestId, Message) {
    let id = remote.machine.request(&headers_after([HERE]), options, remote.now).unwrap();
    let heard = remote.hears();
    let [Message::GetHeaders(_), Message::Ping(ping)] = &heard[..] else { panic!("{heard:?}") };
    (id, Pong { nonce: ping.nonce }.into())
}

/// A remote that let the pong overtake its response by more than the grace, so that the request was declined.
fn with_declined_request() -> Remote {
    let mut remote = established();
    let (id, pong) = fenced(&mut remote, PLAIN);
    remote.is_told(&pong);
    assert_eq!(remote.wait(Duration::from_secs(3)), Ok(()));
    assert_eq!(told(&mut remote), [Told::Ended(id, Unanswered::Declined, NONE)]);
    remote
}

/// The next request is answered by what follows its own locator, and not by what was owed before.
fn assert_next_request_is_answered_by_its_own_response(mut remote: Remote) {
    let next = remote.is_asked(&headers_after([THERE]));
    assert_eq!(remote.is_told(&headers()), [Told::Message(headers())], "owed by the request before");
    let response = headers_of(chain(THERE, 2));
    assert_eq!(remote.is_told(&response), [Told::Response(next, response.clone(), 0)]);
}

#[test]
fn late_empty_headers_of_a_declined_request_do_not_answer_the_next() {
    assert_next_request_is_answered_by_its_own_response(with_declined_request());
}

#[test]
fn late_empty_headers_of_a_request_that_timed_out_do_not_answer_the_next() {
    let mut remote = established();
    let id = remote.is_asked(&headers_after([HERE]));
    assert_eq!(remote.wait(SECOND * 32), Ok(()));
    assert_eq!(told(&mut remote), [Told::Ended(id, Unanswered::TimedOut, NONE)]);
    assert_next_request_is_answered_by_its_own_response(remote);
}

#[test]
fn late_empty_headers_of_a_cancelled_request_do_not_answer_the_next() {
    let mut remote = established();
    let (id, pong) = fenced(&mut remote, PLAIN);
    assert!(remote.machine.cancel(id, remote.now));
    remote.is_told(&pong);
    assert_eq!(remote.wait(SECOND * 3), Ok(()));
    assert_next_request_is_answered_by_its_own_response(remote);
}

#[test]
fn each_empty_response_that_is_owed_is_taken_once() {
    let mut remote = established();
    let pongs = [(); 2].map(|()| fenced(&mut remote, PLAIN).1);
    pongs.iter().for_each(|pong| drop(remote.is_told(pong)));
    assert_eq!(remote.wait(SECOND * 3), Ok(()));
    assert_eq!(told(&mut remote).len(), 2, "both were declined");
    let next = remote.is_asked(&headers_after([THERE]));
    for _ in 0..2 {
        assert_eq!(remote.is_told(&headers()), [Told::Message(headers())]);
    }
    assert_eq!(remote.is_told(&headers()), [Told::Response(next, headers(), 0)]);
}

/// Of two requests the newer one was declined.
fn with_an_older_request() -> (Remote, RequestId) {
    let mut remote = established();
    let older = remote.is_asked_with(&headers_after([THERE]), PLAIN.fence(false));
    let (_, pong) = fenced(&mut remote, PLAIN);
    remote.is_told(&pong);
    assert_eq!(remote.wait(Duration::from_secs(3)), Ok(()));
    assert_eq!(told(&mut remote).len(), 1, "the newer one was declined");
    (remote, older)
}

#[test]
fn an_older_request_that_is_still_open_is_answered_first() {
    let (mut remote, older) = with_an_older_request();
    assert_eq!(remote.is_told(&headers()), [Told::Response(older, headers(), 0)]);
}

#[test]
fn a_response_to_the_next_request_proves_that_nothing_is_owed() {
    let mut remote = with_declined_request();
    let next = remote.is_asked(&headers_after([THERE]));
    let response = headers_of(chain(THERE, 2));
    assert_eq!(remote.is_told(&response), [Told::Response(next, response.clone(), 0)]);
    let last = remote.is_asked(&headers_after([THERE]));
    assert_eq!(remote.is_told(&headers()), [Told::Response(last, headers(), 0)]);
}

#[test]
fn a_response_to_an_older_request_leaves_owed_what_a_newer_one_has_not_had() {
    let (mut remote, older) = with_an_older_request();
    let response = headers_of(chain(THERE, 2));
    assert_eq!(remote.is_told(&response), [Told::Response(older, response.clone(), 0)]);
    assert_next_request_is_answered_by_its_own_response(remote);
}

#[test]
fn an_empty_response_is_owed_for_no_longer_than_another_timeout() {
    // The request was declined after 2 s, one second ago.
    let left = SECOND * 29;
    let mut remote = with_declined_request();
    assert_eq!(remote.wait(left.saturating_sub(Duration::from_nanos(1))), Ok(()));
    assert_next_request_is_answered_by_its_own_response(remote);

    let mut remote = with_declined_request();
    assert_eq!(remote.wait(left), Ok(()));
    let next = remote.is_asked(&headers_after([THERE]));
    assert_eq!(remote.is_told(&headers()), [Told::Response(next, headers(), 0)]);
}

#[test]
fn a_remote_whose_response_was_taken_for_another_is_not_blamed_and_the_next_one_counts() {
    let mut remote = with_declined_request();
    let options = PLAIN.fence(false).on_timeout(OnTimeout::Close);
    let next = remote.is_asked_with(&headers_after([THERE]), options);
    assert_eq!(remote.is_told(&headers()), [Told::Message(headers())]);
    assert_eq!(remote.wait(SECOND * 32), Ok(()));
    assert_eq!(told(&mut remote), [Told::Ended(next, Unanswered::Declined, NONE)]);
    let last = remote.is_asked(&headers_after([THERE]));
    assert_eq!(remote.is_told(&headers()), [Told::Response(last, headers(), 0)]);
}
