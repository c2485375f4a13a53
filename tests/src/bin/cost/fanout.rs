//! Cost of sending the same message to many peers: encoded for each, and encoded once for all.

use core::hint::black_box;
use core::time::Duration;

use bytes::BytesMut;
use indicatif::ProgressBar;
use peer_core::frame::{FrameReader, Rules};
use peer_core::message::{BlockHeader, HeaderList, Headers};
use peer_core::{Config, Connection, Message, ProtocolVersion, Time};
use peer_tests::figures::clock::busy;
use peer_tests::figures::{Spread, duration, rounded};
use peer_tests::remote::{NETWORK, Remote, bytes_of};
use peer_tests::samples::{inv_of, large_block, usual_tx};
use peer_tests::text::grouped;
use serde_json::{Value, json};

use crate::Failure;
use crate::args::Fanout;

pub(crate) const PEERS: [usize; 4] = [1, 8, 125, 1000];

/// How many messages are sent.
pub(crate) const MESSAGES: usize = 5;

/// A message and a number of peers, with nanoseconds for all of them together.
struct Row {
    message: &'static str,
    peers: usize,
    /// By `send` for each.
    each: Spread,
    /// By one `encode_frame`, and `send_encoded` for each.
    once: Spread,
    /// What the second takes for these peers over what it takes for one.
    growth: f64,
}

pub(crate) fn run(arguments: &Fanout, bar: &ProgressBar) -> Result<(), Failure> {
    let config = Config::builder(NETWORK).ping_interval(LONG).idle_timeout(2 * LONG).build()?;
    let one = Remote::established(config).machine.fork();
    let mut rows = Vec::new();
    for (name, message) in messages()? {
        let mut for_one = None;
        for number in arguments.peers() {
            bar.set_message(format!("{name} to {}", grouped(number as u64)));
            let mut peers = vec![one.clone(); number];
            let (each, once) = measure(&mut peers, &message, arguments.rounds)?;
            let growth = once.median / for_one.get_or_insert(once).median;
            rows.push(Row { message: name, peers: number, each, once, growth });
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    print(&rows, arguments);
    Ok(())
}

fn messages() -> Result<[(&'static str, Message); MESSAGES], Failure> {
    let headers = (0..2000).map(|height| BlockHeader { height, ..BlockHeader::default() });
    let headers = HeaderList::try_from(headers.collect::<Vec<_>>())?;
    Ok([
        ("block of 340 kB", large_block(340_000).into()),
        ("a received block", received(&large_block(340_000).into())?),
        ("2,000 headers", Message::Headers(Headers { headers })),
        ("tx of 422 B", usual_tx(1).into()),
        ("inv of 1", inv_of(1)),
    ])
}

/// The message as it comes in a frame, whose checksum it keeps.
fn received(message: &Message) -> Result<Message, Failure> {
    let rules = Rules::new(NETWORK, ProtocolVersion::LATEST);
    let mut input = BytesMut::from(&bytes_of(message)[..]);
    let frame = FrameReader::new().read(&mut input, &rules)?.ok_or("it is whole")?;
    Ok(frame.decode(rules.version)?)
}

/// Both ways in turns, so that what disturbs one disturbs the other.
fn measure(peers: &mut [Connection], message: &Message, rounds: u16) -> Result<(Spread, Spread), Failure> {
    let times = (AT_LEAST / peers.len()).max(1);
    let each_time = |took: f64| took / times as f64;
    let (mut each, mut once) = (Vec::new(), Vec::new());
    for _ in 0..=rounds {
        let (result, took) = busy(|| (0..times).try_for_each(|_| send_to_each(peers, message)));
        result?;
        each.push(each_time(took));
        let (result, took) = busy(|| (0..times).try_for_each(|_| send_once(peers, message)));
        result?;
        once.push(each_time(took));
    }
    // The first round pays for what the others find.
    Ok((Spread::of(each.into_iter().skip(1)), Spread::of(once.into_iter().skip(1))))
}

fn send_to_each(peers: &mut [Connection], message: &Message) -> Result<(), Failure> {
    for peer in peers {
        peer.peer_mut().send(message, Time::ZERO)?;
        write(peer);
    }
    Ok(())
}

fn send_once(peers: &mut [Connection], message: &Message) -> Result<(), Failure> {
    let frame = message.encode_frame(NETWORK, ProtocolVersion::LATEST)?;
    for peer in peers {
        peer.peer_mut().send_encoded(&frame, Time::ZERO)?;
        write(peer);
    }
    Ok(())
}

fn write(peer: &mut Connection) {
    while peer.wants_write() {
        let count = black_box(peer.poll_transmit(Time::ZERO)).len();
        peer.handle_transmitted(count, Time::ZERO);
    }
}

fn print(rows: &[Row], arguments: &Fanout) {
    if arguments.json {
        let rows: Vec<Value> = rows.iter().map(object).collect();
        println!("{}", json!({ "rounds": arguments.rounds, "fanout": rows }));
        return;
    }
    println!("time for all peers together, from the message to frames that were handed to the transport");
    println!(
        "{:>18}{:>8}{:>16}{:>16}{:>10}{:>14}",
        "", "peers", "encoded each", "encoded once", "gain", "once, over 1"
    );
    for row in rows {
        println!(
            "{:>18}{:>8}{:>16}{:>16}{:>10}{:>14}",
            row.message,
            grouped(row.peers as u64),
            duration(row.each.median),
            duration(row.once.median),
            rounded(row.each.median / row.once.median),
            rounded(row.growth),
        );
    }
}

fn object(row: &Row) -> Value {
    let spread = |spread: &Spread| json!({ "median": spread.median, "middle_half": spread.middle });
    json!({
        "message": row.message,
        "peers": row.peers,
        "encoded_each_ns": spread(&row.each),
        "encoded_once_ns": spread(&row.once),
        "once_over_one_peer": row.growth,
    })
}

/// Longer than a measurement lasts by the machines' clocks.
const LONG: Duration = Duration::from_secs(365 * 24 * 3600);

/// Frames of a round and a way: few peers are sent to again and again.
const AT_LEAST: usize = 100;
