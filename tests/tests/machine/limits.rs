//! Sizes: what is refused for being too large, and what stays small.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;

use bytes::BytesMut;
use peer_core::frame::{FrameReader, Header, Rules};
use peer_core::message::{Block, BlockHeader, GetCfsV2};
use peer_core::{
    Command, Config, ConfigBuilder, ConfigError, Error, Excess, FrameError, Hash, Message, ProtocolVersion,
    UnrequestedAnswers,
};
use peer_tests::remote::{NETWORK, Remote, bytes_of, frame, header};
use peer_tests::samples::{inv_of, large_block};

/// A remote of this version, and our machine with this limit of unrequested payloads.
fn with_limit(version: u32, max: usize) -> Remote {
    let config = Config::builder(NETWORK).min_protocol_version(ProtocolVersion::INITIAL);
    Remote::established_at(config.max_unrequested(max).build().unwrap(), version.into())
}

/// Declares a payload and says what becomes of that.
fn declare(remote: &mut Remote, name: &str, len: usize) -> Result<(), Error> {
    remote.say_bytes(&header(name, len, [0; 4]));
    remote.pull().map(|event| assert_eq!(event, None))?;
    // In the old era the reason is known when the last word has been taken.
    remote.hears();
    remote.pull().map(|event| assert_eq!(event, None))
}

fn too_large(name: &str, got: u64, max: u64) -> Result<(), Error> {
    let command = Some(Command::new(name).unwrap());
    Err(FrameError::PayloadTooLarge { command, excess: Excess { got, max } }.into())
}

#[test]
fn what_has_no_small_limit_of_its_own_gets_that_of_unrequested_payloads() {
    for (name, version) in [("alert", 5), ("reject", 5), ("reject", 8)] {
        assert_eq!(declare(&mut with_limit(version, 1000), name, 1000), Ok(()));
        let refused = too_large(name, 1001, 1000);
        assert_eq!(declare(&mut with_limit(version, 1000), name, 1001), refused);
    }
}

#[test]
fn the_limit_of_unrequested_payloads_is_2_mib_by_default() {
    let config = Config::builder(NETWORK).min_protocol_version(ProtocolVersion::INITIAL).build().unwrap();
    let mut remote = Remote::established_at(config, 8.into());
    let max = 2 * 1024 * 1024;
    assert_eq!(declare(&mut remote, "reject", max + 1), too_large("reject", 2_097_153, 2_097_152));
}

#[test]
fn the_limit_of_unrequested_payloads_leaves_other_commands_alone() {
    assert_eq!(declare(&mut with_limit(8, 1000), "inv", 1_800_003), Ok(()));
}

#[test]
fn every_command_has_its_limit_at_the_header() {
    let config = Config::builder(NETWORK).unrequested_answers(UnrequestedAnswers::Deliver).build().unwrap();
    let version = ProtocolVersion::LATEST;
    for command in Command::all().filter(|command| command.is_known_at(version)) {
        let (name, max) = (command.as_str(), command.max_payload(version).unwrap());
        let mut remote = Remote::established(config.clone());
        let refused = too_large(name, max as u64 + 1, max as u64);
        assert_eq!(declare(&mut remote, name, max + 1), refused, "{name}");
        if max > 0 {
            let mut remote = Remote::established(config.clone());
            assert_eq!(declare(&mut remote, name, max), Ok(()), "{name}");
        }
    }
}

#[test]
fn more_than_32_mib_is_refused_before_the_command_is_looked_at() {
    let max = 32 * 1024 * 1024;
    for (len, command, limit) in [(max, Some("inv"), 1_800_003), (max + 1, None, max as u64)] {
        let mut remote = Remote::established(Config::builder(NETWORK).build().unwrap());
        let command = command.map(|name| Command::new(name).unwrap());
        let excess = Excess { got: len as u64, max: limit };
        let refused = Err(FrameError::PayloadTooLarge { command, excess }.into());
        assert_eq!(declare(&mut remote, "inv", len), refused);
    }
}

#[test]
fn a_declared_length_reserves_nothing_in_the_input() {
    let mut remote = Remote::established(Config::builder(NETWORK).build().unwrap());
    let request = GetCfsV2 { start_hash: Hash::ZERO, end_hash: Hash::ZERO };
    remote.machine.send(&Message::GetCfsV2(request), remote.now).unwrap();
    assert_eq!(declare(&mut remote, "cfiltersv2", 26_321_001), Ok(()));
    remote.say_bytes(&[0; 100]);
    assert_eq!(remote.pull(), Ok(None));
    assert!(remote.machine.input().capacity() < 1024);
}

