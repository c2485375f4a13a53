//! When to read more before the machine pulls.
//!
//! While several blocks are requested, input is gathered as long as the transport has more, so that whole blocks wait and
//! are hashed together. What the transport says at its end is passed on when everything gathered is pulled.

use std::io;

/// Whether input is gathered.
#[derive(Debug, Default)]
pub(crate) struct Gather {
    /// The last read was filled, and nothing was pulled since.
    pub(crate) more: bool,
    /// Bytes to read before input is gathered again.
    rest: usize,
    /// Reading failed meanwhile.
    pub(crate) error: Option<io::ErrorKind>,
}

impl Gather {
    /// A read brought `count` bytes, and filled its buffer or not.
    pub(crate) const fn on_read(&mut self, count: usize, is_full: bool) {
        self.rest = self.rest.saturating_sub(count);
        self.more = is_full && self.rest == 0;
    }

    /// The transport had no more than `gathered` bytes, of at most `wanted`. If several blocks cannot wait yet, gathering
    /// has cost copies and gained nothing, so it rests for a while.
    pub(crate) const fn end(&mut self, gathered: usize, wanted: usize) {
        if gathered < wanted / 4 {
            self.rest = wanted;
        }
    }
}
