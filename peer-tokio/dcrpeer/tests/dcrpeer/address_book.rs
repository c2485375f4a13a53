//! What `serve` tells those who ask for addresses.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::SystemTime;

use peer_core::message::{AddrV2, Address, NetAddressV2, Timestamp};
use peer_core::{Message, ProtocolVersion, Services};
#[cfg(target_os = "linux")]
use tokio::net::TcpSocket;

use crate::network::entry;
use crate::serve::{Guest, serve, talk};

const DAY: u64 = 24 * 3600;

#[test]
fn getaddr_is_answered_with_the_addresses_that_others_sent() {
    let server = serve(&[]);
    talk(async {
        let told = [routable(1), entry(Address::TorV3([7; 32]), 9108)];
        let mut teller = Guest::enter(&server.address(), ProtocolVersion::LATEST).await;
        // Twice the same.
        tell(&mut teller, &told).await;
        tell(&mut teller, &told).await;
        assert_eq!(ask(&server.address()).await, told);

        // Once on each connection.
        teller.say(Message::GetAddr).await;
        teller.hear("addrv2").await;
        teller.say(Message::GetAddr).await;
        assert_eq!(teller.spawn_peer().await, []);

        let mut old = Guest::enter(&server.address(), ProtocolVersion::new(11)).await;
        old.say(Message::GetAddr).await;
        let Message::Addr(answer) = old.hear("addr").await else { panic!("no addr") };
        let sockets: Vec<_> = answer.addresses.iter().map(|entry| entry.address.socket_addr()).collect();
        assert_eq!(sockets, [(Ipv4Addr::new(5, 9, 0, 1), 9108).into()]);
    });
}

