//! Requests with an id for blocks, transactions and mixing messages.

use core::time::Duration;

use peer_core::message::{Inventory, InventoryKind};
use peer_core::{
    Config, Error, Event, Expected, Message, OnTimeout, RequestError, RequestOptions, SendError, Unanswered,
};
use peer_tests::remote::{NETWORK, Remote, established};
use peer_tests::requests::{NONE, Told, items, told};
use peer_tests::samples::{block, block_item, getdata, notfound, tx, tx_item};

const SECOND: Duration = Duration::from_secs(1);
const REPORT: RequestOptions = RequestOptions::new().on_timeout(OnTimeout::Report);

fn blocks(numbers: impl IntoIterator<Item = u32>) -> Vec<Inventory> {
    numbers.into_iter().map(block_item).collect()
}

fn a_block(number: u32) -> Message {
    Message::Block(block(number))
}

#[test]
fn each_item_responds_and_the_last_one_ends_the_request() {
    let mut remote = established();
    let id = remote.machine.request(&items(blocks(0..3)), RequestOptions::new(), remote.now).unwrap();
    assert_eq!(remote.hears(), [getdata(blocks(0..3))]);
    for (number, remaining) in [(2, 2), (0, 1)] {
        let told = remote.is_told(&a_block(number));
        assert_eq!(told, [Told::Response(id, a_block(number), remaining)]);
        assert_eq!(remote.machine.requests().collect::<Vec<_>>(), [(id, remaining as usize)]);
    }
    assert_eq!(remote.is_told(&a_block(1)), [Told::Response(id, a_block(1), 0)]);
    assert_eq!(remote.machine.requests().len(), 0);
    assert_eq!(remote.wait(SECOND * 100), Ok(()), "nothing more is due");
}

#[test]
fn what_is_not_found_is_told_once_the_rest_has_come() {
    let mut remote = established();
    let id = remote.is_asked(&items(blocks(0..3)));
    assert_eq!(remote.is_told(&notfound(blocks([1]))), [], "the rest may still come");
    assert_eq!(remote.is_told(&a_block(0)), [Told::Response(id, a_block(0), 2)]);
    let last = remote.is_told(&a_block(2));
    let ended = Told::Ended(id, Unanswered::NotFound, blocks([1]));
    assert_eq!(last, [Told::Response(id, a_block(2), 1), ended]);

    let id = remote.is_asked(&items(blocks([4])));
    assert_eq!(remote.is_told(&notfound(blocks([4]))), [Told::Ended(id, Unanswered::NotFound, blocks([4]))]);
}

#[test]
fn an_item_that_two_requests_name_is_sent_for_once_and_responds_to_both() {
    let mut remote = established();
    let first = remote.is_asked(&items(blocks([0, 1])));
    let second = remote.machine.request(&items(blocks([1, 2])), RequestOptions::new(), remote.now).unwrap();
    assert_eq!(remote.hears(), [getdata(blocks([2]))]);
    let third = remote.machine.request(&items(blocks([1])), RequestOptions::new(), remote.now).unwrap();
    assert_eq!(remote.hears(), []);

    let expected = [
        Told::Response(first, a_block(1), 1),
        Told::Response(second, a_block(1), 1),
        Told::Response(third, a_block(1), 0),
    ];
    assert_eq!(remote.is_told(&a_block(1)), expected);
    let expected = [Told::Ended(first, Unanswered::NotFound, blocks([0]))];
    assert_eq!(remote.is_told(&notfound(blocks([0]))), expected);
    assert_eq!(remote.is_told(&a_block(2)), [Told::Response(second, a_block(2), 0)]);
}

#[test]
fn an_item_that_is_named_twice_counts_once() {
    let mut remote = established();
    let id = remote.machine.request(&items(blocks([1, 1, 0, 1])), RequestOptions::new(), remote.now).unwrap();
    assert_eq!(remote.hears(), [getdata(blocks([1, 0]))]);
    assert_eq!(remote.is_told(&a_block(1)), [Told::Response(id, a_block(1), 1)]);
}

#[test]
fn a_pushed_transaction_responds_and_what_follows_is_no_misbehaviour() {
    for follows in [notfound([tx_item(1)]), Message::Tx(tx(1))] {
        let mut remote = established();
        let id = remote.is_asked(&items([tx_item(1)]));
        assert_eq!(remote.is_told(&Message::Tx(tx(1))), [Told::Response(id, Message::Tx(tx(1)), 0)]);
        assert_eq!(remote.is_told(&follows), [Told::Message(follows.clone())]);
    }
}

