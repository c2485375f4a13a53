//! The checks: what each sends, what passes, and where that is written.
//!
//! A source says which part of dcrd does what is demanded. Cases are names in `tests/vectors/server_cases.jsonl`, where a real node was
//! recorded. `docs/checks.md` has a table of all checks, and a test compares it with the files here.

use core::future::Future;
use core::pin::Pin;

use super::lab::Lab;
use super::stop::Outcome;
use super::{framing, handshake, headers, items, time};

/// One check of a node.
pub(super) struct Check {
    pub(super) name: &'static str,
    /// What it sends.
    pub(super) sends: &'static str,
    /// What it demands.
    pub(super) passes: &'static str,
    pub(super) needs: Needs,
    /// Where the demand is written.
    pub(super) source: &'static str,
    /// Recorded cases of it.
    pub(super) cases: &'static [&'static str],
    pub(super) run: for<'a> fn(&'a Lab) -> Running<'a>,
}

/// A check that runs.
pub(super) type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + 'a>>;

/// What a check needs before it may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    Nothing,
    /// `--rude`: a node may ban for it.
    Rude,
    /// `--slow`: it takes minutes.
    Slow,
}

/// Every check, group by group. Rude ones come last, because of the bans.
pub(super) fn all() -> impl Iterator<Item = &'static Check> {
    let groups = [handshake::CHECKS, framing::CHECKS, headers::CHECKS, items::CHECKS, time::CHECKS];
    let (rude, polite): (Vec<_>, Vec<_>) =
        groups.into_iter().flatten().partition(|check| check.needs == Needs::Rude);
    polite.into_iter().chain(rude)
}
