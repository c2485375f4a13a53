//! A received block or transaction is sent on with the checksum it came with, and is not hashed again.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::BytesMut;
use peer_core::frame::{FrameReader, Rules};
use peer_core::message::Inventory;
use peer_core::{Hash, Message, ProtocolVersion};
use peer_tests::remote::{NETWORK, Remote, bytes_of, established, unguarded};
use peer_tests::samples::{getdata, large_block, usual_block, usual_tx};

/// The message as it is decoded from a frame that tells another checksum than its bytes have: where that turns up again,
/// nothing was hashed.
fn received_with_checksum(message: &Message, checksum: [u8; 4]) -> Message {
    let rules = Rules::new(NETWORK, ProtocolVersion::LATEST);
    let mut input = BytesMut::from(&bytes_of(message)[..]);
    let mut frame = FrameReader::new().read(&mut input, &rules).unwrap().unwrap();
    let mut hash = frame.hash.to_bytes();
    *hash.first_chunk_mut().unwrap() = checksum;
    frame.hash = Hash::from_bytes(hash);
    frame.decode(rules.version).unwrap()
}

/// The checksum in the frame that the machine writes.
fn checksum_written(remote: &mut Remote) -> [u8; 4] {
    *remote.machine.take_all(remote.now)[20..].first_chunk().unwrap()
}

fn permissive() -> Remote {
    Remote::established(unguarded().build().unwrap())
}

#[test]
fn a_received_block_or_transaction_is_never_hashed_again() {
    for message in [Message::from(large_block(5000)), usual_tx(1).into()] {
        let received = received_with_checksum(&message, *b"kept");
        let frame = received.encode_frame(NETWORK, ProtocolVersion::LATEST).unwrap();
        assert_eq!(frame.checksum(), *b"kept");
        let mut remote = permissive();
        remote.machine.send(&received, remote.now).unwrap();
        assert_eq!(checksum_written(&mut remote), *b"kept");
        remote.machine.send_encoded(&frame, remote.now).unwrap();
        assert_eq!(checksum_written(&mut remote), *b"kept");
        remote.machine.send(&received.clone(), remote.now).unwrap();
        assert_eq!(checksum_written(&mut remote), *b"kept", "a clone knows it, too");
    }
}

#[test]
fn what_was_built_here_is_hashed() {
    for message in [Message::from(large_block(5000)), usual_tx(1).into()] {
        let frame = message.encode_frame(NETWORK, ProtocolVersion::LATEST).unwrap();
        assert_eq!(frame.checksum(), Hash::digest(frame.payload()).to_bytes()[..4]);
    }
}

#[test]
fn a_transaction_that_is_taken_out_of_a_received_block_is_hashed() {
    let received = received_with_checksum(&usual_block(3).into(), *b"kept");
    let Message::Block(block) = received else { panic!("a block stays one") };
    for transaction in block.transactions() {
        let frame = Message::from(transaction).encode_frame(NETWORK, ProtocolVersion::LATEST).unwrap();
        assert_eq!(frame.checksum(), Hash::digest(frame.payload()).to_bytes()[..4]);
    }
}

#[test]
fn a_received_block_equals_one_that_was_built() {
    let built = Message::from(large_block(5000));
    let received = received_with_checksum(&built, *b"kept");
    assert_eq!(received, built);
    assert_eq!(format!("{received:?}"), format!("{built:?}"));
}

#[test]
fn what_one_machine_receives_another_sends_on_as_it_came() {
    let (block, transaction) = (large_block(340_000), usual_tx(1));
    let mut from = established();
    let request = getdata([Inventory::block(block.hash()), Inventory::tx(transaction.hash())]);
    from.machine.send(&request, from.now).unwrap();
    from.hears();
    for message in [block.into(), transaction.into()] {
        from.say(&message);
        let [received] = from.messages().try_into().unwrap();
        let mut to = permissive();
        to.machine.send(&received, to.now).unwrap();
        assert_eq!(to.machine.take_all(to.now), bytes_of(&message));
        to.machine
            .send_encoded(&received.encode_frame(NETWORK, ProtocolVersion::LATEST).unwrap(), to.now)
            .unwrap();
        assert_eq!(to.machine.take_all(to.now), bytes_of(&message));
    }
}
