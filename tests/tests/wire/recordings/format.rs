//! What is written is read back, and a file may be cut anywhere.

use core::net::Ipv4Addr;
use core::time::Duration;

use bytes::Bytes;
use peer_core::message::Timestamp;
use peer_core::recording::{Entry, EntryKind, Header, Problem, Recording, Side};
use peer_core::{
    BannableMessages, Config, ConfigError, Direction, Hash, InitStateRequests, Network, ProtocolVersion,
    Services, Time, UnknownCommands, UnrequestedAnswers,
};
use peer_tests::recordings::hello;
use proptest::prelude::*;

proptest! {
    #[test]
    fn any_recording_is_read_as_it_was_written(header in header(), entries in prop::collection::vec(entry(), 0..20)) {
        let text = text_of(Some(&header), &entries);
        prop_assert!(text.is_ascii());
        let recording = Recording::read(&text).unwrap();
        prop_assert_eq!(recording.network, Some(header.config.network()));
        prop_assert_eq!((recording.header, recording.entries), (Some(header), entries));
        prop_assert!(!recording.is_cut);
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>(), line in "[{}\",:\\\\ut_msfromhex0-9a-f.\\[\\] ]{0,60}") {
        Recording::read(&text).ok();
        Recording::read(&line).ok();
        Recording::read(&format!("{line}\n")).ok();
    }
}

#[test]
fn a_file_cut_anywhere_is_read_up_to_the_cut() {
    let file = hello();
    let whole = Recording::read(&file).unwrap();
    for end in 0..=file.len() {
        let cut = Recording::read(&file[..end]).unwrap_or_else(|error| panic!("cut at {end}: {error}"));
        let lines = file[..end].lines().count() - usize::from(cut.is_cut);
        assert_eq!(cut.entries, whole.entries[..lines.saturating_sub(1)], "cut at {end}");
    }
}

#[test]
fn a_file_without_a_first_line_is_read_with_the_network_that_the_caller_says() {
    let file = hello();
    let (_, rest) = file.split_once('\n').unwrap();
    let mut recording = Recording::read(rest).unwrap();
    assert_eq!((&recording.header, recording.network), (&None, None));
    assert_eq!(recording.version_of(Side::Dialer), None);
    recording.network = Some(Network::SIMNET);
    assert!(recording.version_of(Side::Dialer).unwrap().user_agent.as_str().contains("hello:1"));
}

#[test]
fn every_setting_is_kept() {
    let seconds = Duration::from_secs;
    let config = Config::builder(Network::from_magic(7))
        .services(Services::NODE_NETWORK)
        .user_agent_prefix("/other:1/")
        .protocol_version(ProtocolVersion::new(11))
        .min_protocol_version(ProtocolVersion::new(3))
        .disable_relay_tx(true)
        .proxy(Some(Ipv4Addr::LOCALHOST.into()))
        .handshake_timeout(seconds(1))
        .idle_timeout(seconds(9))
        .ping_interval(Duration::from_nanos(1_234_567_891))
        .trickle_delay(seconds(2)..=seconds(3))
        .send_limit(1001)
        .send_pause(1000)
        .known_inventory(10)
        .known_lifetime(seconds(4))
        .open_handshakes(11)
        .max_unrequested(12)
        .max_requests(13)
        .unrequested_answers(UnrequestedAnswers::Deliver)
        .unknown_commands(UnknownCommands::Ignore)
        .init_state_requests(InitStateRequests::LeaveToOwner)
        .bannable_messages(BannableMessages::Send)
        .min_receive_rate(14)
        .build()
        .unwrap();
    let header = Header::new(config, Direction::Inbound);
    let read = Recording::read(&header.to_string()).unwrap();
    assert_eq!(read.header, Some(header));
}

#[test]
fn only_what_differs_from_the_default_is_in_the_first_line() {
    let config = Config::builder(Network::MAINNET).send_pause(5).build().unwrap();
    let agent = config.user_agent().as_str().to_owned();
    let header = Header::new(config, Direction::Outbound).software("dcrpeer 1").address("h:9108");
    let expected = format!(
        r#"{{"recording":1,"network":"mainnet","direction":"outbound","software":"dcrpeer 1","unix_time":0,"address":"h:9108","config":{{"send_pause":5,"user_agent":"{agent}"}}}}"#
    );
    assert_eq!(header.to_string(), expected);
}

