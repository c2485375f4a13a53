//! `docs/states.md`: what every message and every timer does in every state. The page is made here, from what
//! the machine really does.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod lanes;
mod page;
mod receiving;
mod requests;
mod samples;
mod sending;
mod states;
mod timers;

use peer_tests::snapshot;

#[test]
fn the_page_of_states_says_what_the_machine_does() {
    snapshot::assert_says("docs/states.md", "proof state_table", &page::page());
}
