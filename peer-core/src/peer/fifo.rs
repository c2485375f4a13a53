//! A queue that holds little more memory than its entries need.

use alloc::collections::{VecDeque, vec_deque};

/// A `VecDeque` that grows by a quarter instead of doubling, and shrinks when most of it is unused.
///
/// The average cost is that of the standard growth, with more copies. What waits may be most of what a connection
/// holds, so unused room matters.
#[derive(Clone, Debug)]
pub(crate) struct Fifo<T>(VecDeque<T>);

/// Room for this many entries is always kept.
const LEAST: usize = 4;

impl<T> Default for Fifo<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Fifo<T> {
    pub(crate) fn push_back(&mut self, entry: T) {
        self.make_room();
        self.0.push_back(entry);
    }

    pub(crate) fn push_front(&mut self, entry: T) {
        self.make_room();
        self.0.push_front(entry);
    }

    pub(crate) fn pop_front(&mut self) -> Option<T> {
        self.0.pop_front()
    }

    /// Removes the entries that are not to be kept.
    pub(crate) fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.0.retain(keep);
    }

    /// The entries, oldest first.
    pub(crate) fn iter_mut(&mut self) -> vec_deque::IterMut<'_, T> {
        self.0.iter_mut()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn make_room(&mut self) {
        if self.0.len() == self.0.capacity() {
            self.0.reserve_exact((self.0.len() / 4).max(LEAST));
        }
    }

    /// Shrinks to twice what is needed, if less than a quarter is used.
    pub(crate) fn shrink(&mut self) {
        let len = self.0.len();
        if len < self.0.capacity() / 4 {
            self.0.shrink_to(len.saturating_mul(2));
        }
    }
}

impl<'a, T> IntoIterator for &'a Fifo<T> {
    type Item = &'a T;
    type IntoIter = vec_deque::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
