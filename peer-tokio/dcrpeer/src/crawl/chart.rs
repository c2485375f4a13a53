//! The summary of a crawl as a chart.

use peer_core::Services;

use super::histogram::Histogram;
use super::summary::{Heights, RoundTrips, Summary};
use super::svg::{Anchor, Svg};
use super::table::{Percent, introduced};
use crate::format::{Count, Span, clip};
use crate::options::services_text;

const WIDTH: f64 = 1040.0;
const MARGIN: f64 = 36.0;
const GUTTER: f64 = 36.0;
const COLUMN: f64 = (WIDTH - 2.0 * MARGIN - GUTTER) / 2.0;

/// Height of a bar with the space around it.
const ROW: f64 = 22.0;

/// Most bars of one kind.
const ROWS: usize = 10;

/// Colours for all kinds of colour vision (Okabe and Ito).
const STYLE: &str = "\
text{font-family:'Helvetica Neue',Helvetica,Arial,'Liberation Sans','DejaVu Sans',sans-serif;fill:#24292f}\
.paper{fill:#fff}.h1{font-size:24px;font-weight:bold}.h2{font-size:15px;font-weight:bold}\
.note{font-size:12px;fill:#57606a}.label{font-size:12px}.value{font-size:12px;fill:#57606a}\
.count{font-size:12px;fill:#57606a;paint-order:stroke;stroke:#fff;stroke-width:3px}\
.code{font-size:11px;font-family:'DejaVu Sans Mono','Liberation Mono',Menlo,Consolas,monospace}\
.big{font-size:22px;font-weight:bold}.good{fill:#0072b2}.bad{fill:#d55e00}.back{fill:#eef1f4}\
.axis{stroke:#57606a;stroke-width:1}.grid{stroke:#d8dee4;stroke-width:1}\
.mark{stroke:#d55e00;stroke-width:1.5;stroke-dasharray:4 3}.marked{font-size:11px;fill:#b34700;paint-order:stroke;stroke:#fff;stroke-width:3px}";

/// A bar and its texts.
struct Bar {
    label: String,
    /// The tooltip: the whole label, and the value.
    title: String,
    count: u64,
    value: String,
}

/// Draws the summary.
pub(crate) fn draw(summary: &Summary) -> String {
    let mut svg = Svg::default();
    let (reachable, known) = (Count(summary.reachable), Count(summary.known));
    let title = format!("Crawl of {}: {reachable} of {known} known addresses reachable", summary.network);
    svg.text((MARGIN, 52.0), Anchor::Start, "h1", &title);
    let about = format!("{} visited in {}: {}", Count(summary.visited), Span(summary.elapsed), summary.ended);
    svg.text((MARGIN, 74.0), Anchor::Start, "note", &about);
    draw_tiles(&mut svg, 92.0, summary);
    let mut top = 178.0;
    if let Some(round_trips) = &summary.round_trips {
        top = draw_round_trips(&mut svg, top, round_trips);
    }
    let left = draw_left(&mut svg, top, summary);
    let right = draw_right(&mut svg, top, summary);
    svg.finish((WIDTH, left.max(right) + MARGIN / 2.0), STYLE, &title)
}

/// The most important numbers.
fn draw_tiles(svg: &mut Svg, y: f64, summary: &Summary) {
    let unreachable = summary.visited.saturating_sub(summary.reachable);
    let share = Percent(summary.reachable, summary.visited);
    let trip = summary.round_trips.as_ref().map(|trips| Span(trips.p50).to_string());
    let height = summary.heights.as_ref().map(|heights| Count(heights.max.max(0).unsigned_abs().into()));
    let unknown = || "unknown".to_owned();
    let tiles = [
        (Count(summary.reachable).to_string(), format!("reachable, {share} of visited")),
        (Count(unreachable).to_string(), "not reachable".to_owned()),
        (
            Count::from(summary.user_agents.len()).to_string(),
            plural(summary.user_agents.len() as u64, "user agent"),
        ),
        (trip.unwrap_or_else(unknown), "median rtt".to_owned()),
        (height.map_or_else(unknown, |height| height.to_string()), "best block height".to_owned()),
    ];
    const GAP: f64 = 12.0;
    const FIRST: f64 = 224.0;
    let rest = (WIDTH - 2.0 * MARGIN - FIRST - 4.0 * GAP) / 4.0;
    let (mut x, mut width) = (MARGIN, FIRST);
    for (number, label) in tiles {
        svg.rect((x, y), (width, 58.0), "back", "");
        svg.text((x + 12.0, y + 28.0), Anchor::Start, "big", &number);
        svg.text((x + 12.0, y + 47.0), Anchor::Start, "note", &label);
        x += width + GAP;
        width = rest;
    }
}

/// Draws the title of a section, and returns its lower edge.
fn draw_title(svg: &mut Svg, (x, y): (f64, f64), title: &str, note: &str) -> f64 {
    svg.text((x, y + 14.0), Anchor::Start, "h2", title);
    svg.text((x, y + 31.0), Anchor::Start, "note", note);
    y + 42.0
}

