//! Every schedule of single steps up to a depth, in small scope: no order of what may happen makes the machine blame a remote
//! that has its time, or lets one that withholds something go on.
//!
//! `PEER_DEPTH` chooses how many steps a schedule has. States that were met before are not tried again; their schedules count.
#![expect(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a test fails by panicking")]

mod search;
mod starts;

use std::env;
use std::thread;

use crate::schedules::search::Search;

/// Steps of each schedule by default, which takes seconds.
const DEPTH: usize = 5;

#[test]
fn liveness_and_honesty_hold_in_every_schedule() {
    let depth = env::var("PEER_DEPTH").map_or(DEPTH, |depth| depth.parse().unwrap());
    let searches = starts::all().into_iter().map(|(name, world)| {
        let search = move || {
            let mut search = Search::new(name);
            // The first that fails is then a shortest one.
            let schedules = (1..=depth).map(|depth| search.count(&world, depth)).last().unwrap();
            println!("{name}: {schedules} schedules of {depth} steps, {} states", search.states());
            schedules
        };
        thread::spawn(search)
    });
    let searches: Vec<_> = searches.collect();
    let schedules: u64 = searches.into_iter().map(|search| search.join().unwrap()).sum();
    println!("{schedules} schedules of {depth} steps");
}