#[test]
fn addresses_that_are_not_routable_are_not_told_on() {
    let server = serve(&[]);
    let unroutable = [
        "10.0.0.1",
        "127.0.0.1",
        "192.168.0.7",
        "192.0.0.8",
        "203.0.113.7",
        "255.255.255.255",
        "::1",
        "::ffff:10.0.0.1",
        "fd00::1",
        "fe80::1",
        "fec0::1",
        "100::1",
        "2001:10::1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ];
    let mut told: Vec<_> = unroutable.map(|ip| entry(ip.parse::<IpAddr>().unwrap().into(), 9108)).into();
    told.push(entry(v4([5, 9, 0, 2]), 0));
    told.push(routable(1));
    talk(async {
        tell(&mut Guest::enter(&server.address(), ProtocolVersion::LATEST).await, &told).await;
        assert_eq!(ask(&server.address()).await, [routable(1)]);
    });
}

#[test]
fn an_ipv4_address_is_told_as_one() {
    let server = serve(&[]);
    let mapped = entry(Address::Ipv6(Ipv4Addr::new(5, 9, 0, 1).to_ipv6_mapped()), 9108);
    talk(async {
        tell(&mut Guest::enter(&server.address(), ProtocolVersion::LATEST).await, &[mapped]).await;
        assert_eq!(ask(&server.address()).await, [routable(1)]);
    });
}

#[test]
fn a_test_network_may_tell_private_addresses_and_the_nodes_own() {
    let server = serve(&["--allow-private"]);
    let own: SocketAddr = server.address().parse().unwrap();
    let private =
        ["10.0.0.1", "127.0.0.5", "fd00::1"].map(|ip| entry(ip.parse::<IpAddr>().unwrap().into(), 7));
    let told = [private.as_slice(), &[entry(v4([192, 0, 0, 8]), 7)]].concat();
    talk(async {
        tell(&mut Guest::enter(&server.address(), ProtocolVersion::LATEST).await, &told).await;
        let sockets: Vec<_> =
            ask(&server.address()).await.iter().map(|entry| (entry.address, entry.port)).collect();
        let expected = private.map(|entry| (entry.address, entry.port));
        assert_eq!(sockets[..3], expected);
        assert_eq!(sockets[3..], [(own.ip().into(), own.port())]);
    });
}

#[test]
fn a_time_in_the_future_becomes_five_days_ago() {
    let server = serve(&[]);
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    // Five minutes ahead is within what clocks differ by.
    let times = [127_000_000_000, Timestamp::MAX.seconds(), now + 3600, now + 300, now - 90 * DAY, 0];
    let told: Vec<_> = (1..).zip(times).map(|(host, time)| dated(routable(host), time)).collect();
    talk(async {
        tell(&mut Guest::enter(&server.address(), ProtocolVersion::LATEST).await, &told).await;
        let heard = ask(&server.address()).await;
        let heard: Vec<_> = heard.iter().map(|entry| entry.timestamp.seconds()).collect();
        let later = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
        for reset in &heard[..3] {
            assert!((now - 5 * DAY..=later - 5 * DAY).contains(reset), "{heard:?}");
        }
        assert_eq!(heard[3..], times[3..]);
    });
}

#[test]
fn an_address_that_is_told_again_takes_the_later_time() {
    let server = serve(&[]);
    talk(async {
        let mut teller = Guest::enter(&server.address(), ProtocolVersion::LATEST).await;
        for time in [1_700_000_000, 1_700_000_500, 1_700_000_200] {
            tell(&mut teller, &[dated(routable(1), time)]).await;
        }
        let heard = ask(&server.address()).await;
        assert_eq!(heard, [dated(routable(1), 1_700_000_500)]);
    });
}

#[test]
fn no_peer_fills_the_address_book_or_displaces_others() {
    let server = serve(&[]);
    let flood: Vec<_> =
        (0..1000).map(|host| entry(Address::Ipv4(Ipv4Addr::from(0x2d00_0001 + host)), 9108)).collect();
    let honest: Vec<_> = (1..=50).map(routable).collect();
    talk(async {
        // Before the honest one, and again and again after.
        for (first, told) in [(0, &flood), (1, &honest), (2, &flood), (3, &flood)] {
            let mut visitor = Guest::enter(&server.address(), ProtocolVersion::LATEST).await;
            let told: Vec<_> = told.iter().map(|entry| moved(*entry, first)).collect();
            tell(&mut visitor, &told).await;
        }
        let heard = ask(&server.address()).await;
        let of_honest = heard.iter().filter(|entry| is_in(entry, 5)).count();
        assert_eq!(of_honest, 50);
        for flood in [45, 47, 48] {
            let count = heard.iter().filter(|entry| is_in(entry, flood)).count();
            assert!(count <= 100, "{count} of the 1,000 that visitor {flood} told");
        }
    });
}

#[test]
fn a_late_peer_displaces_entries_of_the_peers_with_most() {
    let mut server = serve(&[]);
    server.read_on();
    talk(async {
        for network in 20..60 {
            let mut visitor = Guest::enter(&server.address(), ProtocolVersion::LATEST).await;
            let told: Vec<_> = (1..=100).map(|host| entry(v4([network, 9, 0, host]), 9108)).collect();
            tell(&mut visitor, &told).await;
        }
        let mut late = Guest::enter(&server.address(), ProtocolVersion::LATEST).await;
        tell(&mut late, &(1..=5).map(routable).collect::<Vec<_>>()).await;
        let heard = ask(&server.address()).await;
        assert_eq!(heard.iter().filter(|entry| is_in(entry, 5)).count(), 5);
        let shares: Vec<_> =
            (20..60).map(|network| heard.iter().filter(|entry| is_in(entry, network)).count()).collect();
        let (least, most) = (shares.iter().min().unwrap(), shares.iter().max().unwrap());
        assert!(*least >= 1 && most - least <= 1, "{shares:?}");
    });
}

/// A visitor from another network, which on Linux this machine has, too.
#[cfg(target_os = "linux")]
async fn enter_from(network: u8, server: &str) -> Guest {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, network, 0, 1], 0))).unwrap();
    let stream = socket.connect(server.parse().unwrap()).await.unwrap();
    Guest::introduce(stream, ProtocolVersion::LATEST).await
}

