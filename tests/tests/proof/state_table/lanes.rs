//! Which commands overtake others on their way out.

use peer_core::{Command, Message};
use peer_tests::remote::{LATEST, established_at};
use peer_tests::samples::inv_of;

use crate::state_table::samples::{self, Sample};

/// Keep-alive, requests and settings. `version` and `verack` are of these too, but only the handshake sends them, and
/// then there is nothing to overtake.
const CONTROL: [&str; 20] = [
    "feefilter",
    "filteradd",
    "filterclear",
    "filterload",
    "getaddr",
    "getblocks",
    "getcfheaders",
    "getcfilter",
    "getcfilterv2",
    "getcfsv2",
    "getcftypes",
    "getdata",
    "getheaders",
    "getinitstate",
    "getminings",
    "mempool",
    "ping",
    "pong",
    "reject",
    "sendheaders",
];

/// Whatever may be large or come in numbers.
const BULK: [&str; 24] = [
    "addr",
    "addrv2",
    "alert",
    "block",
    "cfheaders",
    "cfilter",
    "cfiltersv2",
    "cfilterv2",
    "cftypes",
    "headers",
    "initstate",
    "inv",
    "merkleblock",
    "miningstate",
    "mixconfirm",
    "mixcphrtxt",
    "mixdcnet",
    "mixfactpoly",
    "mixkeyxchg",
    "mixpairreq",
    "mixsecrets",
    "mixslotres",
    "notfound",
    "tx",
];

/// Whether this is written before an `inv` that was queued before it, of which no one has been shown anything.
fn overtakes(message: &Message) -> bool {
    let is_sendable = |version: &u32| message.check((*version).into()).is_ok();
    let mut remote = established_at((1..=LATEST).rev().find(is_sendable).unwrap());
    let bulk = inv_of(3);
    for message in [&bulk, message] {
        remote.machine.send(message, remote.now).unwrap();
    }
    let heard = remote.hears();
    let overtakes = heard[0] != bulk;
    let order = if overtakes { [message, &bulk] } else { [&bulk, message] };
    assert_eq!(heard.iter().collect::<Vec<_>>(), order);
    overtakes
}

#[test]
fn keepalive_requests_and_settings_overtake_everything_else_that_was_not_shown() {
    let (mut control, mut bulk) = (Vec::new(), Vec::new());
    for Sample { name, message, .. } in samples::all() {
        if let Some(message) = message.filter(|_| !["version", "verack"].contains(&&*name)) {
            if overtakes(&message) { control.push(name) } else { bulk.push(name) }
        }
    }
    assert_eq!(control.len() + bulk.len() + 2, Command::all().count());
    control.sort();
    bulk.sort();
    assert_eq!((&control[..], &bulk[..]), (&CONTROL.map(String::from)[..], &BULK.map(String::from)[..]));
}
