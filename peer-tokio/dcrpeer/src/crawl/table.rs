//! The summary of a crawl for people.

use core::fmt;
use std::io::{self, Write};

use peer_core::Services;

use super::frontier::Skip;
use super::summary::{Heights, Level, RoundTrips, Share, Summary};
use crate::format::{Count, Signed, Span, clip};
use crate::layout::{self, len};
use crate::options::services_text;
use crate::output::{Escaped, FAINT, GOOD, STRONG, Styled};
use crate::scope::Scope;

/// What the lines of a summary are fitted to.
#[derive(Clone, Copy)]
struct Widths {
    line: usize,
    /// Of the label in a line of totals.
    total: usize,
    /// Of the label beside a bar.
    label: usize,
    /// Of a bar that stands for all peers; 0 where there is no room for bars.
    bar: usize,
}

impl Widths {
    fn of(line: usize) -> Self {
        // Beside the label: the indentation, the peers, their share, and the gaps.
        let room = line.saturating_sub(20);
        let (label, bar) = match room {
            65.. => (42, 23),
            40.. => (room.saturating_sub(18), 16),
            _ => (room.saturating_sub(1), 0),
        };
        Self { line, total: line.saturating_sub(10).min(32), label, bar }
    }
}

/// Writes the summary with the `top` most common user agents.
pub(crate) fn write(out: &mut impl Write, summary: &Summary, top: usize) -> io::Result<()> {
    let widths = Widths::of(layout::table_width());
    let (reachable, known) = (Count(summary.reachable), Count(summary.known));
    let addresses = if summary.known == 1 { "address" } else { "addresses" };
    let title = format!("Crawl of {}: {known} {addresses} known, {reachable} reachable", summary.network);
    let (ended, elapsed) = (&summary.ended, Span(summary.elapsed));
    writeln!(out, "{}", Styled(STRONG, layout::fill(&title, 0)))?;
    writeln!(out, "{}\n", Styled(FAINT, format_args!("{elapsed}: {ended}")))?;
    write_totals(out, widths, summary)?;
    write_levels(out, widths, &summary.levels)?;
    let base = summary.introduced;
    if base > 0 {
        let versions = rows(&summary.protocol_versions, |version| format!("protocol {version}"));
        write_bars((out, widths), "Protocol versions", base, &versions, usize::MAX)?;
        let agents = rows(&summary.user_agents, |agent| match agent.as_str() {
            "" => "(none)".to_owned(),
            agent => Escaped(agent).to_string(),
        });
        write_bars((out, widths), "User agents", base, &agents, top)?;
        let services = rows(&summary.services, |bits| services_text(Services::from_bits(*bits)));
        write_bars((out, widths), "Services", base, &services, top)?;
    }
    if let Some(heights) = &summary.heights {
        write_heights(out, widths, heights, base)?;
    }
    match &summary.round_trips {
        Some(round_trips) => write_round_trips(out, widths, round_trips),
        None => Ok(()),
    }
}

fn write_totals(out: &mut impl Write, widths: Widths, summary: &Summary) -> io::Result<()> {
    let share = Percent(summary.reachable, summary.visited);
    write_total(out, widths, "known", summary.known, "")?;
    write_total(out, widths, "visited", summary.visited, "")?;
    write_total(out, widths, "reachable", summary.reachable, &format!("{share} of those visited"))?;
    for (answer, count) in &summary.answers {
        write_part(out, widths, answer, *count, "")?;
    }
    let unreachable = summary.visited.saturating_sub(summary.reachable);
    write_total(out, widths, "unreachable", unreachable, "")?;
    for (outcome, count) in &summary.unreachable {
        write_part(out, widths, outcome, *count, "")?;
    }
    if summary.not_visited > 0 {
        write_total(out, widths, "not visited", summary.not_visited, "known when it ended")?;
    }
    let skipped = summary.skipped.values().fold(0_u64, |sum, count| sum.saturating_add(*count));
    if skipped > 0 {
        write_total(out, widths, "skipped", skipped, "not among the known")?;
        for (skip, count) in &summary.skipped {
            let (label, note) = why_skipped(*skip);
            write_part(out, widths, &label, *count, note)?;
        }
    }
    if summary.dropped > 0 {
        write_total(out, widths, "dropped", summary.dropped, "too many to remember")?;
    }
    Ok(())
}

fn write_total(out: &mut impl Write, widths: Widths, label: &str, count: u64, note: &str) -> io::Result<()> {
    let width = widths.total;
    write_count(out, widths, format_args!("  {:width$}", clip(label, width)), count, note)
}

fn write_part(
    out: &mut impl Write,
    widths: Widths,
    label: &impl fmt::Display,
    count: u64,
    note: &str,
) -> io::Result<()> {
    let width = widths.total.saturating_sub(2);
    let label = clip(&label.to_string(), width);
    let label = Styled(FAINT, format_args!("{label:width$}"));
    write_count(out, widths, format_args!("    {label}"), count, note)
}

