//! The table of peers, fitted to the width of a terminal. This file only makes texts.

#[cfg(test)]
mod tests;

use core::time::Duration;

use peer_core::{Direction, Stats};

use crate::format::{Age, Count, Signed, Size, Span, clip};
use crate::layout::{len, wrap};
use crate::output::{FAINT, STRONG, Styled};

/// One peer's row.
#[derive(Clone, Debug)]
pub(super) struct Row([String; COLUMNS.len()]);

/// The layout of a column, and its priority in a narrow terminal.
struct Column {
    title: &'static str,
    /// The title in a wide terminal.
    long_title: &'static str,
    /// The usual width of its cells, so that columns do not move while numbers grow.
    width: usize,
    is_number: bool,
    /// The column with the highest number is hidden first; 0 is never hidden.
    hide_rank: usize,
}

const COLUMNS: [Column; 9] = [
    Column { title: "address", long_title: "address", width: 15, is_number: false, hide_rank: 0 },
    Column { title: "dir", long_title: "direction", width: 3, is_number: false, hide_rank: 8 },
    Column { title: "agent", long_title: "agent", width: 8, is_number: false, hide_rank: 5 },
    Column { title: "ver", long_title: "protocol", width: 2, is_number: true, hide_rank: 7 },
    Column { title: "height", long_title: "height", width: 7, is_number: true, hide_rank: 6 },
    Column { title: "rtt", long_title: "rtt", width: 7, is_number: true, hide_rank: 1 },
    Column { title: "in", long_title: "bytes in", width: 7, is_number: true, hide_rank: 3 },
    Column { title: "out", long_title: "bytes out", width: 7, is_number: true, hide_rank: 4 },
    Column { title: "for", long_title: "connected for", width: 6, is_number: true, hide_rank: 2 },
];

/// The column whose cells may be shortened.
const AGENT: usize = 2;

/// The rank of the column that is hidden first.
const FIRST_HIDDEN: usize = COLUMNS.len() - 1;

/// A longer program's name is cut off before a column is hidden for it.
const WIDEST_PROGRAM: usize = 16;

const GAP: &str = "  ";

impl Row {
    /// The row of a connection of this age.
    pub(super) fn new(stats: &Stats, age: Duration) -> Self {
        let is_known = stats.advertised_version != 0;
        let known = |text: String| if is_known { text } else { "-".to_owned() };
        Self([
            stats.address.to_string(),
            match stats.direction {
                Direction::Inbound => "in".to_owned(),
                Direction::Outbound => "out".to_owned(),
            },
            if is_known { stats.user_agent.to_string() } else { "(shaking hands)".to_owned() },
            known(stats.protocol_version.to_string()),
            known(Signed(stats.last_block.max(stats.starting_height).into()).to_string()),
            stats.last_ping_round_trip.map_or_else(|| "-".to_owned(), |trip| Span(trip).to_string()),
            Size(stats.bytes_received).to_string(),
            Size(stats.bytes_sent).to_string(),
            Age(age).to_string(),
        ])
    }
}

/// The titles and a line for each row, none of them wider than `width`.
pub(super) fn fit(rows: &[Row], width: usize) -> Vec<String> {
    let long = Layout::natural(rows, |column| column.long_title);
    let layout = if long.width() <= width {
        long
    } else {
        Layout::natural(rows, |column| column.title).squeezed(width)
    };
    let titles = layout.line(|index| layout.titles.get(index).copied().unwrap_or_default(), width);
    let lines = rows.iter().map(|Row(cells)| {
        layout.line(|index| cells.get(index).map(String::as_str).unwrap_or_default(), width)
    });
    core::iter::once(titles).chain(lines).collect()
}

/// How wide each column is; `None` for a hidden one.
struct Layout {
    titles: [&'static str; COLUMNS.len()],
    widths: [Option<usize>; COLUMNS.len()],
    /// The width that shows the names and versions of most programs.
    program: usize,
}

impl Layout {
    /// Each column as wide as its widest cell.
    fn natural(rows: &[Row], title: impl Fn(&Column) -> &'static str) -> Self {
        let mut titles = [""; COLUMNS.len()];
        let mut widths = [None; COLUMNS.len()];
        for (index, ((column, slot), width)) in COLUMNS.iter().zip(&mut titles).zip(&mut widths).enumerate() {
            *slot = title(column);
            let cells = rows.iter().filter_map(|Row(cells)| cells.get(index)).map(|cell| len(cell));
            *width = cells.chain([column.width, len(title(column))]).max();
        }
        let agents = rows.iter().filter_map(|Row(cells)| cells.get(AGENT));
        let program =
            agents.map(|agent| len(program_of(agent))).max().unwrap_or_default().min(WIDEST_PROGRAM);
        Self { titles, widths, program }
    }

