use core::cmp::Reverse;
use core::ops::Range;
use peer_tests::hex;
use peer_tests::vectors::part_of_blob;
use std::collections::HashMap;

/// Collects bytes so that what is there already is not stored again.
#[derive(Default)]
pub(crate) struct Store {
    blob: Vec<u8>,
    /// The parts that each of the byte strings is made of.
    parts: HashMap<Vec<u8>, String>,
    /// Some places of each piece of the blob that begins at a multiple of `STRIDE`.
    places: HashMap<[u8; Self::PIECE], Vec<usize>>,
    indexed: usize,
}

/// A part of the blob that is found in other bytes too.
struct Match {
    start: usize,
    len: usize,
    /// How many of its bytes come before the place where it was looked for.
    back: usize,
}

/// The parts of a byte string, as they are written.
#[derive(Default)]
struct Parts {
    texts: Vec<String>,
    /// The last one, if it is in the blob.
    last: Option<Range<usize>>,
}

impl Store {
    const PIECE: usize = 24;
    const STRIDE: usize = 8;
    /// More would make long runs of one byte slow.
    const MOST_PLACES: usize = 16;
    /// Shorter ones cost more to write than they save.
    const LEAST_MATCH: usize = 56;
    /// So few new bytes between two matches are written into the line.
    const MOST_INLINE: usize = 12;

    pub(crate) fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// What to write for bytes that were added.
    pub(crate) fn parts(&self, bytes: &[u8]) -> String {
        self.parts[bytes].clone()
    }

    pub(crate) fn add(&mut self, bytes: Vec<u8>) {
        if self.parts.contains_key(&bytes) {
            return;
        }
        let mut parts = Parts::default();
        let mut rest = bytes.as_slice();
        let mut at = 0;
        while at < rest.len() {
            if let Some(found) = self.longest_match(rest, at) {
                let (new, known) = rest.split_at(at - found.back);
                self.append_new(new, &mut parts);
                parts.push(found.start..found.start + found.len);
                (rest, at) = (&known[found.len..], 0);
            } else if at < 2 * Self::PIECE {
                at += 1;
            } else {
                // These are certain to be new, and what follows may repeat them.
                let (new, unknown) = rest.split_at(Self::PIECE);
                parts.push(self.append(new));
                (rest, at) = (unknown, at - new.len());
            }
        }
        self.append_new(rest, &mut parts);
        self.parts.insert(bytes, parts.texts.join(" "));
    }

    fn longest_match(&self, bytes: &[u8], at: usize) -> Option<Match> {
        let same = |(left, right): &(&u8, &u8)| left == right;
        let (before, after) = bytes.split_at(at);
        let matches = self.places.get(after.first_chunk()?)?.iter().map(|place| {
            let (blob_before, blob_after) = self.blob.split_at(*place);
            let back = blob_before.iter().rev().zip(before.iter().rev()).take_while(same).count();
            let ahead = blob_after.iter().zip(after).take_while(same).count();
            Match { start: place - back, len: back + ahead, back }
        });
        let longest = matches.max_by_key(|found| (found.len, Reverse(found.start)));
        longest.filter(|found| found.len >= Self::LEAST_MATCH)
    }

    fn append_new(&mut self, bytes: &[u8], parts: &mut Parts) {
        let goes_on = parts.last.as_ref().is_some_and(|last| last.end == self.blob.len());
        if bytes.len() > Self::MOST_INLINE || goes_on {
            parts.push(self.append(bytes));
        } else if !bytes.is_empty() {
            parts.push_inline(bytes);
        }
    }

    fn append(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.blob.len();
        self.blob.extend_from_slice(bytes);
        while let Some(piece) = self.blob[self.indexed..].first_chunk() {
            let places = self.places.entry(*piece).or_default();
            if places.len() < Self::MOST_PLACES {
                places.push(self.indexed);
            }
            self.indexed += Self::STRIDE;
        }
        start..self.blob.len()
    }
}

impl Parts {
    fn push(&mut self, mut range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        if let Some(last) = self.last.take_if(|last| last.end == range.start) {
            self.texts.pop();
            range.start = last.start;
        }
        self.texts.push(part_of_blob(&range));
        self.last = Some(range);
    }

    fn push_inline(&mut self, bytes: &[u8]) {
        self.texts.push(format!("x{}", hex::encode(bytes)));
        self.last = None;
    }
}
