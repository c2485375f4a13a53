//! Both adapters as a remote meets them: a node in a thread of its own behind a real socket, and a test that
//! knows nothing of it but what comes over the wire and what its owner is told.
//!
//! `bad_bytes`, `silence`, `withheld`, `endings` and `load` hold the cases, `subject` what they need of a node, `client` the
//! remote, and `tokio` and `mio` each a node. All cases run against each of them: another adapter is one file,
//! with an `impl Adapter`, and one line in `main`.
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod bad_bytes;
mod client;
mod endings;
mod load;
mod mio;
mod silence;
mod subject;
mod tokio;
mod withheld;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use peer_tests::bound::Running;

use crate::mio::Mio;
use crate::subject::Adapter;
use crate::tokio::Tokio;

fn main() -> ExitCode {
    let trials = [cases::<Tokio>("tokio"), cases::<Mio>("mio")];
    let trials = trials.into_iter().flatten().collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// All cases against one adapter.
fn cases<A: Adapter + 'static>(adapter: &str) -> Vec<Trial> {
    let cases: Vec<(&str, fn())> = vec![
        ("a_frame_may_come_in_two_parts", bad_bytes::a_frame_in_two_parts::<A>),
        ("a_conversation_may_come_byte_by_byte", bad_bytes::a_conversation_byte_by_byte::<A>),
        ("a_second_version_ends_it", bad_bytes::a_second_version::<A>),
        ("a_frame_of_another_network_ends_it", bad_bytes::another_network::<A>),
        ("a_wrong_checksum_ends_it", bad_bytes::a_wrong_checksum::<A>),
        (
            "a_message_larger_than_its_kind_may_be_ends_it",
            bad_bytes::a_message_larger_than_its_kind_may_be::<A>,
        ),
        ("a_ping_before_the_version_ends_that_connection_alone", bad_bytes::a_ping_before_the_version::<A>),
        ("no_version_fails_the_handshake", silence::no_version::<A>),
        (
            "no_version_of_one_that_we_dialled_fails_the_handshake",
            silence::no_version_of_one_that_we_dialled::<A>,
        ),
        ("no_verack_fails_the_handshake", silence::no_verack::<A>),
        ("silence_after_the_handshake_ends_it", silence::silence_after_the_handshake::<A>),
        ("silence_inside_a_frame_ends_it", silence::silence_inside_a_frame::<A>),
        ("a_block_that_is_withheld_behind_junk_is_missed", withheld::behind_junk::<A>),
        ("a_block_that_is_withheld_behind_untaken_pongs_is_missed", withheld::behind_pongs::<A>),
        ("the_owners_messages_get_through_between_pongs", withheld::bulk_between_pongs::<A>),
        ("a_stream_may_end_at_every_byte_of_a_handshake", endings::at_every_byte_of_a_handshake::<A>),
        (
            "a_stream_may_end_at_every_byte_of_a_handshake_that_we_began",
            endings::at_every_byte_of_a_handshake_that_we_began::<A>,
        ),
        ("last_words_are_heard_before_the_end", endings::last_words_are_heard::<A>),
        ("resets_are_failures_of_the_transport", endings::resets_are_failures_of_the_transport::<A>),
        ("a_node_that_dials_itself_notices_at_both_ends", endings::a_node_that_dials_itself::<A>),
        ("eighty_junk_messages_of_4_mb_do_not_delay_another", load::junk_does_not_delay_another::<A>),
        ("both_sides_may_send_5_mb_at_once", load::both_sides_send_at_once::<A>),
        ("two_nodes_may_send_5_mb_at_once", load::two_nodes_send_at_once::<A>),
        (
            "remotes_that_never_read_cost_no_more_than_the_limit_and_are_let_go",
            load::remotes_that_never_read::<A>,
        ),
    ];
    let trial = |(name, run): (&str, fn())| {
        let name = format!("{adapter}::{name}");
        Trial::test(name.clone(), move || {
            let _limit = Running::new(name);
            run();
            Ok(())
        })
    };
    cases.into_iter().map(trial).collect()
}
