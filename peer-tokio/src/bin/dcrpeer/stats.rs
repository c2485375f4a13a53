//! Statistics of connections: a table for people, an object for programs.

use core::time::Duration;
use std::io::{self, Write};

use peer_core::{Services, Stats};
use serde::Serialize;

use crate::output::{Count, FAINT, Painted, STRONG, Span};

/// Writes a column of statistics for each connection, under its title.
pub(crate) fn write_table(out: &mut impl Write, columns: &[(&str, &Stats)]) -> io::Result<()> {
    let rows: Vec<(&str, Vec<String>)> = ROWS
        .iter()
        .map(|(label, cell)| (*label, columns.iter().map(|(_, stats)| cell(stats)).collect()))
        .collect();
    let cells = rows.iter().flat_map(|(_, cells)| cells).map(String::len);
    let width = cells.max().unwrap_or_default();
    if columns.iter().any(|(title, _)| !title.is_empty()) {
        let titles: Vec<_> = columns.iter().map(|(title, _)| format!("  {title:width$}")).collect();
        writeln!(out, "  {:LABEL$}{}", "", Painted(STRONG, titles.concat().trim_end()))?;
    }
    for (label, cells) in rows {
        let line: Vec<_> = cells.iter().map(|cell| format!("  {cell:width$}")).collect();
        writeln!(out, "  {:LABEL$}{}", Painted(FAINT, label), line.concat().trim_end())?;
    }
    Ok(())
}

type Cell = fn(&Stats) -> String;

/// What there is to say, and under which label.
const ROWS: [(&str, Cell); 9] = [
    ("remote", |stats| match stats.address.port {
        // Whoever is behind a proxy has no address that we know.
        0 => format!("behind the proxy ({})", stats.direction),
        _ => stats.to_string(),
    }),
    ("agent", |stats| match stats.user_agent.as_str() {
        "" => "unknown".to_owned(),
        agent => agent.to_owned(),
    }),
    ("protocol", |stats| match stats.advertised_version {
        0 => "unknown".to_owned(),
        theirs => format!("{} (it speaks {theirs})", stats.protocol_version),
    }),
    ("services", |stats| services(stats.services)),
    ("best block", |stats| stats.last_block.max(stats.starting_height).to_string()),
    ("clock", |stats| format!("{:+} s", stats.time_offset)),
    ("sent", |stats| format!("{} bytes", Count(stats.bytes_sent))),
    ("received", |stats| format!("{} bytes", Count(stats.bytes_received))),
    ("round trip", |stats| match stats.last_ping_round_trip {
        Some(time) => Span(time).to_string(),
        None => "no ping was answered".to_owned(),
    }),
];

/// Width of the labels.
const LABEL: usize = 10;

/// What a remote offers, for people.
pub(crate) fn services(services: Services) -> String {
    if services == Services::NONE { "none".to_owned() } else { services.to_string() }
}

/// What is known of a connection, named like the fields of [`Stats`]. Times are in seconds since 1970.
#[derive(Debug, Serialize)]
pub(crate) struct StatsObject {
    id: u64,
    address: String,
    direction: String,
    services: u64,
    last_send: Option<u64>,
    last_recv: Option<u64>,
    bytes_sent: u64,
    bytes_received: u64,
    connected: u64,
    time_offset: i64,
    advertised_version: u32,
    protocol_version: u32,
    user_agent: String,
    starting_height: i32,
    last_block: i32,
    last_ping_nonce: u64,
    last_ping_time: Option<u64>,
    last_ping_micros: Option<u128>,
}

impl From<&Stats> for StatsObject {
    fn from(stats: &Stats) -> Self {
        let seconds = |time| stats.unix_seconds(time);
        Self {
            id: stats.id,
            address: stats.address.to_string(),
            direction: stats.direction.to_string(),
            services: stats.services.bits(),
            last_send: stats.last_send.map(seconds),
            last_recv: stats.last_recv.map(seconds),
            bytes_sent: stats.bytes_sent,
            bytes_received: stats.bytes_received,
            connected: seconds(stats.connected),
            time_offset: stats.time_offset,
            advertised_version: stats.advertised_version,
            protocol_version: stats.protocol_version.get(),
            user_agent: stats.user_agent.to_string(),
            starting_height: stats.starting_height,
            last_block: stats.last_block,
            last_ping_nonce: stats.last_ping_nonce,
            last_ping_time: stats.last_ping_time.map(seconds),
            last_ping_micros: stats.last_ping_round_trip.as_ref().map(Duration::as_micros),
        }
    }
}
