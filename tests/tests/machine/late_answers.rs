//! Answers that come once more, to what was asked for more than once.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;

use peer_core::message::{GetInitState, Inventory, List};
use peer_core::{Command, Config, Error, Message};
use peer_tests::remote::{NETWORK, Remote, bytes_of, established, header};
use peer_tests::samples::{block, block_item, getdata, getheaders, large_block, notfound, tx, tx_item};

/// Asks, through our machine.
fn ask(remote: &mut Remote, items: impl Into<Vec<Inventory>>) {
    remote.machine.send(&getdata(items), remote.now).unwrap();
    remote.hears();
}

#[test]
fn several_items_that_were_asked_for_twice_may_be_answered_twice() {
    let mut remote = established();
    let items: Vec<_> = (0..5).map(block_item).collect();
    ask(&mut remote, items.clone());
    ask(&mut remote, items);
    for _ in 0..2 {
        (0..5).for_each(|number| remote.say(&block(number).into()));
        assert_eq!(remote.messages().len(), 5);
    }
}

/// However long the first answer takes.
#[test]
fn an_item_that_was_asked_for_twice_may_come_twice_though_it_comes_slowly() {
    const RATE: usize = 1000;
    let config = Config::builder(NETWORK).min_receive_rate(RATE as u64).build().unwrap();
    let mut remote = Remote::established(config);
    let large = large_block(70 * RATE);
    let item = Inventory::block(large.hash());
    ask(&mut remote, [item]);
    ask(&mut remote, [tx_item(1)]);
    ask(&mut remote, [item]);
    remote.say(&Message::Tx(tx(1)));
    assert_eq!(remote.messages().len(), 1);
    for piece in bytes_of(&large.clone().into()).chunks(RATE) {
        remote.wait(Duration::from_secs(1)).unwrap();
        remote.say_bytes(piece);
        remote.events();
    }
    assert_eq!(remote.machine.open_requests(), 0);
    remote.say(&large.into());
    assert_eq!(remote.messages().len(), 1);
}

#[test]
fn an_answer_that_comes_once_more_before_its_request_is_reported_is_refused_from_its_header() {
    let mut remote = established();
    remote.machine.send(&GetInitState { types: List::new() }.into(), remote.now).unwrap();
    remote.machine.poll_transmit(remote.now);
    remote.say(&Message::InitState(Box::default()));
    assert_eq!(remote.messages().len(), 1);
    remote.say_bytes(&header("initstate", 3, [0; 4]));
    assert_eq!(remote.error(), Error::Unrequested(Command::new("initstate").unwrap()));
}

#[test]
fn a_notfound_is_refused_from_its_header_where_no_item_was_asked_for() {
    let mut remote = established();
    remote.machine.send(&getheaders(), remote.now).unwrap();
    remote.hears();
    remote.say_bytes(&header("notfound", 37, [0; 4]));
    assert_eq!(remote.error(), Error::Unrequested(Command::new("notfound").unwrap()));
}

#[test]
fn a_notfound_for_what_was_pushed_before_its_request_was_reported_is_accepted() {
    let mut remote = established();
    remote.machine.send(&getdata([tx_item(1)]), remote.now).unwrap();
    remote.machine.poll_transmit(remote.now);
    remote.say(&Message::Tx(tx(1)));
    remote.say(&notfound([tx_item(1)]));
    assert_eq!(remote.messages().len(), 2);
}

#[test]
fn as_many_items_as_the_limit_may_be_asked_for_at_once() {
    let config = Config::builder(NETWORK).max_requests(3).build().unwrap();
    let mut remote = Remote::established(config);
    ask(&mut remote, (0..3).map(tx_item).collect::<Vec<_>>());
    assert_eq!(remote.machine.open_requests(), 3);
}
