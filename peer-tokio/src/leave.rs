//! Ending many connections at once.

use core::future::Future;

use peer_core::Closed;
use tokio::time::Instant;

use crate::handle::Handle;

/// Ends connections in order, all at the same time, by `deadline` at the latest: each [leaves](Handle::leave). Returns the
/// reasons, in the order of the handles.
///
/// # Cancel safety
///
/// All of them leave, whether the future is polled or dropped.
pub fn leave_all<'a, I>(handles: I, deadline: Instant) -> impl Future<Output = Vec<Closed>> + Send + use<I>
where
    I: IntoIterator<Item = &'a Handle>,
{
    let leaving: Vec<_> = handles.into_iter().map(|handle| handle.leave(deadline)).collect();
    async move {
        let mut reasons = Vec::with_capacity(leaving.len());
        for leaves in leaving {
            reasons.push(leaves.await);
        }
        reasons
    }
}
