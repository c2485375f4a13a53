//! What the pages and the setters of the configuration say that a connection takes in memory is what it takes.
//!
//! The numbers are taken from the text. The test fails where one is below what is measured, or more than a quarter above.
//! The counters are those of the whole process, so one test runs at a time.
#![expect(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a test fails by panicking")]

mod input;
mod machine;
mod meter;
mod queue;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let tests: [(&str, fn()); 16] = [
        ("an_idle_machine_takes_what_the_pages_say", machine::idle),
        ("a_handshake_that_is_open_takes_what_the_pages_say", machine::handshake),
        ("the_table_of_open_handshakes_takes_what_the_pages_say", machine::node),
        ("known_inventory_takes_what_the_pages_say_however_long_it_goes_on", machine::known),
        ("known_inventory_of_any_size_takes_what_the_setter_says", machine::known_of_any_size),
        ("open_requests_take_what_the_pages_say_in_any_order", machine::requests),
        ("items_that_may_be_answered_once_more_take_what_the_setter_says", machine::answered),
        ("a_batch_of_announcements_takes_what_the_setter_says", machine::batch),
        ("early_messages_take_what_the_pages_say", input::early),
        ("a_payload_without_a_limit_of_its_own_takes_what_the_pages_say", input::unrequested),
        ("the_largest_message_takes_what_the_pages_say", input::largest),
        ("frames_that_wait_together_take_what_the_page_says", input::burst),
        ("a_queue_of_tiny_frames_takes_what_the_pages_say", queue::tiny_frames),
        ("a_queue_of_parts_of_large_messages_keeps_none_of_them_alive", queue::parts),
        ("a_queue_of_received_blocks_takes_what_the_pages_say", queue::received_blocks),
        ("a_frame_that_is_taken_in_part_counts_until_it_is_freed", queue::partly_taken),
    ];
    let trial = |(name, test): (&str, fn())| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    let arguments = Arguments { test_threads: Some(1), ..Arguments::from_args() };
    libtest_mimic::run(&arguments, tests.map(trial).into()).exit();
}
