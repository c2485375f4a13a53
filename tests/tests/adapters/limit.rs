//! The limit of real time of the test that runs: connections, sockets and runtimes may wait for ever.

use core::cell::RefCell;
use std::thread;

use peer_tests::bound::Running;

/// Begins it, if it has not begun. What every connection of a test needs calls this.
pub(crate) fn begin() {
    thread_local! {
        static RUNNING: RefCell<Option<Running>> = const { RefCell::new(None) };
    }
    let thread = thread::current();
    let test = thread.name().unwrap_or_default();
    RUNNING.with_borrow_mut(|running| {
        // A test has a thread of its own, named after it, unless all have the first one: then each begins anew.
        if test == "main" {
            *running = None;
        }
        running.get_or_insert_with(|| Running::new(test));
    });
}
