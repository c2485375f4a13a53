//! Steps of the target `requests`: what its owner asks for, and what a remote may say to that.
//!
//! A byte without its highest bit is a step of the other scripts. With it, the low four bits are the operation and the
//! three above a small argument.

use core::time::Duration;

use peer_core::message::{Inventory, List};
use peer_core::{Hash, Interest, Message, OnTimeout, ProtocolVersion, Request, RequestOptions};

use super::call::Call;
use super::script::{Script, pick};
use super::vocabulary::{item, write_frame};
use crate::requests::{chain, filter, filters, filters_of, headers_after, headers_of, items};
use crate::samples::{block, notfound, tx};

const INTERESTS: [Interest; 4] =
    [Interest::NONE, Interest::ALL, Interest::ANNOUNCEMENTS, Interest::RESPONSES];

/// A step.
pub(super) fn read<'a>(script: &mut Script<'a>) -> Call<'a> {
    let mut ahead = *script;
    let byte = ahead.byte();
    if byte & 0x80 == 0 {
        return Call::read(script);
    }
    *script = ahead;
    let (operation, argument, detail) = (byte & 0x0f, byte >> 4 & 7, script.byte());
    match operation {
        0..=5 => Call::Request(request(operation, argument, detail), options(argument)),
        6 => Call::Cancel(usize::from(detail)),
        7 => Call::SetInterest(*pick(&INTERESTS, argument)),
        8 => hear(&headers(argument, detail)),
        9 => hear(&filters_of(&blocks(argument, detail % 5))),
        10 => hear(&Message::CFilterV2(filter(hash(argument)).into())),
        11 => hear(&notfound(chosen(detail))),
        12 if argument < 4 => hear(&Message::Tx(tx(u32::from(detail % 2)))),
        12 => hear(&Message::Block(block(u32::from(detail % 2)))),
        13 if argument < 4 => hear(&Message::InitState(Box::default())),
        13 => hear(&Message::Addr(peer_core::message::Addr::default())),
        14 => Call::Advance,
        _ => Call::Take(usize::from(detail)),
    }
}

fn request(kind: u8, argument: u8, detail: u8) -> Request {
    match kind {
        0 => items(chosen(detail)),
        1 => headers_after([hash(detail % 4), hash(argument)]),
        2 => filters(blocks(argument, detail % 5)),
        3 => Request::InitState(List::new()),
        4 => Request::Addresses,
        _ => Request::Ping,
    }
}

fn options(argument: u8) -> RequestOptions {
    let plain = RequestOptions::new();
    match argument {
        0 | 1 => plain,
        2 => plain.deadline(Duration::from_secs(3)),
        3 => plain.on_timeout(OnTimeout::Close).fence(false),
        4 => plain.on_timeout(OnTimeout::Report).timeout(Duration::from_secs(1)),
        5 => plain.on_timeout(OnTimeout::Report).timeout(Duration::ZERO),
        6 => plain.deadline(Duration::ZERO),
        _ => plain.timeout(Duration::MAX).deadline(Duration::MAX),
    }
}

/// Some of the first eight items.
fn chosen(mask: u8) -> Vec<Inventory> {
    (0..8).filter(|number| mask & 1 << number != 0).map(item).collect()
}

/// So many blocks in a row.
fn blocks(first: u8, count: u8) -> Vec<Hash> {
    (0..count).map(|number| hash(first.wrapping_add(number))).collect()
}

/// Linked headers, or of four the last two the wrong way round.
fn headers(parent: u8, count: u8) -> Message {
    let mut headers = chain(hash(parent), usize::from(count % 5));
    if let [_, _, third, fourth] = &mut headers[..] {
        core::mem::swap(third, fourth);
    }
    headers_of(headers)
}

const fn hash(number: u8) -> Hash {
    Hash::from_bytes([number; 32])
}

fn hear(message: &Message) -> Call<'static> {
    let mut payload = Vec::new();
    // What the newest version does not have, the one before has.
    if message.encode(&mut payload, ProtocolVersion::LATEST).is_err() {
        message.encode(&mut payload, ProtocolVersion::BATCHED_CFILTERS_V2).unwrap();
    }
    let mut frame = Vec::new();
    write_frame(&mut frame, message.command().to_wire(), &payload);
    Call::Hear { bytes: frame.into(), pull: true }
}