/// A histogram over the full width.
fn draw_round_trips(svg: &mut Svg, y: f64, round_trips: &RoundTrips) -> f64 {
    let note = format!(
        "number of peers by the time that a ping took; {} measured, dashed: median and 90th percentile",
        Count(round_trips.measured)
    );
    let top = draw_title(svg, (MARGIN, y), "Round-trip times (rtt)", &note) + 24.0;
    let histogram = Histogram::of(&round_trips.all);
    // Leaves some room above the highest bar.
    let most = histogram.most().saturating_add(histogram.most().div_ceil(8)).max(1);
    let step = nice_step(most);
    let most = most.div_ceil(step).saturating_mul(step);
    let plot = Plot { left: MARGIN + 52.0, right: WIDTH - MARGIN, top, bottom: top + 170.0, most };
    plot.draw_grid(svg, step);
    plot.draw_bins(svg, &histogram);
    // Marks that are too close would overlap.
    let xs = [round_trips.p50, round_trips.p90].map(|time| plot.x(histogram.position(time)));
    let shown = if xs[1] - xs[0] < 40.0 { 1 } else { 2 };
    for (x, name) in xs.into_iter().zip(["50 %", "90 %"]).take(shown) {
        svg.line((x, top - 12.0), (x, plot.bottom), "mark");
        svg.text((x + 4.0, top - 4.0), Anchor::Start, "marked", name);
    }
    plot.draw_counts(svg, &histogram, xs.get(..shown).unwrap_or_default());
    svg.text((plot.left - 8.0, top - 10.0), Anchor::End, "value", "peers");
    for (time, is_labelled) in histogram.ticks() {
        let x = plot.x(histogram.position(time));
        svg.line((x, plot.bottom), (x, plot.bottom + 5.0), "axis");
        if is_labelled {
            svg.text((x, plot.bottom + 19.0), Anchor::Middle, "value", &Span(time).to_string());
        }
    }
    let middle = (plot.left + plot.right) / 2.0;
    svg.text(
        (middle, plot.bottom + 37.0),
        Anchor::Middle,
        "note",
        "round-trip time, rtt (logarithmic scale)",
    );
    plot.bottom + 62.0
}

/// The area of a histogram, whose height stands for `most` peers.
struct Plot {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    most: u64,
}

impl Plot {
    fn x(&self, position: f64) -> f64 {
        self.left + (self.right - self.left) * position
    }

    fn y(&self, count: u64) -> f64 {
        self.bottom - (self.bottom - self.top) * count as f64 / self.most as f64
    }

    fn draw_grid(&self, svg: &mut Svg, step: u64) {
        for line in 0..=self.most.checked_div(step).unwrap_or_default() {
            let count = line.saturating_mul(step);
            let (y, class) = (self.y(count), if count == 0 { "axis" } else { "grid" });
            svg.line((self.left, y), (self.right, y), class);
            svg.text((self.left - 8.0, y + 4.0), Anchor::End, "value", &Count(count).to_string());
        }
    }

    fn draw_bins(&self, svg: &mut Svg, histogram: &Histogram) {
        for bin in histogram.bins().iter().filter(|bin| bin.count > 0) {
            let title = format!("{} to {}: {}", Span(bin.from), Span(bin.to), Count(bin.count));
            let (left, right) = (self.x(histogram.position(bin.from)), self.x(histogram.position(bin.to)));
            let (y, width) = (self.y(bin.count), right - left - 2.0);
            svg.rect((left + 1.0, y), (width, self.bottom - y), "good", &title);
        }
    }

    /// Writes a count above each bar, beside a mark that would cross it.
    fn draw_counts(&self, svg: &mut Svg, histogram: &Histogram, marks: &[f64]) {
        for bin in histogram.bins().iter().filter(|bin| bin.count > 0) {
            let (left, right) = (self.x(histogram.position(bin.from)), self.x(histogram.position(bin.to)));
            let (middle, y) = ((left + right) / 2.0, self.y(bin.count) - 4.0);
            let text = Count(bin.count).to_string();
            // Half of the text, in fonts that are wide.
            let reach = 4.5 * text.len() as f64 + 3.0;
            let (x, anchor) = match marks.iter().find(|mark| (middle - **mark).abs() < reach) {
                Some(mark) if middle < *mark => (mark - 4.0, Anchor::End),
                Some(mark) => (mark + 4.0, Anchor::Start),
                None => (middle, Anchor::Middle),
            };
            svg.text((x, y), anchor, "count", &text);
        }
    }
}

