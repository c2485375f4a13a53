//! Answers that come once more, to what was asked for more than once.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;

use peer_core::message::Inventory;
use peer_core::{Config, Message};
use peer_tests::remote::{NETWORK, Remote, bytes_of, established};
use peer_tests::samples::{block, block_item, getdata, large_block, tx, tx_item};

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
