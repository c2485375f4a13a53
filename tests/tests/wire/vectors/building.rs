//! Messages that cannot be sent: built as each line says in words, through the public constructors.
//!
//! A value that exists is valid, so most lines end in a constructor that refuses; the others in
//! [`Message::check`] and [`frame::encode`].

mod filters;
mod mixing;
mod plain;
mod words;

use peer_core::{CodecError, Message, Network, ProtocolVersion, frame};
use peer_tests::remote::LATEST;
use peer_tests::vectors::{Folder, Tally};

use self::words::Words;
use crate::vectors::common::{command, kind_name, version};

#[test]
fn what_the_reference_cannot_encode_cannot_be_built_or_encoded_either() {
    let folder = Folder::open();
    let mut tally = Tally::new("encode_errors");
    for line in tally.all_lines(&folder) {
        let (place, version) = (line.place(), version(&line));
        let message = line.at("message");
        let words = Words::of(&message);
        let refused = match build(line.str("command"), &words) {
            Ok(message) => {
                assert_eq!(message.command(), command(&line), "{place}");
                refusal(&message, version).unwrap_or_else(|| panic!("{place}: it can be sent"))
            }
            Err(error) => error,
        };
        assert_eq!(refused.kind().to_string(), kind_name(line.str("error")), "{place}: {refused}");
        words.assert_all_used();
        tally.checked(&line);
    }
    tally.finish(&folder);
}

#[test]
fn without_those_words_every_one_of_these_messages_can_be_sent_at_some_version() {
    let folder = Folder::open();
    for line in folder.lines("encode_errors.jsonl").unwrap_or_default() {
        let place = line.place();
        let message = build(line.str("command"), &Words::none());
        let message = message.unwrap_or_else(|error| panic!("{place}: {error}"));
        let sendable = |version| refusal(&message, ProtocolVersion::new(version)).is_none();
        assert!((1..=LATEST).any(sendable), "{place}: it is refused at every version");
    }
}

/// The message that a line describes, or the refusal of one of its constructors.
fn build(command: &str, words: &Words<'_>) -> Result<Message, CodecError> {
    if command.starts_with("mix") {
        mixing::build(command, words)
    } else if command.trim_start_matches("get").starts_with("cf") {
        filters::build(command, words)
    } else {
        plain::build(command, words)
    }
}

/// Why the message cannot be sent at this version.
fn refusal(message: &Message, version: ProtocolVersion) -> Option<CodecError> {
    let checked = message.check(version).err();
    let encoded = frame::encode(message, Network::SIMNET, version).err();
    assert_eq!(checked, encoded, "checking and encoding agree");
    checked
}
