//! BLAKE-256 against known answers and against another implementation.
#![expect(clippy::arithmetic_side_effects, reason = "an overflow would fail the test")]

use blake_hash::Digest;
use peer_core::blake256::{self, Blake256};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

#[test]
fn known_answers() {
    assert_hash(b"", "716f6e863f744b9ac22c97ec7b76ea5f5908bc5b2f67c61510bfc4751384ea7a");
    assert_hash(b"abc", "1833a9fa7cf4086bd5fda73da32e5a1d75b4c3f89d5c436369f9d78bb2da5c28");
    let long: Vec<u8> = (0..65_548_u32).map(|i| (i * 7 + (i >> 8)).to_le_bytes()[0]).collect();
    assert_hash(&long, "816820c58a6cbc7f9d26f1e21844cffa7068c58d7a3ba3ab43dd7cf88ee993de");
}

#[test]
fn every_length_at_once_and_in_parts() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for length in 0..600 {
        let data = bytes(&mut rng, length);
        let expected = oracle(&data);
        assert_eq!(blake256::hash(&data), expected, "{length} bytes at once");
        assert_eq!(blake256::checksum(&data), expected[..4], "checksum of {length} bytes");
        for longest in [1, 3, 70, 300] {
            let (digest, cuts) = in_parts(&mut rng, &data, longest);
            assert_eq!(digest, expected, "{length} bytes in parts of {cuts:?}");
        }
    }
}

#[test]
fn a_clone_is_independent() {
    let mut first = Blake256::default();
    first.update(&[7; 100]);
    let mut second = first.clone();
    first.update(b"a");
    second.update(b"b");
    assert_eq!(first.finalize(), oracle(&[&[7; 100][..], b"a"].concat()));
    assert_eq!(second.finalize(), oracle(&[&[7; 100][..], b"b"].concat()));
}

#[test]
fn many_are_as_one_by_one() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for count in (0..70).chain([500]) {
        let shared_length = below(&mut rng, 600);
        let equal: Vec<_> = (0..count).map(|_| bytes(&mut rng, shared_length)).collect();
        assert_many(&equal);

        let mut mixed: Vec<_> = (0..count).map(|_| random_length(&mut rng, 600)).collect();
        assert_many(&mixed);

        // One that lasts much longer than the others is finished alone.
        if let Some(long) = mixed.first_mut() {
            *long = bytes(&mut rng, 20_000);
        }
        assert_many(&mixed);
    }
}

#[test]
fn many_stop_at_the_shorter_slice() {
    let inputs = [&b"abc"[..]; 30];
    let mut digests = [[0; 32]; 40];
    blake256::hash_many(&inputs, &mut digests);
    assert_eq!(digests[..30], [oracle(b"abc"); 30]);
    assert_eq!(digests[30..], [[0; 32]; 10]);

    let mut digests = [[0; 32]; 20];
    blake256::hash_many(&inputs, &mut digests);
    assert_eq!(digests, [oracle(b"abc"); 20]);
}

/// What waits between an idle peer's frames must stay small, and what is logged must not show payloads.
#[test]
fn state_is_small_and_not_shown() {
    assert!(size_of::<Blake256>() <= 112);
    let mut hash = Blake256::new();
    hash.update(b"secret");
    assert_eq!(format!("{hash:?}"), "Blake256 { .. }");
}

#[track_caller]
fn assert_hash(data: &[u8], expected: &str) {
    let digest: String = blake256::hash(data).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, expected, "{} bytes", data.len());
}

#[track_caller]
fn assert_many(inputs: &[Vec<u8>]) {
    let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
    let mut digests = vec![[0; 32]; inputs.len()];
    blake256::hash_many(&inputs, &mut digests);
    for (i, (input, digest)) in inputs.iter().zip(digests).enumerate() {
        assert_eq!(digest, oracle(input), "input {i} of {}, {} bytes", inputs.len(), input.len());
    }
}

/// The digest of `data` taken in parts of at most `longest` bytes, some empty, and the lengths of the parts.
fn in_parts(rng: &mut ChaCha8Rng, data: &[u8], longest: usize) -> ([u8; 32], Vec<usize>) {
    let mut hash = Blake256::new();
    let mut cuts = Vec::new();
    let mut rest = data;
    while !rest.is_empty() {
        let (part, later) = rest.split_at(below(rng, longest + 1).min(rest.len()));
        hash.update(part);
        cuts.push(part.len());
        rest = later;
    }
    (hash.finalize(), cuts)
}

fn oracle(data: &[u8]) -> [u8; 32] {
    blake_hash::Blake256::digest(data).into()
}

fn random_length(rng: &mut ChaCha8Rng, limit: usize) -> Vec<u8> {
    let length = below(rng, limit);
    bytes(rng, length)
}

fn bytes(rng: &mut ChaCha8Rng, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// A number below `limit`; the slight bias of the remainder does not matter here.
fn below(rng: &mut ChaCha8Rng, limit: usize) -> usize {
    rng.next_u32() as usize % limit
}
