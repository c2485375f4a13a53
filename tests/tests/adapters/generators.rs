//! The system's generator, of which each adapter has one.

use rand_core::Rng;

fn assert_random(mut rng: impl Rng) {
    let mut bytes = [0; 8];
    rng.fill_bytes(&mut bytes);
    let drawn = [
        rng.next_u32().into(),
        rng.next_u32().into(),
        rng.next_u64(),
        rng.next_u64(),
        u64::from_le_bytes(bytes),
    ];
    for (index, number) in drawn.iter().enumerate() {
        // One in billions of runs fails.
        assert!(*number > 1 && !drawn.iter().skip(index + 1).any(|other| other == number), "{drawn:?}");
    }
}

#[test]
fn numbers_of_the_system_differ() {
    assert_random(peer_tokio::SystemRng);
    assert_random(peer_mio::SystemRng);
}
