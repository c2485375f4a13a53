//! One world.

use core::cell::RefCell;
use core::time::Duration;
use std::io::{self, Write};
use std::process;
use std::rc::Rc;

use indicatif::{ProgressBar, ProgressStyle};
use peer_core::Time;
use peer_tests::world::scenarios::{Scenario, Watch};
use peer_tests::world::{Moment, Recordings};

use crate::args::Cli;
use crate::{chart, clock, failure, interrupt, recorder, report};

pub(crate) fn run(cli: &Cli) -> Result<(), String> {
    let plan = cli.plan(cli.seed);
    if cli.svg.is_some() && plan.scenario != Scenario::Propagation {
        return Err(String::from("only --scenario propagation can be drawn"));
    }
    cli.svg.as_deref().map(chart::check).transpose()?;
    let recordings = cli.record.as_deref().map(recorder::into_folder).transpose()?;
    let bar = progress_bar(cli, plan.duration);
    let watch = watch(cli, recordings.clone(), bar.clone());
    let (outcome, took) = clock::timed(|| failure::catch(&plan, || plan.run(Some(watch))));
    bar.finish_and_clear();
    // Those of a world that failed are what one wants to see.
    finish(recordings.as_deref());
    let outcome = outcome?;
    report::one(&plan, &outcome, took, cli.json);
    if let Some(file) = &cli.svg {
        chart::draw(file, &plan, &outcome.spreads)?;
    }
    Ok(())
}

/// How much of the time to simulate has passed, on a terminal. A story shows that by itself.
fn progress_bar(cli: &Cli, duration: Duration) -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {percent} % of the simulated time, {eta} left");
    let bar = if cli.verbose { ProgressBar::hidden() } else { ProgressBar::new(duration.as_secs()) };
    bar.with_style(style.expect("a valid template"))
}

/// Tells what happens as it happens, where that was asked for, and ends the run at Ctrl-C.
fn watch(cli: &Cli, recordings: Option<Rc<RefCell<Recordings>>>, bar: ProgressBar) -> Watch {
    let (tells, until) = (cli.verbose, cli.until);
    Rc::new(move |moment: &Moment<'_>| {
        if interrupt::came() {
            bar.finish_and_clear();
            finish(recordings.as_deref());
            println!("interrupted at {}; what was recorded and told so far is kept", moment.at);
            interrupt::exit();
        }
        bar.set_position(moment.at.elapsed().as_secs());
        tell(moment, tells, until, recordings.as_deref());
    })
}

fn tell(moment: &Moment<'_>, tells: bool, until: Option<Time>, recordings: Option<&RefCell<Recordings>>) {
    if let Some(recordings) = recordings {
        recordings.borrow_mut().note(moment);
    }
    if let Some(until) = until.filter(|until| moment.at > *until) {
        finish(recordings);
        leave(&format!("stopped at {until}, as asked"));
    }
    if tells && writeln!(io::stdout().lock(), "{moment}").is_err() {
        process::exit(0);
    }
}

/// Writes what waits of the recordings.
fn finish(recordings: Option<&RefCell<Recordings>>) {
    if let Some(recordings) = recordings {
        recordings.borrow_mut().finish();
    }
}

/// Ends the run from inside of it, in the only way that no world can tell from a failure.
fn leave(words: &str) -> ! {
    // No one may be reading any more.
    writeln!(io::stdout().lock(), "{words}").ok();
    process::exit(0);
}
