//! What `crawl` visits: only addresses that can be reached from anywhere, unless a seed is of another kind. All
//! crawls here go through a proxy of the test's own, so that nothing leaves this machine.

use core::net::IpAddr;
use std::collections::BTreeSet;

use peer_core::message::{Address, NetAddressV2};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::network::{config, entry, listeners, socket_entry, spawn_peer};
use crate::proxy::Proxy;
use crate::{Run, run};

/// Simnet's port.
const PORT: u16 = 18555;

/// From their own network only.
const PRIVATE: [&str; 13] = [
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.254",
    "192.168.0.1",
    "169.254.0.1",
    "100.64.0.1",
    "100.127.255.254",
    "198.18.0.1",
    "198.19.255.254",
    "fc00::1",
    "fdff::1",
    "fe80::1",
    "fec0::1",
];

/// Of no host at all, or forms that stand for an IPv4 address that is not routable.
const UNUSABLE: [&str; 46] = [
    "0.0.0.0",
    "0.1.2.3",
    "192.0.0.8",
    "192.0.2.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.254",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::ffff:0.0.0.5",
    "::ffff:192.0.0.7",
    // Compatible and translated forms, whatever they stand for.
    "::127.0.0.1",
    "::5.9.7.1",
    "::ffff:0:127.0.0.1",
    "::ffff:0:5.9.7.1",
    // NAT64.
    "64:ff9b::7f00:1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::0.0.0.0",
    "64:ff9b:1::5.9.7.1",
    // 6to4.
    "2002:7f00:1::",
    "2002:7f00:1::1",
    "2002:a00:1::1",
    "2002:c0a8:1::1",
    "2002:6440:1::1",
    "2002:e000:1::1",
    // Discard-only, and a prefix for dummies.
    "100::1",
    "100:0:0:1::1",
    // Protocol assignments: Teredo, benchmarking, ORCHID, ORCHIDv2, drones.
    "2001::1",
    "2001:0:509:701::1",
    "2001:2::1",
    "2001:10::1",
    "2001:1f:ffff::1",
    "2001:20::1",
    "2001:2f:ffff::1",
    "2001:30::1",
    // Documentation.
    "2001:db8::1",
    "3fff::1",
    "3fff:fff::1",
    // Outside of what is given to hosts.
    "5f00::1",
    "4000::1",
    "200::1",
    "ff02::1",
    "ff0e::1",
    "fe00::1",
];

/// From anywhere; many are next to a range that is not.
const ROUTABLE: [&str; 29] = [
    "1.0.0.1",
    "5.9.7.1",
    "9.255.255.254",
    "11.0.0.1",
    "100.63.255.254",
    "100.128.0.1",
    "126.255.255.254",
    "128.0.0.1",
    "169.253.255.254",
    "169.255.0.1",
    "172.15.255.254",
    "172.32.0.1",
    "192.0.1.1",
    "192.0.3.1",
    "192.167.255.254",
    "192.169.0.1",
    "198.17.255.254",
    "198.20.0.1",
    "198.51.101.1",
    "203.0.112.1",
    "223.255.255.254",
    "2001:200::1",
    "2001:470::1",
    "2001:db9::1",
    "2003::1",
    "2a01:4f8::1",
    "3ffe::1",
    "64:ff9b::5.9.7.1",
    "2002:509:701::1",
];

#[test]
fn a_crawl_visits_no_address_that_is_not_routable() {
    let addresses = PRIVATE.iter().chain(&UNUSABLE).chain(&["127.0.0.1", "127.255.255.254", "::1"]);
    let (crawl, asked) = crawl(&["peer.invalid"], &entries(addresses), &[]);
    assert_eq!(asked, BTreeSet::from([("peer.invalid".to_owned(), PORT)]));
    let skipped = json!({"private": PRIVATE.len(), "loopback": 3, "unusable": UNUSABLE.len()});
    assert_eq!(summary(&crawl)["skipped"], skipped);
}

#[test]
fn a_crawl_visits_every_address_that_is_routable() {
    let (crawl, asked) = crawl(&["peer.invalid"], &entries(ROUTABLE.iter()), &[]);
    let expected = ROUTABLE.iter().map(|ip| ip.parse::<IpAddr>().unwrap().to_string());
    let expected: BTreeSet<_> = expected.chain(["peer.invalid".to_owned()]).collect();
    assert_eq!(asked.into_iter().map(|(host, _)| host).collect::<BTreeSet<_>>(), expected);
    assert_eq!(summary(&crawl)["skipped"], json!({}));
}

