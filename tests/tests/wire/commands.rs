//! Every command at every protocol version: which are part of it, how large they may be, and what comes of the others.
#![expect(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::{Bytes, BytesMut};
use peer_core::frame::{Frame, FrameReader, Header, Rules};
use peer_core::message::{Block, BlockHeader, Raw, Transaction, TxOut};
use peer_core::{
    CodecError, Command, Config, Error, ErrorKind, Excess, FrameError, Message, ProtocolVersion,
    UnknownCommands, blake256,
};
use peer_tests::remote::{LATEST, NETWORK, Remote, frame, header};

/// Every command of the table at every version, none and one too many.
fn everywhere() -> impl Iterator<Item = (Command, ProtocolVersion)> {
    Command::all()
        .flat_map(|command| (0..=LATEST + 1).map(move |version| (command, ProtocolVersion::new(version))))
}

/// Those that are not part of the version, at the versions that can be negotiated.
fn strangers() -> impl Iterator<Item = (Command, ProtocolVersion)> {
    everywhere()
        .filter(|(command, version)| (1..=LATEST).contains(&version.get()) && !is_part(*command, *version))
}

/// Whether the reference's rules let a header with the command pass, and the message exists.
fn is_part(command: Command, version: ProtocolVersion) -> bool {
    check(command, 0, version).is_ok() && exists(command, version)
}

/// Whether the message has a payload codec at this version.
fn exists(command: Command, version: ProtocolVersion) -> bool {
    let invalid = CodecError::MsgInvalidForPVer { version };
    Message::decode(command, Bytes::new(), version) != Err(invalid)
}

/// What the reference's rules make of a frame.
fn read(name: &str, payload: &[u8], version: ProtocolVersion) -> Result<Frame, FrameError> {
    let rules = Rules::new(NETWORK, version);
    FrameReader::new().read(&mut BytesMut::from(&frame(name, payload)[..]), &rules).map(Option::unwrap)
}

/// What the reference's rules make of a header.
fn check(command: Command, len: usize, version: ProtocolVersion) -> Result<Command, FrameError> {
    Header::from_bytes(&header(command.as_str(), len, [0; 4])).check(&Rules::new(NETWORK, version))
}

fn established(policy: UnknownCommands, version: ProtocolVersion) -> Remote {
    let config =
        Config::builder(NETWORK).min_protocol_version(ProtocolVersion::INITIAL).unknown_commands(policy);
    Remote::established_at(config.build().unwrap(), version)
}

fn raw(command: Command, payload: &'static [u8]) -> Message {
    Raw { command, payload: Bytes::from_static(payload) }.into()
}

/// A transaction that takes so many bytes, its script most of them.
fn transaction(len: usize) -> Transaction {
    let of = |script: usize| {
        let script = vec![0x51; script];
        Transaction::new(1, &[], &[TxOut { value: 1, version: 0, pk_script: &script }], 7, 8).unwrap()
    };
    let overhead = of(100_000).as_bytes().len() - 100_000;
    of(len - overhead)
}

/// A block that takes so many bytes.
fn block_of(len: usize) -> Block {
    let header = BlockHeader::default();
    let overhead = Block::new(&header, &[], &[]).unwrap().as_bytes().len();
    Block::new(&header, &[transaction(len - overhead)], &[]).unwrap()
}

#[test]
fn a_command_is_known_where_its_frames_are_read_and_decoded() {
    for (command, version) in everywhere() {
        assert_eq!(command.is_known_at(version), is_part(command, version), "{command} at {version}");
        let decoded = read(command.as_str(), &[], version).and_then(|frame| frame.decode(version));
        let refusal = decoded.err().map(|error| error.kind());
        let is_refused = matches!(refusal, Some(ErrorKind::UnknownCmd | ErrorKind::MsgInvalidForPVer));
        assert_eq!(command.is_known_at(version), !is_refused, "{command} at {version}");
    }
    assert!(!Command::new("custom").unwrap().is_known_at(ProtocolVersion::LATEST));
}

