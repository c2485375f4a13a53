//! Messages that the feature `arbitrary` makes of random bytes.

use std::collections::BTreeSet;

use arbitrary::Unstructured;
use peer_core::{Command, Message, ProtocolVersion};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// Messages of data of many sizes, empty data included.
fn messages() -> impl Iterator<Item = Message> {
    let mut rng = ChaCha8Rng::seed_from_u64(20);
    (0..6000_usize).filter_map(move |round| {
        let mut data = vec![0; round % 3000];
        rng.fill_bytes(&mut data);
        Unstructured::new(&data).arbitrary().ok()
    })
}

#[test]
fn each_arbitrary_message_reads_as_it_was_written() {
    let mut written = 0;
    for message in messages() {
        let valid = (0..=12).map(ProtocolVersion::new).filter(|version| message.check(*version).is_ok());
        for version in valid {
            let mut payload = Vec::new();
            message.encode(&mut payload, version).unwrap();
            assert_eq!(payload.len(), message.encoded_len());
            let read = Message::decode(message.command(), payload.into(), version);
            assert_eq!(read.as_ref(), Ok(&message), "at version {version}");
            written += 1;
        }
    }
    assert!(written > 20_000, "{written}");
}

#[test]
fn each_arbitrary_message_can_be_sent_at_some_version() {
    for message in messages() {
        assert!((0..=12).any(|version| message.check(ProtocolVersion::new(version)).is_ok()), "{message:?}");
    }
}

#[test]
fn every_command_occurs() {
    let made: BTreeSet<Command> = messages().map(|message| message.command()).collect();
    let missing: Vec<Command> = Command::all().filter(|command| !made.contains(command)).collect();
    assert_eq!(missing, []);
    assert!(messages().any(|message| matches!(message, Message::Raw(_))));
}

#[test]
fn data_that_ends_early_makes_small_messages() {
    for end in 0..64 {
        let data: Vec<u8> = (0..end).map(|byte| byte * 3).collect();
        let message: Message = Unstructured::new(&data).arbitrary().unwrap();
        assert!(message.encoded_len() < 4096, "{message:?}");
    }
}
