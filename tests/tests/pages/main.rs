//! What the pages say is so: their code compiles and runs, their links lead somewhere, their numbers are those of the
//! crates, and the tests that they name exist.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "programs that readers copy have a clock, and tests fail by panicking"
)]

mod checks;
mod drive;
mod first;
mod links;
mod lists;
mod migration;
mod numbers;
mod requests;
mod sockets;
mod text;
mod threads;
