//! Two pieces of work side by side.
//!
//! They alternate in many short rounds of one run, and what is told is the median over rounds of the ratio
//! within a round: so a noisy neighbour or a change of clock speed meets both alike.

use std::hint::black_box;

use crate::clock::time;

/// A piece of work and how often to do it in a round.
pub struct Work<'a> {
    pub name: &'static str,
    /// How many times of the work one run is.
    times: usize,
    /// Runs in a round.
    runs: usize,
    /// Does so many runs and tells the nanoseconds.
    run: Box<dyn FnMut(usize) -> f64 + 'a>,
}

impl<'a> Work<'a> {
    /// `call` is one time of the work.
    pub fn new<T>(name: &'static str, call: impl FnMut() -> T + 'a) -> Self {
        Self::batch(name, 1, call)
    }

    /// `call` is `times` times of the work.
    pub fn batch<T>(name: &'static str, times: usize, mut call: impl FnMut() -> T + 'a) -> Self {
        let run = move |runs| {
            time(&mut || {
                for _ in 0..runs {
                    black_box(call());
                }
            })
        };
        Self { name, times, runs: 1, run: Box::new(run) }
    }

    /// `call` is `times` times of the work on `state`, which `prepare` makes ready without being measured.
    pub fn prepared<S: 'a>(
        name: &'static str,
        times: usize,
        mut state: S,
        mut prepare: impl FnMut(&mut S) + 'a,
        mut call: impl FnMut(&mut S) + 'a,
    ) -> Self {
        let mut once = move || {
            prepare(&mut state);
            time(&mut || call(black_box(&mut state)))
        };
        Self { name, times, runs: 1, run: Box::new(move |runs| (0..runs).map(|_| once()).sum()) }
    }

    /// Does `runs` runs without measuring.
    pub fn warm(&mut self, runs: usize) {
        (self.run)(runs);
    }

    /// Sets the number of runs so that a round takes about [`ROUND`].
    fn fit(&mut self) {
        (self.run)(1);
        let once = (self.run)(1).max(1.0);
        self.runs = ((ROUND / once) as usize).max(1);
    }

    /// Nanoseconds for one time of the work, now.
    fn round(&mut self) -> f64 {
        (self.run)(self.runs) / (self.runs * self.times) as f64
    }
}

/// What a comparison showed.
pub struct Outcome {
    /// Median nanoseconds for one time of each.
    pub times: [f64; 2],
    /// How many times as long the first takes as the second: median, and the middle half of all rounds.
    pub ratio: f64,
    pub middle: [f64; 2],
}

impl Outcome {
    /// The same with the second measured against the first.
    pub fn inverted(self) -> Self {
        let [low, high] = self.middle;
        Self { ratio: 1.0 / self.ratio, middle: [1.0 / high, 1.0 / low], ..self }
    }
}

pub fn compare(first: &mut Work<'_>, second: &mut Work<'_>, rounds: usize) -> Outcome {
    first.fit();
    second.fit();
    let (mut firsts, mut seconds, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let (a, b);
        if round % 2 == 0 {
            a = first.round();
            b = second.round();
        } else {
            b = second.round();
            a = first.round();
        }
        firsts.push(a);
        seconds.push(b);
        ratios.push(a / b);
    }
    for list in [&mut firsts, &mut seconds, &mut ratios] {
        list.sort_by(f64::total_cmp);
    }
    let at = |list: &[f64], quarters: usize| list[(list.len() - 1) * quarters / 4];
    Outcome {
        times: [at(&firsts, 2), at(&seconds, 2)],
        ratio: at(&ratios, 2),
        middle: [at(&ratios, 1), at(&ratios, 3)],
    }
}

/// Nanoseconds that one side of a round takes, roughly.
const ROUND: f64 = 300_000.0;
