//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{fanout, numbers, sizes};

/// What a machine costs as messages grow, and as machines become many; all in memory.
///
/// The first table feeds one message of each size to a machine, in pieces: nanoseconds for a byte of it, which
/// stay the same where cost is linear. Its last column is the hash alone, of which every message needs one.
///
/// The second table keeps so many machines that have shaken hands: nanoseconds for each of them to tick and to
/// tell its deadline while it idles, to take an announcement, to write the batch with it, and to answer a ping;
/// and the bytes that each holds. Above a few thousand they do not fit the caches of the CPU.
///
/// Times are those of the CPU, medians of all rounds.
#[derive(Debug, Parser)]
#[command(name = "cost", version, verbatim_doc_comment, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) table: Option<Table>,
    /// How often each cell is measured
    #[arg(long, default_value_t = 7, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) rounds: u16,
    /// No message larger than this
    #[arg(long, default_value_t = 26_000_000, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1000..))]
    pub(crate) largest: u32,
    /// No more machines than this
    #[arg(long, default_value_t = 100_000, value_name = "N", value_parser = clap::value_parser!(u32).range(10..))]
    pub(crate) most: u32,
    /// Write one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// Draw both tables into this file
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
}

/// Other tables.
#[derive(Debug, Subcommand)]
pub(crate) enum Table {
    /// The same message to many peers: encoded for each, and encoded once for all
    Fanout(Fanout),
}

#[derive(Debug, Args)]
pub(crate) struct Fanout {
    /// How often each cell is measured
    #[arg(long, default_value_t = 7, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) rounds: u16,
    /// No more peers than this
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) most: u32,
    /// Write one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

impl Fanout {
    pub(crate) fn peers(&self) -> impl Iterator<Item = usize> {
        let most = self.most as usize;
        fanout::PEERS.into_iter().filter(move |number| *number <= most)
    }

    /// A step for each row; shown on a terminal only.
    pub(crate) fn progress_bar(&self) -> ProgressBar {
        let rows = fanout::MESSAGES * self.peers().count();
        progress_bar(rows as u64)
    }
}

impl Cli {
    pub(crate) fn sizes(&self) -> impl Iterator<Item = usize> {
        let largest = self.largest as usize;
        sizes::SIZES.into_iter().filter(move |size| *size <= largest)
    }

    pub(crate) fn numbers(&self) -> impl Iterator<Item = usize> {
        let most = self.most as usize;
        numbers::NUMBERS.into_iter().filter(move |number| *number <= most)
    }

    /// A step for each row; shown on a terminal only.
    pub(crate) fn progress_bar(&self) -> ProgressBar {
        let rows = self.sizes().count() + self.numbers().count();
        progress_bar(rows as u64)
    }
}

fn progress_bar(rows: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {pos} of {len} rows, {msg}");
    ProgressBar::new(rows).with_style(style.expect("a valid template"))
}
