//! A world that failed: what it said, and how to see it again.

use core::cell::RefCell;
use core::panic::AssertUnwindSafe;
use std::panic;

use peer_tests::world::Checks;
use peer_tests::world::scenarios::{Outcome, Plan, Watch};

thread_local! {
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps what a panic says, to be told when it has been caught.
pub(crate) fn keep_quiet() {
    panic::set_hook(Box::new(|info| LAST.set(info.to_string())));
}

/// Runs a plan, or says why it failed and which command replays it.
pub(crate) fn catch(plan: &Plan, watch: Option<Watch>) -> Result<Outcome, String> {
    panic::catch_unwind(AssertUnwindSafe(|| plan.run(watch))).map_err(|_| {
        let what = LAST.take();
        format!("seed {} failed\n{what}\n\nsee it again with\n  {}", plan.seed, command(plan))
    })
}

/// The command that replays a plan, line by line.
fn command(plan: &Plan) -> String {
    let Plan { scenario, seed, nodes, duration, checks } = plan;
    let checks = if *checks == Checks::All { "all" } else { "cheap" };
    let hours = duration.as_secs_f64() / 3600.0;
    format!(
        "cargo run --release -p peer-tests --bin sim -- --scenario {scenario} --seed {seed} --nodes {nodes} \
         --hours {hours} --checks {checks} --verbose"
    )
}
