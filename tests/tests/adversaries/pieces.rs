//! Bytes that come slowly or in pieces.

use core::time::Duration;

use peer_core::{Error, Event, Message, Timer};
use peer_tests::remote::header;
use peer_tests::samples::{block, getdata, inv, tx, tx_item};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::Attack;
use crate::heap::{KIB, Meter, at_most, grouped, note, scaled};
use crate::victim::{Victim, config, framed, open_config};

pub(crate) const ATTACKS: &[Attack] = &[
    ("one_byte_a_second_of_a_large_frame_is_cut_off", one_byte_a_second),
    ("one_byte_a_second_of_small_frames_costs_next_to_nothing", small_frames_slowly),
    ("a_million_splits_change_nothing", splits),
];

const SECOND: Duration = Duration::from_secs(1);

fn one_byte_a_second() {
    let mut victim = Victim::established(config());
    let (mut meter, mut seconds) = (Meter::start(), 0);
    let mut bytes = header("inv", 1_800_003, [0; 4]).into_iter().chain(core::iter::repeat(0));
    let ended = loop {
        let byte = bytes.next().unwrap();
        seconds += 1;
        let result = victim.wait(SECOND).and_then(|()| meter.step(|| victim.hear(&[byte])));
        victim.flush();
        if let Err(error) = result {
            break error;
        }
    };
    assert_eq!(ended, Error::Timeout(Timer::Idle));
    at_most("one byte a second of a frame of 1.8 MB", "seconds until it is cut off", 121, seconds);
    at_most("the same", "bytes of heap", 4 * KIB, meter.peak());
}

/// Small frames may come so slowly: a ping takes 32 seconds, and the idle time is 120.
fn small_frames_slowly() {
    const HOURS: usize = 24;
    let ping = framed(&Message::Ping(peer_core::message::Ping { nonce: 1 }));
    let mut victim = Victim::established(config());
    let mut meter = Meter::start();
    for second in 0..HOURS * 3600 {
        victim.wait(SECOND).unwrap();
        meter.step(|| victim.hear(&[ping[second % ping.len()]])).unwrap();
        victim.flush();
    }
    at_most("one byte a second of pings, for a day", "bytes of heap", 4 * KIB, meter.peak());
}

fn splits() {
    let messages = [
        framed(&inv((0..40).map(tx_item).collect::<Vec<_>>())),
        framed(&Message::Tx(tx(1))),
        framed(&Message::Block(block(1))),
        framed(&getdata([tx_item(1), tx_item(2)])),
        framed(&Message::SendHeaders),
        framed(&Message::Ping(peer_core::message::Ping { nonce: 9 })),
    ];
    let stream = messages.concat().repeat(4);
    let ready = Victim::established(open_config(12));
    let whole = ready.clone().listen(&stream).unwrap();
    assert_eq!(whole.len(), 4 * messages.len());
    let (total, mut splits) = (scaled(1_000_000).max(20_000), 0);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    while splits < total {
        let (mut victim, mut events, mut rest): (_, Vec<Event>, _) = (ready.clone(), Vec::new(), &stream[..]);
        let most = 1_u32 << (rng.next_u32() % 10);
        while !rest.is_empty() {
            let len = usize::try_from(1 + rng.next_u32() % most).unwrap().min(rest.len());
            let (piece, behind) = rest.split_at(len);
            events.extend(victim.listen(piece).unwrap());
            rest = behind;
            splits += 1;
        }
        assert!(events == whole, "the pieces made other events");
        assert_eq!(victim.flush(), 4 * 32, "the pieces made other answers");
    }
    note("random splits of a stream", "identical events", &format!("{} splits", grouped(splits)));
}
