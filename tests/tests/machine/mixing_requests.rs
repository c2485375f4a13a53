//! A mixing message only ever answers the `getdata` that names its hash.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use peer_core::message::{
    FieldValues, GetData, Inventory, MixFactoredPoly, MixHeader, NotFound, SeenMessages,
};
use peer_core::{Error, Message};
use peer_tests::remote::{Remote, established};

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
