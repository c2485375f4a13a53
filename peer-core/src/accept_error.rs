//! What a failed `accept` says.

use std::io;

/// Whether a listener may accept the next connection at once, because this failure of `accept` concerns only one
/// connection.
///
/// After any other failure, for example without a free descriptor or memory, or where a security module forbids it, a
/// listener should pause: the connection stays in the system's queue, so the next call would fail at once too.
/// [`AcceptRetries`] also bounds how often it tries again.
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
    // Linux reports errors of the new connection here, and `EPERM` for what a firewall forbids. Where the process may not
    // accept at all it reports `EACCES`, which has the same kind.
    matches!(
        error.kind(),
        Kind::ConnectionAborted
            | Kind::ConnectionRefused
            | Kind::ConnectionReset
            | Kind::HostUnreachable
            | Kind::Interrupted
            | Kind::NetworkDown
            | Kind::NetworkUnreachable
            | Kind::TimedOut
    ) || cfg!(target_os = "linux") && matches!(error.raw_os_error(), Some(EPERM | EPROTO))
}

/// Decides whether a listener tries again at once after a failed `accept`, or pauses first.
///
/// It may try again at once where [only that one connection](accept_can_continue) is lost, but no more than 16 times in a row:
/// if each fails, the cause is not the connections.
///
/// ```
/// use std::io::ErrorKind::ConnectionAborted;
///
/// use peer_core::AcceptRetries;
///
/// let mut retries = AcceptRetries::new();
/// for _ in 0..16 {
///     assert!(retries.retry_at_once(&ConnectionAborted.into()));
/// }
/// assert!(!retries.retry_at_once(&ConnectionAborted.into())); // pause, then begin anew
/// assert!(retries.retry_at_once(&ConnectionAborted.into()));
/// retries.accepted();
/// ```
#[derive(Clone, Debug, Default)]
pub struct AcceptRetries {
    in_a_row: u8,
}

impl AcceptRetries {
    /// None was needed so far.
    #[must_use]
    pub const fn new() -> Self {
        Self { in_a_row: 0 }
    }

    /// Whether to accept again at once after this failure. If not, pause before the next call.
    #[must_use = "a listener that ignores this spins"]
    pub fn retry_at_once(&mut self, error: &io::Error) -> bool {
        let can_retry = self.in_a_row < MOST_IN_A_ROW && accept_can_continue(error);
        self.in_a_row = if can_retry { self.in_a_row.saturating_add(1) } else { 0 };
        can_retry
    }

    /// A connection was accepted, so counting begins anew.
    pub const fn accepted(&mut self) {
        self.in_a_row = 0;
    }
}

/// A burst of connections that are reset in the listener's queue passes without a pause.
const MOST_IN_A_ROW: u8 = 16;

/// Linux: the firewall forbids the new connection.
const EPERM: i32 = 1;

/// Linux: a protocol error of the new connection, which has no kind of its own.
const EPROTO: i32 = 71;
