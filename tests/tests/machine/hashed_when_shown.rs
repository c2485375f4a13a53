//! Blocks are hashed when they are shown first, with those behind them: what is written is the same, whatever waits and
//! however it is taken.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use core::time::Duration;

use peer_core::message::Block;
use peer_core::{ConfigBuilder, EncodedFrame, Message, ProtocolVersion};
use peer_tests::remote::{NETWORK, Remote, frame, unguarded};
use peer_tests::samples::{inv_of, large_block, ping};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

/// How many worlds there are.
const SEEDS: u64 = 60;

const MIB: usize = 1024 * 1024;

fn any(rng: &mut ChaCha8Rng, count: usize) -> usize {
    rng.next_u32() as usize % count
}

/// More than are hashed together, in number and in bytes.
fn blocks() -> Vec<Block> {
    let sizes = [4000, 4096, 10_000, 80_000, 300_000, 1_200_000];
    (0..24).map(|number| large_block(sizes[number % sizes.len()] + number)).collect()
}

fn config() -> ConfigBuilder {
    let config = unguarded().min_protocol_version(ProtocolVersion::INITIAL);
    config.send_limit(64 * MIB).idle_timeout(Duration::from_secs(100_000))
}

fn encode(message: &Message) -> EncodedFrame {
    message.encode_frame(NETWORK, ProtocolVersion::LATEST).unwrap()
}

/// Takes up to `most` bytes of what is shown, `enough` of it at a time.
fn take(remote: &mut Remote, enough: usize, most: usize, written: &mut Vec<u8>) {
    let mut left = most;
    while left > 0 && remote.machine.wants_write() {
        let mut taken = 0;
        for piece in remote.machine.poll_transmit_chunks(enough, remote.now) {
            let count = piece.len().min(left - taken);
            written.extend_from_slice(&piece[..count]);
            taken += count;
        }
        left -= taken;
        remote.machine.handle_transmitted(taken, remote.now);
    }
}

/// Each frame is read again, which compares its checksum.
#[test]
fn what_is_written_is_what_was_sent() {
    let blocks = blocks();
    for seed in 0..SEEDS {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (mut remote, mut sent, mut written) =
            (Remote::established(config().build().unwrap()), Vec::new(), Vec::new());
        for _ in 0..40 {
            let message = match any(&mut rng, 8) {
                0 => ping(rng.next_u64()),
                1 => inv_of(1 + u32::try_from(any(&mut rng, 500)).unwrap()),
                _ => blocks[any(&mut rng, blocks.len())].clone().into(),
            };
            if any(&mut rng, 4) == 0 {
                remote.machine.send_encoded(&encode(&message), remote.now).unwrap();
            } else {
                remote.machine.send(&message, remote.now).unwrap();
            }
            sent.push(message);
            if any(&mut rng, 6) == 0 {
                let (enough, most) = (1 << any(&mut rng, 23), 1 << any(&mut rng, 23));
                take(&mut remote, enough, most, &mut written);
            }
        }
        take(&mut remote, 1 << any(&mut rng, 23), usize::MAX, &mut written);
        let heard = remote.understand(&written);
        let bulk = |messages: Vec<Message>| {
            messages.into_iter().filter(|message| !matches!(message, Message::Ping(_))).collect::<Vec<_>>()
        };
        assert_eq!(heard.len(), sent.len(), "seed {seed}");
        assert_eq!(bulk(heard), bulk(sent), "seed {seed}");
    }
}

/// What was not shown is dropped, hashed or not; what was is written to its end.
#[test]
fn the_last_message_drops_blocks_that_were_not_shown() {
    let mut remote = Remote::established_at(config().build().unwrap(), ProtocolVersion::from(8));
    let blocks = blocks();
    for block in &blocks {
        remote.machine.send(&block.clone().into(), remote.now).unwrap();
    }
    let mut written = Vec::new();
    take(&mut remote, 1, 10, &mut written);
    remote.say_bytes(&frame("ping", b"abc"));
    remote.pull().ok();
    written.extend(remote.machine.take_all(remote.now));
    let heard = remote.understand(&written);
    let [block, Message::Reject(_)] = &heard[..] else { panic!("{} messages", heard.len()) };
    assert_eq!(*block, blocks[0].clone().into());
}
