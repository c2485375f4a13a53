//! Frames on their way to a remote.

use std::collections::VecDeque;

use peer_core::Time;

use super::rules;

/// Frames that the transport has not taken.
#[derive(Clone, Debug, Default)]
pub(super) struct Output {
    frames: VecDeque<Frame>,
}

#[derive(Clone, Debug)]
struct Frame {
    bytes: Vec<u8>,
    taken: usize,
    /// An item of a `getdata`, of which few are loaded at a time.
    is_item: bool,
    offered: Option<Time>,
}

impl Output {
    pub(super) fn push(&mut self, bytes: Vec<u8>, is_item: bool) {
        self.frames.push_back(Frame { bytes, taken: 0, is_item, offered: None });
    }

    /// What to write next; its clock starts when it is first offered.
    pub(super) fn offer(&mut self, now: Time) -> &[u8] {
        match self.frames.front_mut() {
            Some(frame) => {
                frame.offered.get_or_insert(now);
                &frame.bytes[frame.taken..]
            }
            None => &[],
        }
    }

    pub(super) fn take(&mut self, mut count: usize) {
        while let Some(frame) = self.frames.front_mut() {
            let taken = count.min(frame.bytes.len() - frame.taken);
            frame.taken += taken;
            count -= taken;
            if frame.taken < frame.bytes.len() {
                return;
            }
            self.frames.pop_front();
        }
    }

    pub(super) fn loaded_items(&self) -> usize {
        self.frames.iter().filter(|frame| frame.is_item).count()
    }

    /// When the frame at the front has been with the transport for too long.
    pub(super) fn deadline(&self) -> Option<Time> {
        let frame = self.frames.front()?;
        let steps = u32::try_from(frame.bytes.len() / rules::WRITE_STEP).unwrap();
        Some(frame.offered? + rules::WRITE + rules::WRITE_MORE * steps)
    }
}
