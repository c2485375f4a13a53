//! Decoding and encoding, without the checksum.

use std::hint::black_box;

use bitcoin::consensus::encode::{deserialize, serialize};
use bitcoin::consensus::{Decodable, Encodable};
use bytes::Bytes;
use peer_core::message::{Block, Transaction};
use peer_core::{Command, Message, ProtocolVersion};

use crate::measure::Work;
use crate::report::{Report, Target};
use crate::samples;

const VERSION: ProtocolVersion = ProtocolVersion::LATEST;

pub fn measure(report: &mut Report) {
    let large = [
        ("inv of 50,000", Message::Inv(samples::inv(50_000))),
        ("2,000 headers", Message::Headers(samples::headers(2000))),
        ("block of 708 transactions", Message::Block(samples::block())),
    ];
    report.group("decode, against copying the payload");
    for ((name, message), must) in
        large.iter().zip([Target::AtMost(2.0, 1.3), Target::AtMost(3.0, 2.0), Target::Slower])
    {
        report.line(must, decoding(name, message), copying(message));
    }
    against_bitcoin(report);
    report.group("encode into a reused buffer, against copying the payload");
    for ((name, message), must) in
        large.iter().zip([Target::AtMost(2.0, 1.5), Target::AtMost(2.0, 1.5), Target::AtMost(5.0, 3.8)])
    {
        report.line(must, encoding(name, message), copying(message));
    }
    encode_against_bitcoin(report);
}

fn against_bitcoin(report: &mut Report) {
    report.group("decode, against bitcoin 0.32");
    let target = Target::AtLeast(2.5, 3.1);
    let transaction = samples::transaction(2, 2);
    let their_transaction = serialize(&samples::their_transaction(2, 2));
    report.line(
        target,
        decoding("tx of 2 inputs", &Message::Tx(transaction.clone())),
        theirs::<bitcoin::Transaction>(their_transaction.clone()),
    );
    report.line(
        target,
        Work::new("tx of 2 inputs, every field read", move || read_transaction(&reading(&transaction))),
        theirs::<bitcoin::Transaction>(their_transaction),
    );
    let target = Target::AtLeast(2.0, 3.0);
    let block = samples::block();
    let their_block = serialize(&samples::their_block());
    report.line(
        target,
        decoding("block", &Message::Block(block.clone())),
        theirs::<bitcoin::Block>(their_block.clone()),
    );
    report.line(
        target,
        Work::new("block, every field read", move || {
            let block = Block::decode(black_box(block.as_bytes().clone()), VERSION).expect("it is valid");
            block.transactions().for_each(|transaction| read_transaction(&transaction));
            block.header()
        }),
        theirs::<bitcoin::Block>(their_block),
    );
    let inv = serialize(&samples::their_inv(50_000));
    report.line(
        Target::Faster,
        decoding("inv of 50,000", &Message::Inv(samples::inv(50_000))),
        theirs::<Vec<bitcoin::p2p::message_blockdata::Inventory>>(inv),
    );
    let headers = serialize(&samples::their_headers(2000));
    report.line(
        Target::Faster,
        decoding("2,000 headers (180 B, theirs 80 B)", &Message::Headers(samples::headers(2000))),
        theirs::<Vec<bitcoin::block::Header>>(headers),
    );
}

fn encode_against_bitcoin(report: &mut Report) {
    report.group("encode into a reused buffer, against bitcoin 0.32");
    let tx = Message::Tx(samples::transaction(2, 2));
    report.line(
        Target::Faster,
        encoding("tx of 2 inputs", &tx),
        their_encoding(samples::their_transaction(2, 2)),
    );
    let block = Message::Block(samples::block());
    report.line(Target::Faster, encoding("block", &block), their_encoding(samples::their_block()));
    let inv = Message::Inv(samples::inv(50_000));
    report.line(Target::Faster, encoding("inv of 50,000", &inv), their_encoding(samples::their_inv(50_000)));
    let headers = Message::Headers(samples::headers(2000));
    let theirs = their_encoding(samples::their_headers(2000));
    report.line(Target::Faster, encoding("2,000 headers (180 B, theirs 80 B)", &headers), theirs);
}

fn payload(message: &Message) -> Vec<u8> {
    let mut payload = Vec::new();
    message.encode(&mut payload, VERSION).expect("it is valid");
    payload
}

fn decoding(name: &'static str, message: &Message) -> Work<'static> {
    let (command, payload): (Command, Bytes) = (message.command(), payload(message).into());
    Work::new(name, move || Message::decode(command, black_box(payload.clone()), VERSION))
}

fn encoding<'a>(name: &'static str, message: &'a Message) -> Work<'a> {
    let mut out = payload(message);
    Work::new(name, move || {
        out.clear();
        black_box(message).encode(black_box(&mut out), VERSION)
    })
}

fn copying(message: &Message) -> Work<'static> {
    let payload = payload(message);
    let mut copy = payload.clone();
    Work::new("copying", move || black_box(&mut copy).copy_from_slice(black_box(&payload)))
}

fn theirs<T: Decodable>(bytes: Vec<u8>) -> Work<'static> {
    Work::new("bitcoin", move || deserialize::<T>(black_box(&bytes)).expect("it is valid"))
}

fn their_encoding<T: Encodable + 'static>(value: T) -> Work<'static> {
    let mut out = Vec::new();
    Work::new("bitcoin", move || {
        out.clear();
        black_box(&value).consensus_encode(black_box(&mut out)).expect("a vector takes everything")
    })
}

fn reading(transaction: &Transaction) -> Transaction {
    Transaction::decode(black_box(transaction.as_bytes().clone())).expect("it is valid")
}

fn read_transaction(transaction: &Transaction) {
    transaction.inputs().for_each(|input| _ = black_box(input));
    transaction.outputs().for_each(|output| _ = black_box(output));
    black_box((transaction.version(), transaction.lock_time(), transaction.expiry()));
}
