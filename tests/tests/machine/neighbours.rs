//! What nodes of today demand of a peer and ban it for: the machine answers the one by itself and refuses to send the
//! other.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::net::Ipv4Addr;
use core::time::Duration;

use peer_core::message::{
    Addr, AddrV2, Address, FilterType, GetCFilter, GetCfHeaders, GetInitState, InitState, Inventory, Locator,
    MiningState, NetAddressV2, Raw, Timestamp,
};
use peer_core::{
    BanRule, Command, Config, Event, Hash, InitStateRequests, Message, SendError, Services, Time,
    UnknownCommands,
};
use peer_tests::dcrd_node::Score;
use peer_tests::remote::{LATEST, NETWORK, Remote, established, established_at, unguarded};
use peer_tests::samples::{getdata, inv_of, item, notfound};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

const SECOND: Duration = Duration::from_secs(1);

fn get_init_state() -> Message {
    Message::GetInitState(GetInitState::default())
}

fn init_state() -> Message {
    Message::InitState(Box::default())
}

/// A remote of this version, whose machine has the default rules.
fn guarded_at(version: u32) -> Remote {
    let config = Config::builder(NETWORK).min_protocol_version(1.into()).build().unwrap();
    Remote::established_at(config, version.into())
}

/// What the machine answers to a `getinitstate`, which surfaces.
fn asked_for_init_state(remote: &mut Remote) -> Vec<Message> {
    remote.say(&get_init_state());
    assert_eq!(remote.events(), [Event::Message(get_init_state())]);
    remote.hears()
}

/// Queues a message and lets it be written.
fn send(remote: &mut Remote, message: &Message) -> Result<(), SendError> {
    remote.machine.send(message, remote.now)?;
    remote.hears();
    Ok(())
}

/// Expects a message to be refused by this rule, without any effect.
fn refused(remote: &mut Remote, message: &Message, rule: BanRule) {
    let (queued, standing) = (remote.machine.queued(), remote.machine.standing(remote.now));
    assert_eq!(remote.machine.send(message, remote.now), Err(SendError::Bannable(rule)), "{message:?}");
    assert!(remote.machine.is_established());
    assert_eq!((remote.machine.queued(), remote.machine.standing(remote.now)), (queued, standing));
}

fn points(remote: &Remote) -> u32 {
    remote.machine.standing(remote.now).points()
}

fn transactions(count: u32) -> Message {
    notfound((0..count).map(item).collect::<Vec<_>>())
}

fn blocks(count: u32) -> Message {
    notfound((0..count).map(|number| Inventory::block(item(number).hash)).collect::<Vec<_>>())
}

fn request_of(count: u32) -> Message {
    getdata((0..count).map(item).collect::<Vec<_>>())
}

#[test]
fn getinitstate_is_answered_with_an_empty_initstate_once() {
    for version in 8..=LATEST {
        let mut remote = guarded_at(version);
        assert_eq!(asked_for_init_state(&mut remote), [init_state()], "{version}");
        assert_eq!(asked_for_init_state(&mut remote), [], "{version}");
        refused(&mut remote, &init_state(), BanRule::SecondInitState);
    }
}

#[test]
fn an_owner_who_serves_the_initial_state_answers_by_itself_and_once() {
    let config = Config::builder(NETWORK).init_state_requests(InitStateRequests::LeaveToOwner);
    let mut remote = Remote::established(config.build().unwrap());
    refused(&mut remote, &init_state(), BanRule::UnrequestedInitState);
    assert_eq!(asked_for_init_state(&mut remote), []);
    let full = InitState { block_hashes: vec![Hash::ZERO].try_into().unwrap(), ..InitState::default() };
    send(&mut remote, &full.into()).unwrap();
    refused(&mut remote, &init_state(), BanRule::SecondInitState);
}

#[test]
fn getinitstate_is_sent_once() {
    let mut remote = established();
    send(&mut remote, &get_init_state()).unwrap();
    refused(&mut remote, &get_init_state(), BanRule::SecondGetInitState);
}

#[test]
fn lists_without_entries_are_not_sent() {
    let mut remote = established();
    refused(&mut remote, &inv_of(0), BanRule::EmptyInv);
    refused(&mut remote, &getdata([]), BanRule::EmptyGetData);
    refused(&mut guarded_at(11), &Message::Addr(Addr::default()), BanRule::EmptyAddr);
    send(&mut remote, &notfound([])).unwrap();
}

#[test]
fn mining_state_is_spoken_of_below_version_8_only() {
    let state = MiningState {
        version: 1,
        height: 0,
        block_hashes: Vec::new().try_into().unwrap(),
        vote_hashes: Vec::new().try_into().unwrap(),
    };
    for version in 6..=LATEST {
        let mut remote = guarded_at(version);
        for message in [Message::GetMinings, state.clone().into()] {
            if version < 8 {
                send(&mut remote, &message).unwrap();
            } else {
                refused(&mut remote, &message, BanRule::MiningState);
            }
        }
    }
}

