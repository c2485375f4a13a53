//! A mixing message only ever answers the `getdata` that names its hash, and that admits nothing else.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use peer_core::message::{
    FieldValues, GetData, Inventory, InventoryKind, MixFactoredPoly, MixHeader, NotFound, SeenMessages,
};
use peer_core::{Command, Error, Hash, Message};
use peer_tests::remote::{Remote, established, established_at, header};
use peer_tests::samples::getdata;

fn mixing_message(run: u32) -> Message {
    let header = MixHeader { signature: [1; 64], identity: [2; 33], session_id: [3; 32], run };
    let (roots, seen_slot_reserves) = (FieldValues::default(), SeenMessages::new());
    Message::MixFactoredPoly(Box::new(MixFactoredPoly { header, roots, seen_slot_reserves }))
}

fn item(message: &Message) -> Inventory {
    Inventory::mix(message.mix_hash().unwrap())
}

fn ask(remote: &mut Remote, message: &Message) {
    let inventory = vec![item(message)].try_into().unwrap();
    remote.machine.send(&Message::GetData(GetData { inventory }), remote.now).unwrap();
}

#[test]
fn a_mixing_message_closes_the_request_that_names_its_hash() {
    let (mut remote, message) = (established(), mixing_message(0));
    ask(&mut remote, &message);
    remote.hears();
    remote.say(&message);
    assert_eq!(remote.messages(), core::slice::from_ref(&message));
    assert_eq!(remote.machine.open_requests(), 0);
    remote.say(&message);
    assert_eq!(remote.error(), Error::Unrequested(message.command()));
}

#[test]
fn another_mixing_message_is_no_answer() {
    let (mut remote, asked, other) = (established(), mixing_message(0), mixing_message(1));
    ask(&mut remote, &asked);
    remote.say(&other);
    assert_eq!(remote.error(), Error::Unrequested(other.command()));
}

#[test]
fn a_mixing_message_that_the_remote_does_not_have_closes_the_request_too() {
    let (mut remote, message) = (established(), mixing_message(0));
    ask(&mut remote, &message);
    let inventory = vec![item(&message)].try_into().unwrap();
    remote.say(&Message::NotFound(NotFound { inventory }));
    remote.events();
    assert_eq!(remote.machine.open_requests(), 0);
}

#[test]
fn an_open_request_admits_no_header_of_another_kind() {
    let kinds = [
        (InventoryKind::TX, "tx", 12),
        (InventoryKind::BLOCK, "block", 12),
        (InventoryKind::FILTERED_BLOCK, "merkleblock", 5),
        (InventoryKind::MIX, "mixdcnet", 12),
    ];
    for (kind, own, version) in kinds {
        for said in ["block", if version == 5 { "merkleblock" } else { "mixdcnet" }] {
            let mut remote = established_at(version);
            let request = getdata([Inventory { kind, hash: Hash::ZERO }]);
            remote.machine.send(&request, remote.now).unwrap();
            remote.hears();
            remote.say_bytes(&header(said, 100, [0; 4]));
            let refused = Err(Error::Unrequested(Command::new(said).unwrap()));
            let expected = if said == own { Ok(None) } else { refused };
            assert_eq!(remote.pull(), expected, "asked for {own}, said {said}");
        }
    }
}
