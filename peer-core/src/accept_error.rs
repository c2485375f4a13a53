//! What a failed `accept` says.

use std::io;

/// Whether a listener may accept the next connection at once, because this failure of `accept` concerns only one
/// connection.
///
/// After any other failure, for example without a free descriptor or memory, a listener should pause: the connection
/// stays in the system's queue, so the next call would fail at once too.
///
/// ```
/// use std::io::{Error, ErrorKind};
///
/// use peer_core::accept_can_continue;
///
/// assert!(accept_can_continue(&ErrorKind::ConnectionAborted.into()));
/// assert!(!accept_can_continue(&ErrorKind::OutOfMemory.into()));
/// ```
#[must_use]
pub fn accept_can_continue(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    // Linux reports errors of the new connection here, and `EPERM` for what a firewall forbids.
    matches!(
        error.kind(),
        Kind::ConnectionAborted
            | Kind::ConnectionRefused
            | Kind::ConnectionReset
            | Kind::HostUnreachable
            | Kind::Interrupted
            | Kind::NetworkDown
            | Kind::NetworkUnreachable
            | Kind::PermissionDenied
            | Kind::TimedOut
    ) || cfg!(target_os = "linux") && error.raw_os_error() == Some(EPROTO)
}

/// A protocol error of the new connection, which has no kind of its own.
const EPROTO: i32 = 71;
