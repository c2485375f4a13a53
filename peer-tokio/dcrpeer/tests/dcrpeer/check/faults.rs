//! A node for each check that does just that wrong.

use core::sync::atomic::Ordering;
use core::time::Duration;
use std::thread::sleep;

use peer_core::message::{CFilterV2, FilterData, List, Locator};
use peer_core::{Hash, Message, Network};

use super::faulty::{Edit, Fault, NONE, Raw, Relayed, frame};

/// For each check a fault, and what the evidence says of it.
pub(super) const FAULTS: &[(&str, Fault, &str)] = &[
    ("version-order", says(verack_first), "verack came where version was due"),
    ("waits-for-version", Fault { greets: true, ..NONE }, "sendheaders "),
    ("negotiation", hears(nine_is_too_old), "offered 9: it closed the connection"),
    ("future-version", hears(future_is_too_old), "offered 70000: it closed the connection"),
    ("too-old-version", hears(eight_is_twelve), "it sent version after version 8"),
    ("ping-first", hears(without_first_ping), "still open"),
    ("second-version", hears(second_ignored), "still open"),
    ("second-verack", hears(second_ignored), "still open"),
    ("fresh-nonces", says(same_nonce), "on both of two connections"),
    ("own-nonce", hears(stuck_at_third), "neither closed nor answered"),
    ("early-messages", hears(without_early_ping), "no the pong of an early ping within"),
    ("early-at-12", hears(without_early_ping), "still open"),
    ("handshake-timeout", HANGS, "still open"),
    ("idle-timeout", HANGS, "still open"),
    (
        "split-frames",
        Fault { needs_whole_frames: true, ..NONE },
        "it closed the connection where pong was due",
    ),
    ("joined-frames", hears(without_second_ping), "pong 3 came where 2 was due"),
    ("short-payload", hears(without_odd), "still open"),
    ("wrong-magic", hears(without_odd), "still open"),
    ("wrong-checksum", hears(mended), "it sent pong after a wrong checksum"),
    ("trailing-bytes", hears(without_tail), "it sent headers after a trailing byte"),
    ("unknown-command", hears(without_odd), "still open"),
    ("command-padding", hears(without_odd), "still open"),
    ("oversize-header", hears(without_odd), "still open"),
    ("over-limit-header", hears(without_odd), "still open"),
    ("addr-at-12", hears(without_odd), "still open"),
    ("headers-link", says(unlinked), "the header at height 2 does not follow its parent"),
    ("headers-go-on", says(first_headers_again), "the header at height 2001 does not follow its parent"),
    ("headers-at-tip", says(without_empty_headers), "no headers within"),
    ("headers-again", hears(second_ignored), "no headers within"),
    ("headers-stop", hears(without_stop), "2000 headers up to the stop hash, not 3"),
    ("unknown-locator", hears(locator_at_any), "0 headers, which do not begin at height 1"),
    ("empty-locator", hears(locator_at_genesis), "2000 headers for no locator"),
    ("stop-alone", hears(locator_at_genesis), "3 headers, not the one of the stop hash alone"),
    ("answer-order", says(second_headers_last), "height 8 was due, and another answer came"),
    ("block-names", says(backward_names), "500 names that are not those of the first blocks"),
    ("block", says(other_block), "another block than the one that was due"),
    ("block-order", says(first_block_held), "another block than the one that was due"),
    ("notfound", says(without_notfound), "no notfound within"),
    ("notfound-last", says(block_held), "notfound came where block was due"),
    ("unasked-block", hears(without_odd), "still open"),
    ("filter", says(other_filter), "the filter of another block"),
    ("filters", says(backward_filters), "100 filters, not those of the 100 blocks"),
    ("unknown-filter", says(filter_before_pong), "it answered with cfilterv2"),
    ("init-state", says(without_init_state), "no initstate within"),
    ("harmless", hears(closes_at_feefilter), "it closed the connection where pong was due"),
    ("pong", says(other_pong), "a pong of another nonce"),
    ("junk", hears(slow_after_inv), "no pong within 2 s"),
    ("unread-answers", hears(slow_after_getheaders), "no pong within 2 s"),
];

const HANGS: Fault = Fault { hangs: true, ..NONE };

const fn hears(hears: Edit) -> Fault {
    Fault { hears, ..NONE }
}

const fn says(says: Edit) -> Fault {
    Fault { says, ..NONE }
}

/// Changes the message where the command is this one.
fn change(raw: Raw, command: &str, change: impl FnOnce(&mut Message)) -> Vec<u8> {
    if !raw.is(command) {
        return raw.bytes;
    }
    let mut message = raw.message();
    change(&mut message);
    frame(message)
}

