//! Bytes as text, two hexadecimal digits each.

/// What keeps a text from being bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadHex {
    /// A digit has no partner.
    Odd {
        /// How many digits there are.
        digits: usize,
    },
    /// This is no digit.
    Digit {
        /// What it is.
        found: char,
        /// Its position, from 1.
        place: usize,
    },
}

/// The bytes that `text` stands for.
pub(crate) fn decode(text: &[u8]) -> Result<Vec<u8>, BadHex> {
    let (pairs, rest) = text.as_chunks();
    if rest.is_empty()
        && let Some(bytes) = pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
    {
        return Ok(bytes);
    }
    Err(complain(text))
}

/// The bytes as text, in lower case.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// Only for texts that are no bytes: a wrong digit explains more than their number being odd.
fn complain(text: &[u8]) -> BadHex {
    let lossy = String::from_utf8_lossy(text);
    let wrong = lossy.chars().zip(1..).find(|(found, _)| !found.is_ascii_hexdigit());
    match wrong {
        Some((found, place)) => BadHex::Digit { found, place },
        None => BadHex::Odd { digits: text.len() },
    }
}

fn digit(digit: u8) -> Option<u8> {
    u8::try_from(char::from(digit).to_digit(16)?).ok()
}
