//! What a line says of its message.

use core::cell::RefCell;
use std::collections::BTreeSet;

use bytes::Bytes;
use peer_core::Hash;
use peer_tests::vectors::Node;

/// The words of one line. What they do not mention is small and valid.
pub(super) struct Words<'a> {
    message: Option<&'a Node<'a>>,
    used: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Words<'a> {
    pub(super) fn of(message: &'a Node<'a>) -> Self {
        Self { message: Some(message), used: RefCell::default() }
    }

    pub(super) fn none() -> Self {
        Self { message: None, used: RefCell::default() }
    }

    /// Fails for a word that no builder has asked for.
    pub(super) fn assert_all_used(&self) {
        let Some(message) = self.message else { return };
        let words = message.value().as_object().expect("a message is described by an object");
        for word in words.keys() {
            let used = self.used.borrow().contains(word.as_str());
            assert!(used, "{}: no one knows what to do with {word}", message.place());
        }
    }

    pub(super) fn get(&self, word: &'static str) -> Option<Node<'a>> {
        self.used.borrow_mut().insert(word);
        self.message.and_then(|message| message.get(word))
    }

    pub(super) fn number<T: TryFrom<i128>>(&self, word: &'static str, default: T) -> T {
        self.get(word).map_or(default, |node| node.as_int())
    }

    pub(super) fn text(&self, word: &'static str, default: &'a str) -> &'a str {
        self.get(word).map_or(default, |node| node.as_str())
    }

    /// As many equal items as the word says.
    pub(super) fn items<T: Clone, L>(&self, word: &'static str, item: T) -> Result<L, L::Error>
    where
        L: TryFrom<Vec<T>>,
    {
        vec![item; self.number(word, 1)].try_into()
    }

    pub(super) fn hashes<L: TryFrom<Vec<Hash>>>(&self, word: &'static str) -> Result<L, L::Error> {
        self.items(word, Hash::ZERO)
    }

    /// As many bytes as the word says.
    pub(super) fn bytes(&self, word: &'static str, default: usize) -> Bytes {
        vec![7; self.number(word, default)].into()
    }
}
