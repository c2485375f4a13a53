//! Requests with an id for filters, initial state, addresses and pings, and what surfaces beside them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;

use peer_core::message::{
    Addr, AddrV2, Address, GetCFilterV2, GetCfsV2, InitStateTypeList, Inventory, NetAddressV2, Pong,
    Timestamp,
};
use peer_core::{
    Config, Direction, Error, Event, Expected, Hash, Interest, Message, Node, Request, RequestError,
    RequestOptions, Services, Timer, Unanswered,
};
use peer_tests::remote::{NETWORK, Remote, established, established_at, introduction, unguarded};
use peer_tests::requests::{
    NONE, Told, chain, filter, filters, filters_of, headers_after, headers_of, items, told,
};
use peer_tests::samples::{block, block_item, inv, ping, tx};

const SECOND: Duration = Duration::from_secs(1);
const PLAIN: RequestOptions = RequestOptions::new();
const INIT_STATE: Request = Request::InitState(InitStateTypeList::new());

fn hashes(numbers: impl IntoIterator<Item = u8>) -> Vec<Hash> {
    numbers.into_iter().map(|number| Hash::from_bytes([number; 32])).collect()
}

fn items_of(numbers: impl IntoIterator<Item = u8>) -> Vec<Inventory> {
    hashes(numbers).into_iter().map(Inventory::block).collect()
}

/// The dialled remote of an outbound peer, after a handshake at this version.
fn dialled_at(version: u32) -> Remote {
    let config = unguarded().min_protocol_version(1.into()).build().unwrap();
    let mut remote = Remote::new(&Node::new(config), Direction::Outbound);
    remote.hears();
    remote.say(&introduction(version.cast_signed()).into());
    remote.events();
    remote.say(&Message::Verack);
    assert_eq!(remote.events(), [Event::Established]);
    remote.hears();
    remote
}

/// Says the pongs to all pings that were heard since the last time.
fn pong_all(remote: &mut Remote, heard: Vec<Message>) {
    for message in heard {
        if let Message::Ping(ping) = message {
            remote.is_told(&Pong { nonce: ping.nonce }.into());
        }
    }
}

#[test]
fn filters_of_exactly_these_blocks_respond() {
    for version in [11, 12] {
        let mut remote = established_at(version);
        let id = remote.machine.request(&filters(hashes(1..=100)), PLAIN, remote.now).unwrap();
        let [start_hash, end_hash] = [Hash::from_bytes([1; 32]), Hash::from_bytes([100; 32])];
        let heard = remote.hears();
        assert_eq!(heard[0], Message::GetCfsV2(GetCfsV2 { start_hash, end_hash }));
        assert!(matches!(heard[1..], [Message::Ping(_)]));
        let response = filters_of(&hashes(1..=100));
        assert_eq!(remote.is_told(&response), [Told::Response(id, response.clone(), 0)]);
    }
}

#[test]
fn filters_of_other_blocks_are_a_mismatch() {
    for other in [hashes([1, 2]), hashes([1, 2, 3, 4]), hashes([1, 3, 2]), hashes([2, 3, 4]), hashes([])] {
        let mut remote = established();
        let id = remote.is_asked(&filters(hashes(1..=3)));
        assert_eq!(
            remote.is_told(&filters_of(&other)),
            [Told::Ended(id, Unanswered::Mismatch, items_of(1..=3))]
        );
        assert!(remote.machine.is_established(), "what follows is up to the owner");
    }
}

#[test]
fn filters_that_come_after_all_are_no_mismatch_of_the_next_request() {
    let mut remote = established();
    let late = remote.machine.request(&filters(hashes(1..=3)), PLAIN, remote.now).unwrap();
    let heard = remote.hears();
    pong_all(&mut remote, heard);
    assert_eq!(remote.wait(SECOND * 3), Ok(()));
    assert_eq!(told(&mut remote), [Told::Ended(late, Unanswered::Declined, items_of(1..=3))]);

    let next = remote.is_asked(&filters(hashes(4..=6)));
    let response = filters_of(&hashes(1..=3));
    assert_eq!(remote.is_told(&response), [Told::Message(response)]);
    let response = filters_of(&hashes(4..=6));
    assert_eq!(remote.is_told(&response), [Told::Response(next, response.clone(), 0)]);
}

#[test]
fn filters_that_were_asked_for_without_an_id_are_no_mismatch() {
    let mut remote = established();
    let [start_hash, end_hash] = [Hash::from_bytes([1; 32]); 2];
    remote.machine.send(&Message::GetCfsV2(GetCfsV2 { start_hash, end_hash }), remote.now).unwrap();
    let id = remote.is_asked(&filters(hashes([2])));
    let plain = filters_of(&hashes([1]));
    assert_eq!(remote.is_told(&plain), [Told::Message(plain)]);
    let response = filters_of(&hashes([2]));
    assert_eq!(remote.is_told(&response), [Told::Response(id, response.clone(), 0)]);
}

