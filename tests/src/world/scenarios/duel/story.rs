//! What happened between a machine and a remote: for those who watch, for the digest and for the counts.

use core::fmt;
use core::time::Duration;

use peer_core::{Event, Message, Time};

use super::super::super::event_log::{Digest, command_of};
use super::super::super::{Ended, Moment, NodeId, Tally, What};
use super::super::{Outcome, Watch};

/// See the [module](self).
pub(super) struct Story {
    digest: Digest,
    tally: Tally,
    watch: Option<Watch>,
}

impl Story {
    pub(super) fn new(watch: Option<Watch>) -> Self {
        Self { digest: Digest::new(), tally: Tally { dials: 1, ..Tally::default() }, watch }
    }

    fn tell(&mut self, at: Time, what: What<'_>) {
        let moment = Moment { at, node: NodeId::new(0), config: None, connection: None, what };
        self.digest.add(&moment);
        self.tally.steps += 1;
        if let Some(watch) = &self.watch {
            watch(&moment);
        }
    }

    pub(super) fn event(&mut self, at: Time, event: &Event) {
        self.tally.established += u64::from(*event == Event::Established);
        self.tally.messages += 1;
        *self.tally.commands.entry(command_of(event)).or_default() += 1;
        self.tell(at, What::Event(event));
    }

    pub(super) fn sent(&mut self, at: Time, message: &Message) {
        self.tell(at, What::Sent(message));
    }

    pub(super) fn wrote(&mut self, at: Time, bytes: &[u8]) {
        self.tally.bytes += bytes.len() as u64;
        self.tell(at, What::Wrote(bytes));
    }

    pub(super) fn blocked(&mut self, at: Time) {
        self.tally.blocked += 1;
        self.tell(at, What::Blocked);
    }

    pub(super) fn read(&mut self, at: Time, count: usize) {
        self.tell(at, What::Read(count));
    }

    /// Something for those who watch only: the digest does not depend on them.
    pub(super) fn note(&self, at: Time, text: fmt::Arguments<'_>) {
        if let Some(watch) = &self.watch {
            let text = text.to_string();
            let (node, what) = (NodeId::new(0), What::Note(&text));
            watch(&Moment { at, node, config: None, connection: None, what });
        }
    }

    /// What came of it, and why the connection ended.
    pub(super) fn end(mut self, at: Time, error: peer_core::Error) -> Outcome {
        let lasted: Duration = at.elapsed();
        let ended = Ended::Connection(error);
        self.tell(at, What::Ended(&ended));
        *self.tally.ended.entry(ended.kind()).or_default() += 1;
        self.tally.peer_time = lasted;
        Outcome { simulated: lasted, tally: self.tally, digest: self.digest.finish(), spreads: Vec::new() }
    }
}
