//! Two pieces of work side by side.
//!
//! They alternate in many short rounds of one run, and what is told is the median over rounds of the ratio
//! within a round: so a noisy neighbour or a change of clock speed meets both alike.

use std::hint::black_box;

use crate::clock::time;

/// A piece of work and how often to do it in a round.
pub struct Work<'a> {
    pub name: &'static str,
    repeats: usize,
    run: Box<dyn FnMut(usize) + 'a>,
}

impl<'a> Work<'a> {
    /// `call` is one time of the work.
    pub fn new<T>(name: &'static str, mut call: impl FnMut() -> T + 'a) -> Self {
        let run = move |repeats| {
            for _ in 0..repeats {
                black_box(call());
            }
        };
        Self { name, repeats: 0, run: Box::new(run) }
    }

    /// `call` is `times` times of the work.
    pub fn batch<T>(name: &'static str, times: usize, mut call: impl FnMut() -> T + 'a) -> Self {
        let run = move |repeats: usize| {
            for _ in 0..repeats.div_ceil(times) {
                black_box(call());
            }
        };
        Self { name, repeats: times, run: Box::new(run) }
    }

    /// Does the work `batches` times without measuring.
    pub fn warm(&mut self, batches: usize) {
        (self.run)(self.repeats.max(1) * batches);
    }

    /// Sets the repeats so that a round takes about [`ROUND`], in whole batches.
    fn fit(&mut self) {
        let batch = self.repeats.max(1);
        (self.run)(batch);
        let once = time(&mut || (self.run)(batch)).max(1.0);
        self.repeats = batch * ((ROUND / once) as usize).max(1);
    }

    /// Nanoseconds for one time of the work, now.
    fn round(&mut self) -> f64 {
        let repeats = self.repeats;
        time(&mut || (self.run)(repeats)) / repeats as f64
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