/// Holds the first frame with this command back, until one of the second kind has passed.
fn hold_first(relayed: &mut Relayed, raw: Raw, held: &str, until: &str) -> Vec<u8> {
    let count = relayed.count(&raw);
    if raw.is(held) && count == 1 {
        relayed.held = raw.bytes;
        return Vec::new();
    }
    let mut bytes = raw.bytes.clone();
    if raw.is(until) {
        bytes.append(&mut relayed.held);
    }
    bytes
}

fn verack_first(relayed: &mut Relayed, raw: Raw) -> Vec<u8> {
    hold_first(relayed, raw, "version", "verack")
}

fn offer(raw: Raw, from: i32, to: i32) -> Vec<u8> {
    change(raw, "version", |message| {
        if let Message::Version(version) = message
            && version.protocol_version == from
        {
            version.protocol_version = to;
        }
    })
}

fn nine_is_too_old(_: &mut Relayed, raw: Raw) -> Vec<u8> {
    offer(raw, 9, 8)
}

fn future_is_too_old(_: &mut Relayed, raw: Raw) -> Vec<u8> {
    offer(raw, 70_000, 8)
}

fn eight_is_twelve(_: &mut Relayed, raw: Raw) -> Vec<u8> {
    offer(raw, 8, 12)
}

fn without_first_ping(relayed: &mut Relayed, raw: Raw) -> Vec<u8> {
    let is_first = !relayed.has("version");
    relayed.count(&raw);
    if raw.is("ping") && is_first { Vec::new() } else { raw.bytes }
}

fn without_early_ping(relayed: &mut Relayed, raw: Raw) -> Vec<u8> {
    let is_early = !relayed.has("verack");
    relayed.count(&raw);
    if raw.is("ping") && is_early { Vec::new() } else { raw.bytes }
}

fn without_second_ping(relayed: &mut Relayed, raw: Raw) -> Vec<u8> {
    if raw.is("ping") { second_ignored(relayed, raw) } else { raw.bytes }
}

fn second_ignored(relayed: &mut Relayed, raw: Raw) -> Vec<u8> {
    if relayed.count(&raw) == 2 { Vec::new() } else { raw.bytes }
}

fn same_nonce(_: &mut Relayed, raw: Raw) -> Vec<u8> {
    change(raw, "version", |message| {
        if let Message::Version(version) = message {
            version.nonce = 7;
        }
    })
}

fn stuck_at_third(relayed: &mut Relayed, raw: Raw) -> Vec<u8> {
    if relayed.connection == 3 { Vec::new() } else { raw.bytes }
}

/// Ignores what a node should close for.
fn without_odd(_: &mut Relayed, raw: Raw) -> Vec<u8> {
    let (header, command) = (raw.header(), raw.command());
    let is_odd = header.network != Network::SIMNET
        || command == "ping" && header.len != 8
        || command.contains('\0')
        || ["foobar", "addr", "getaddr", "block"].contains(&command.as_str());
    if is_odd { Vec::new() } else { raw.bytes }
}

fn mended(_: &mut Relayed, raw: Raw) -> Vec<u8> {
    if !raw.is("ping") {
        return raw.bytes;
    }
    let nonce = u64::from_le_bytes(raw.payload().try_into().unwrap());
    frame(peer_core::message::Ping { nonce })
}

fn without_tail(_: &mut Relayed, raw: Raw) -> Vec<u8> {
    if !raw.is("getheaders") {
        return raw.bytes;
    }
    let (locator, stop) = (Locator::new(), Hash::ZERO);
    frame(peer_core::message::GetHeaders { protocol_version: 0, locator, stop })
}

fn unlinked(_: &mut Relayed, raw: Raw) -> Vec<u8> {
    edit_headers(raw, |headers| headers[1].prev_block = Hash::ZERO)
}

fn edit_headers(raw: Raw, edit: impl FnOnce(&mut Vec<peer_core::message::BlockHeader>)) -> Vec<u8> {
    change(raw, "headers", |message| {
        if let Message::Headers(headers) = message {
            let mut list = core::mem::take(&mut headers.headers).into_vec();
            edit(&mut list);
            headers.headers = list.try_into().unwrap();
        }
    })
}

fn first_headers_again(relayed: &mut Relayed, raw: Raw) -> Vec<u8> {
    if !raw.is("headers") {
        return raw.bytes;
    }
    if relayed.held.is_empty() {
        relayed.held.clone_from(&raw.bytes);
    }
    relayed.held.clone()
}

fn without_empty_headers(_: &mut Relayed, raw: Raw) -> Vec<u8> {
    if raw.is("headers") && raw.payload().len() == 1 { Vec::new() } else { raw.bytes }
}

