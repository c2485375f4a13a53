//! What `load` measured.

use core::net::SocketAddr;
use core::time::Duration;
use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use crate::format::{Count, Size, Span, as_milliseconds, percentile};
use crate::layout;
use crate::output::{Escaped, FAINT, GOOD, STRONG, Styled};
use crate::system::MEMORY_NOTE;

/// The result of a load test.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    pub(super) address: SocketAddr,
    pub(super) network: &'static str,
    /// How many connections were wanted, and how many of them came about.
    pub(super) wanted: u32,
    pub(super) opened: u32,
    /// Why the others failed, counted by reason.
    pub(super) failed: Reasons,
    /// Why open connections were lost, counted by reason.
    pub(super) lost: Reasons,
    /// How long it took to open those that came about.
    #[serde(rename = "opening_ms", serialize_with = "as_milliseconds")]
    pub(super) opening: Duration,
    pub(super) handshakes_per_second: u64,
    /// From the first packet to a connection of the transport.
    #[serde(rename = "connect_ms")]
    pub(super) connect: Option<Percentiles>,
    /// From there to the end of the handshake.
    #[serde(rename = "handshake_ms")]
    pub(super) handshake: Option<Percentiles>,
    pub(super) pings: u64,
    /// Pings without a pong in time.
    pub(super) unanswered: u64,
    #[serde(rename = "round_trip_ms")]
    pub(super) round_trip: Option<Percentiles>,
    pub(super) bytes_sent: u64,
    pub(super) bytes_received: u64,
    pub(super) memory: Option<Memory>,
    /// Why it was cut short, if it was.
    pub(super) stopped: Option<String>,
}

/// Counts by reason.
pub(super) type Reasons = BTreeMap<String, u32>;

/// Bytes that this process used.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Memory {
    /// Before the first connection, and with all of them.
    pub(super) before: u64,
    pub(super) with_all: u64,
    /// `None` if there are too few connections to tell.
    pub(super) per_connection: Option<u64>,
}

impl Memory {
    pub(super) fn new(before: u64, with_all: u64, connections: u32) -> Self {
        let grown = with_all.saturating_sub(before);
        let per_connection = grown.checked_div(connections.into()).filter(|_| connections >= MANY);
        Self { before, with_all, per_connection }
    }
}

/// From so many connections on, what each adds to the memory of the process can be measured.
const MANY: u32 = 100;

/// Percentiles of durations. In milliseconds for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Percentiles {
    #[serde(serialize_with = "as_milliseconds")]
    p50: Duration,
    #[serde(serialize_with = "as_milliseconds")]
    p90: Duration,
    #[serde(serialize_with = "as_milliseconds")]
    p99: Duration,
    #[serde(serialize_with = "as_milliseconds")]
    max: Duration,
}

impl Percentiles {
    /// By nearest rank; `None` of nothing.
    pub(super) fn of(mut times: Vec<Duration>) -> Option<Self> {
        times.sort_unstable();
        Some(Self {
            p50: percentile(&times, 50)?,
            p90: percentile(&times, 90)?,
            p99: percentile(&times, 99)?,
            max: *times.last()?,
        })
    }
}

impl Summary {
    /// For people.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let (opened, wanted) = (Count(self.opened.into()), Count(self.wanted.into()));
        let open = format!("{opened} of {wanted} connections opened");
        let is_good = self.opened == self.wanted && self.lost.is_empty();
        let style = if is_good { GOOD } else { STRONG };
        writeln!(out, "{} to {} ({})", Styled(style, open), self.address, self.network)?;
        write_reasons(out, "not opened", &self.failed)?;
        write_reasons(out, "lost", &self.lost)?;
        if let Some(stopped) = &self.stopped {
            writeln!(out, "  cut short: {stopped}")?;
        }
        writeln!(out)?;
        let titles = in_columns(["p50", "p90", "p99", "max"].map(str::to_owned));
        writeln!(out, "  {:LABEL$}{}", "", Styled(FAINT, titles))?;
        write_percentiles(out, "connect", self.connect)?;
        write_percentiles(out, "handshake", self.handshake)?;
        write_percentiles(out, "rtt", self.round_trip)?;
        writeln!(out)?;
        let rate = Count(self.handshakes_per_second);
        write_fact(out, "handshakes", &format!("{rate} a second ({opened} in {})", Span(self.opening)))?;
        let pings = match (self.pings, self.unanswered) {
            (0, _) => "none".to_owned(),
            (pings, 0) => format!("{}, all answered", Count(pings)),
            (pings, some) => format!("{}, {} unanswered", Count(pings), Count(some)),
        };
        write_fact(out, "pings", &pings)?;
        let (sent, received) = (Count(self.bytes_sent), Count(self.bytes_received));
        write_fact(out, "bytes", &format!("{sent} sent, {received} received"))?;
        if let Some(Memory { before, with_all, per_connection }) = self.memory {
            let each = per_connection.map(|each| format!(", {} for each connection", Size(each)));
            let (before, with_all, each) = (Size(before), Size(with_all), each.unwrap_or_default());
            write_fact(out, "memory", &format!("{with_all}{each} ({before} before; {MEMORY_NOTE})"))?;
        }
        Ok(())
    }
}

/// Width of the labels.
const LABEL: usize = 10;

fn write_fact(out: &mut impl Write, label: &str, text: &str) -> io::Result<()> {
    writeln!(out, "  {:LABEL$}   {}", Styled(FAINT, label), layout::fill(text, 15))
}

/// Four cells; in a narrow terminal the second is left out.
fn in_columns(cells: [String; 4]) -> String {
    let is_narrow = layout::terminal_width().is_some_and(|width| width < 52);
    let width = if is_narrow { 9 } else { 10 };
    let shown = cells.iter().enumerate().filter(|(index, _)| !is_narrow || *index != 1);
    shown.map(|(_, cell)| format!("{cell:>width$}")).collect()
}

fn write_percentiles(out: &mut impl Write, label: &str, percentiles: Option<Percentiles>) -> io::Result<()> {
    let Some(Percentiles { p50, p90, p99, max }) = percentiles else { return Ok(()) };
    let label = Styled(FAINT, label);
    let cells = in_columns([p50, p90, p99, max].map(|time| Span(time).to_string()));
    writeln!(out, "  {label:LABEL$}{cells}")
}

/// The most frequent reasons.
fn write_reasons(out: &mut impl Write, label: &str, reasons: &Reasons) -> io::Result<()> {
    let mut reasons: Vec<_> = reasons.iter().collect();
    reasons.sort_by_key(|(_, count)| core::cmp::Reverse(**count));
    for (reason, count) in reasons.iter().take(MOST_REASONS) {
        let line = format!("{label}: {} × {}", Count(u64::from(**count)), Escaped(reason));
        writeln!(out, "  {}", layout::fill(&line, 2))?;
    }
    let more = reasons.len().saturating_sub(MOST_REASONS);
    if more > 0 {
        let line = format!("{label}: {} more reasons (--json has all)", Count::from(more));
        writeln!(out, "  {}", layout::fill(&line, 2))?;
    }
    Ok(())
}

const MOST_REASONS: usize = 5;
