//! Allocations, counted: a gate that a busy machine does not move.
//!
//! The counters are those of the whole process, so this file has a single test, and no other thread that could
//! allocate meanwhile, as the one does on which the standard harness waits for a test.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::alloc::System;

use bytes::{Bytes, BytesMut};
use libtest_mimic::{Arguments, Trial};
use peer_core::frame::{FrameReader, Rules};
use peer_core::message::{BlockHeader, Headers, Ping, Pong};
use peer_core::{Config, Message, Network, ProtocolVersion, Time};
use peer_tests::remote::{NETWORK, Remote, bytes_of};
use peer_tests::samples::{inv_of, item, usual_block, usual_tx_of};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const VERSION: ProtocolVersion = ProtocolVersion::LATEST;

fn main() {
    let trial = Trial::test("allocations_are_few", || {
        allocations_are_few();
        Ok(())
    });
    let arguments = Arguments { test_threads: Some(1), ..Arguments::from_args() };
    libtest_mimic::run(&arguments, vec![trial]).exit();
}

fn allocations_are_few() {
    messages_without_lists_decode_without_allocations();
    lists_decode_into_one_allocation();
    a_transaction_and_a_block_decode_into_what_shares_their_payload();
    messages_encode_into_a_buffer_that_is_large_enough_without_allocations();
    known_inventory_is_as_large_as_what_it_holds();
    a_short_payload_is_read_without_allocations();
}

fn messages_without_lists_decode_without_allocations() {
    for message in [Message::Ping(Ping { nonce: 1 }), Message::Pong(Pong { nonce: 1 }), Message::Verack] {
        assert_eq!(decoding(&message), 0, "{}", message.command());
    }
}

fn lists_decode_into_one_allocation() {
    for message in [inv_of(1), inv_of(50_000), headers(1), headers(2000)] {
        assert_eq!(decoding(&message), 1, "{}", message.command());
    }
}

fn a_transaction_and_a_block_decode_into_what_shares_their_payload() {
    for message in [tx(1), tx(100), block(1), block(700)] {
        let count = decoding(&message);
        assert!(count <= 1, "{count} allocations for {}", message.command());
    }
}

fn messages_encode_into_a_buffer_that_is_large_enough_without_allocations() {
    for message in [
        Message::Ping(Ping { nonce: 1 }),
        Message::Verack,
        inv_of(50_000),
        headers(2000),
        tx(100),
        block(700),
    ] {
        let mut out = Vec::with_capacity(message.encoded_len());
        let count = allocations(|| message.encode(&mut out, VERSION).unwrap());
        assert_eq!(count, 0, "{}", message.command());
    }
}

fn known_inventory_is_as_large_as_what_it_holds() {
    for (items, limit) in [(0, 0), (30, 3_000), (1000, 92_000)] {
        let mut peer = Remote::established(Config::builder(Network::SIMNET).build().unwrap()).machine.fork();
        let region = Region::new(ALLOCATOR);
        for number in 0..items {
            peer.peer_mut().add_known(&item(number), Time::ZERO);
        }
        let change = region.change();
        let held = change.bytes_allocated.saturating_sub(change.bytes_deallocated);
        assert!(held <= limit, "{held} bytes for {items} items");
    }
}

/// Up to 38 bytes.
fn a_short_payload_is_read_without_allocations() {
    let rules = Rules::new(NETWORK, VERSION);
    for (message, expected) in [(Message::Verack, 0), (Message::Ping(Ping { nonce: 1 }), 0), (inv_of(2), 1)] {
        let mut input = BytesMut::from(&bytes_of(&message)[..]);
        let mut reader = FrameReader::new();
        let count = allocations(|| reader.read(&mut input, &rules).unwrap().unwrap());
        assert_eq!(count, expected, "{}", message.command());
    }
}

/// Allocations for decoding `message`.
fn decoding(message: &Message) -> usize {
    let mut payload = Vec::new();
    message.encode(&mut payload, VERSION).unwrap();
    let (command, payload) = (message.command(), Bytes::from(payload));
    allocations(|| Message::decode(command, payload, VERSION).unwrap())
}

fn allocations<T>(act: impl FnOnce() -> T) -> usize {
    let region = Region::new(ALLOCATOR);
    let result = act();
    let change = region.change();
    drop(result);
    change.allocations.saturating_add(change.reallocations)
}

fn headers(count: u32) -> Message {
    let headers: Vec<_> = (0..count).map(|nonce| BlockHeader { nonce, ..BlockHeader::default() }).collect();
    Message::Headers(Headers { headers: headers.try_into().unwrap() })
}

fn tx(inputs: usize) -> Message {
    Message::Tx(usual_tx_of(inputs, 0))
}

fn block(count: u32) -> Message {
    Message::Block(usual_block(count))
}
