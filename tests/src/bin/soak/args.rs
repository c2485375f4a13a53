//! The command line.

use core::time::Duration;

use clap::Parser;

/// Runs both adapters against each other and against remotes that misbehave, and checks that no message is lost and no
/// connection gets stuck.
///
/// Each connection follows a plan that is drawn from the seed: which end dials, over which adapter, how much each end
/// says, and how it ends. Messages are numbered. `lost` counts those that should have arrived and did not, or arrived out of
/// order; `stuck` the connections that did not end in 60 s. The exit status is 1 unless both are 0.
#[derive(Debug, Parser)]
#[command(name = "soak", version)]
pub(crate) struct Cli {
    /// For how long connections are begun, like 30s, 10m or 2h
    #[arg(long = "for", default_value = "30s", value_name = "TIME", value_parser = parse_duration)]
    pub(crate) duration: Duration,
    /// What the plans are drawn from
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// Connections at a time that each adapter dials
    #[arg(long, default_value_t = 32, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=200))]
    pub(crate) peers: u16,
    /// Write one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let usage = || format!("{text} is no time like 30s, 10m or 2h");
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(usage)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        _ => return Err(usage()),
    };
    let number: u32 = number.parse().map_err(|_| usage())?;
    Ok(Duration::from_secs(u64::from(number) * seconds))
}