#[test]
fn a_response_that_comes_before_we_are_told_of_the_write_counts() {
    let mut remote = established();
    let id = remote.machine.request(&items(blocks([1])), RequestOptions::new(), remote.now).unwrap();
    assert_eq!(remote.is_told(&a_block(1)), [Told::Response(id, a_block(1), 0)]);
    remote.hears();
    assert_eq!(remote.wait(SECOND * 100), Ok(()), "nothing more is due");
}

#[test]
fn an_item_that_never_comes_ends_the_connection_after_30_seconds() {
    let mut remote = established();
    remote.is_asked(&items(blocks([1, 2])));
    remote.is_told(&a_block(1));
    assert_eq!(remote.wait(SECOND * 29), Ok(()));
    let stalled = Error::Stalled(Expected::Item(Box::new(block_item(2))));
    assert_eq!(remote.wait(SECOND * 2), Err(stalled));
}

#[test]
fn an_item_that_never_comes_is_reported_where_the_owner_wants_that() {
    let mut remote = established();
    let id = remote.is_asked_with(&items(blocks([1, 2, 3])), REPORT.timeout(SECOND * 10));
    remote.is_told(&notfound(blocks([3])));
    assert_eq!(remote.wait(SECOND * 9), Ok(()));
    assert_eq!(told(&mut remote), [], "not before it is late");
    assert_eq!(remote.wait(SECOND * 2), Ok(()));
    let missing = blocks([3, 1, 2]);
    assert_eq!(told(&mut remote), [Told::Ended(id, Unanswered::TimedOut, missing)]);
    assert_eq!(remote.is_told(&a_block(1)), [Told::Message(a_block(1))], "late, and not unasked");

    let again = remote.machine.request(&items(blocks([2])), REPORT, remote.now).unwrap();
    assert_eq!(remote.hears(), [getdata(blocks([2]))]);
    assert_eq!(remote.is_told(&a_block(2)), [Told::Response(again, a_block(2), 0)]);
}

#[test]
fn small_responses_one_a_second_are_no_stall() {
    let mut remote = established();
    let wanted: Vec<_> = (0..100).map(tx_item).collect();
    let many = remote.is_asked(&items(wanted));
    for number in 0..100 {
        assert_eq!(remote.wait(SECOND), Ok(()), "after {number}");
        let response = Message::Tx(tx(number));
        assert_eq!(remote.is_told(&response), [Told::Response(many, response.clone(), 99 - number)]);
    }
}

#[test]
fn a_deadline_reports_and_blames_no_one() {
    let mut remote = established();
    let id = remote.is_asked_with(&items(blocks([1, 2])), RequestOptions::new().deadline(SECOND * 5));
    remote.is_told(&a_block(2));
    assert_eq!(remote.wait(SECOND * 5), Ok(()));
    assert_eq!(told(&mut remote), [Told::Ended(id, Unanswered::DeadlinePassed, blocks([1]))]);
    assert_eq!(remote.machine.requests().len(), 0);
    assert!(!remote.machine.cancel(id, remote.now), "it has ended");
    assert_eq!(remote.is_told(&a_block(1)), [], "too late for the owner");
    assert_eq!(remote.wait(SECOND * 100), Ok(()), "nothing more is due");
}

#[test]
fn a_request_that_has_ended_and_is_cancelled_before_the_owner_is_told_is_told_no_more() {
    let mut remote = established();
    let id = remote.is_asked_with(&items(blocks([1])), RequestOptions::new().deadline(SECOND * 5));
    assert_eq!(remote.wait(SECOND * 5), Ok(()));
    assert!(remote.machine.cancel(id, remote.now), "its end was not told");
    assert_eq!(told(&mut remote), []);
}

#[test]
fn a_response_that_is_still_to_be_told_is_dropped_with_its_request_alone() {
    let mut remote = established();
    let [first, second, third] = [1, 1, 1].map(|number| remote.is_asked(&items(blocks([number]))));
    remote.say(&a_block(1));
    let Ok(Some(Event::Response(response))) = remote.pull() else {
        panic!("one block responds to all three")
    };
    assert_eq!(response.id, first);
    assert!(remote.machine.cancel(second, remote.now), "its response was not told");
    assert_eq!(told(&mut remote), [Told::Response(third, a_block(1), 0)]);
}

#[test]
fn what_responds_to_a_cancelled_request_is_admitted_and_dropped() {
    let mut remote = established();
    let cancelled = remote.is_asked(&items(blocks([1, 2])));
    let other = remote.is_asked(&items(blocks([2])));
    assert!(remote.machine.cancel(cancelled, remote.now));
    assert!(!remote.machine.cancel(cancelled, remote.now), "once");
    assert_eq!(remote.machine.requests().collect::<Vec<_>>(), [(other, 1)]);
    assert_eq!(remote.is_told(&a_block(1)), []);
    assert_eq!(remote.is_told(&a_block(2)), [Told::Response(other, a_block(2), 0)]);
    assert_eq!(remote.machine.open_requests(), 0);
}

