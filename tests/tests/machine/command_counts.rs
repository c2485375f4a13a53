//! Messages and bytes by command, of a peer whose owner wants to know.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use peer_core::{Config, Direction, Message, Node, Stats, UnknownCommands, blake256};
use peer_tests::remote::{NETWORK, Remote, bytes_of, established, frame, header};
use peer_tests::samples::{inv_of, ping};

/// A remote of a peer that counts from its first byte on.
fn counted() -> Remote {
    let config = Config::builder(NETWORK).count_commands(true).unknown_commands(UnknownCommands::Ignore);
    Remote::established(config.build().unwrap())
}

/// Name, messages and bytes sent, messages and bytes received.
type Row = (String, [u64; 4]);

fn rows(stats: &Stats) -> Vec<Row> {
    let name =
        |command: Option<peer_core::Command>| command.map_or("other".to_owned(), |name| name.to_string());
    let row = |count: &peer_core::CommandCount| {
        let numbers = [count.messages_sent, count.bytes_sent, count.messages_received, count.bytes_received];
        (name(count.command), numbers)
    };
    stats.commands.iter().map(row).collect()
}

/// What is counted of one command.
fn of(remote: &Remote, command: &str) -> [u64; 4] {
    let rows = rows(&remote.machine.stats());
    rows.into_iter().find(|(name, _)| name == command).map_or([0; 4], |(_, numbers)| numbers)
}

#[test]
fn nothing_is_counted_unless_it_is_wanted() {
    let mut remote = established();
    remote.say(&ping(1));
    remote.messages();
    remote.hears();
    assert_eq!(remote.machine.stats().commands, []);
}

#[test]
fn each_message_counts_once_with_its_header() {
    let mut remote = counted();
    for nonce in 0..3 {
        remote.say(&ping(nonce));
    }
    remote.messages();
    assert_eq!(of(&remote, "ping"), [0, 0, 3, 3 * 32]);
    assert_eq!(of(&remote, "pong"), [0; 4], "it counts when it is written");
    remote.hears();
    assert_eq!(of(&remote, "pong"), [3, 3 * 32, 0, 0]);
}

#[test]
fn the_handshake_counts_and_all_together_are_all_bytes() {
    let mut remote = counted();
    // Frames whose bytes lie in one piece, and in two.
    for message in [inv_of(1), inv_of(1000), peer_tests::samples::large_block(10_000).into()] {
        let frame = message.encode_frame(NETWORK, remote.machine.protocol_version()).unwrap();
        remote.machine.send_encoded(&frame, remote.now).unwrap();
        remote.machine.send(&message, remote.now).unwrap();
    }
    remote.say(&inv_of(7));
    remote.messages();
    remote.hears();
    let stats = remote.machine.stats();
    let names: Vec<_> = rows(&stats).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["block", "inv", "verack", "version"]);
    assert_eq!(of(&remote, "verack"), [1, 24, 1, 24]);
    let large = bytes_of(&inv_of(1000)).len() as u64;
    let small = bytes_of(&inv_of(1)).len() as u64;
    assert_eq!(of(&remote, "inv")[..2], [4, 2 * large + 2 * small]);
    let sum = |pick: fn(&[u64; 4]) -> u64| rows(&stats).iter().map(|(_, numbers)| pick(numbers)).sum::<u64>();
    assert_eq!(sum(|numbers| numbers[1]), stats.bytes_sent);
    assert_eq!(sum(|numbers| numbers[3]), stats.bytes_received);
}

#[test]
fn a_frame_counts_when_its_last_byte_is_written() {
    let mut remote = counted();
    remote.machine.send(&inv_of(1000), remote.now).unwrap();
    let len = remote.machine.poll_transmit(remote.now).len();
    remote.machine.handle_transmitted(len - 1, remote.now);
    assert_eq!(of(&remote, "inv"), [0; 4]);
    remote.machine.poll_transmit(remote.now);
    remote.machine.handle_transmitted(1, remote.now);
    assert_eq!(of(&remote, "inv"), [1, len as u64, 0, 0]);
}

#[test]
fn commands_that_no_one_knows_are_one_row_however_many_there_are() {
    let mut remote = counted();
    for number in 0..1000 {
        remote.say_bytes(&frame(&format!("custom{number}"), b"?"));
    }
    assert_eq!(remote.messages(), []);
    assert_eq!(of(&remote, "other"), [0, 0, 1000, 1000 * 25]);
    assert_eq!(remote.machine.stats().commands.len(), 3);
}

#[test]
fn a_frame_that_is_not_whole_or_not_right_does_not_count() {
    let mut remote = counted();
    let wrong = [&header("ping", 8, blake256::checksum(b"other"))[..], &[0; 8]].concat();
    remote.say_bytes(&wrong);
    remote.error();
    assert_eq!(of(&remote, "ping"), [0; 4]);
}

#[test]
fn the_counts_outlive_the_end() {
    let node = Node::new(Config::builder(NETWORK).count_commands(true).build().unwrap());
    let mut remote = Remote::new(&node, Direction::Inbound);
    remote.say(&Message::Verack);
    remote.error();
    assert_eq!(of(&remote, "verack"), [0, 0, 1, 24]);
}