#[test]
fn a_small_payload_that_is_kept_does_not_keep_the_input_alive() {
    let config = Config::builder(NETWORK).unrequested_answers(UnrequestedAnswers::Deliver).build().unwrap();
    let mut remote = Remote::established(config);
    let block = Block::new(&BlockHeader::default(), &[], &[]).unwrap();
    remote.say(&Message::Block(block));
    let [Message::Block(kept)] = &remote.messages()[..] else { panic!("not one block") };
    assert!(kept.as_bytes().is_unique());
}

#[test]
fn a_large_payload_is_copied_only_where_it_is_a_small_part_of_its_memory() {
    let frame = bytes_of(&inv_of(1000));
    for (room, is_copied) in [(frame.len(), false), (4 * frame.len(), true)] {
        let mut input = BytesMut::with_capacity(room);
        input.extend_from_slice(&frame);
        let begin = input.as_ptr().wrapping_add(Header::LEN);
        let rules = Rules::new(NETWORK, ProtocolVersion::LATEST);
        let read = FrameReader::new().read(&mut input, &rules).unwrap().unwrap();
        assert_eq!(read.payload.as_ptr() != begin, is_copied, "in {room} bytes");
    }
}

#[test]
fn payloads_are_copied_below_16_kib_and_blocks_that_are_sent_below_4_kib() {
    let rules = Rules::new(NETWORK, ProtocolVersion::LATEST);
    for (len, is_copied) in [(16 * 1024 - 1, true), (16 * 1024, false)] {
        let mut input = BytesMut::from(&frame("inv", &vec![0; len])[..]);
        let begin = input.as_ptr().wrapping_add(Header::LEN);
        let read = FrameReader::new().read(&mut input, &rules).unwrap().unwrap();
        assert_eq!(read.payload.as_ptr() != begin, is_copied, "{len} bytes");
    }
    let smallest = large_block(0).as_bytes().len();
    for (len, pieces) in [(4 * 1024 - 1, 1), (4 * 1024, 2)] {
        // The length of a longer script takes two bytes more.
        let block = large_block(len - smallest - 2);
        assert_eq!(block.as_bytes().len(), len);
        let mut remote = Remote::established(Config::builder(NETWORK).build().unwrap());
        remote.machine.send(&Message::Block(block), remote.now).unwrap();
        let shown = remote.machine.poll_transmit_chunks(usize::MAX, remote.now);
        assert_eq!(shown.len(), pieces, "{len} bytes");
    }
}

#[test]
fn errors_are_small() {
    assert!(size_of::<Error>() <= 4 * size_of::<usize>());
    assert!(size_of::<Result<(), Error>>() <= 4 * size_of::<usize>());
}

#[test]
fn settings_that_do_not_fit_together_are_refused() {
    let pause = Config::builder(NETWORK).send_limit(100).send_pause(100).build();
    assert_eq!(pause.unwrap_err(), ConfigError::SendPause { pause: 100, limit: 100 });
    for (min, max) in [(0, 12), (9, 13), (10, 9)] {
        let (min, max) = (ProtocolVersion::new(min), ProtocolVersion::new(max));
        let crossed = Config::builder(NETWORK).min_protocol_version(min).protocol_version(max).build();
        assert_eq!(crossed.unwrap_err(), ConfigError::ProtocolVersions { min, max });
    }
    let agent = Config::builder(NETWORK).user_agent("x".repeat(250), "1").build();
    assert!(matches!(agent, Err(ConfigError::UserAgent(_))));
}

#[test]
fn a_refused_setting_is_named_as_its_setter_with_its_bounds() {
    let builder = || Config::builder(NETWORK);
    let (second, millisecond) = (Duration::from_secs(1), Duration::from_millis(1));
    let refused: [(ConfigBuilder, &str); 5] = [
        (
            builder().idle_timeout(second).ping_interval(second),
            "ping_interval is 1s, but must be shorter than idle_timeout, which is 1s",
        ),
        (
            builder().trickle_delay(second..=millisecond),
            "trickle_delay is 1s..=1ms, but its start must not exceed its end",
        ),
        (
            builder().send_limit(7).send_pause(8),
            "send_pause is 8 bytes, but must be less than send_limit, which is 7 bytes",
        ),
        (
            builder().open_handshakes((1 << 20) + 1),
            "open_handshakes is 1048577, but must be from 1 to 1048576 handshakes",
        ),
        (
            builder().protocol_version(ProtocolVersion::new(13)),
            "min_protocol_version is 9 and protocol_version is 13, but they must be a range within 1 to 12",
        ),
    ];
    for (builder, text) in refused {
        assert_eq!(builder.build().unwrap_err().to_string(), text);
    }
}
