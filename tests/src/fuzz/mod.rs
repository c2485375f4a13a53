//! Bodies of the fuzz targets. `fuzz/` hands them bytes from libFuzzer; the test `corpus` replays the
//! committed inputs with them on stable Rust.
//!
//! `frame`, `frame_assisted` and `message` read their input as data. The others read it as a script of
//! calls on one or two machines; `liveness` and `honesty` as what happens around one.

mod call;
mod frame;
mod machine;
mod message;
mod pair;
mod promises;
mod requests;
mod script;
mod setting;
mod subject;
mod vocabulary;

pub use frame::{frame, frame_assisted};
pub use machine::{established, misuse, peer, requests};
pub use message::message;
pub use pair::pair;
pub use promises::{honesty, liveness};
pub use script::FORMAT;

/// Every target: the name of its corpus and of its file in `fuzz/fuzz_targets`, and its body.
pub const TARGETS: &[(&str, Target)] = &[
    ("frame", frame),
    ("frame_assisted", frame_assisted),
    ("message", message),
    ("peer", peer),
    ("established", established),
    ("pair", pair),
    ("misuse", misuse),
    ("requests", requests),
    ("liveness", liveness),
    ("honesty", honesty),
];

/// The body of a target: runs one input, and panics if a promise is broken.
pub type Target = fn(&[u8]);
