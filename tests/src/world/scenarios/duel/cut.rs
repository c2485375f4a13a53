//! Where the frames of a stream begin and end, however it is cut.

use peer_core::frame::Header;

/// See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Cut {
    head: Vec<u8>,
    /// Bytes that are still to come of a frame whose header is whole.
    rest: usize,
    /// Whole frames so far.
    pub(super) frames: u64,
}

impl Cut {
    /// Goes on by these bytes, at most to the end of a frame. Returns how many it were.
    pub(super) fn step(&mut self, bytes: &[u8]) -> usize {
        let has_head = self.head.len() == Header::LEN;
        let wanted = if has_head { self.rest } else { Header::LEN - self.head.len() };
        let count = wanted.min(bytes.len());
        if has_head {
            self.rest -= count;
        } else {
            self.head.extend_from_slice(&bytes[..count]);
            if self.head.len() == Header::LEN {
                self.rest = u32::from_le_bytes(self.head[16..20].try_into().unwrap()) as usize;
            }
        }
        if self.head.len() == Header::LEN && self.rest == 0 {
            self.head.clear();
            self.frames += 1;
        }
        count
    }

    /// Goes on by all of these.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let count = self.step(bytes);
            bytes = &bytes[count..];
        }
    }

    /// Bytes that are there of the frame that is not whole.
    pub(super) fn begun(&self) -> usize {
        match self.head.get(16..20) {
            Some(len) => Header::LEN + u32::from_le_bytes(len.try_into().unwrap()) as usize - self.rest,
            None => self.head.len(),
        }
    }

    /// The command of that frame, once its header is whole.
    pub(super) fn command(&self) -> Option<&str> {
        let command = self.head.get(4..16).filter(|_| self.head.len() == Header::LEN)?;
        core::str::from_utf8(command).ok().map(|command| command.trim_end_matches('\0'))
    }
}