#[cfg(target_os = "linux")]
#[test]
fn no_network_fills_the_address_book_by_many_peers() {
    let server = serve(&[]);
    talk(async {
        for visitor in 0..5 {
            let told: Vec<_> = (1..=100).map(|host| entry(v4([45, visitor, 0, host]), 9108)).collect();
            tell(&mut enter_from(1, &server.address()).await, &told).await;
        }
        let heard = ask(&server.address()).await;
        assert_eq!(heard.len(), 250);
        let shares: Vec<_> =
            (0..5).map(|visitor| heard.iter().filter(|one| second(one) == visitor).count()).collect();
        assert_eq!(shares, [50; 5], "its visitors have equal shares");
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_late_network_displaces_entries_of_the_networks_with_most() {
    let server = serve(&[]);
    talk(async {
        for (network, visitor) in (1..=4).flat_map(|network| (0..3).map(move |visitor| (network, visitor))) {
            let told: Vec<_> = (1..=100).map(|host| entry(v4([45, network, visitor, host]), 9108)).collect();
            tell(&mut enter_from(network, &server.address()).await, &told).await;
        }
        let full = ask(&server.address()).await;
        assert_eq!(full.len(), 999);
        let told: Vec<_> = (1..=50).map(routable).collect();
        tell(&mut enter_from(5, &server.address()).await, &told).await;
        let heard = ask(&server.address()).await;
        assert_eq!((heard.len(), heard.iter().filter(|entry| is_in(entry, 5)).count()), (999, 50));
        let shares: Vec<_> = (1..=4)
            .map(|network| heard.iter().filter(|one| is_in(one, 45) && second(one) == network).count())
            .collect();
        assert!(shares.iter().all(|share| (237..=238).contains(share)), "{shares:?}");
    });
}

/// An address that can be reached from anywhere, if anybody is there.
fn routable(host: u8) -> NetAddressV2 {
    entry(v4([5, 9, 0, host]), 9108)
}

fn v4(octets: [u8; 4]) -> Address {
    Address::Ipv4(octets.into())
}

fn dated(entry: NetAddressV2, seconds: u64) -> NetAddressV2 {
    NetAddressV2 { timestamp: Timestamp::new(seconds).unwrap(), services: Services::NODE_NETWORK, ..entry }
}

/// Another network's address for a flood; an honest one keeps its own.
fn moved(entry: NetAddressV2, networks: u8) -> NetAddressV2 {
    match entry.address {
        Address::Ipv4(ip) if ip.octets()[0] == 45 => {
            let [first, b, c, d] = ip.octets();
            NetAddressV2 { address: v4([first + networks, b, c, d]), ..entry }
        }
        _ => entry,
    }
}

/// The second number of an IPv4 address.
#[cfg(target_os = "linux")]
fn second(entry: &NetAddressV2) -> u8 {
    let Address::Ipv4(ip) = entry.address else { panic!("{entry:?} is not IPv4") };
    ip.octets()[1]
}

fn is_in(entry: &NetAddressV2, network: u8) -> bool {
    matches!(entry.address, Address::Ipv4(ip) if ip.octets()[0] == network)
}

/// Tells these, and waits for a sign that they were read.
async fn tell(guest: &mut Guest, told: &[NetAddressV2]) {
    guest.say(Message::AddrV2(AddrV2::new(told.to_vec()).unwrap())).await;
    guest.spawn_peer().await;
}

/// What a newcomer is told.
async fn ask(server: &str) -> Vec<NetAddressV2> {
    let mut guest = Guest::enter(server, ProtocolVersion::LATEST).await;
    guest.say(Message::GetAddr).await;
    let Message::AddrV2(answer) = guest.hear("addrv2").await else { panic!("no addrv2") };
    answer.addresses().to_vec()
}