#[test]
fn a_remote_still_owes_what_was_cancelled() {
    let mut remote = established();
    let id = remote.is_asked(&items(blocks([1])));
    remote.machine.cancel(id, remote.now);
    let stalled = Error::Stalled(Expected::Item(Box::new(block_item(1))));
    assert_eq!(remote.wait(SECOND * 31), Err(stalled));

    let mut remote = established();
    let id = remote.is_asked_with(&items(blocks([1])), REPORT);
    remote.machine.cancel(id, remote.now);
    assert_eq!(remote.wait(SECOND * 31), Ok(()));
    assert_eq!(told(&mut remote), []);
}

#[test]
fn requests_that_make_no_sense_are_refused_without_any_effect() {
    let mut remote = established();
    let mut refused = |request: &_| remote.machine.request(request, REPORT, remote.now).unwrap_err();
    assert_eq!(refused(&items(NONE)), RequestError::Empty);
    let kind = InventoryKind::FILTERED_BLOCK;
    let unserved = Inventory { kind, ..block_item(1) };
    assert_eq!(refused(&items([block_item(1), unserved])), SendError::Unanswerable(kind).into());
    assert_eq!((remote.machine.open_requests(), remote.machine.queued()), (0, 0));
    assert_eq!(remote.machine.requests().len(), 0);
}

#[test]
fn more_items_than_the_limit_are_refused_however_many_requests_share_them() {
    let config = Config::builder(NETWORK).max_requests(5).build().unwrap();
    let mut remote = Remote::established(config);
    let id = remote.is_asked(&items(blocks(0..3)));
    let refused = remote.machine.request(&items(blocks(0..3)), REPORT, remote.now);
    let too_many = SendError::TooManyRequests { open: 3, wanted: 3, limit: 5 };
    assert_eq!(refused, Err(too_many.into()));
    remote.machine.cancel(id, remote.now);
    remote.is_told(&a_block(0));
    remote.is_asked(&items(blocks(0..3)));
}

#[test]
fn a_request_that_does_not_fit_into_the_queue_asks_for_nothing() {
    let config = Config::builder(NETWORK).send_limit(100).send_pause(50).build().unwrap();
    let mut remote = Remote::established(config);
    let refused = remote.machine.request(&items(blocks(0..9)), REPORT, remote.now);
    assert!(matches!(refused, Err(RequestError::Send(SendError::NeverFits { .. }))), "{refused:?}");
    assert_eq!(remote.machine.open_requests(), 0);
    let id = remote.machine.request(&items(blocks([0])), REPORT, remote.now).unwrap();
    assert_eq!((id.get(), remote.hears()), (1, vec![getdata(blocks([0]))]));
}

#[test]
fn without_an_id_and_with_one_the_same_item_goes_to_the_request() {
    let mut remote = established();
    remote.machine.send(&getdata(blocks([1])), remote.now).unwrap();
    let id = remote.machine.request(&items(blocks([1])), REPORT, remote.now).unwrap();
    assert_eq!(remote.hears().len(), 2, "the machine does not know what is wanted without an id");
    assert_eq!(remote.is_told(&a_block(1)), [Told::Response(id, a_block(1), 0)]);
    assert_eq!(remote.is_told(&a_block(1)), [Told::Message(a_block(1))]);
}

#[test]
fn items_that_were_reported_as_late_count_until_they_come() {
    let config = Config::builder(NETWORK).max_requests(2).build().unwrap();
    let mut remote = Remote::established(config);
    let id = remote.is_asked_with(&items([tx_item(1), tx_item(2)]), REPORT);
    assert_eq!(remote.wait(SECOND * 32), Ok(()));
    let missing = vec![tx_item(1), tx_item(2)];
    assert_eq!(told(&mut remote), [Told::Ended(id, Unanswered::TimedOut, missing)]);
    let refused = remote.machine.request(&items([tx_item(3)]), REPORT, remote.now).unwrap_err();
    let full = SendError::TooManyRequests { open: 2, wanted: 1, limit: 2 };
    assert_eq!(refused, RequestError::Send(full), "what is owed may still come, and takes its room");
    assert_eq!(remote.is_told(&Message::Tx(tx(1))), [Told::Message(Message::Tx(tx(1)))]);
    remote.is_asked_with(&items([tx_item(3)]), REPORT);
    assert!(remote.machine.is_established());
}
