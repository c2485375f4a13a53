//! What the recorded side said, beside what the machine says.

use alloc::boxed::Box;
use alloc::string::ToString;
use core::time::Duration;

use bytes::{Bytes, BytesMut};

use super::setup::{OUTSIDE, is_automatic, without_sender};
use super::{LATE, MOST, Pending, Replay, nonce_of};
use crate::frame::FrameReader;
use crate::message::Message;
use crate::recording::messages::rules;
use crate::recording::{Action, Difference, RecordedMessage, Unreadable};
use crate::time::Time;

/// What the recorded side said until now, and what the machine did.
impl Replay<'_> {
    /// Compares what the recorded side has said with this entry.
    pub(super) fn compare_up_to(&mut self, entry: usize, now: Time) -> Result<(), Box<Difference>> {
        let is_complete = |said: &Result<RecordedMessage, Unreadable>| match said {
            Ok(said) => said.entry <= entry,
            Err(unreadable) => unreadable.entry <= entry,
        };
        while self.expected.front().is_some_and(is_complete) {
            match self.expected.pop_front() {
                Some(Ok(said)) => {
                    if nonce_of(&said.message).is_some() {
                        self.pings.pop_front();
                    }
                    self.compare(&said, now)?;
                }
                _ => return Err(self.difference(now, Action::NoFrame, Action::Nothing)),
            }
        }
        Ok(())
    }

    fn compare(&mut self, said: &RecordedMessage, now: Time) -> Result<(), Box<Difference>> {
        if self.find(said).is_none() && !is_automatic(&said.message) {
            let before = self.pending.len();
            if let Err(error) = self.connection.peer_mut().send(&said.message, now) {
                return Err(self.difference(now, Action::from(said), Action::Refused(error)));
            }
            self.write(now);
            // The owner's word leaves at once.
            let ours = self.pending.remove(before);
            return self.compare_frames(said, ours, now);
        }
        let ours = self.find(said).and_then(|index| self.pending.remove(index));
        self.compare_frames(said, ours, now)
    }

    /// The first that the machine said by itself with the same command.
    fn find(&self, said: &RecordedMessage) -> Option<usize> {
        let command = |frame: &Bytes| frame.get(4..16) == said.frame.get(4..16);
        self.pending.iter().position(|pending| command(&pending.frame))
    }

    fn compare_frames(
        &mut self,
        said: &RecordedMessage,
        ours: Option<Pending>,
        now: Time,
    ) -> Result<(), Box<Difference>> {
        self.frames = self.frames.saturating_add(1);
        let Some(Pending { frame, .. }) = ours else {
            let ours = self.failure.as_ref().map_or(Action::Nothing, |error| Action::End(error.name()));
            return Err(self.difference(now, Action::from(said), ours));
        };
        if frame == said.frame {
            return Ok(());
        }
        let message = self.decode(&frame);
        if let (Message::Version(theirs), Some(Message::Version(ours))) = (&said.message, &message)
            && without_sender(theirs) == without_sender(ours)
        {
            return Ok(());
        }
        Err(self.difference(now, Action::from(said), Action::Frame { frame, message }))
    }

    /// What the machine said by itself must be in the recording before long.
    pub(super) fn compare_late(&mut self, now: Time) -> Result<(), Box<Difference>> {
        match self.pending.front() {
            Some(first) if now.saturating_since(first.at) > LATE || self.pending.len() > MOST => {
                self.surplus()
            }
            _ => Ok(()),
        }
    }

    /// Nothing may be left over that is older than what a close may have cut off.
    pub(super) fn compare_left_over(&mut self, now: Time) -> Result<(), Box<Difference>> {
        let is_old = |at: Time| now.saturating_since(at) > Duration::from_secs(1);
        match self.pending.front() {
            Some(pending) if is_old(pending.at) && !self.recording.is_cut => self.surplus(),
            _ => Ok(()),
        }
    }

    /// The machine said something that is not in the recording.
    fn surplus(&mut self) -> Result<(), Box<Difference>> {
        let Some(Pending { at, frame, next_timeout }) = self.pending.pop_front() else { return Ok(()) };
        let message = self.decode(&frame);
        let difference = self.difference(at, Action::Nothing, Action::Frame { frame, message });
        Err(Box::new(Difference { next_timeout, ..*difference }))
    }

    /// Compares the reasons, where the side that recorded is ours. What an owner or a transport ends is no word of the
    /// machine.
    pub(super) fn compare_end(&self, reason: &str, now: Time) -> Result<(), Box<Difference>> {
        let is_ours = self.recording.header.as_ref().is_some_and(|header| header.side() == Some(self.ours));
        if !is_ours || self.is_silent {
            return Ok(());
        }
        let ours = match &self.failure {
            Some(error) if error.name() == reason => return Ok(()),
            Some(error) => Action::End(error.name()),
            None if OUTSIDE.contains(&reason) => return Ok(()),
            None => Action::Nothing,
        };
        Err(self.difference(now, Action::End(reason.to_string()), ours))
    }

    fn decode(&self, frame: &Bytes) -> Option<Message> {
        let rules = rules(self.network, self.version);
        let frame = FrameReader::new().read(&mut BytesMut::from(&**frame), &rules).ok()??;
        frame.decode(self.version).ok()
    }

    fn difference(&self, at: Time, expected: Action, ours: Action) -> Box<Difference> {
        Box::new(Difference {
            at,
            expected,
            ours,
            is_established: self.connection.peer().is_established(),
            failure: self.failure.clone(),
            next_timeout: self.connection.peer().next_timeout(),
        })
    }
}