#[test]
fn a_seed_on_this_machine_admits_no_other_form_of_its_address() {
    let disguised = ["64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1", "::ffff:0:127.0.0.1"];
    let told = [entries(disguised.iter()), entries(["127.0.0.2", "10.0.0.1"].iter())].concat();
    let (crawl, asked) = crawl(&["127.0.0.1:7"], &told, &[]);
    assert_eq!(asked, BTreeSet::from([("127.0.0.1".to_owned(), 7), ("127.0.0.2".to_owned(), PORT)]));
    assert_eq!(summary(&crawl)["skipped"], json!({"private": 1, "unusable": disguised.len()}));
}

#[test]
fn what_the_command_line_names_is_visited_whatever_it_is() {
    let seeds = ["192.0.0.8:9", "203.0.113.5", "[2001:10::1]:7"];
    let (crawl, asked) = crawl(&seeds, &entries(["192.0.0.9"].iter()), &[]);
    let expected = [("192.0.0.8", 9), ("203.0.113.5", PORT), ("2001:10::1", 7)];
    assert_eq!(asked, expected.map(|(host, port)| (host.to_owned(), port)).into());
    assert_eq!(summary(&crawl)["skipped"], json!({"unusable": 1}));
}

/// Many ports of one host of each kind that has a host, and last the network's own.
fn ports_of_one_host() -> Vec<NetAddressV2> {
    let hosts = [Address::Ipv4([5, 9, 7, 1].into()), Address::TorV3([7; 32])];
    let ports = (1..=100).chain([PORT]);
    ports.flat_map(|port| hosts.map(|host| entry(host, port))).collect()
}

#[test]
fn a_crawl_visits_few_ports_of_one_host_and_always_the_networks() {
    let (crawl, asked) = crawl(&["peer.invalid"], &ports_of_one_host(), &[]);
    let tor = Address::TorV3([7; 32]).to_string();
    for host in ["5.9.7.1", &tor] {
        let ports: Vec<_> = asked.iter().filter(|(asked, _)| asked == host).map(|(_, port)| *port).collect();
        assert_eq!(ports, [1, 2, 3, 4, PORT], "{host}");
    }
    assert_eq!(summary(&crawl)["skipped"], json!({"too_many_ports": 2 * 96}));
}

#[test]
fn how_many_ports_of_one_host_to_visit_can_be_chosen() {
    let (_, asked) = crawl(&["peer.invalid"], &ports_of_one_host(), &["--ports-per-host", "7"]);
    assert_eq!(asked.iter().filter(|(host, _)| host == "5.9.7.1").count(), 8);
}

#[test]
fn the_ports_of_this_machine_are_limited_on_demand_and_seeds_count() {
    let runtime = Runtime::new().unwrap();
    let peers: Vec<_> = listeners(6)
        .into_iter()
        .map(|listener| spawn_peer(&runtime, listener, config(), 1, Vec::new()).address)
        .collect();
    let told = peers.iter().copied().map(socket_entry).collect();
    let seed = spawn_peer(&runtime, listeners(1).remove(0), config(), 1, told).address.to_string();
    for (option, reachable) in [([].as_slice(), 7), (&["--ports-per-host", "3"], 3)] {
        let run = run(&[&["crawl", &seed, "--network", "simnet", "--json"], option].concat());
        assert_eq!(summary(&run)["reachable"], reachable, "{option:?}");
    }
}

/// Crawls from these seeds, behind which, as behind every address, is one peer that tells of these.
fn crawl(seeds: &[&str], told: &[NetAddressV2], args: &[&str]) -> (Run, BTreeSet<(String, u16)>) {
    let runtime = Runtime::new().unwrap();
    let peer = spawn_peer(&runtime, listeners(1).remove(0), config(), 1, told.to_vec());
    let proxy = Proxy::start(&peer.address.to_string());
    let command = ["--network", "simnet", "--json", "--proxy", &proxy.address];
    let crawl = run(&[&["crawl"], seeds, &command, args].concat());
    crawl.assert_succeeds();
    let asked = proxy.requests().into_iter().map(|request| (host(&request.host), request.port));
    (crawl, asked.collect())
}

/// What a proxy was asked for is a name, or an address in its bytes.
fn host(bytes: &[u8]) -> String {
    match (<[u8; 4]>::try_from(bytes), <[u8; 16]>::try_from(bytes)) {
        (Ok(ip), _) => IpAddr::from(ip).to_string(),
        (_, Ok(ip)) => IpAddr::from(ip).to_string(),
        _ => String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

fn entries<'a>(addresses: impl Iterator<Item = &'a &'a str>) -> Vec<NetAddressV2> {
    addresses.map(|ip| entry(Address::from(ip.parse::<IpAddr>().unwrap()), PORT)).collect()
}

fn summary(run: &Run) -> Value {
    run.objects().pop().unwrap()
}
