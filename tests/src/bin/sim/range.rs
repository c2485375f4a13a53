//! Many worlds, a few at a time.

use core::ops::Range;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::thread;

use indicatif::{ProgressBar, ProgressStyle};
use peer_core::blake256::Blake256;
use peer_tests::world::Tally;
use peer_tests::world::scenarios::Outcome;

use crate::args::Cli;
use crate::{clock, failure, interrupt, report};

/// What came of a range of seeds.
#[derive(Debug, Default)]
pub(crate) struct Sum {
    pub(crate) seeds: u64,
    pub(crate) simulated: Duration,
    pub(crate) tally: Tally,
    digests: BTreeMap<u64, [u8; 32]>,
}

impl Sum {
    fn add(&mut self, seed: u64, outcome: &Outcome) {
        self.seeds += 1;
        self.simulated += outcome.simulated;
        self.tally.add(&outcome.tally);
        self.digests.insert(seed, outcome.digest);
    }

    fn join(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.simulated += other.simulated;
        self.tally.add(&other.tally);
        self.digests.extend(other.digests);
    }

    /// Of all digests, in the order of their seeds.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut hash = Blake256::new();
        self.digests.values().for_each(|digest| hash.update(digest));
        hash.finalize()
    }
}

/// What the threads share.
struct Shared<'a> {
    cli: &'a Cli,
    seeds: &'a Range<u64>,
    next: AtomicU64,
    failed: AtomicBool,
    bar: ProgressBar,
}

pub(crate) fn run(cli: &Cli, seeds: &Range<u64>) -> Result<(), String> {
    let (next, failed, bar) = (AtomicU64::new(seeds.start), AtomicBool::new(false), progress_bar(seeds));
    let shared = Shared { cli, seeds, next, failed, bar };
    let (results, took) = clock::timed(|| shared.work_on_threads());
    shared.bar.finish_and_clear();
    let mut sum = Sum::default();
    for result in results {
        sum.join(result?);
    }
    report::many(&cli.plan(seeds.start), seeds, &sum, took, cli.json);
    Ok(())
}

impl Shared<'_> {
    fn work_on_threads(&self) -> Vec<Result<Sum, String>> {
        thread::scope(|scope| {
            let threads: Vec<_> = (0..self.cli.threads).map(|_| scope.spawn(|| self.work())).collect();
            threads.into_iter().map(|thread| thread.join().expect("failures are caught")).collect()
        })
    }

    /// Takes seeds until there is none left, a world failed, or Ctrl-C came. A world that runs is finished.
    fn work(&self) -> Result<Sum, String> {
        let mut sum = Sum::default();
        while !self.failed.load(Ordering::Relaxed) && !interrupt::came() {
            let seed = self.next.fetch_add(1, Ordering::Relaxed);
            if seed >= self.seeds.end {
                break;
            }
            let plan = self.cli.plan(seed);
            let outcome = failure::catch(&plan, || plan.run(None));
            self.failed.fetch_or(outcome.is_err(), Ordering::Relaxed);
            sum.add(seed, &outcome?);
            self.bar.inc(1);
        }
        Ok(sum)
    }
}

/// Shown on a terminal only.
fn progress_bar(seeds: &Range<u64>) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{wide_bar} {human_pos} of {human_len} seeds, {per_sec}, {eta} left");
    ProgressBar::new(seeds.end - seeds.start).with_style(style.expect("a valid template"))
}
