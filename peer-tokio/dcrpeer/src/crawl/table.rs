//! The summary of a crawl for people.

use core::fmt;
use std::io::{self, Write};

use peer_core::Services;

use super::frontier::Skip;
use super::summary::{Heights, Level, RoundTrips, Share, Summary};
use crate::format::{Count, Span, clip};
use crate::output::{Escaped, FAINT, GOOD, STRONG, Styled};
use crate::scope::Scope;
use crate::stats;

/// Width of a label, and of a bar of all peers, in characters.
const LABEL: usize = 42;
const BAR: u64 = 24;

/// Writes the summary with the `top` most common user agents.
pub(crate) fn write(out: &mut impl Write, summary: &Summary, top: usize) -> io::Result<()> {
    let (reachable, known) = (Count(summary.reachable), Count(summary.known));
    let addresses = if summary.known == 1 { "address" } else { "addresses" };
    let title = format!("Crawl of {}: {known} {addresses} known, {reachable} reachable", summary.network);
    let (ended, elapsed) = (&summary.ended, Span(summary.elapsed));
    writeln!(out, "{}", Styled(STRONG, title))?;
    writeln!(out, "{}\n", Styled(FAINT, format_args!("{elapsed}: {ended}")))?;
    write_totals(out, summary)?;
    write_levels(out, &summary.levels)?;
    let base = summary.introduced;
    if base > 0 {
        let versions = rows(&summary.protocol_versions, |version| format!("protocol {version}"));
        write_bars(out, "Protocol versions", base, &versions, usize::MAX)?;
        let agents = rows(&summary.user_agents, |agent| match agent.as_str() {
            "" => "(none)".to_owned(),
            agent => Escaped(agent).to_string(),
        });
        write_bars(out, "User agents", base, &agents, top)?;
        let services = rows(&summary.services, |bits| stats::services(Services::from_bits(*bits)));
        write_bars(out, "Services", base, &services, top)?;
    }
    if let Some(heights) = &summary.heights {
        write_heights(out, heights, base)?;
    }
    match &summary.round_trips {
        Some(round_trips) => write_round_trips(out, round_trips),
        None => Ok(()),
    }
}

fn write_totals(out: &mut impl Write, summary: &Summary) -> io::Result<()> {
    let share = Percent(summary.reachable, summary.visited);
    write_total(out, "known", summary.known, "")?;
    write_total(out, "visited", summary.visited, "")?;
    write_total(out, "reachable", summary.reachable, &format!("{share} of those visited"))?;
    for (answer, count) in &summary.answers {
        write_part(out, answer, *count, "")?;
    }
    let unreachable = summary.visited.saturating_sub(summary.reachable);
    write_total(out, "unreachable", unreachable, "")?;
    for (outcome, count) in &summary.unreachable {
        write_part(out, outcome, *count, "")?;
    }
    if summary.not_visited > 0 {
        write_total(out, "not visited", summary.not_visited, "known when it ended")?;
    }
    let skipped = summary.skipped.values().fold(0_u64, |sum, count| sum.saturating_add(*count));
    if skipped > 0 {
        write_total(out, "skipped", skipped, "not among the known")?;
        for (skip, count) in &summary.skipped {
            let (label, note) = why_skipped(*skip);
            write_part(out, &label, *count, note)?;
        }
    }
    if summary.dropped > 0 {
        write_total(out, "dropped", summary.dropped, "too many to remember")?;
    }
    Ok(())
}

fn write_total(out: &mut impl Write, label: &str, count: u64, note: &str) -> io::Result<()> {
    write_count(out, format_args!("  {label:32}"), count, note)
}

fn write_part(out: &mut impl Write, label: &impl fmt::Display, count: u64, note: &str) -> io::Result<()> {
    write_count(out, format_args!("    {}", Styled(FAINT, format_args!("{label:30}"))), count, note)
}

fn write_count(out: &mut impl Write, label: fmt::Arguments<'_>, count: u64, note: &str) -> io::Result<()> {
    let count = Count(count);
    if note.is_empty() {
        return writeln!(out, "{label}{count:>8}");
    }
    writeln!(out, "{label}{count:>8}   {}", Styled(FAINT, note))
}

