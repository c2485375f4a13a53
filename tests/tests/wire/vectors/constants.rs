//! Names, genesis blocks and variable length integers.

use peer_core::message::{Block, InventoryKind, OutPoint, RejectCode, var_int};
use peer_core::{ErrorKind, Hash, Network, ProtocolVersion, Services};
use peer_tests::vectors::{Folder, Line, Tally};

use crate::vectors::common::{assert_fields, kind_name};

#[test]
fn names_are_the_references() {
    let folder = Folder::open();
    let mut tally = Tally::new("names");
    for line in tally.all_lines(&folder) {
        let place = line.place();
        let ours = match line.str("type") {
            "InvType" => InventoryKind::new(line.int("value")).to_string(),
            "ServiceFlag" => Services::from_bits(line.int("value")).to_string(),
            "RejectCode" => RejectCode::new(line.int("value")).to_string(),
            "CurrencyNet" => Network::from_magic(line.int("value")).to_string(),
            "OutPoint" => {
                let value = line.at("value");
                let hash = Hash::from_bytes(value.hash("hash"));
                OutPoint { hash, index: value.int("index"), tree: 0 }.to_string()
            }
            "ErrorCode" => match ErrorKind::NUMBERED.get(line.int::<usize>("value")) {
                Some(kind) => format!("Err{kind}"),
                // A kind that does not exist cannot be made here, so its text cannot be asked for.
                None => format!("Unknown ErrorCode ({})", line.u64("value")),
            },
            kind => panic!("{place}: nothing checks {kind}"),
        };
        assert_eq!(ours, line.str("text"), "{place}");
        tally.checked(&line);
    }
    tally.finish(&folder);
}

#[test]
fn networks_begin_with_their_genesis_blocks() {
    let folder = Folder::open();
    let mut tally = Tally::new("genesis");
    for line in tally.all_lines(&folder) {
        let place = line.place();
        let network: Network = line.str("net").parse().expect(&place);
        assert_eq!(network, Network::from_magic(line.int("magic")), "{place}");
        assert_eq!(
            network.default_port().map(|port| port.to_string()).as_deref(),
            Some(line.str("default_port"))
        );
        let genesis = network.genesis_hash().expect(&place);
        assert_eq!(genesis.to_string(), line.str("genesis_hash"), "{place}");
        assert_eq!(genesis.to_bytes().to_vec(), line.bytes("genesis_hash_hex"), "{place}");
        let block = Block::decode(line.bytes("block_hex").into(), ProtocolVersion::LATEST).expect(&place);
        assert_eq!(block.hash(), genesis, "{place}");
        let fields = serde_json::to_value(&block).expect("blocks serialize");
        assert_fields(&place, line.at("block").value(), &fields);
        tally.checked(&line);
    }
    tally.finish(&folder);
}

#[test]
fn variable_length_integers_have_one_form() {
    let folder = Folder::open();
    let mut tally = Tally::new("varint");
    for line in tally.all_lines(&folder) {
        assert_var_int(&line);
        tally.checked(&line);
    }
    tally.finish(&folder);
}

fn assert_var_int(line: &Line) {
    let (place, bytes) = (line.place(), line.bytes("hex"));
    if !line.bool("ok") {
        let error = var_int::read(&bytes).expect_err(&place);
        assert_eq!(error.kind().to_string(), kind_name(line.str("error")), "{place}");
        return;
    }
    let value = line.u64("value");
    let (read, taken) = var_int::read(&bytes).expect(&place);
    assert_eq!(read, value, "{place}");
    let mut written = Vec::new();
    var_int::write(&mut written, value);
    assert_eq!(written, bytes[..taken], "{place}");
    assert_eq!(var_int::len(value), taken, "{place}");
    let expected = line.get("size").or_else(|| line.get("consumed")).expect("one of them");
    assert_eq!(taken as u64, expected.as_int::<u64>(), "{place}");
}
