//! What the owner's requests come to, by protocol version.

use peer_core::message::{InitStateTypeList, Inventory};
use peer_core::{Direction, Hash, Request, RequestError, RequestOptions};
use peer_tests::requests::{filters, headers_after, items};
use peer_tests::samples::{block_item, tx_item};

use crate::state_table::states::State;

/// Requests of each kind, by name.
pub(crate) fn all() -> Vec<(&'static str, Request)> {
    let block = Hash::from_bytes([1; 32]);
    vec![
        ("headers", headers_after([block])),
        ("items: blocks, transactions", items([block_item(1), tx_item(1)])),
        ("items: mixing messages", items([Inventory::mix(block)])),
        ("filters", filters([block, Hash::ZERO])),
        ("initial state", Request::InitState(InitStateTypeList::new())),
        ("addresses", Request::Addresses),
        ("ping", Request::Ping),
    ]
}

/// What is sent for it, or why not.
pub(crate) fn outcome(request: &Request, version: u32, direction: Direction) -> String {
    let Some(mut remote) = State::Established.reach(version, direction) else {
        return "no such state".into();
    };
    match remote.machine.request(request, RequestOptions::new(), remote.now) {
        Ok(_) => {
            let sent: Vec<_> = remote.hears().iter().map(|said| format!("`{}`", said.command())).collect();
            sent.join(" ")
        }
        Err(RequestError::Send(error)) => first_word(&error),
        Err(error) => first_word(&error),
    }
}

fn first_word(error: &impl core::fmt::Debug) -> String {
    let text = format!("{error:?}");
    text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}
