//! The host name of a Tor onion service of version 3.

use core::fmt;

use keccak::Keccak;

/// Writes the name that belongs to the public key `key`: base32 of key, checksum and version, and `.onion`.
pub(crate) fn write_name(key: &[u8; 32], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let [first, second] = checksum(key);
    let bytes = key.iter().chain([&first, &second, &VERSION]);
    let (mut bits, mut waiting) = (0_u32, 0_u32);
    for byte in bytes {
        bits = (bits << 8) | u32::from(*byte);
        waiting = waiting.saturating_add(8);
        while waiting >= 5 {
            waiting = waiting.saturating_sub(5);
            let digit = DIGITS.get((bits >> waiting & 0b1_1111) as usize).copied().unwrap_or_default();
            fmt::Write::write_char(f, char::from(digit))?;
        }
    }
    f.write_str(".onion")
}

const VERSION: u8 = 3;

/// The first two bytes of SHA3-256 over a fixed text, the key and the version, which fit one block.
fn checksum(key: &[u8; 32]) -> [u8; 2] {
    const PREFIX: &[u8] = b".onion checksum";
    // SHA3 ends the message with the bits 01 and pads to the rate with 1 0…0 1.
    const PADDING: u8 = 0b110;
    const RATE: usize = 136;
    let message = PREFIX.iter().chain(key).chain([&VERSION, &PADDING]);
    let mut block = [0_u8; RATE];
    for (place, byte) in block.iter_mut().zip(message) {
        *place = *byte;
    }
    if let Some(last) = block.last_mut() {
        *last |= 0x80;
    }
    let mut state = [0_u64; 25];
    for (lane, bytes) in state.iter_mut().zip(block.as_chunks().0) {
        *lane = u64::from_le_bytes(*bytes);
    }
    Keccak::new().with_f1600(|f1600| f1600(&mut state));
    let [first, second, ..] = state.first().copied().unwrap_or_default().to_le_bytes();
    [first, second]
}
