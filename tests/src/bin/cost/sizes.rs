//! Cost against the size of a message, and of the pieces that it comes in.

use core::hint::black_box;

use bytes::BytesMut;
use indicatif::ProgressBar;
use peer_core::frame::Header;
use peer_core::message::{CFilterV2, CFiltersV2, FilterData, List};
use peer_core::{
    Config, Connection, Hash, Message, ProtocolVersion, Time, UnrequestedAnswers, blake256, frame,
};
use peer_tests::figures::Spread;
use peer_tests::figures::clock::busy;
use peer_tests::remote::{NETWORK, Remote};
use peer_tests::text::grouped;

use crate::Failure;
use crate::args::Cli;

pub(crate) const SIZES: [usize; 6] = [1000, 10_000, 100_000, 1_000_000, 10_000_000, 26_000_000];

/// Sizes of the pieces, by name.
pub(crate) const PIECES: [(&str, usize); 3] = [("1 B", 1), ("1 KiB", 1024), ("64 KiB", 64 * 1024)];

/// A size, with nanoseconds for each byte.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) bytes: usize,
    /// For each of [`PIECES`].
    pub(crate) pieces: [Spread; PIECES.len()],
    /// Hashing it at once, and nothing else.
    pub(crate) hash: Spread,
}

pub(crate) fn measure(cli: &Cli, bar: &ProgressBar) -> Result<Vec<Row>, Failure> {
    let config = Config::builder(NETWORK).unrequested_answers(UnrequestedAnswers::Deliver).build()?;
    let mut peer = Remote::established(config).machine.fork();
    let mut rows = Vec::new();
    for size in cli.sizes() {
        bar.set_message(format!("a message of {} bytes", grouped(size as u64)));
        rows.push(row(&mut peer, &message(size)?, cli.rounds)?);
        bar.inc(1);
    }
    Ok(rows)
}

fn row(peer: &mut Connection, frame: &[u8], rounds: u16) -> Result<Row, Failure> {
    let times = (AT_LEAST / frame.len()).max(1);
    let each = |nanos: f64| nanos / (times * frame.len()) as f64;
    let (mut pieces, mut hashes) = (PIECES.map(|_| Vec::new()), Vec::new());
    for _ in 0..rounds {
        for ((_, piece), nanos) in PIECES.iter().zip(&mut pieces) {
            let (result, took) = busy(|| (0..times).try_for_each(|_| receive(peer, frame, *piece)));
            result?;
            nanos.push(each(took));
        }
        let payload = &frame[Header::LEN..];
        let hash = || (0..times).for_each(|_| _ = black_box(blake256::hash(payload)));
        hashes.push(each(busy(hash).1));
    }
    Ok(Row { bytes: frame.len(), pieces: pieces.map(Spread::of), hash: Spread::of(hashes) })
}

/// Feeds a frame in such pieces, of which the last one makes it surface.
fn receive(peer: &mut Connection, frame: &[u8], piece: usize) -> Result<(), Failure> {
    let (mut input, mut events) = (BytesMut::new(), 0);
    for piece in frame.chunks(piece) {
        input.extend_from_slice(piece);
        while peer.receive(&mut input, Time::ZERO)?.is_some() {
            events += 1;
        }
    }
    if events == 1 { Ok(()) } else { Err(format!("{events} events of one message").into()) }
}

/// The frame of a batch of filters, the largest message there is, of about this size.
fn message(size: usize) -> Result<Vec<u8>, Failure> {
    let count = size.div_ceil(FilterData::MAX_LEN);
    let filter = || -> Result<CFilterV2, Failure> {
        let data = FilterData::new(vec![7; size / count])?;
        Ok(CFilterV2 { block_hash: Hash::ZERO, data, proof_index: 0, proof_hashes: List::new() })
    };
    let cfilters: Vec<_> = (0..count).map(|_| filter()).collect::<Result<_, _>>()?;
    let message = Message::CFiltersV2(CFiltersV2 { cfilters: cfilters.try_into()? });
    Ok(frame::encode(&message, NETWORK, ProtocolVersion::LATEST)?)
}

/// Bytes of a round: small messages are fed again and again.
const AT_LEAST: usize = 500_000;
