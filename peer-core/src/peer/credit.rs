//! What bytes buy: time for the answers that are still to come.

use core::time::Duration;

use super::Peer;
use super::flood::Flood;
use super::lifecycle::Session;
use super::requests::not_found_len;
use crate::message::Message;

impl Peer {
    pub(super) fn flood(&self) -> Option<&Flood> {
        self.lifecycle.session()?.requests.as_ref().map(|requests| &requests.flood)
    }

    pub(super) fn flood_mut(&mut self) -> Option<&mut Flood> {
        self.lifecycle.session_mut()?.requests.as_mut().map(|requests| &mut requests.flood)
    }

    /// How many of the bytes that are there of a frame can be part of an answer.
    pub(super) fn answering(&self) -> u32 {
        let Some(Session { reader, requests: Some(requests), .. }) = self.lifecycle.session() else {
            return 0;
        };
        let Some(head) = reader.head() else { return 0 };
        u32::try_from(requests.answering(head, self.silence.progress as usize)).unwrap_or(u32::MAX)
    }

    /// The time that an answer bought which closed so many requests: what its bytes may take at the configured rate,
    /// and at least a second for each of them. While answers come no slower, the remote is not waited for.
    pub(super) fn time_bought(&self, answer: &Message, wire_len: usize, entries: usize) -> Duration {
        let bytes = match answer {
            // What it says of other items answers nothing.
            Message::NotFound(_) => wire_len.min(not_found_len(entries)),
            _ => wire_len,
        };
        time_for(bytes as u64, self.config().min_receive_rate).max(Duration::from_secs(entries as u64))
    }

    /// An answer came: for those that are still due, the wait for it counts only beyond what it bought.
    pub(super) fn credit(&mut self, bought: Duration) {
        let requests = self.lifecycle.session_mut().and_then(|session| session.requests.as_mut());
        if let Some(requests) = requests {
            self.silence.credit(bought, requests.credited);
            requests.credited = self.silence.waited();
            requests.flood = Flood::default();
        }
    }

    /// Bytes that are there of the frame at the front of `input`.
    pub(super) fn progress_of(&self, input: &[u8]) -> u32 {
        let progress = self.lifecycle.reader().map_or(0, |reader| reader.progress(input));
        u32::try_from(progress).unwrap_or(u32::MAX)
    }
}

/// The time that so many bytes may take at `rate`, in bytes a second.
pub(super) fn time_for(bytes: u64, rate: u64) -> Duration {
    let nanos = bytes.saturating_mul(1_000_000_000);
    Duration::from_nanos(nanos.checked_div(rate).unwrap_or_default())
}