#[test]
fn below_version_11_filters_come_one_by_one() {
    let one = |number| Message::CFilterV2(filter(Hash::from_bytes([number; 32])).into());
    for version in [7, 10] {
        let mut remote = established_at(version);
        let id = remote.machine.request(&filters(hashes(1..=3)), PLAIN, remote.now).unwrap();
        let heard = remote.hears();
        let asked = |number| Message::from(GetCFilterV2 { block_hash: Hash::from_bytes([number; 32]) });
        assert_eq!(heard[..3], [asked(1), asked(2), asked(3)]);
        assert_eq!(remote.is_told(&one(1)), [Told::Response(id, one(1), 2)]);
        // The remote does not know the second one.
        assert_eq!(remote.is_told(&one(3)), [Told::Response(id, one(3), 1)]);
        pong_all(&mut remote, heard);
        assert_eq!(remote.wait(SECOND * 3), Ok(()));
        assert_eq!(told(&mut remote), [Told::Ended(id, Unanswered::Declined, items_of([2]))]);

        let id = remote.is_asked(&filters(hashes([4])));
        assert_eq!(remote.is_told(&one(2)), [Told::Message(one(2))], "late, and not unasked");
        assert_eq!(remote.is_told(&one(9)), [Told::Ended(id, Unanswered::Mismatch, items_of([4]))]);
    }
}

#[test]
fn what_the_version_does_not_have_is_refused() {
    let refused = |version, request: &Request| {
        let mut remote = established_at(version);
        remote.machine.request(request, PLAIN, remote.now).err()
    };
    let not_in = |command, since: u32, version: u32| {
        Some(RequestError::NotInProtocol { command, since: since.into(), version: version.into() })
    };
    assert_eq!(refused(6, &filters(hashes([1]))), not_in("getcfilterv2", 7, 6));
    assert_eq!(refused(7, &filters(hashes([1]))), None);
    assert_eq!(refused(7, &INIT_STATE), not_in("getinitstate", 8, 7));
    assert_eq!(refused(12, &filters(hashes([]))), Some(RequestError::Empty));
}

#[test]
fn the_initial_state_is_asked_for_once() {
    let mut remote = established();
    let id = remote.is_asked(&INIT_STATE);
    let state = Message::InitState(Box::default());
    assert_eq!(remote.is_told(&state), [Told::Response(id, state.clone(), 0)]);
    let again = remote.machine.request(&INIT_STATE, PLAIN, remote.now);
    assert_eq!(again, Err(RequestError::OnlyOnce { command: "getinitstate" }));
}

#[test]
fn an_initial_state_that_does_not_come_ends_the_connection() {
    let mut remote = established();
    remote.is_asked(&INIT_STATE);
    assert_eq!(remote.wait(SECOND * 31), Err(Error::Stalled(Expected::Message("initstate"))));
}

#[test]
fn addresses_are_asked_for_once_where_we_dialled() {
    let address = NetAddressV2 {
        timestamp: Timestamp::MAX,
        services: Services::NODE_NETWORK,
        address: Address::TorV3([1; 32]),
        port: 9108,
    };
    let v2 = Message::AddrV2(AddrV2::new(vec![address]).unwrap());
    for (version, response) in [(11, Message::Addr(Addr::default())), (12, v2)] {
        let mut remote = dialled_at(version);
        let id = remote.machine.request(&Request::Addresses, PLAIN, remote.now).unwrap();
        assert!(matches!(remote.hears()[..], [Message::GetAddr, Message::Ping(_)]));
        assert_eq!(remote.is_told(&response), [Told::Response(id, response.clone(), 0)]);
        assert_eq!(remote.is_told(&response), [Told::Message(response)]);
        let again = remote.machine.request(&Request::Addresses, PLAIN, remote.now);
        assert_eq!(again, Err(RequestError::OnlyOnce { command: "getaddr" }));
    }
    let mut remote = established();
    let refused = remote.machine.request(&Request::Addresses, PLAIN, remote.now);
    assert_eq!(refused, Err(RequestError::NotDialled { command: "getaddr" }));
}

#[test]
fn a_node_without_addresses_declines() {
    let mut remote = dialled_at(12);
    let id = remote.machine.request(&Request::Addresses, PLAIN, remote.now).unwrap();
    let heard = remote.hears();
    pong_all(&mut remote, heard);
    assert_eq!(remote.wait(SECOND * 3), Ok(()));
    assert_eq!(told(&mut remote), [Told::Ended(id, Unanswered::Declined, NONE)]);
}

