//! A world that failed: what it said, and how to see it again.

use core::cell::RefCell;
use core::panic::AssertUnwindSafe;
use std::panic;

use peer_tests::world::Checks;
use peer_tests::world::scenarios::Plan;

thread_local! {
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps what a panic says, to be told when it has been caught.
pub(crate) fn keep_quiet() {
    panic::set_hook(Box::new(|info| LAST.set(info.to_string())));
}

/// Does what runs a plan, or says why it failed and which command replays it.
pub(crate) fn catch<T>(plan: &Plan, run: impl FnOnce() -> T) -> Result<T, String> {
    panic::catch_unwind(AssertUnwindSafe(run)).map_err(|_| {
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

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use clap::Parser as _;
    use peer_core::{Config, Event, Network};
    use peer_tests::world::scenarios::Scenario;
    use peer_tests::world::{ConnectionId, Logic, NodeId, Turn, World};

    use super::*;
    use crate::args::Cli;

    /// Dials, and breaks as soon as someone is met.
    struct Fragile;

    impl Logic for Fragile {
        fn on_start(&mut self, turn: &mut Turn<'_>) {
            turn.dial(NodeId::new(0));
        }

        fn on_event(&mut self, connection: ConnectionId, _: Event, _: &mut Turn<'_>) {
            panic!("{connection} was too much");
        }
    }

    /// A world in which something is wrong.
    fn broken(plan: &Plan) {
        let mut world = World::new(plan.seed);
        for _ in 0..plan.nodes {
            world.add(Config::builder(Network::SIMNET).build().unwrap(), Fragile);
        }
        world.run_for(plan.duration);
    }

    /// What the printed command would run.
    fn replayed(told: &str) -> Plan {
        let (_, arguments) = told.lines().last().unwrap().split_once(" -- ").unwrap();
        let cli = Cli::try_parse_from(["sim"].into_iter().chain(arguments.split_whitespace())).unwrap();
        assert!(cli.verbose, "it tells no story");
        cli.plan(cli.seed)
    }

    #[test]
    fn a_failed_world_is_reported_with_its_seed_its_panic_and_a_replay_command() {
        keep_quiet();
        for scenario in Scenario::ALL {
            for (seed, checks, millis) in [(0, Checks::All, 61_234), (u64::MAX, Checks::Cheap, 7)] {
                let duration = Duration::from_millis(millis) + scenario.plan(0).duration;
                let plan = Plan { seed, nodes: 3, duration, checks, ..scenario.plan(0) };
                let told = catch(&plan, || broken(&plan)).unwrap_err();
                assert!(told.starts_with(&format!("seed {seed} failed\n")), "{told}");
                assert!(told.contains("was too much") && told.contains("failure.rs:"), "{told}");
                assert_eq!(replayed(&told), plan);
            }
        }
    }
}
