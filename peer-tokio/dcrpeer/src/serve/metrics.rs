//! The node's metrics as Prometheus reads them.
//!
//! Labels are bounded: a direction, a command of the protocol or `other`, and the name of a reason.

use core::fmt;
use core::time::Duration;
use std::collections::BTreeMap;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::command_totals::{CommandTotals, name};
use crate::status::Status;

/// The round trips that sessions measure. Clones are the same one.
#[derive(Clone, Debug)]
pub(super) struct RoundTrips(Histogram);

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByCommand {
    /// `received` or `sent`.
    direction: &'static str,
    command: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByReason {
    reason: String,
}

impl RoundTrips {
    /// From half a millisecond to 16 s.
    pub(super) fn new() -> Self {
        Self(Histogram::new(exponential_buckets(0.0005, 2.0, 16)))
    }

    pub(super) fn observe(&self, time: Duration) {
        self.0.observe(time.as_secs_f64());
    }
}

/// The text of a scrape.
pub(super) fn text(
    status: &Status,
    commands: &CommandTotals,
    ends: &BTreeMap<String, u64>,
    round_trips: &RoundTrips,
) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("dcrpeer");
    let peers = ConstGauge::new(i64::try_from(status.peers).unwrap_or(i64::MAX));
    registry.register("connections", "Connections that are open", peers);
    registry.register(
        "connections_accepted",
        "Connections that were accepted",
        ConstCounter::new(status.came),
    );
    registry.register("handshakes", "Handshakes that were completed", ConstCounter::new(status.established));
    let (messages, bytes) =
        (Family::<ByCommand, Counter>::default(), Family::<ByCommand, Counter>::default());
    for count in commands.iter() {
        let ways = [
            ("received", count.messages_received, count.bytes_received),
            ("sent", count.messages_sent, count.bytes_sent),
        ];
        for (direction, number, size) in ways {
            let labels = ByCommand { direction, command: name(count) };
            messages.get_or_create(&labels).inc_by(number);
            bytes.get_or_create(&labels).inc_by(size);
        }
    }
    registry.register("messages", "Whole messages, by direction and command", messages);
    let help = "Size of whole messages with their headers, by direction and command";
    registry.register_with_unit("message", help, Unit::Bytes, bytes);
    let ended = Family::<ByReason, Counter>::default();
    for (reason, number) in ends {
        ended.get_or_create(&ByReason { reason: reason.clone() }).inc_by(*number);
    }
    registry.register("connections_ended", "Connections that ended, by reason", ended);
    let help = "Time from a ping to its pong";
    registry.register_with_unit("ping_round_trip", help, Unit::Seconds, round_trips.0.clone());
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}