#[test]
fn the_largest_payload_is_0_where_the_message_does_not_exist() {
    for (command, version) in everywhere().filter(|(command, version)| !exists(*command, *version)) {
        assert_eq!(command.max_payload(version), Some(0), "{command} at {version}");
    }
    assert_eq!(Command::new("custom").unwrap().max_payload(ProtocolVersion::LATEST), None);
}

#[test]
fn the_largest_payload_is_what_a_header_may_declare() {
    for (command, version) in everywhere().filter(|(command, version)| command.is_known_at(*version)) {
        let max = command.max_payload(version).unwrap();
        assert_eq!(check(command, max, version), Ok(command), "{command} at {version}");
        let refused = check(command, max + 1, version).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::PayloadTooLarge, "{command} at {version}");
    }
}

#[test]
fn no_payload_above_its_commands_limit_is_decoded() {
    for (command, version) in everywhere().filter(|(command, version)| exists(*command, *version)) {
        let max = command.max_payload(version).unwrap();
        let zeros = Message::decode(command, vec![0; max + 1].into(), version);
        assert!(zeros.is_err(), "{command} at {version}: {} zeros", max + 1);
    }
}

#[test]
fn a_transaction_or_block_above_its_limit_is_too_large_by_itself_as_in_a_frame() {
    for (version, max) in [(0, 1_000_000), (3, 1_000_000), (4, 1_310_720), (12, 1_310_720)] {
        for message in [Message::from(transaction(max)), block_of(max).into()] {
            let (command, payload) = (message.command(), bytes_of(&message));
            assert_eq!(Message::decode(command, payload, version.into()), Ok(message));
        }
        for message in [Message::from(transaction(max + 1)), block_of(max + 1).into()] {
            let refused = CodecError::PayloadTooLarge(Excess { got: max as u64 + 1, max: max as u64 });
            let (command, payload) = (message.command(), bytes_of(&message));
            assert_eq!(Message::decode(command, payload, version.into()), Err(refused));
        }
    }
}

/// The message's payload, whatever its size.
fn bytes_of(message: &Message) -> Bytes {
    match message {
        Message::Tx(transaction) => transaction.as_bytes().clone(),
        Message::Block(block) => block.as_bytes().clone(),
        other => panic!("{} keeps no bytes", other.command()),
    }
}

#[test]
fn a_field_that_is_wrong_is_named_before_the_size() {
    let decode = |name: &str, payload: Vec<u8>| {
        Message::decode(Command::new(name).unwrap(), payload.into(), ProtocolVersion::LATEST)
    };
    assert_eq!(decode("ping", vec![0; 9]), Err(CodecError::TrailingBytes { count: 1 }));
    let mut inv = vec![0; 1_800_004];
    inv[..3].copy_from_slice(&[0xfd, 0x51, 0xc3]);
    assert_eq!(decode("inv", inv), Err(CodecError::TooManyVectors(Excess { got: 50_001, max: 50_000 })));
}

/// The memory is never written to, but for the few bytes that count, so the system does not provide it.
#[cfg(target_pointer_width = "64")]
#[test]
fn a_payload_above_4_gib_is_refused() {
    const SCRIPT: u32 = 32 * 1024 * 1024;
    const OUTPUTS: u8 = 130;
    const OUTPUT: usize = 8 + 2 + 5 + SCRIPT as usize;
    let len = 6 + usize::from(OUTPUTS) * OUTPUT + 8;
    let mut payload = vec![0; len];
    payload[2] = 1; // without witness
    payload[5] = OUTPUTS;
    for output in payload[6..].chunks_exact_mut(OUTPUT) {
        output[10] = 0xfe;
        output[11..15].copy_from_slice(&SCRIPT.to_le_bytes());
    }
    payload[len - 8] = 7; // the lock time
    let payload = Bytes::from(payload);
    let refused = CodecError::PayloadTooLarge(Excess { got: len as u64, max: 32 * 1024 * 1024 });
    for command in Command::all().map(|command| command.to_string()).chain(["custom".to_owned()]) {
        let command = Command::new(&command).unwrap();
        let decoded = Message::decode(command, payload.clone(), ProtocolVersion::LATEST);
        assert_eq!(decoded.err(), Some(refused), "{command}");
    }
}

