//! What a protocol version says of itself, against the table of messages.

use peer_core::{Command, ProtocolVersion};

#[test]
fn a_version_has_what_its_messages_are_for() {
    type Question = fn(ProtocolVersion) -> bool;
    let questions: [(Question, &[&str]); 4] = [
        (ProtocolVersion::has_bloom_filters, &["filteradd", "filterclear", "filterload", "merkleblock"]),
        (ProtocolVersion::has_reject, &["reject"]),
        (ProtocolVersion::has_mixing, &["mixpairreq", "mixconfirm", "mixsecrets"]),
        (ProtocolVersion::has_addr_v2, &["addrv2"]),
    ];
    for version in all() {
        for (has, commands) in questions {
            for command in commands {
                let is_known = Command::new(command).unwrap().is_known_at(version);
                assert_eq!(has(version), is_known, "{command} at {version}");
            }
        }
        let has_addr = Command::new("addr").unwrap().is_known_at(version);
        assert_eq!(version.has_addr_v2(), !has_addr, "addr at {version}");
    }
}

#[test]
fn blocks_are_large_where_their_limit_is() {
    let block = Command::new("block").unwrap();
    for version in all() {
        let is_large = block.max_payload(version) > block.max_payload(ProtocolVersion::INITIAL);
        assert_eq!(version.has_large_blocks(), is_large, "{version}");
    }
}

fn all() -> impl Iterator<Item = ProtocolVersion> {
    (1..=ProtocolVersion::LATEST.get().saturating_add(1)).map(ProtocolVersion::new)
}
