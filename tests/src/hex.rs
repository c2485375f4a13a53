//! Bytes as text, two hexadecimal digits each.

use core::fmt::Write as _;

/// The bytes in lower case.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

/// The bytes that `text` stands for, or nothing if it is not pairs of hexadecimal digits.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks() else {
        return None;
    };
    pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
}

/// The bytes of a hash from its text form, which shows them in reverse.
pub fn decode_hash(text: &str) -> Option<[u8; 32]> {
    let mut hash: [u8; 32] = decode(text)?.try_into().ok()?;
    hash.reverse();
    Some(hash)
}

fn digit(byte: u8) -> Option<u8> {
    u8::try_from(char::from(byte).to_digit(16)?).ok()
}