#[test]
fn a_wrong_line_is_refused_by_its_number_and_reason() {
    let wrong = |line: &str| {
        let error = Recording::read(&format!("\n{line}\n")).unwrap_err();
        assert_eq!(error.line, 2);
        error.problem
    };
    assert_eq!(wrong("hello"), Problem::NotAnObject);
    assert_eq!(wrong(r#"{"from":"dialer","hex":""}"#), Problem::Member("t_ms"));
    assert_eq!(wrong(r#"{"t_ms":1e3,"from":"dialer","hex":""}"#), Problem::Member("t_ms"));
    assert_eq!(wrong(r#"{"t_ms":1,"from":"me","hex":""}"#), Problem::Member("from"));
    assert_eq!(wrong(r#"{"t_ms":1,"from":"dialer","hex":"abc"}"#), Problem::Member("hex"));
    assert_eq!(wrong(r#"{"t_ms":1,"dropped":-1,"bytes":0}"#), Problem::Member("dropped"));
    assert_eq!(wrong(r#"{"recording":2}"#), Problem::Version("2".into()));
    assert_eq!(wrong(r#"{"recording":1,"network":"moon"}"#), Problem::Member("network"));
    let config = |config: &str| {
        wrong(&format!(
            r#"{{"recording":1,"network":"simnet","direction":"inbound","unix_time":0,"config":{config}}}"#
        ))
    };
    assert_eq!(config(r#"{"colour":1}"#), Problem::Setting("colour".into()));
    assert_eq!(config(r#"{"max_requests":0}"#), Problem::Config(ConfigError::Zero("max_requests")));
}

#[test]
fn what_other_programs_write_is_read_too() {
    let line = " { \"hex\" : \"AbCd\" , \"note\" : [1,{\"a\":\"]}\\\"\"}], \"from\":\"listener\", \"t_ms\" : 0.30000000001 } ";
    let recording = Recording::read(line).unwrap();
    let kind = EntryKind::Bytes { from: Side::Listener, bytes: Bytes::from_static(&[0xab, 0xcd]) };
    assert_eq!(recording.entries, [Entry { at: Time::from_elapsed(Duration::from_micros(300)), kind }]);
}

fn text_of(header: Option<&Header>, entries: &[Entry]) -> String {
    let lines = header.map(ToString::to_string).into_iter().chain(entries.iter().map(ToString::to_string));
    lines.map(|line| line + "\n").collect()
}

fn header() -> impl Strategy<Value = Header> {
    let direction = prop_oneof![Just(Direction::Inbound), Just(Direction::Outbound)];
    let network = prop_oneof![Just(Network::MAINNET), any::<u32>().prop_map(Network::from_magic)];
    let times = (any::<u32>(), 1..u64::from(u32::MAX));
    (direction, network, times, any::<String>(), any::<String>()).prop_map(
        |(direction, network, (unix_time, nanos), software, address)| {
            let interval = Duration::from_nanos(nanos);
            let config =
                Config::builder(network).ping_interval(interval).idle_timeout(interval * 2).build().unwrap();
            let unix_time = Timestamp::new(unix_time.into()).unwrap();
            Header::new(config, direction).software(software).address(address).unix_time(unix_time)
        },
    )
}

fn entry() -> impl Strategy<Value = Entry> {
    let side = || prop_oneof![Just(Side::Dialer), Just(Side::Listener)];
    let bytes = prop::collection::vec(any::<u8>(), 1..300);
    let kind = prop_oneof![
        4 => (side(), bytes).prop_map(|(from, bytes)| EntryKind::Bytes { from, bytes: bytes.into() }),
        1 => side().prop_map(EntryKind::Eof),
        1 => (side(), any::<u64>(), any::<[u8; 32]>()).prop_map(|(from, bytes, hash)| {
            EntryKind::Skipped { from, bytes, hash: Hash::from_bytes(hash) }
        }),
        1 => any::<(u64, u64)>().prop_map(|(pieces, bytes)| EntryKind::Dropped { pieces, bytes }),
        1 => any::<(String, String)>().prop_map(|(reason, detail)| EntryKind::End { reason, detail }),
    ];
    (0..u64::MAX - 1, kind).prop_map(|(nanos, kind)| {
        let at = Time::from_elapsed(Duration::from_nanos(nanos));
        Entry { at, kind }
    })
}
