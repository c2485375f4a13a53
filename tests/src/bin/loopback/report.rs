//! What came of it, for people and for machines.

use peer_tests::figures::{Spread, duration, rounded};
use serde_json::{Map, Value, json};

use crate::args::Cli;
use crate::lines::{Line, Work};
use crate::rounds::Round;
use crate::way::NAMES;

/// What a line showed.
pub(crate) struct Outcome<'a> {
    line: &'a Line,
    /// Bytes on the wire for each time, where that is of interest.
    bytes: Option<usize>,
    ways: [Figures; NAMES.len()],
}

/// What a way showed.
struct Figures {
    nanos: Spread,
    /// Against sockets, against memory, against both together. Only of ways that have both.
    ratios: Option<[Spread; 3]>,
}

impl<'a> Outcome<'a> {
    pub(crate) fn of(line: &'a Line, work: &Work, rounds: &[Round]) -> Self {
        let figures = |index: usize| {
            let ratio =
                |base: fn(&Round) -> f64| Spread::of(rounds.iter().map(|round| round[index] / base(round)));
            Figures {
                nanos: Spread::of(rounds.iter().map(|round| round[index])),
                ratios: (index >= 2 && !rounds[0][0].is_nan()).then(|| {
                    [ratio(|round| round[0]), ratio(|round| round[1]), ratio(|round| round[0] + round[1])]
                }),
            }
        };
        let bytes = match work {
            Work::OneWay { frame, .. } => Some(frame.len()),
            Work::PingPong { .. } | Work::Requests | Work::Handshakes => None,
        };
        Self { line, bytes, ways: core::array::from_fn(figures) }
    }
}

pub(crate) fn print(outcomes: &[Outcome<'_>], cli: &Cli) {
    if cli.json {
        let lines: Vec<_> = outcomes.iter().map(|outcome| object(outcome, cli)).collect();
        println!("{}", json!({ "rounds": cli.rounds, "lines": lines }));
        return;
    }
    println!(
        "{:<26} {:>10} {:>12} {:>8} {:>11} {:>11} {:>9}",
        "", "each", "a second", "MB/s", "x sockets", "x memory", "x both"
    );
    for outcome in outcomes {
        println!("{}, {}", outcome.line.name, outcome.line.unit);
        for (name, figures) in NAMES.iter().zip(&outcome.ways) {
            if cli.measures(name) {
                row(name, figures, outcome.bytes);
            }
        }
    }
}

fn row(name: &str, figures: &Figures, bytes: Option<usize>) {
    let nanos = figures.nanos.median;
    let speed = bytes.map(|bytes| rounded(megabytes(bytes, nanos))).unwrap_or_default();
    print!("  {name:<24} {:>10} {:>12} {speed:>8}", duration(nanos), rounded(1e9 / nanos));
    if let Some([sockets, memory, both]) = figures.ratios {
        let [low, high] = both.middle;
        print!(
            " {:>11.2} {:>11.2} {:>9.2}  [{low:.2}, {high:.2}]",
            sockets.median, memory.median, both.median
        );
    }
    println!();
}

/// A second.
fn megabytes(bytes: usize, nanos: f64) -> f64 {
    bytes as f64 * 1e3 / nanos
}

fn object(outcome: &Outcome<'_>, cli: &Cli) -> Value {
    let measured = NAMES.iter().zip(&outcome.ways).filter(|(name, _)| cli.measures(name));
    let ways = measured.map(|(name, figures)| {
        let nanos = figures.nanos.median;
        let ratios = figures.ratios.map(|[sockets, memory, both]| {
            json!({ "sockets": spread(sockets), "memory": spread(memory), "both": spread(both) })
        });
        let figures = json!({
            "ns": spread(figures.nanos),
            "per_second": 1e9 / nanos,
            "mb_per_second": outcome.bytes.map(|bytes| megabytes(bytes, nanos)),
            "ratios": ratios,
        });
        ((*name).to_owned(), figures)
    });
    json!({
        "name": outcome.line.name,
        "unit": outcome.line.unit,
        "count": outcome.line.count,
        "bytes": outcome.bytes,
        "ways": ways.collect::<Map<_, _>>(),
    })
}

fn spread(spread: Spread) -> Value {
    json!({ "median": spread.median, "middle_half": spread.middle })
}
