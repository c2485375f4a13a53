//! A progress bar, where standard error is a terminal.

use std::io::{IsTerminal, stderr, stdout};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::format::Count;

/// How far a crawl is. Shown on standard error, if that is a terminal; gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Hidden if objects for programs go to a terminal, because they show the progress.
    pub(crate) fn begin(json: bool) -> Self {
        let is_seen = stderr().is_terminal() && !(json && stdout().is_terminal());
        let target = if is_seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        Self(bar.with_style(style().unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    pub(crate) fn show(&self, visited: u64, known: u64, reachable: u64, open: usize) {
        self.0.set_length(known);
        self.0.set_position(visited);
        self.0.set_message(format!("{} reachable, {open} open now", Count(reachable)));
    }

    /// Hides the bar while `write` writes to standard error.
    pub(crate) fn suspend(&self, write: impl FnOnce()) {
        self.0.suspend(write);
    }
}

fn style() -> Result<ProgressStyle, indicatif::style::TemplateError> {
    let template = "  {elapsed:>4} {bar:30.green} {human_pos} visited of {human_len} known, {msg}";
    Ok(ProgressStyle::with_template(template)?.progress_chars("█▌ "))
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