#[test]
fn version_1_filters_are_asked_for_below_version_9_only() {
    let (filter_type, block_hash) = (FilterType::REGULAR, Hash::ZERO);
    let headers = GetCfHeaders { locator: Locator::default(), stop: Hash::ZERO, filter_type };
    for version in 6..=LATEST {
        let mut remote = guarded_at(version);
        let requests =
            [GetCFilter { block_hash, filter_type }.into(), headers.clone().into(), Message::GetCfTypes];
        for request in &requests {
            if version < 9 {
                send(&mut remote, request).unwrap();
            } else {
                refused(&mut remote, request, BanRule::VersionOneFilters);
            }
        }
    }
}

#[test]
fn an_unknown_command_is_not_sent_whatever_happens_to_those_that_come() {
    let raw = |name| Raw { command: Command::new(name).unwrap(), payload: vec![7].into() };
    for policy in [UnknownCommands::Refuse, UnknownCommands::Ignore, UnknownCommands::Deliver] {
        let config = Config::builder(NETWORK).unknown_commands(policy).build().unwrap();
        let mut remote = Remote::established(config);
        for name in ["custom", "reject", "filterload"] {
            refused(&mut remote, &raw(name).into(), BanRule::UnknownCommand);
        }
    }
    let config = unguarded().unknown_commands(UnknownCommands::Deliver).build().unwrap();
    let mut remote = Remote::established(config);
    assert!(remote.machine.send(&raw("custom").into(), remote.now).is_ok());
}

#[test]
fn an_ipv4_address_in_the_form_of_an_ipv6_one_is_sent_as_what_it_is() {
    let entry = |address| NetAddressV2 {
        timestamp: Timestamp::default(),
        services: Services::NODE_NETWORK,
        address,
        port: 9108,
    };
    let (plain, mapped) = (Ipv4Addr::new(203, 0, 113, 7), Ipv4Addr::new(203, 0, 113, 7).to_ipv6_mapped());
    let mut remote = established();
    let mapped = [entry(Address::Ipv6(mapped))];
    refused(&mut remote, &AddrV2::new(mapped.to_vec()).unwrap().into(), BanRule::AddrNotCanonical);
    let sent = remote.machine.send_addresses(&mapped, &mut ChaCha8Rng::seed_from_u64(1), remote.now);
    assert_eq!(sent, Ok(vec![entry(Address::Ipv4(plain))]));
}

/// Measured: exactly 100 points stay, 101 are a ban.
#[test]
fn notfound_is_sent_as_long_as_a_node_bears_it() {
    let limit = 100;
    let mut remote = established();
    send(&mut remote, &blocks(5)).unwrap();
    assert_eq!(points(&remote), 100);
    refused(&mut remote, &blocks(1), BanRule::Points { points: 120, limit });
    refused(&mut remote, &transactions(1), BanRule::Points { points: 110, limit });
    refused(&mut established(), &blocks(6), BanRule::Points { points: 120, limit });

    let mut remote = established();
    send(&mut remote, &transactions(10)).unwrap();
    refused(&mut remote, &transactions(1), BanRule::Points { points: 110, limit });
    refused(&mut established(), &transactions(11), BanRule::Points { points: 110, limit });
    let mixing = vec![Inventory::mix(Hash::ZERO); 11];
    refused(&mut established(), &notfound(mixing), BanRule::Points { points: 110, limit });

    let mut remote = established();
    send(&mut remote, &blocks(3)).unwrap();
    send(&mut remote, &transactions(4)).unwrap();
    refused(&mut remote, &transactions(5), BanRule::Points { points: 150, limit });
}

#[test]
fn mempool_is_asked_for_three_times_in_a_minute_and_later_again() {
    let mut remote = established();
    for _ in 0..3 {
        send(&mut remote, &Message::MemPool).unwrap();
    }
    assert_eq!(points(&remote), 99);
    refused(&mut remote, &Message::MemPool, BanRule::Points { points: 132, limit: 100 });
    remote.wait(32 * SECOND).unwrap();
    assert_eq!(points(&remote), 99);
    remote.wait(60 * SECOND).unwrap();
    // Half of 99 is left, rounded up.
    assert_eq!(points(&remote), 50);
    send(&mut remote, &Message::MemPool).unwrap();
    assert_eq!(points(&remote), 83);
}

#[test]
fn a_getdata_costs_by_its_items_and_too_many_are_refused() {
    for (items, cost) in [(505, 0), (506, 1), (25_000, 49), (50_000, 99)] {
        let mut remote = established();
        send(&mut remote, &request_of(items)).unwrap();
        assert_eq!(points(&remote), cost, "{items}");
    }
    let config = Config::builder(NETWORK).max_requests(200_000).build().unwrap();
    let mut remote = Remote::established(config);
    send(&mut remote, &request_of(50_000)).unwrap();
    refused(&mut remote, &request_of(50_000), BanRule::Points { points: 198, limit: 100 });
    send(&mut remote, &request_of(505)).unwrap();
}

