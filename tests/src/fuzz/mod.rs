//! Bodies of the fuzz targets. `fuzz/` hands them bytes from libFuzzer; the test `corpus` replays the
//! committed inputs with them on stable Rust.

mod frame;
mod message;

pub use frame::frame;
pub use message::message;

/// Every target: the name of its corpus and of its file in `fuzz/fuzz_targets`, and its body.
pub const TARGETS: &[(&str, Target)] = &[("frame", frame), ("message", message)];

/// The body of a target: runs one input, and panics if a promise is broken.
pub type Target = fn(&[u8]);

/// Takes `N` bytes off the front of a script, zeros where it ends.
fn take<const N: usize>(data: &mut &[u8]) -> [u8; N] {
    let (head, rest) = data.split_at(data.len().min(N));
    *data = rest;
    let mut bytes = [0; N];
    bytes[..head.len()].copy_from_slice(head);
    bytes
}
