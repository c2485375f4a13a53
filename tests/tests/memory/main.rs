//! Memory, counted and never timed: what machines, queues and connections hold is no more than it must be, and what the
//! pages and the setters of the configuration say.
//!
//! Numbers are taken from the text. A test fails where one is below what is measured, or more than a quarter above.
//! The counters are those of the whole process, so one test runs at a time, on the thread that waits for it.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod input;
mod machine;
mod meter;
mod mio;
mod queue;
mod received;
mod recording;
mod sockets;
mod tokio;

use libtest_mimic::{Arguments, Trial};

/// A test, by name.
type Test = (&'static str, fn());

/// What the pages and the setters say, and what connections hold.
const STATED: [Test; 31] = [
    ("an_idle_machine_takes_what_the_pages_say", machine::idle),
    ("a_handshake_that_is_open_takes_what_the_pages_say", machine::handshake),
    ("the_table_of_open_handshakes_takes_what_the_pages_say", machine::node),
    ("known_inventory_takes_what_the_pages_say_however_long_it_goes_on", machine::known),
    ("known_inventory_of_any_size_takes_what_the_setter_says", machine::known_of_any_size),
    ("open_requests_take_what_the_pages_say_in_any_order", machine::requests),
    ("requests_with_an_id_take_what_the_page_says", machine::typed_requests),
    ("a_request_that_was_answered_as_a_whole_leaves_nothing_behind", machine::answered_whole),
    ("a_request_with_an_id_that_was_answered_leaves_nothing_behind", machine::answered_with_id),
    ("points_that_are_counted_for_hours_take_no_more_than_those_of_a_minute", machine::points),
    ("items_that_may_be_answered_once_more_take_what_the_setter_says", machine::answered),
    ("a_batch_of_announcements_takes_what_the_setter_says", machine::batch),
    ("lines_of_a_recording_take_no_more_than_their_limit", recording::waiting),
    ("early_messages_take_what_the_pages_say", input::early),
    ("a_payload_without_a_limit_of_its_own_takes_what_the_pages_say", input::unrequested),
    ("the_largest_message_takes_what_the_pages_say", input::largest),
    ("frames_that_wait_together_take_what_the_page_says", input::burst),
    ("long_frames_that_wait_cost_no_more_than_their_bytes_once_more", input::long_burst),
    ("a_queue_of_tiny_frames_takes_what_the_pages_say", queue::tiny_frames),
    ("a_queue_of_parts_of_large_messages_keeps_none_of_them_alive", queue::parts),
    ("a_queue_of_received_blocks_takes_what_the_pages_say", queue::received_blocks),
    ("a_frame_that_is_queued_for_many_peers_is_held_once", queue::shared_by_many),
    ("a_frame_that_is_taken_in_part_counts_until_it_is_freed", queue::partly_taken),
    ("an_idle_connection_over_mio_takes_at_each_end_what_the_pages_say", mio::idle),
    ("half_a_frame_after_many_keeps_no_more_than_itself_over_mio", mio::half_a_frame),
    ("a_frame_that_comes_in_many_reads_over_mio_is_not_copied_for_each", mio::large_frame),
    ("an_idle_connection_over_tokio_takes_at_each_end_what_the_pages_say", tokio::idle_connection),
    ("an_owner_over_tokio_that_asks_for_nothing_holds_what_16_events_hold", tokio::silent_owner),
    ("half_a_frame_after_many_keeps_no_more_than_itself_over_tokio", tokio::half_a_frame),
    ("flushes_over_tokio_that_are_cancelled_leave_nothing_behind", tokio::cancelled_flushes),
    ("those_who_waited_over_tokio_leave_nothing_behind", tokio::waited),
];

fn main() {
    let trial = |(name, test): &Test| {
        let test = *test;
        Trial::test(*name, move || {
            test();
            Ok(())
        })
    };
    let arguments = Arguments { test_threads: Some(1), ..Arguments::from_args() };
    let trials = received::TESTS.iter().chain(&STATED).map(trial).collect();
    libtest_mimic::run(&arguments, trials).exit();
}