fn edit_request(raw: Raw, edit: impl FnOnce(&mut peer_core::message::GetHeaders)) -> Vec<u8> {
    change(raw, "getheaders", |message| {
        if let Message::GetHeaders(request) = message {
            edit(request);
        }
    })
}

fn without_stop(_: &mut Relayed, raw: Raw) -> Vec<u8> {
    edit_request(raw, |request| request.stop = Hash::ZERO)
}

fn locator_at_genesis(_: &mut Relayed, raw: Raw) -> Vec<u8> {
    let genesis = Network::SIMNET.genesis_hash().unwrap();
    edit_request(raw, |request| request.locator = vec![genesis].try_into().unwrap())
}

/// An unknown locator is taken for none.
fn locator_at_any(_: &mut Relayed, raw: Raw) -> Vec<u8> {
    let genesis = Network::SIMNET.genesis_hash();
    edit_request(raw, |request| {
        if request.locator.first().copied() != genesis {
            request.locator = Locator::new();
        }
    })
}

fn second_headers_last(relayed: &mut Relayed, raw: Raw) -> Vec<u8> {
    let count = relayed.count(&raw);
    if raw.is("headers") && count == 2 {
        relayed.held = raw.bytes;
        return Vec::new();
    }
    raw.bytes
}

fn backward_names(_: &mut Relayed, raw: Raw) -> Vec<u8> {
    change(raw, "inv", |message| {
        if let Message::Inv(inv) = message {
            let mut list = core::mem::take(&mut inv.inventory).into_vec();
            list.reverse();
            inv.inventory = list.try_into().unwrap();
        }
    })
}

fn other_block(_: &mut Relayed, raw: Raw) -> Vec<u8> {
    change(raw, "block", |message| {
        if let Message::Block(block) = message {
            let mut header = block.header();
            header.nonce ^= 1;
            let transactions: Vec<_> = block.transactions().map(|tx| tx.to_owned()).collect();
            *block = peer_core::message::Block::new(&header, &transactions, &[]).unwrap();
        }
    })
}

fn first_block_held(relayed: &mut Relayed, raw: Raw) -> Vec<u8> {
    hold_first(relayed, raw, "block", "block")
}

fn block_held(relayed: &mut Relayed, raw: Raw) -> Vec<u8> {
    hold_first(relayed, raw, "block", "notfound")
}

fn without_notfound(_: &mut Relayed, raw: Raw) -> Vec<u8> {
    if raw.is("notfound") { Vec::new() } else { raw.bytes }
}

fn without_init_state(_: &mut Relayed, raw: Raw) -> Vec<u8> {
    if raw.is("initstate") { Vec::new() } else { raw.bytes }
}

fn other_filter(_: &mut Relayed, raw: Raw) -> Vec<u8> {
    change(raw, "cfilterv2", |message| {
        if let Message::CFilterV2(filter) = message {
            filter.block_hash = Hash::ZERO;
        }
    })
}

fn backward_filters(_: &mut Relayed, raw: Raw) -> Vec<u8> {
    change(raw, "cfiltersv2", |message| {
        if let Message::CFiltersV2(filters) = message {
            let mut list = core::mem::take(&mut filters.cfilters).into_vec();
            list.reverse();
            filters.cfilters = list.try_into().unwrap();
        }
    })
}

fn filter_before_pong(_: &mut Relayed, raw: Raw) -> Vec<u8> {
    if !raw.is("pong") {
        return raw.bytes;
    }
    let data = FilterData::new(Vec::new()).unwrap();
    let filter = CFilterV2 { block_hash: Hash::ZERO, data, proof_index: 0, proof_hashes: List::new() };
    [frame(filter), raw.bytes].concat()
}

/// Goes on with bytes for which a node closes.
fn closes_at_feefilter(_: &mut Relayed, raw: Raw) -> Vec<u8> {
    if raw.is("feefilter") { vec![0xff; 24] } else { raw.bytes }
}

fn other_pong(_: &mut Relayed, raw: Raw) -> Vec<u8> {
    change(raw, "pong", |message| {
        if let Message::Pong(pong) = message {
            pong.nonce ^= 1;
        }
    })
}

fn slow_after_inv(relayed: &mut Relayed, raw: Raw) -> Vec<u8> {
    slow_after(relayed, raw, "inv")
}

fn slow_after_getheaders(relayed: &mut Relayed, raw: Raw) -> Vec<u8> {
    slow_after(relayed, raw, "getheaders")
}

/// Once one connection has sent some of these, no other one is served in time.
fn slow_after(relayed: &Relayed, raw: Raw, command: &str) -> Vec<u8> {
    if raw.is(command) {
        relayed.add_shared();
    } else if raw.is("ping") && relayed.shared.load(Ordering::Relaxed) >= 3 {
        sleep(Duration::from_millis(2500));
    }
    raw.bytes
}
