//! Says in one line what is wrong with a command line, and what to write instead.

use clap::error::ErrorKind;

use crate::error::Failure;
use crate::format::{LONGEST_SHOWN, clip};

/// What clap and the parsers of the standard library say, and plainer words for it.
const PLAINER: [(&str, &str); 3] = [
    ("invalid digit found in string", "write a number"),
    ("number too large to fit in target type", "the number is too large"),
    ("invalid socket address syntax", "write an address with a port, like 127.0.0.1:9100"),
];

/// How clap says that a number is outside its bounds.
const IS_OUTSIDE: &str = " is not in ";

/// Shows the help that was asked for, or says what is wrong with the command line.
pub(crate) fn explain<T>(error: &clap::Error) -> Result<T, Failure> {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        error.print()?;
        return Err(Failure::Helped);
    }
    let text = error.to_string().replace("\n\n  tip:", "; tip:");
    let line = text.split("\n\n").next().unwrap_or_default();
    let words = line.trim_start_matches("error: ").split_whitespace().map(|word| clip(word, LONGEST_SHOWN));
    let line = words.collect::<Vec<_>>().join(" ");
    Err(Failure::Usage(format!("{}; try --help", in_plain_words(&line))))
}

fn in_plain_words(line: &str) -> String {
    let line = PLAINER.iter().fold(line.to_owned(), |line, (from, to)| line.replace(from, to));
    match line.split_once(IS_OUTSIDE) {
        // The bounds of a range, as in 1..=12 and 1..
        Some((value, bounds)) => {
            let bounds = bounds.replace("..=", " to ").replace("..", " up");
            format!("{value} is not a number from {bounds}")
        }
        None => line,
    }
}
