//! One world.

use core::cell::RefCell;
use std::io::{self, Write};
use std::process;
use std::rc::Rc;

use peer_core::Time;
use peer_tests::world::scenarios::{Scenario, Watch};
use peer_tests::world::{Moment, Recordings};

use crate::args::Cli;
use crate::{chart, clock, failure, recorder, report};

pub(crate) fn run(cli: &Cli) -> Result<(), String> {
    let plan = cli.plan(cli.seed);
    if cli.svg.is_some() && plan.scenario != Scenario::Propagation {
        return Err(String::from("only --scenario propagation can be drawn"));
    }
    let recordings = cli.record.as_deref().map(recorder::into_folder).transpose()?;
    let watch = watch(cli, recordings.clone());
    let (outcome, took) = clock::timed(|| failure::catch(&plan, || plan.run(watch)));
    // Those of a world that failed are what one wants to see.
    finish(recordings.as_deref());
    let outcome = outcome?;
    report::one(&plan, &outcome, took, cli.json);
    if let Some(file) = &cli.svg {
        chart::draw(file, &plan, &outcome.spreads)?;
    }
    Ok(())
}

/// Tells what happens as it happens, where that was asked for.
fn watch(cli: &Cli, recordings: Option<Rc<RefCell<Recordings>>>) -> Option<Watch> {
    let (tells, until) = (cli.verbose, cli.until);
    (tells || until.is_some() || recordings.is_some()).then(|| {
        Rc::new(move |moment: &Moment<'_>| tell(moment, tells, until, recordings.as_deref())) as Watch
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
