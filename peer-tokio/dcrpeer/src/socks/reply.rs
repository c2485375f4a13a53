//! What a proxy's reply to a request means: the codes of RFC 1928, and those that Tor adds for onion services where
//! its `SocksPort` has the flag `ExtendedErrors`.

use crate::first_bytes::FirstBytes;

/// Whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blame {
    /// The proxy does not work.
    Proxy,
    /// The proxy says that the target refused.
    Refused,
    /// The proxy says that it does not reach the target.
    Unreachable,
}

/// The second byte of a proxy that asks for no user.
const WITHOUT_USER: u8 = 0;

/// The second byte of a proxy that asks for a user name and a password.
const WITH_PASSWORD: u8 = 2;

/// Whether the proxy asked for a user name and a password.
pub(super) fn asked_for_user(first: &FirstBytes) -> bool {
    first.byte(1) == Some(WITH_PASSWORD)
}

/// The code of the reply, if it has come: 0 means success.
pub(super) fn code(first: &FirstBytes) -> Option<u8> {
    let (at, is_accepted) = match first.byte(1)? {
        WITHOUT_USER => (2, true),
        WITH_PASSWORD => (4, first.byte(3)? == 0),
        _ => return None,
    };
    // The version before and the reserved byte after the code show that it is a reply.
    let is_reply = first.byte(at)? == VERSION && first.byte(at.saturating_add(2))? == 0;
    first.byte(at.saturating_add(1)).filter(|_| is_accepted && is_reply)
}

/// Whose fault a refusal is, and what it says of the target.
pub(super) fn meaning(code: u8) -> (Blame, String) {
    let (blame, what) = match code {
        1 => (Blame::Unreachable, "it failed to connect"),
        2 => (Blame::Unreachable, "it forbids this connection"),
        3 => (Blame::Unreachable, "network unreachable"),
        4 => (Blame::Unreachable, "host unreachable"),
        5 => (Blame::Refused, "it refused the connection"),
        6 => (Blame::Unreachable, "it took too long"),
        7 => (Blame::Proxy, "it makes no connections"),
        8 => (Blame::Unreachable, "it cannot reach this kind of address"),
        0xf0 => (Blame::Unreachable, "the onion service is not announced, it may be down or gone for good"),
        0xf1 => {
            (Blame::Unreachable, "the onion service is announced wrongly, by its fault or of what is between")
        }
        0xf2 => (Blame::Unreachable, "the onion service is announced and does not answer, it may be down"),
        0xf3 => (Blame::Unreachable, "the onion service answered and did not meet us, it may be overloaded"),
        0xf4 => (Blame::Unreachable, "the onion service is for clients with a key, and Tor here has none"),
        0xf5 => (Blame::Unreachable, "the onion service does not accept the key that Tor has here"),
        0xf6 => (Blame::Unreachable, "no onion service can have this name, it is mistyped"),
        0xf7 => (Blame::Unreachable, "the onion service took too long to answer, it may be down"),
        _ => {
            return (
                Blame::Unreachable,
                format!("it failed for a reason of the proxy's own, code {code:#04x}"),
            );
        }
    };
    let code = if code < 0xf0 { String::new() } else { format!(" (Tor's code {code:#04x})") };
    (blame, format!("{what}{code}"))
}

/// The first byte of every SOCKS5 message but the answer to a password.
const VERSION: u8 = 5;