/// A step between lines of a grid, of which there are at most five or so.
fn nice_step(most: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        for step in [1, 2, 5] {
            let step = power.saturating_mul(step);
            if most.div_ceil(step) <= 5 {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}

fn draw_left(svg: &mut Svg, y: f64, summary: &Summary) -> f64 {
    let base = summary.introduced;
    let agents = summary.user_agents.iter().map(|share| {
        let agent = if share.value.is_empty() { "(none)" } else { &share.value };
        bar(agent.to_owned(), share.peers, base)
    });
    let note = introduced(base);
    let y = draw_bars(svg, (MARGIN, y), ("User agents", &note), Look::CODE, agents.collect());
    let heights = summary.heights.iter().flat_map(height_bars);
    let y = draw_bars(svg, (MARGIN, y), ("Heights", "blocks behind the best"), Look::GOOD, heights.collect());
    let levels = summary.levels.iter().map(|level| Bar {
        label: format!("{} {} from the seeds", level.level, plural(level.level.into(), "step")),
        title: format!("level {}: {} visited", level.level, Count(level.visited)),
        count: level.known,
        value: format!("{} ({} reachable)", Count(level.known), Count(level.reachable)),
    });
    draw_bars(svg, (MARGIN, y), ("Levels", "addresses first heard of there"), Look::GOOD, levels.collect())
}

fn draw_right(svg: &mut Svg, y: f64, summary: &Summary) -> f64 {
    let (x, base) = (MARGIN + COLUMN + GUTTER, summary.introduced);
    let about = introduced(base);
    let versions = summary.protocol_versions.iter();
    let versions = versions.map(|share| bar(format!("protocol {}", share.value), share.peers, base));
    let y = draw_bars(svg, (x, y), ("Protocol versions", &about), Look::GOOD, versions.collect());
    let services = summary.services.iter().map(|share| {
        let name = services_text(Services::from_bits(share.value));
        bar(name, share.peers, base)
    });
    let y = draw_bars(svg, (x, y), ("Services", &about), Look::GOOD, services.collect());
    let unreachable = summary.visited.saturating_sub(summary.reachable);
    let failures = summary.unreachable.iter();
    let failures = failures.map(|(outcome, count)| bar(outcome.to_string(), *count, unreachable));
    let note = format!("{} of the visited, and why", Count(unreachable));
    draw_bars(svg, (x, y), ("Not reachable", &note), Look::BAD, failures.collect())
}

/// The singular or the plural.
fn plural(count: u64, thing: &str) -> String {
    if count == 1 { thing.to_owned() } else { format!("{thing}s") }
}

fn bar(label: String, count: u64, base: u64) -> Bar {
    let value = format!("{}, {}", Count(count), Percent(count, base));
    Bar { title: format!("{label}: {value}"), label, count, value }
}

/// Bars of how many blocks peers are behind the best one.
fn height_bars(heights: &Heights) -> Vec<Bar> {
    const BOUNDS: [(i64, &str); 6] = [
        (0, "at the best"),
        (1, "1 behind"),
        (10, "2 to 10 behind"),
        (100, "11 to 100 behind"),
        (1000, "101 to 1,000 behind"),
        (i64::MAX, "more than 1,000 behind"),
    ];
    let distances = heights.all.iter().map(|height| i64::from(heights.max).saturating_sub((*height).into()));
    let mut counts = [0_u64; BOUNDS.len()];
    for distance in distances {
        let bucket = BOUNDS.iter().zip(&mut counts).find(|((bound, _), _)| distance <= *bound);
        if let Some((_, count)) = bucket {
            *count = count.saturating_add(1);
        }
    }
    let base = heights.all.len() as u64;
    let bars = BOUNDS.iter().zip(counts).filter(|(_, count)| *count > 0);
    bars.map(|((_, label), count)| bar((*label).to_owned(), count, base)).collect()
}

/// How bars look.
#[derive(Clone, Copy)]
struct Look {
    label: &'static str,
    bar: &'static str,
    /// Room for the label, in pixels and in characters.
    room: (f64, usize),
}

impl Look {
    const GOOD: Self = Self { label: "label", bar: "good", room: (165.0, 25) };
    const BAD: Self = Self { label: "label", bar: "bad", room: (165.0, 25) };
    const CODE: Self = Self { label: "code", bar: "good", room: (232.0, 33) };
}

/// Width of the value after the longest bar.
const VALUE: f64 = 124.0;

/// Draws the first few bars, if there are any, and returns their lower edge.
fn draw_bars(
    svg: &mut Svg,
    (x, y): (f64, f64),
    (title, note): (&str, &str),
    look: Look,
    bars: Vec<Bar>,
) -> f64 {
    let Some(most) = bars.iter().map(|bar| bar.count).max() else {
        return y;
    };
    let mut y = draw_title(svg, (x, y), title, note);
    let (room, chars) = look.room;
    for bar in bars.iter().take(ROWS) {
        svg.text((x + room - 8.0, y + 14.0), Anchor::End, look.label, &clip(&bar.label, chars));
        let width = ((COLUMN - room - VALUE) * bar.count as f64 / most.max(1) as f64).max(1.0);
        svg.rect((x + room, y + 3.0), (width, ROW - 7.0), look.bar, &bar.title);
        svg.text((x + room + width + 6.0, y + 14.0), Anchor::Start, "value", &bar.value);
        y += ROW;
    }
    let others = bars.get(ROWS..).unwrap_or_default();
    if !others.is_empty() {
        let count = others.iter().fold(0_u64, |sum, bar| sum.saturating_add(bar.count));
        let label = format!("{} others: {}", Count::from(others.len()), Count(count));
        svg.text((x + room - 8.0, y + 14.0), Anchor::End, "note", &label);
        y += ROW;
    }
    y + 24.0
}