/// A node counts what it reads, and what waits with us it has not read yet.
#[test]
fn points_of_what_waits_to_be_written_do_not_fade() {
    let mut remote = established();
    for _ in 0..3 {
        remote.machine.send(&Message::MemPool, remote.now).unwrap();
    }
    remote.wait(100 * SECOND).unwrap();
    assert_eq!(points(&remote), 99);
    remote.hears();
    remote.now += 152 * SECOND;
    assert_eq!(points(&remote), 25);
    remote.now += 1680 * SECOND;
    assert_eq!(points(&remote), 0);
}

#[test]
fn points_do_not_fade_while_later_ones_are_written() {
    let mut remote = established();
    for (seconds, message) in [(0, Message::MemPool), (20, Message::MemPool), (1, request_of(506))] {
        remote.now += seconds * SECOND;
        send(&mut remote, &message).unwrap();
    }
    assert_eq!(points(&remote), 33 + 33 + 1);
}

#[test]
fn points_that_a_clock_ahead_wrote_put_off_those_behind_them() {
    let mut remote = established();
    for seconds in [100, 1] {
        remote.now = Time::from_elapsed(SECOND * seconds);
        send(&mut remote, &Message::MemPool).unwrap();
    }
    remote.now += 92 * SECOND;
    assert_eq!(points(&remote), 66);
}

/// Of many that wait, the newest of a lane are counted together.
#[test]
fn points_of_what_waits_in_one_lane_do_not_fade_with_those_of_the_other() {
    let mut remote = Remote::established(unguarded().build().unwrap());
    for _ in 0..34 {
        remote.machine.send(&transactions(1), remote.now).unwrap();
    }
    remote.machine.send(&Message::MemPool, remote.now).unwrap();
    assert_eq!(points(&remote), 340 + 33);
    // It overtakes the others.
    let mempool = remote.machine.take(usize::MAX, remote.now);
    assert_eq!(remote.understand(&mempool), [Message::MemPool]);
    remote.now += 92 * SECOND;
    assert_eq!(points(&remote), 340 + 17);
    // The last three are counted as one, which is not written before the last of them.
    (0..33).for_each(|_| drop(remote.machine.take(usize::MAX, remote.now)));
    remote.now += 92 * SECOND;
    assert_eq!(points(&remote), 310 / 2 + 30 + 6);
}

/// Whatever is sent when, and however late the node handles it, up to 30 s.
#[test]
fn the_points_are_never_fewer_than_those_of_a_node_that_is_not_too_late() {
    for seed in 0..100 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut below = |limit: u32| rng.next_u32() % limit;
        // Its clock began at another moment, and counts whole seconds.
        let phase = Duration::from_millis(u64::from(below(1000)));
        let (mut remote, mut node) = (established(), Score::default());
        let (mut handled, mut on_their_way) = (Time::ZERO, Vec::new());
        for _ in 0..100 {
            remote.now += Duration::from_millis(u64::from(below(20_000)));
            let message = match below(4) {
                0 => Message::MemPool,
                1 => request_of(500 + below(3_000)),
                2 => transactions(1 + below(3)),
                _ => blocks(below(2)),
            };
            let before = remote.machine.standing(remote.now);
            if send(&mut remote, &message).is_ok() {
                // In order, and at once or 30 s later: what fades most between two of them.
                let arrives = remote.now + Duration::from_millis([0, 29_999][usize::from(below(2) == 0)]);
                handled = handled.max(arrives);
                let after = remote.machine.standing(remote.now);
                on_their_way.push((handled, after.lasting - before.lasting, after.passing - before.passing));
            }
        }
        for (at, lasting, passing) in on_their_way {
            let points = node.increase(lasting, passing, at + phase);
            assert!(points <= 100, "seed {seed}: banned with {points} points");
        }
    }
}

#[test]
fn lasting_points_stay() {
    let mut remote = established();
    send(&mut remote, &blocks(2)).unwrap();
    remote.now += 100_000 * SECOND;
    let standing = remote.machine.standing(remote.now);
    assert_eq!((standing.lasting, standing.passing, standing.limit), (40, 0, 100));
}

#[test]
fn who_tests_nodes_sends_all_of_it_and_is_told_its_points() {
    let mut remote = Remote::established(unguarded().build().unwrap());
    for message in [inv_of(0), getdata([]), Message::GetMinings, Message::GetCfTypes, init_state(), blocks(6)]
    {
        send(&mut remote, &message).unwrap();
    }
    assert_eq!(points(&remote), 120);
    send(&mut established_at(11), &Message::Addr(Addr::default())).unwrap();
}
