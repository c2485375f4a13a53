//! Statistics of connections as a table for people.

use std::io::{self, Write};

use peer_core::{ProtocolVersion, Stats};

use crate::format::{Count, Signed, Span, clip};
use crate::layout;
use crate::options::services_text;
use crate::output::{FAINT, STRONG, Styled};
use crate::versions::VersionKind;

/// Writes a column of statistics for each connection, under its title. `offered` is our highest protocol version.
pub(crate) fn write_table(
    out: &mut impl Write,
    offered: ProtocolVersion,
    columns: &[(&str, &Stats)],
) -> io::Result<()> {
    let rows: Vec<(&str, Vec<String>)> = ROWS
        .iter()
        .map(|(label, cell)| (*label, columns.iter().map(|(_, stats)| cell(stats, offered)).collect()))
        .collect();
    let cells = rows.iter().flat_map(|(_, cells)| cells).map(String::len);
    // The indentation and the label come first, and a gap before each column.
    let room = layout::terminal_width().unwrap_or(usize::MAX).saturating_sub(LABEL).saturating_sub(2);
    let most = room.checked_div(columns.len()).unwrap_or(room).saturating_sub(2);
    let width = cells.max().unwrap_or_default().min(most);
    if columns.iter().any(|(title, _)| !title.is_empty()) {
        let titles: Vec<_> =
            columns.iter().map(|(title, _)| format!("  {:width$}", clip(title, width))).collect();
        writeln!(out, "  {:LABEL$}{}", "", Styled(STRONG, titles.concat().trim_end()))?;
    }
    for (label, cells) in rows {
        let line: Vec<_> = cells.iter().map(|cell| format!("  {:width$}", clip(cell, width))).collect();
        writeln!(out, "  {:LABEL$}{}", Styled(FAINT, label), line.concat().trim_end())?;
    }
    Ok(())
}

type Cell = fn(&Stats, ProtocolVersion) -> String;

/// The rows: label and content.
const ROWS: [(&str, Cell); 9] = [
    ("remote", |stats, _| match stats.address.port {
        // The address of a remote behind a proxy is unknown.
        0 => format!("behind the proxy ({})", stats.direction),
        _ => stats.to_string(),
    }),
    ("agent", |stats, _| match stats.user_agent.as_str() {
        "" => "unknown".to_owned(),
        agent => agent.to_owned(),
    }),
    ("protocol", |stats, offered| match stats.advertised_version {
        0 => "unknown".to_owned(),
        theirs => {
            let kind = VersionKind::of(stats.direction, theirs, offered);
            format!("{} (it speaks {})", stats.protocol_version, kind.describe(theirs))
        }
    }),
    ("services", |stats, _| services_text(stats.services)),
    ("best block", |stats, _| Signed(stats.last_block.max(stats.starting_height).into()).to_string()),
    ("clock", |stats, _| format!("{:+} s", Signed(stats.time_offset))),
    ("sent", |stats, _| format!("{} bytes", Count(stats.bytes_sent))),
    ("received", |stats, _| format!("{} bytes", Count(stats.bytes_received))),
    ("rtt", |stats, _| match stats.last_ping_round_trip {
        Some(time) => Span(time).to_string(),
        None => "no ping was answered".to_owned(),
    }),
];

/// Width of the labels.
const LABEL: usize = 10;
