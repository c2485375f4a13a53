//! The golden vectors: a folder of them, the lines in it, and the bookkeeping that no line goes unread.
//!
//! `tests/vectors/README.md` explains the files and the two forms a folder may have, original and packed.
//! A test reads both alike: lines come out in the original form, less the keys that are only for people.

mod compare;
mod folder;
mod known;
mod line;
mod packed;
mod tally;

pub use compare::{REJECT_IS_READ, assert_fields, is_reject_of_old_era, kind_name};
pub use folder::Folder;
pub use known::{assert_all_files_known, known_files, reader_of};
pub use line::{Line, Node};
pub use packed::{BLOB, BLOB_NAMES, TABLE_KEYS, TABLE_ROWS, frame_start, part_of_blob, part_of_payload};
pub use tally::Tally;
