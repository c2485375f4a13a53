//! Simulated worlds with fixed seeds. Fresh ones are for the binary `sim`, which CI runs for a while.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod links;

use core::fmt::Write;
use core::time::Duration;

use peer_tests::world::Checks;
use peer_tests::world::scenarios::{Plan, Scenario};
use peer_tests::{hex, snapshot};

/// A run that is small enough for every `cargo test`.
fn small(scenario: Scenario, seed: u64) -> Plan {
    let (nodes, seconds) = match scenario {
        Scenario::Chat | Scenario::Requests => (4, 200),
        Scenario::Idle => (3, 1800),
        Scenario::Propagation => (40, 24),
        Scenario::SelfDial => (3, 100),
        Scenario::Churn => (3, 60),
        Scenario::Partition => (4, 600),
        Scenario::Hostile => (2, 24 * 3600),
        _ => (3, 300),
    };
    Plan { nodes, duration: Duration::from_secs(seconds), ..scenario.plan(seed) }
}

/// Runs this many worlds of a scenario with all checks.
fn run(scenario: Scenario, seeds: u64) {
    for seed in 0..seeds {
        println!("{scenario}, seed {seed}");
        let outcome = small(scenario, seed).run(None);
        assert!(outcome.tally.established > 0, "{scenario}, seed {seed}: no one met anybody");
    }
}

#[test]
fn nodes_of_all_versions_talk_under_all_faults() {
    run(Scenario::Chat, 8);
}

#[test]
fn quiet_connections_live_on_pings() {
    run(Scenario::Idle, 4);
}

#[test]
fn items_reach_every_node_of_a_graph() {
    run(Scenario::Propagation, 2);
}

#[test]
fn nodes_that_dial_themselves_notice_it_at_both_ends() {
    run(Scenario::SelfDial, 6);
}

#[test]
fn broken_connections_are_dialled_again() {
    run(Scenario::Churn, 3);
}

#[test]
fn every_item_reaches_every_node_after_a_partition() {
    run(Scenario::Partition, 4);
}

#[test]
fn large_blocks_get_through_thin_links() {
    run(Scenario::Slow, 3);
}

#[test]
fn liveness_holds_of_hostile_remotes() {
    run(Scenario::Hostile, 30);
}

#[test]
fn honesty_holds_of_honest_remotes() {
    run(Scenario::Honest, 30);
}

#[test]
fn each_request_ends_once_under_every_fault_and_no_one_misbehaves() {
    run(Scenario::Requests, 12);
}

/// In debug and release, on every machine. A digest that changes means that peers behave differently in
/// simulation: look why, then write them anew.
#[test]
fn a_seed_has_the_committed_digest_in_every_build() {
    let mut text =
        String::from("# PEER_BLESS=1 cargo test --profile checked -p peer-tests --test proof world\n");
    for scenario in Scenario::ALL {
        for seed in [1, 2] {
            let outcome = Plan { checks: Checks::Cheap, ..small(scenario, seed) }.run(None);
            writeln!(text, "{scenario} {seed} {}", hex::encode(&outcome.digest)).unwrap();
        }
    }
    snapshot::assert_says("tests/tests/proof/world/digests.txt", "proof world", &text);
}

#[test]
fn equal_seeds_give_equal_logs_and_other_seeds_others() {
    for scenario in Scenario::ALL {
        let [first, again, other] = [1, 1, 2].map(|seed| {
            let outcome = Plan { checks: Checks::Cheap, ..small(scenario, seed) }.run(None);
            (outcome.digest, outcome.tally)
        });
        assert_eq!(first, again, "{scenario}");
        assert_ne!(first.0, other.0, "{scenario}");
    }
}

#[test]
fn what_is_checked_changes_nothing_of_what_happens() {
    for scenario in [Scenario::Chat, Scenario::SelfDial, Scenario::Slow, Scenario::Hostile, Scenario::Honest]
    {
        let all = small(scenario, 3);
        let cheap = Plan { checks: Checks::Cheap, ..all };
        assert_eq!(all.run(None).digest, cheap.run(None).digest, "{scenario}");
    }
}
