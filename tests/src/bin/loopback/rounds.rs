//! The ways take turns.

use indicatif::{ProgressBar, ProgressStyle};
use peer_tests::figures::clock::busy;

use crate::args::Cli;
use crate::lines::{LINES, Line, Work};
use crate::report::{self, Outcome};
use crate::way::{self, Failure, NAMES};

/// Nanoseconds of one time of the work, for each way in the order of [`way::NAMES`].
pub(crate) type Round = [f64; NAMES.len()];

/// Measures the lines that are asked for, and says what came of it.
pub(crate) fn run(cli: &Cli) -> Result<(), Failure> {
    let lines = lines(cli)?;
    let bar = progress_bar(lines.len() as u64 * u64::from(cli.rounds));
    let mut outcomes = Vec::new();
    for line in lines {
        bar.set_message(line.name);
        let work = line.work()?;
        let rounds = measure(line, &work, cli, &bar)?;
        outcomes.push(Outcome::of(line, &work, &rounds));
    }
    bar.finish_and_clear();
    report::print(&outcomes, cli);
    Ok(())
}

/// The lines that are asked for.
pub(crate) fn lines(cli: &Cli) -> Result<Vec<&'static Line>, Failure> {
    let is_wanted =
        |line: &&Line| cli.parts.is_empty() || cli.parts.iter().any(|part| line.name.contains(part));
    let lines: Vec<&Line> = LINES.iter().filter(is_wanted).collect();
    if lines.is_empty() { Err("no line has such a name; --help lists them".into()) } else { Ok(lines) }
}

/// Every round begins with another way, since what one leaves behind may disturb the next.
fn measure(line: &Line, work: &Work, cli: &Cli, bar: &ProgressBar) -> Result<Vec<Round>, Failure> {
    let mut ways = way::all()?;
    let chosen: Vec<usize> = (0..ways.len()).filter(|index| cli.measures(NAMES[*index])).collect();
    for index in &chosen {
        ways[*index].run(work, line.count)?;
    }
    let mut rounds = Vec::new();
    for number in 0..usize::from(cli.rounds) {
        let mut round = [f64::NAN; NAMES.len()];
        for turn in 0..chosen.len() {
            let index = chosen[(number + turn) % chosen.len()];
            let (result, nanos) = busy(|| ways[index].run(work, line.count));
            result?;
            round[index] = nanos / line.count as f64;
        }
        rounds.push(round);
        bar.inc(1);
    }
    Ok(rounds)
}

/// Shown on a terminal only.
fn progress_bar(rounds: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {pos} of {len} rounds, {msg}, {eta} left");
    ProgressBar::new(rounds).with_style(style.expect("a valid template"))
}