/// Why addresses were skipped, and what visits them.
const fn why_skipped(skip: Skip) -> (&'static str, &'static str) {
    match skip {
        Skip::Scope(Scope::Public) => ("public", ""),
        Skip::Scope(Scope::Tor) => ("of Tor", "--proxy visits them"),
        Skip::Scope(Scope::Private) => ("of private networks", "a seed of that kind visits them"),
        Skip::Scope(Scope::Loopback) => ("of the peer's own machine", "a seed of that kind visits them"),
        Skip::Scope(Scope::Unusable) => ("of no host", ""),
        Skip::TooManyPorts => ("more ports of one host", "--ports-per-host visits more"),
    }
}

fn write_levels(out: &mut impl Write, levels: &[Level]) -> io::Result<()> {
    let title = Styled(STRONG, "Levels");
    writeln!(out, "\n{title} {}", Styled(FAINT, "steps from the seeds"))?;
    for Level { level, known, visited, reachable } in levels {
        let (visited, reachable, known) = (Count(*visited), Count(*reachable), Count(*known));
        writeln!(out, "  {level:<4} {known:>9} known {visited:>9} visited {reachable:>9} reachable")?;
    }
    Ok(())
}

fn rows<T>(shares: &[Share<T>], label: impl Fn(&T) -> String) -> Vec<(String, u64)> {
    shares.iter().map(|share| (label(&share.value), share.peers)).collect()
}

/// One bar for each row, of which `top` are shown.
fn write_bars(
    out: &mut impl Write,
    title: &str,
    base: u64,
    rows: &[(String, u64)],
    top: usize,
) -> io::Result<()> {
    let about = introduced(base);
    writeln!(out, "\n{} {}", Styled(STRONG, title), Styled(FAINT, about))?;
    for (label, peers) in rows.iter().take(top) {
        let label = clip(label, LABEL);
        let bar = "█".repeat(usize::try_from(bar_len(*peers, base)).unwrap_or_default());
        let (peers, share) = (Count(*peers), Percent(*peers, base));
        writeln!(out, "  {label:LABEL$} {peers:>7} {share:>8}  {}", Styled(GOOD, bar))?;
    }
    let others = rows.get(top..).unwrap_or_default();
    if !others.is_empty() {
        let peers = others.iter().fold(0_u64, |sum, (_, peers)| sum.saturating_add(*peers));
        let label = format!("{} others (--top N, --json)", Count::from(others.len()));
        let share = Percent(peers, base);
        writeln!(out, "  {:LABEL$} {:>7} {share:>8}", Styled(FAINT, label), Count(peers))?;
    }
    Ok(())
}

/// At least one, so that every row has a bar.
fn bar_len(peers: u64, base: u64) -> u64 {
    let eighths = peers.saturating_mul(BAR).saturating_mul(2).checked_div(base).unwrap_or_default();
    eighths.saturating_add(1).checked_div(2).unwrap_or_default().max(1)
}

fn write_heights(out: &mut impl Write, heights: &Heights, base: u64) -> io::Result<()> {
    let Heights { min, median, max, at_best, .. } = heights;
    writeln!(out, "\n{} {}", Styled(STRONG, "Heights"), Styled(FAINT, "of best blocks"))?;
    writeln!(out, "  min {min}   median {median}   max {max}")?;
    writeln!(out, "  {} at the best block, {} of those who told", Count(*at_best), Percent(*at_best, base))
}

fn write_round_trips(out: &mut impl Write, round_trips: &RoundTrips) -> io::Result<()> {
    let RoundTrips { measured, min, p10, p50, p90, p99, max, .. } = round_trips;
    let about = format!("{} measured, one ping each", Count(*measured));
    writeln!(out, "\n{} {}", Styled(STRONG, "Round trips"), Styled(FAINT, about))?;
    let [min, p10, p50, p90, p99, max] = [min, p10, p50, p90, p99, max].map(|time| Span(*time));
    writeln!(out, "  min {min}   10 % {p10}   median {p50}   90 % {p90}   99 % {p99}   max {max}")
}

/// What the percentages of a table refer to.
pub(crate) fn introduced(base: u64) -> String {
    match base {
        1 => "of the peer that introduced itself".to_owned(),
        base => format!("of {} peers that introduced themselves", Count(base)),
    }
}

/// A part of a whole: `97.3 %`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Percent(pub(crate) u64, pub(crate) u64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(part, whole) = *self;
        let doubled = part.saturating_mul(2000).saturating_add(whole);
        let tenths = doubled.checked_div(whole.saturating_mul(2)).unwrap_or_default();
        f.pad(&format!("{}.{} %", tenths / 10, tenths % 10))
    }
}