// What comes of commands of other versions.

#[test]
fn a_command_of_another_version_is_ignored_as_any_unknown_one() {
    for (command, version) in strangers() {
        let mut remote = established(UnknownCommands::Ignore, version);
        for payload in [&[][..], &[0; 8], &[1; 5000]] {
            remote.say_bytes(&frame(command.as_str(), payload));
            remote.say(&Message::GetAddr);
            assert_eq!(remote.messages(), [Message::GetAddr], "{command} at {version}");
        }
        assert!(remote.machine.is_established());
    }
}

#[test]
fn a_command_of_another_version_is_delivered_as_any_unknown_one() {
    for (command, version) in strangers() {
        let mut remote = established(UnknownCommands::Deliver, version);
        for payload in [&[][..], &[0; 8], &[1; 5000]] {
            remote.say_bytes(&frame(command.as_str(), payload));
            assert_eq!(remote.messages(), [raw(command, payload)], "{command} at {version}");
        }
    }
}

#[test]
fn a_command_of_another_version_has_the_limit_of_unknown_ones() {
    let limit = Config::builder(NETWORK).build().unwrap().max_unrequested();
    for (command, version) in strangers() {
        let mut remote = established(UnknownCommands::Ignore, version);
        remote.say_bytes(&header(command.as_str(), limit, [0; 4]));
        assert_eq!(remote.pull(), Ok(None), "{command} at {version}");
        let mut remote = established(UnknownCommands::Ignore, version);
        remote.say_bytes(&header(command.as_str(), limit + 1, [0; 4]));
        let excess = Excess { got: limit as u64 + 1, max: limit as u64 };
        let refused = FrameError::PayloadTooLarge { command: Some(command), excess };
        assert_eq!(remote.error(), refused.into(), "{command} at {version}");
    }
}

#[test]
fn by_default_a_command_of_another_version_ends_the_connection_as_in_the_reference() {
    for (command, version) in strangers() {
        let mut remote = established(UnknownCommands::Refuse, version);
        remote.say_bytes(&frame(command.as_str(), &[0; 8]));
        let error = remote.error();
        let reference = read(command.as_str(), &[0; 8], version).unwrap_err();
        // Of an answer that no one asked for, the header is enough.
        if error != Error::Unrequested(command) {
            assert_eq!(error, reference.into(), "{command} at {version}");
        }
    }
}

#[test]
fn a_payload_is_checked_before_its_command_is_found_to_be_of_another_version() {
    let version = ProtocolVersion::new(4);
    let feefilter = Command::new("feefilter").unwrap();
    let rules = Rules::new(NETWORK, version);
    let mut wrong = BytesMut::from(&header("feefilter", 8, [1; 4])[..]);
    wrong.extend_from_slice(&[0; 8]);
    let error = FrameReader::new().read(&mut wrong, &rules).unwrap_err();
    let computed = blake256::checksum(&[0; 8]);
    assert_eq!(error, FrameError::PayloadChecksum { command: feefilter, declared: [1; 4], computed });
    assert_eq!(read("feefilter", &[0; 8], version).unwrap_err().kind(), ErrorKind::MsgInvalidForPVer);
}

#[test]
fn a_raw_message_can_be_sent_exactly_where_its_command_is_unknown() {
    for (command, version) in everywhere() {
        let is_sent = raw(command, &[0; 8]).check(version).is_ok();
        assert_eq!(is_sent, !is_part(command, version), "{command} at {version}");
    }
}