/// The note is left out where it does not fit.
fn write_count(
    out: &mut impl Write,
    widths: Widths,
    label: fmt::Arguments<'_>,
    count: u64,
    note: &str,
) -> io::Result<()> {
    let count = Count(count);
    let end = widths.total.saturating_add(13).saturating_add(len(note));
    if note.is_empty() || end > widths.line {
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

/// The title of a table, and beside it what it is about.
fn write_heading(out: &mut impl Write, widths: Widths, title: &str, about: &str) -> io::Result<()> {
    let about = clip(about, widths.line.saturating_sub(len(title)).saturating_sub(1));
    writeln!(out, "\n{} {}", Styled(STRONG, title), Styled(FAINT, about))
}

fn write_levels(out: &mut impl Write, widths: Widths, levels: &[Level]) -> io::Result<()> {
    write_heading(out, widths, "Levels", "steps from the seeds")?;
    let titles = format!("  {:5}{:>11}{:>11}{:>11}", "level", "known", "visited", "reachable");
    writeln!(out, "{}", Styled(FAINT, clip(&titles, widths.line)))?;
    for Level { level, known, visited, reachable } in levels {
        let (visited, reachable, known) = (Count(*visited), Count(*reachable), Count(*known));
        let line = format!("  {level:<5}{known:>11}{visited:>11}{reachable:>11}");
        writeln!(out, "{}", clip(&line, widths.line))?;
    }
    Ok(())
}

fn rows<T>(shares: &[Share<T>], label: impl Fn(&T) -> String) -> Vec<(String, u64)> {
    shares.iter().map(|share| (label(&share.value), share.peers)).collect()
}

/// One bar for each row, of which `top` are shown.
fn write_bars(
    (out, widths): (&mut impl Write, Widths),
    title: &str,
    base: u64,
    rows: &[(String, u64)],
    top: usize,
) -> io::Result<()> {
    write_heading(out, widths, title, &introduced(base))?;
    let width = widths.label;
    for (label, peers) in rows.iter().take(top) {
        let label = clip(label, width);
        let bar = "█".repeat(bar_len(*peers, base, widths.bar));
        let (peers, share) = (Count(*peers), Percent(*peers, base));
        write!(out, "  {label:width$} {peers:>7} {share:>8}")?;
        if bar.is_empty() { writeln!(out)? } else { writeln!(out, "  {}", Styled(GOOD, bar))? }
    }
    let others = rows.get(top..).unwrap_or_default();
    if !others.is_empty() {
        let peers = others.iter().fold(0_u64, |sum, (_, peers)| sum.saturating_add(*peers));
        let label = clip(&format!("{} others (--top N, --json)", Count::from(others.len())), width);
        let share = Percent(peers, base);
        writeln!(out, "  {:width$} {:>7} {share:>8}", Styled(FAINT, label), Count(peers))?;
    }
    Ok(())
}

/// At least one, so that every row has a bar, if there is room for bars.
fn bar_len(peers: u64, base: u64, bar: usize) -> usize {
    let doubled = peers.saturating_mul(bar as u64).saturating_mul(2).checked_div(base).unwrap_or_default();
    let rounded = doubled.saturating_add(1).checked_div(2).unwrap_or_default().max(1);
    usize::try_from(rounded).unwrap_or_default().min(bar)
}

fn write_heights(out: &mut impl Write, widths: Widths, heights: &Heights, base: u64) -> io::Result<()> {
    let Heights { min, median, max, at_best, .. } = heights;
    write_heading(out, widths, "Heights", "of best blocks")?;
    let [min, median, max] = [min, median, max].map(|height| Signed((*height).into()));
    let facts = [format!("min {min}"), format!("median {median}"), format!("max {max}")];
    write_facts(out, widths, &facts)?;
    let at_best = format!("{} at the best block, {} of all", Count(*at_best), Percent(*at_best, base));
    write_facts(out, widths, &[at_best])
}

fn write_round_trips(out: &mut impl Write, widths: Widths, round_trips: &RoundTrips) -> io::Result<()> {
    let RoundTrips { measured, min, p10, p50, p90, p99, max, .. } = round_trips;
    let about = format!("{} measured, one ping each", Count(*measured));
    write_heading(out, widths, "Round-trip times (rtt)", &about)?;
    let named = [("min", min), ("p10", p10), ("median", p50), ("p90", p90), ("p99", p99), ("max", max)];
    write_facts(out, widths, &named.map(|(name, time)| format!("{name} {}", Span(*time))))
}

fn write_facts(out: &mut impl Write, widths: Widths, facts: &[String]) -> io::Result<()> {
    layout::wrap(facts, widths.line.saturating_sub(2)).iter().try_for_each(|line| writeln!(out, "  {line}"))
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
