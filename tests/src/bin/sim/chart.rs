//! How items spread, as a picture: the share of arrivals over time, a curve for each way to announce.

use core::time::Duration;
use std::fs::File;
use std::path::Path;

use peer_tests::palette;
use peer_tests::world::scenarios::{Plan, Spread};
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::report::PERCENTILES;
use crate::text::{grouped, plain};

const SIZE: (u32, u32) = (1000, 640);
const FONT: &str = "Helvetica, Arial, sans-serif";
const INK: RGBColor = color(palette::INK);
const FAINT: RGBColor = color(palette::FAINT);
const GRID: RGBColor = color(palette::GRID);
const TRICKLING: RGBColor = color(palette::CURVES[0]);
const AT_ONCE: RGBColor = color(palette::CURVES[1]);

/// Points of a curve.
const POINTS: u32 = 100;

/// Whether the file can be written, before the long work. An existing picture stays until the new one is drawn.
pub(crate) fn check(file: &Path) -> Result<(), String> {
    let opened = File::options().create(true).append(true).open(file);
    opened
        .map(drop)
        .map_err(|error| format!("cannot draw {}: {}; choose another file", file.display(), plain(&error)))
}

/// Draws the curves into an SVG file.
pub(crate) fn draw(file: &Path, plan: &Plan, spreads: &[Spread]) -> Result<(), String> {
    render(file, plan, spreads).map_err(|error| format!("cannot draw {}: {}", file.display(), plain(&error)))
}

type Failure = Box<dyn core::error::Error>;

fn render(file: &Path, plan: &Plan, spreads: &[Spread]) -> Result<(), Failure> {
    let root = SVGBackend::new(file, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    head(&root, plan, spreads)?;

    let longest = spreads.iter().filter_map(|spread| spread.delays.last()).max().copied().unwrap_or_default();
    let end = (seconds(longest) * 1.04 * 10.0).ceil() / 10.0;
    let mut chart = ChartBuilder::on(&root)
        .margin_top(118)
        .margin_right(36)
        .margin_bottom(14)
        .margin_left(14)
        .x_label_area_size(52)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..end, 0.0..101.0)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(GRID)
        .axis_style(FAINT)
        .x_labels(12)
        .y_labels(11)
        .x_label_formatter(&|x| format!("{x:.1}"))
        .y_label_formatter(&|y| format!("{y:.0} %"))
        .x_desc("time since the item was announced, in seconds")
        .y_desc("arrived, of all items at all nodes")
        .axis_desc_style(text(15, INK))
        .label_style(text(14, FAINT))
        .draw()?;
    for spread in spreads {
        let color = color_of(spread);
        chart.draw_series(LineSeries::new(curve(spread), color.stroke_width(3)))?;
        for percent in PERCENTILES {
            let place = chart.backend_coord(&(seconds(spread.percentile(percent)), percent as f64));
            mark(&root, spread, percent, place)?;
        }
    }
    root.present()?;
    Ok(())
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn head(root: &Area<'_>, plan: &Plan, spreads: &[Spread]) -> Result<(), Failure> {
    let items = spreads.first().map_or(0, |spread| spread.items);
    let words = format!(
        "{items} transactions by inv, getdata and tx through {} nodes that dial 8 others each; seed {}",
        grouped(plan.nodes.into()),
        plan.seed
    );
    root.draw(&Text::new("How fast an announcement reaches every node", (30, 22), text(25, INK)))?;
    root.draw(&Text::new(words, (30, 56), text(15, FAINT)))?;
    let mut left = 30;
    for spread in spreads {
        let (words, width) = if spread.trickles {
            ("with trickling: in batches, after 100 to 500 ms", 370)
        } else {
            ("without: each one at once", 0)
        };
        let line = vec![(left, 93), (left + 26, 93)];
        root.draw(&PathElement::new(line, color_of(spread).stroke_width(3)))?;
        root.draw(&Text::new(words, (left + 36, 85), text(15, INK)))?;
        left += width;
    }
    Ok(())
}

/// A dot on the curve, and beside it, where no curve is, what it means.
fn mark(root: &Area<'_>, spread: &Spread, percent: usize, (x, y): (i32, i32)) -> Result<(), Failure> {
    let color = color_of(spread);
    root.draw(&Circle::new((x, y), 6, WHITE.filled()))?;
    root.draw(&Circle::new((x, y), 5, color.filled()))?;
    let words = format!("{percent} % after {} ms", grouped(millis(spread.percentile(percent))));
    root.draw(&Text::new(words, (x + 11, y + 3), text(14, color)))?;
    Ok(())
}

fn text(size: i32, color: RGBColor) -> TextStyle<'static> {
    (FONT, size).into_font().color(&color)
}

const fn color_of(spread: &Spread) -> RGBColor {
    if spread.trickles { TRICKLING } else { AT_ONCE }
}

/// A colour of the palette.
const fn color((red, green, blue): (u8, u8, u8)) -> RGBColor {
    RGBColor(red, green, blue)
}

/// The share that has arrived, in percent, at even steps of time until all has.
fn curve(spread: &Spread) -> impl Iterator<Item = (f64, f64)> {
    let last = spread.delays.last().copied().unwrap_or_default();
    (0..=POINTS).map(move |point| {
        let at = last * point / POINTS;
        let arrived = spread.delays.partition_point(|delay| *delay <= at);
        (seconds(at), arrived as f64 * 100.0 / spread.delays.len() as f64)
    })
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
