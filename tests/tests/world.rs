//! Simulated worlds with fixed seeds: every scenario, and the same again.

use peer_tests::world::scenarios::Scenario;

#[test]
fn every_scenario_comes_to_its_end() {
    for scenario in Scenario::ALL {
        let mut plan = scenario.plan(1);
        if scenario == Scenario::Propagation {
            plan.nodes = 100;
            plan.duration /= 4;
        }
        if scenario == Scenario::Idle {
            plan.nodes = 4;
        }
        let outcome = plan.run(None);
        println!("{scenario}: {:?} {:?}", outcome.simulated, outcome.tally);
        for s in outcome.spreads {
            println!("{} {:?} {:?} {:?}", s.trickles, s.percentile(10), s.percentile(50), s.percentile(99));
        }
    }
}
