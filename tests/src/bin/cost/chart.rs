//! Both tables as a picture: cost against size, and against number. Flat lines are linear costs.

use core::ops::Range;
use std::path::Path;

use peer_tests::figures::{rounded, whole};
use peer_tests::palette;
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::numbers::DEEDS;
use crate::report::Outcome;
use crate::sizes::PIECES;

const SIZE: (u32, u32) = (1180, 560);
const FONT: &str = "Helvetica, Arial, sans-serif";
const INK: RGBColor = color(palette::INK);
const FAINT: RGBColor = color(palette::FAINT);
const GRID: RGBColor = color(palette::GRID);

type Failure = Box<dyn core::error::Error>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A panel: what it shows, over what.
struct Panel {
    title: &'static str,
    subtitle: &'static str,
    x: &'static str,
    lines: Vec<Line>,
}

/// A line by name.
struct Line {
    name: String,
    points: Vec<(f64, f64)>,
}

/// Draws both panels into an SVG file.
pub(crate) fn draw(file: &Path, outcome: &Outcome) -> Result<(), Failure> {
    let root = SVGBackend::new(file, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let panels = [sizes(outcome), numbers(outcome)];
    for (area, panel) in root.split_evenly((1, 2)).iter().zip(&panels) {
        if panel.lines.iter().any(|line| !line.points.is_empty()) {
            render(area, panel)?;
        }
    }
    root.present()?;
    Ok(())
}

fn sizes(outcome: &Outcome) -> Panel {
    let at = |cell: &dyn Fn(usize) -> f64| {
        let points = outcome.sizes.iter().enumerate().map(|(index, row)| (row.bytes as f64, cell(index)));
        points.collect()
    };
    let mut lines: Vec<Line> = Vec::new();
    for (piece, (name, _)) in PIECES.iter().enumerate() {
        let points = at(&|index| outcome.sizes[index].pieces[piece].median);
        lines.push(Line { name: format!("in pieces of {name}"), points });
    }
    lines.push(Line { name: "the hash alone".into(), points: at(&|index| outcome.sizes[index].hash.median) });
    Panel { title: "Cost against size", subtitle: "nanoseconds for a byte", x: "bytes of the message", lines }
}

fn numbers(outcome: &Outcome) -> Panel {
    let line = |(deed, name): (usize, &&str)| {
        let point = |row: &crate::numbers::Row| (row.machines as f64, row.deeds[deed].median);
        Line { name: (*name).into(), points: outcome.numbers.iter().map(point).collect() }
    };
    let lines = DEEDS.iter().enumerate().map(line).collect();
    Panel {
        title: "Cost against number",
        subtitle: "nanoseconds for each machine",
        x: "machines in memory",
        lines,
    }
}

fn render(area: &Area<'_>, panel: &Panel) -> Result<(), Failure> {
    area.draw(&Text::new(panel.title, (30, 18), text(22, INK)))?;
    area.draw(&Text::new("both scales are logarithmic", (30, 48), text(15, FAINT)))?;
    // Two names in a row have room in any font.
    let places = [(30, 84), (310, 84), (30, 106), (310, 106)];
    for ((line, color), (left, top)) in panel.lines.iter().zip(palette::CURVES.map(color)).zip(places) {
        area.draw(&PathElement::new([(left, top), (left + 20, top)], color.stroke_width(3)))?;
        area.draw(&Text::new(line.name.clone(), (left + 27, top - 8), text(14, INK)))?;
    }
    let points = || panel.lines.iter().flat_map(|line| line.points.iter().copied());
    let mut chart = ChartBuilder::on(area)
        .margin_top(130)
        .margin_right(64)
        .margin_bottom(12)
        .margin_left(12)
        .x_label_area_size(50)
        .y_label_area_size(72)
        .build_cartesian_2d(
            decades(points().map(|(x, _)| x)).log_scale(),
            decades(points().map(|(_, y)| y)).log_scale(),
        )?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(GRID)
        .axis_style(FAINT)
        .x_label_formatter(&|x| whole(*x))
        .y_label_formatter(&|y| if *y < 1.0 { format!("{y}") } else { whole(*y) })
        .x_desc(panel.x)
        .y_desc(panel.subtitle)
        .axis_desc_style(text(14, INK))
        .label_style(text(13, FAINT))
        .draw()?;
    let mut labels: Vec<i32> = Vec::new();
    for (line, color) in panel.lines.iter().zip(palette::CURVES.map(color)) {
        chart.draw_series(LineSeries::new(line.points.iter().copied(), color.stroke_width(2)))?;
        chart.draw_series(line.points.iter().map(|point| Circle::new(*point, 4, color.filled())))?;
        if let Some((x, y)) = line.points.last() {
            let (left, top) = chart.backend_coord(&(*x, *y));
            let place = (left - area.get_base_pixel().0 + 10, top - area.get_base_pixel().1 - 7);
            // Where lines meet, one number has to do.
            if labels.iter().all(|label| label.abs_diff(place.1) > 14) {
                area.draw(&Text::new(rounded(*y), place, text(13, color)))?;
                labels.push(place.1);
            }
        }
    }
    Ok(())
}

/// From one power of ten to another.
fn decades(values: impl Iterator<Item = f64> + Clone) -> Range<f64> {
    let low = values.clone().fold(f64::MAX, f64::min);
    let high = values.fold(f64::MIN, f64::max);
    10_f64.powf(low.log10().floor())..10_f64.powf(high.log10().ceil())
}

/// A colour of the palette.
const fn color((red, green, blue): (u8, u8, u8)) -> RGBColor {
    RGBColor(red, green, blue)
}

fn text(size: i32, color: RGBColor) -> TextStyle<'static> {
    (FONT, size).into_font().color(&color)
}
