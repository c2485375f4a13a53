//! Requests with an id for headers: what responds, and what is an announcement.

use core::time::Duration;

use peer_core::message::{BlockHeader, Locator};
use peer_core::{Error, Hash, Request, RequestError, RequestOptions, Unanswered};
use peer_tests::remote::{NETWORK, established, established_at};
use peer_tests::requests::{NONE, Told, chain, headers_after, headers_of, told};
use peer_tests::samples::{block_item, getdata, headers};

const SECOND: Duration = Duration::from_secs(1);
const TIP: Hash = Hash::from_bytes([7; 32]);
const PLAIN: RequestOptions = RequestOptions::new();

#[test]
fn headers_that_follow_the_locator_respond() {
    let mut remote = established();
    let id = remote.is_asked(&headers_after([TIP, Hash::from_bytes([6; 32])]));
    for parent in [TIP, Hash::from_bytes([6; 32])] {
        let mut remote = established();
        let again = remote.is_asked(&headers_after([TIP, Hash::from_bytes([6; 32])]));
        let response = headers_of(chain(parent, 2000));
        assert_eq!(remote.is_told(&response), [Told::Response(again, response.clone(), 0)]);
    }
    assert_eq!(remote.is_told(&headers()), [Told::Response(id, headers(), 0)], "none follow");
}

#[test]
fn a_remote_that_knows_none_of_the_locator_begins_behind_the_genesis_block() {
    let mut remote = established();
    let id = remote.is_asked(&headers_after([TIP]));
    let response = headers_of(chain(NETWORK.genesis_hash().unwrap(), 3));
    assert_eq!(remote.is_told(&response), [Told::Response(id, response.clone(), 0)]);
}

#[test]
fn what_does_not_follow_the_locator_is_an_announcement() {
    let mut remote = established();
    let id = remote.is_asked(&headers_after([TIP]));
    let news = headers_of(chain(Hash::from_bytes([9; 32]), 1));
    for _ in 0..3 {
        assert_eq!(remote.is_told(&news), [Told::Message(news.clone())]);
    }
    let response = headers_of(chain(TIP, 2));
    assert_eq!(remote.is_told(&response), [Told::Response(id, response.clone(), 0)]);
    assert_eq!(remote.is_told(&response), [Told::Message(response)], "once");
}

#[test]
fn without_a_locator_the_header_of_the_stop_hash_responds() {
    let header = BlockHeader { height: 5, ..BlockHeader::default() };
    let request = Request::Headers { locator: Locator::new(), stop: header.hash() };
    let mut remote = established();
    let id = remote.is_asked(&request);
    let other = headers_of([BlockHeader::default()]);
    assert_eq!(remote.is_told(&other), [Told::Message(other)]);
    let response = headers_of([header]);
    assert_eq!(remote.is_told(&response), [Told::Response(id, response.clone(), 0)]);
}

#[test]
fn headers_that_are_not_linked_are_a_mismatch() {
    let mut remote = established();
    let id = remote.is_asked(&headers_after([TIP]));
    let mut broken = chain(TIP, 3);
    broken.swap(1, 2);
    assert_eq!(remote.is_told(&headers_of(broken)), [Told::Ended(id, Unanswered::Mismatch, NONE)]);
    assert!(Unanswered::Mismatch.is_misbehaviour());
}

#[test]
fn several_requests_are_told_apart_by_their_locators() {
    let mut remote = established();
    let here = remote.is_asked(&headers_after([TIP]));
    let there = remote.is_asked(&headers_after([Hash::from_bytes([8; 32])]));
    let response = headers_of(chain(Hash::from_bytes([8; 32]), 1));
    assert_eq!(remote.is_told(&response), [Told::Response(there, response.clone(), 0)]);
    assert_eq!(remote.is_told(&headers()), [Told::Response(here, headers(), 0)]);
}

#[test]
fn what_responds_to_cancelled_headers_is_dropped() {
    let mut remote = established();
    let id = remote.is_asked(&headers_after([TIP]));
    assert!(remote.machine.cancel(id, remote.now));
    assert_eq!(remote.is_told(&headers_of(chain(TIP, 2))), []);
}

#[test]
fn headers_that_do_not_come_are_reported_and_end_nothing() {
    for version in [1, 8, 9, 12] {
        let mut remote = established_at(version);
        let id = remote.is_asked(&headers_after([TIP]));
        assert_eq!(remote.wait(SECOND * 32), Ok(()), "at {version}");
        assert_eq!(told(&mut remote), [Told::Ended(id, Unanswered::TimedOut, NONE)]);
    }
}

#[test]
fn announcements_do_not_hide_a_response_that_is_withheld() {
    let mut remote = established();
    remote.is_asked(&peer_tests::requests::items([block_item(1)]));
    remote.is_asked_with(&headers_after([TIP]), PLAIN.timeout(SECOND * 90));
    let news = headers_of(chain(Hash::from_bytes([9; 32]), 1));
    let ended = (0..60).find_map(|_| {
        remote.is_told(&news);
        remote.wait(SECOND).err()
    });
    assert!(matches!(ended, Some(Error::Stalled(_))), "{ended:?}");
}

#[test]
fn at_most_64_requests_that_are_not_for_items_are_open() {
    let mut remote = established();
    let ids: Vec<_> = (0..64).map(|_| remote.is_asked(&headers_after([TIP]))).collect();
    let refused = |remote: &mut peer_tests::remote::Remote| {
        remote.machine.request(&headers_after([TIP]), PLAIN, remote.now).err()
    };
    assert_eq!(refused(&mut remote), Some(RequestError::TooMany { limit: 64 }));
    remote.machine.cancel(ids[3], remote.now);
    assert_eq!(refused(&mut remote), Some(RequestError::TooMany { limit: 64 }), "it is still owed");
    remote.is_told(&headers());
    assert_eq!(refused(&mut remote), None);
    remote.machine.send(&getdata([block_item(1)]), remote.now).unwrap();
}

#[test]
fn a_repeated_request_is_sent_once_the_one_before_was_answered() {
    let mut remote = established();
    let ask = |remote: &mut peer_tests::remote::Remote| {
        let sent = remote.machine.request_headers(&[TIP], Hash::ZERO, remote.now).unwrap();
        remote.hears();
        sent
    };
    assert_eq!((ask(&mut remote), ask(&mut remote)), (true, false));
    assert_eq!(remote.is_told(&headers()), [Told::Message(headers())]);
    assert!(ask(&mut remote), "the remote may have more by now");

    let announcement = peer_tests::samples::inv([block_item(1)]);
    let ask = |remote: &mut peer_tests::remote::Remote| {
        let sent = remote.machine.request_blocks(&[TIP], Hash::ZERO, remote.now).unwrap();
        remote.hears();
        sent
    };
    assert_eq!((ask(&mut remote), ask(&mut remote)), (true, false));
    assert_eq!(remote.is_told(&announcement), [Told::Message(announcement)]);
    assert!(ask(&mut remote));
}
