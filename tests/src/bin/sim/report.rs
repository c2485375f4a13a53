//! What came of it, for people and for machines.

use core::ops::Range;
use core::time::Duration;

use peer_tests::hex;
use peer_tests::world::Tally;
use peer_tests::world::scenarios::{Outcome, Plan, Scenario, Spread};
use serde_json::{Map, Value, json};

use crate::range::Sum;
use crate::text::{grouped, lifetime, long, rate};

/// The percentiles that are told.
pub(crate) const PERCENTILES: [usize; 4] = [10, 50, 90, 99];

/// Lists the scenarios.
pub(crate) fn scenarios() {
    for scenario in Scenario::ALL {
        let plan = scenario.plan(0);
        println!("{:<12} {}", scenario.name(), scenario.description());
        println!("{:<12} by default {} nodes for {}", "", plan.nodes, long(plan.duration));
    }
}

/// One world.
pub(crate) fn one(plan: &Plan, outcome: &Outcome, real: Duration, as_json: bool) {
    if as_json {
        let mut object = object(plan, &outcome.tally, outcome.simulated, real, &outcome.digest);
        object.insert("seed".into(), plan.seed.into());
        if !outcome.spreads.is_empty() {
            object.insert("spreads".into(), outcome.spreads.iter().map(spread_object).collect());
        }
        println!("{}", Value::Object(object));
        return;
    }
    println!("{}, seed {}, {} nodes, {}", plan.scenario, plan.seed, plan.nodes, long(plan.duration));
    println!();
    println!(
        "simulated    {} in {}, {} times as fast as life",
        long(outcome.simulated),
        long(real),
        speed(outcome.simulated, real)
    );
    numbers(&outcome.tally);
    println!("digest       {}", hex::encode(&outcome.digest));
    if !outcome.spreads.is_empty() {
        println!();
        spreads(&outcome.spreads);
    }
}

/// A range of seeds.
pub(crate) fn many(plan: &Plan, seeds: &Range<u64>, sum: &Sum, real: Duration, as_json: bool) {
    let digest = sum.digest();
    if as_json {
        let mut object = object(plan, &sum.tally, sum.simulated, real, &digest);
        object.insert("seeds".into(), json!([seeds.start, seeds.end]));
        object.insert("done".into(), sum.seeds.into());
        println!("{}", Value::Object(object));
        return;
    }
    println!(
        "{}, seeds {}..{}, {} nodes, {} each",
        plan.scenario,
        seeds.start,
        seeds.end,
        plan.nodes,
        long(plan.duration)
    );
    println!();
    let wanted = seeds.end - seeds.start;
    let of = if sum.seeds < wanted {
        format!(" of {} (interrupted; the digest is of these)", grouped(wanted))
    } else {
        String::new()
    };
    println!(
        "seeds        {}{of} in {}, {} a second, none failed",
        grouped(sum.seeds),
        long(real),
        grouped(rate(sum.seeds, real))
    );
    println!("simulated    {}, {} times as fast as life", long(sum.simulated), speed(sum.simulated, real));
    numbers(&sum.tally);
    println!("digest       {}", hex::encode(&digest));
}

fn numbers(tally: &Tally) {
    println!("peers        {} of connections, all together", lifetime(tally.peer_time));
    println!(
        "connections  {} dialled, {} handshakes complete (each end counts)",
        grouped(tally.dials),
        grouped(tally.established)
    );
    println!(
        "messages     {} in {} bytes, {} times a pipe was full",
        grouped(tally.messages),
        grouped(tally.bytes),
        grouped(tally.blocked)
    );
    list(tally.commands.iter().map(|(command, count)| (command.as_str(), *count)));
    println!("ended        {}", grouped(tally.ended.values().sum()));
    list(tally.ended.iter().map(|(reason, count)| (reason.as_str(), *count)));
}

/// Most frequent first.
fn list<'a>(entries: impl Iterator<Item = (&'a str, u64)>) {
    let mut entries: Vec<_> = entries.collect();
    entries.sort_by_key(|(name, count)| (u64::MAX - count, *name));
    for (name, count) in entries {
        println!("{:>12}   {name}", grouped(count));
    }
}

fn spreads(spreads: &[Spread]) {
    let items = spreads.first().map_or(0, |spread| spread.items);
    println!("how long it took to arrive, {items} items at each node");
    println!("{:<22}{}", "", PERCENTILES.map(|percent| format!("{:>10}", format!("{percent} %"))).concat());
    for spread in spreads {
        let name = if spread.trickles { "with trickling" } else { "without trickling" };
        let times = PERCENTILES.map(|percent| format!("{:>10}", millis(spread.percentile(percent))));
        println!("{name:<22}{}", times.concat());
    }
}

fn millis(duration: Duration) -> String {
    format!("{} ms", grouped(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
}

fn speed(simulated: Duration, real: Duration) -> String {
    grouped(rate(simulated.as_secs(), real))
}

fn object(
    plan: &Plan,
    tally: &Tally,
    simulated: Duration,
    real: Duration,
    digest: &[u8],
) -> Map<String, Value> {
    let commands =
        tally.commands.iter().map(|(command, count)| (command.as_str().to_owned(), (*count).into()));
    let ended = tally.ended.iter().map(|(reason, count)| (reason.clone(), (*count).into()));
    let fields = json!({
        "scenario": plan.scenario.name(),
        "nodes": plan.nodes,
        "simulated_seconds": simulated.as_secs_f64(),
        "real_seconds": real.as_secs_f64(),
        "peer_seconds": tally.peer_time.as_secs(),
        "steps": tally.steps,
        "dials": tally.dials,
        "established": tally.established,
        "messages": tally.messages,
        "commands": commands.collect::<Map<_, _>>(),
        "bytes": tally.bytes,
        "blocked": tally.blocked,
        "ended": ended.collect::<Map<_, _>>(),
        "digest": hex::encode(digest),
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn spread_object(spread: &Spread) -> Value {
    let percentiles = PERCENTILES.iter().map(|percent| {
        let millis = u64::try_from(spread.percentile(*percent).as_millis()).unwrap_or(u64::MAX);
        (percent.to_string(), millis.into())
    });
    json!({
        "trickling": spread.trickles,
        "items": spread.items,
        "percentiles_ms": percentiles.collect::<Map<_, _>>(),
        "messages": spread.tally.messages,
        "bytes": spread.tally.bytes,
    })
}