    fn width(&self) -> usize {
        let widths = self.widths.iter().flatten();
        widths.map(|width| width.saturating_add(GAP.len())).sum::<usize>().saturating_sub(GAP.len())
    }

    /// Narrower: agents are shortened, and if that is not enough, columns are hidden.
    fn squeezed(mut self, width: usize) -> Self {
        let agent = COLUMNS.get(AGENT).map_or(0, |column| column.width);
        for hide_rank in (0..COLUMNS.len()).rev() {
            let excess = self.width().saturating_sub(width);
            if excess == 0 {
                break;
            }
            // The first column to be hidden is worth less than the program's version.
            let least = if hide_rank == FIRST_HIDDEN { agent.max(self.program) } else { agent };
            if let Some(Some(natural)) = self.widths.get_mut(AGENT)
                && natural.saturating_sub(excess) >= least
            {
                *natural = natural.saturating_sub(excess);
                break;
            }
            let hidden =
                COLUMNS.iter().zip(&mut self.widths).find(|(column, _)| column.hide_rank == hide_rank);
            if let Some((_, slot)) = hidden.filter(|_| hide_rank > 0) {
                *slot = None;
            }
        }
        self
    }

    fn line<'a>(&self, cell: impl Fn(usize) -> &'a str, most: usize) -> String {
        let mut line = String::new();
        for (index, (column, width)) in COLUMNS.iter().zip(&self.widths).enumerate() {
            let Some(width) = *width else { continue };
            if !line.is_empty() {
                line.push_str(GAP);
            }
            let text =
                if index == AGENT { shorten_agent(cell(index), width) } else { cell(index).to_owned() };
            line.push_str(&if column.is_number {
                format!("{text:>width$}")
            } else {
                format!("{text:width$}")
            });
        }
        clip(line.trim_end(), most)
    }
}

/// An agent that is too long is reduced to its last part, which names the program rather than its library.
fn shorten_agent(agent: &str, width: usize) -> String {
    if len(agent) <= width {
        return agent.to_owned();
    }
    clip(program_of(agent), width)
}

/// The last part of an agent.
fn program_of(agent: &str) -> &str {
    agent.trim_end_matches('/').rsplit('/').next().unwrap_or(agent)
}

/// What stands above the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head<'a> {
    pub(super) title: &'a str,
    /// The keys that do something.
    pub(super) keys: &'a str,
    pub(super) facts: &'a [String],
}

/// The content of a screen.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    title: String,
    /// The keys that do something.
    keys: String,
    facts: Vec<String>,
    /// The titles of the columns, and under them the rows.
    table: Vec<String>,
    /// What does not fit, or why there is nothing.
    foot: Option<String>,
    height: usize,
}

impl Frame {
    /// At most `height` lines of at most `width`. `rows` are the first of `peers`, as many as could fit.
    pub(super) fn new(
        head: Head<'_>,
        (rows, peers): (&[Row], usize),
        (width, height): (usize, usize),
    ) -> Self {
        let mut frame = Self::empty(head, "", (width, height));
        // The title, the keys, the empty line, and the titles of the columns.
        let room = height.saturating_sub(frame.facts.len().saturating_add(4));
        let shown = if peers > room { room.saturating_sub(1) } else { room };
        let rows = rows.get(..shown).unwrap_or(rows);
        let more = peers.saturating_sub(rows.len());
        frame.table = fit(rows, width);
        frame.foot = (more > 0).then(|| clip(&format!("… and {} more", Count::from(more)), width));
        frame
    }

    /// A frame without a table.
    pub(super) fn empty(head: Head<'_>, foot: &str, (width, height): (usize, usize)) -> Self {
        let (title, keys, facts) = (clip(head.title, width), clip(head.keys, width), wrap(head.facts, width));
        Self { title, keys, facts, table: Vec::new(), foot: Some(clip(foot, width)), height }
    }

    /// In colours.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = vec![Styled(STRONG, &self.title).to_string(), Styled(FAINT, &self.keys).to_string()];
        lines.extend_from_slice(&self.facts);
        lines.push(String::new());
        let mut table = self.table.iter();
        lines.extend(table.next().map(|titles| Styled(FAINT, titles).to_string()));
        lines.extend(table.cloned());
        lines.extend(self.foot.as_ref().map(|foot| Styled(FAINT, foot).to_string()));
        lines.truncate(self.height);
        lines
    }
}