#[test]
fn a_pong_with_the_nonce_of_a_ping_responds() {
    let mut remote = established();
    let id = remote.machine.request(&Request::Ping, PLAIN, remote.now).unwrap();
    let heard = remote.hears();
    let [Message::Ping(ping)] = heard[..] else { panic!("{heard:?}") };
    let other = Message::from(Pong { nonce: ping.nonce ^ 1 });
    assert_eq!(remote.is_told(&other), [Told::Message(other)]);
    let pong = Message::from(Pong { nonce: ping.nonce });
    assert_eq!(remote.is_told(&pong), [Told::Response(id, pong.clone(), 0)]);

    let id = remote.is_asked(&Request::Ping);
    assert_eq!(remote.wait(SECOND * 31), Ok(()));
    assert_eq!(told(&mut remote), [Told::Ended(id, Unanswered::TimedOut, NONE)]);
}

#[test]
fn pongs_do_not_hide_an_item_that_is_withheld() {
    let mut remote = established();
    remote.is_asked(&items([block_item(1)]));
    let ended = (0..90).find_map(|_| {
        remote.machine.request(&Request::Ping, PLAIN, remote.now).unwrap();
        let heard = remote.hears();
        pong_all(&mut remote, heard);
        remote.wait(SECOND / 2).err()
    });
    assert_eq!(ended, Some(Error::Stalled(Expected::Item(Box::new(block_item(1))))));
}

#[test]
fn reports_do_not_hide_that_a_remote_is_silent() {
    let mut remote = established();
    let ended = (0..60).find_map(|_| {
        remote.machine.request(&Request::Ping, PLAIN.timeout(SECOND), remote.now).unwrap();
        remote.hears();
        let ended = remote.wait(SECOND * 5).err();
        if ended.is_none() {
            assert_eq!(told(&mut remote).len(), 1);
        }
        ended
    });
    assert_eq!(ended, Some(Error::Timeout(Timer::Idle)));
    assert!(remote.now.elapsed() < SECOND * 130, "{}", remote.now);
}

#[test]
fn the_remote_is_not_waited_for_while_the_owner_holds_a_report() {
    let mut remote = established();
    remote.is_asked(&items([block_item(1)]));
    remote.is_asked_with(&Request::Ping, PLAIN.timeout(SECOND * 10));
    assert_eq!(remote.wait(SECOND * 11), Ok(()));
    assert!(matches!(remote.pull(), Ok(Some(Event::Unanswered { .. }))));
    remote.now += SECOND * 60;
    assert_eq!(remote.wait(SECOND * 15), Ok(()));
    assert_eq!(remote.is_told(&Message::Block(block(1))).len(), 1);
}

#[test]
fn without_interest_only_responses_surface() {
    let mut remote = established();
    remote.machine.set_interest(Interest::NONE, remote.now);
    let news = headers_of(chain(Hash::from_bytes([9; 32]), 1));
    for unasked in
        [inv([block_item(1)]), Message::Tx(tx(1)), news.clone(), Message::GetAddr, Message::SendHeaders]
    {
        assert_eq!(remote.is_told(&unasked), []);
    }
    assert!(remote.machine.wants_headers(), "what the machine notes, it notes in any case");
    assert_eq!(remote.is_told(&ping(1)), []);
    assert_eq!(remote.hears(), [Message::Pong(Pong { nonce: 1 })]);

    let id = remote.is_asked(&items([block_item(1)]));
    let response = Message::Block(block(1));
    assert_eq!(remote.is_told(&response), [Told::Response(id, response.clone(), 0)]);
    remote.say(&response);
    assert_eq!(remote.error(), Error::Unrequested(response.command()), "checked as ever");
}

#[test]
fn an_interest_is_a_set_of_kinds() {
    let mut remote = established();
    remote.machine.set_interest(Interest::ANNOUNCEMENTS | Interest::PINGS, remote.now);
    let news = headers_of(chain(Hash::from_bytes([9; 32]), 1));
    for unasked in [inv([block_item(1)]), news, ping(1)] {
        assert_eq!(remote.is_told(&unasked), [Told::Message(unasked)]);
    }
    assert_eq!(remote.is_told(&Message::Tx(tx(1))), []);
    remote.machine.set_interest(Interest::ALL, remote.now);
    assert_eq!(remote.is_told(&Message::Tx(tx(1))), [Told::Message(Message::Tx(tx(1)))]);
}

#[test]
fn requests_end_with_the_connection() {
    let mut remote = established();
    remote.is_asked(&headers_after([Hash::ZERO]));
    remote.machine.close(remote.now);
    assert_eq!(remote.machine.requests().len(), 0);
    let refused = remote.machine.request(&Request::Ping, PLAIN, remote.now);
    assert_eq!(refused, Err(RequestError::Send(Error::ClosedByOwner.into())));
    let mut early = Remote::new(&Node::new(Config::builder(NETWORK).build().unwrap()), Direction::Inbound);
    let refused = early.machine.request(&Request::Ping, PLAIN, early.now);
    assert_eq!(refused, Err(RequestError::Send(peer_core::SendError::NotEstablished)));
}
