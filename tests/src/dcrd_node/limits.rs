//! Which hosts may connect.

use core::net::IpAddr;
use std::collections::BTreeMap;

use peer_core::Time;

use super::rules::{self, Rule};

/// Bans, and how often each host has come lately.
#[derive(Clone, Debug, Default)]
pub(super) struct Hosts {
    /// Until when a host is banned.
    banned: BTreeMap<IpAddr, Time>,
    /// Connections that a host may make at once, and since when.
    allowed: BTreeMap<IpAddr, (u32, Time)>,
}

impl Hosts {
    pub(super) fn ban(&mut self, host: IpAddr, now: Time) {
        self.banned.insert(host, now + rules::BAN_DURATION);
    }

    pub(super) fn is_banned(&self, host: IpAddr, now: Time) -> bool {
        self.banned.get(&host).is_some_and(|until| now < *until)
    }

    /// Why a new connection is refused, where the node has `all` and `same` with this host. Loopback is free of what
    /// counts hosts.
    pub(super) fn refusal(
        &mut self,
        host: IpAddr,
        is_inbound: bool,
        all: usize,
        same: usize,
        now: Time,
    ) -> Option<Rule> {
        if self.is_banned(host, now) {
            return Some(Rule::Banned);
        }
        if all >= rules::MAX_PEERS {
            return Some(Rule::Full);
        }
        if host.is_loopback() {
            return None;
        }
        if same >= rules::MAX_SAME_HOST {
            return Some(Rule::TooManyOfHost);
        }
        (is_inbound && !self.allows(host, now)).then_some(Rule::TooOften)
    }

    /// A few connections at once, then one each few seconds.
    fn allows(&mut self, host: IpAddr, now: Time) -> bool {
        let (left, since) = self.allowed.entry(host).or_insert((rules::CONNECTION_BURST, now));
        while *left < rules::CONNECTION_BURST && now >= *since + rules::CONNECTION_EVERY {
            *left += 1;
            *since += rules::CONNECTION_EVERY;
        }
        if *left == rules::CONNECTION_BURST {
            *since = now;
        }
        let is_allowed = *left > 0;
        *left = left.saturating_sub(1);
        is_allowed
    }
}
