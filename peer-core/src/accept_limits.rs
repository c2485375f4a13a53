//! Limits of inbound connections.

use alloc::collections::BTreeMap;
use core::net::{IpAddr, Ipv6Addr};

/// Counts the inbound connections of a node, in total and for each host, and refuses those above its limits.
///
/// A host is an IPv4 address or the first 64 bits of an IPv6 address, which is what a provider gives one customer. An
/// IPv4 address mapped into IPv6 counts as IPv4. At most as many hosts are held as there are connections.
///
/// ```
/// use peer_core::{AcceptLimits, Refused};
///
/// let mut limits = AcceptLimits::new(125, 1);
/// let host = [127, 0, 0, 1].into();
/// assert_eq!(limits.admit(host), Ok(()));
/// assert_eq!(limits.admit(host), Err(Refused::Host));
/// limits.release(host); // that connection has ended
/// assert_eq!(limits.admit(host), Ok(()));
/// ```
#[derive(Clone, Debug)]
pub struct AcceptLimits {
    most: usize,
    per_host: usize,
    len: usize,
    hosts: BTreeMap<IpAddr, usize>,
}

/// Why a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// There are as many connections as the limit allows.
    #[error("too many connections")]
    All,
    /// There are as many connections of this host as the limit allows.
    #[error("too many connections of this host")]
    Host,
}

impl AcceptLimits {
    /// At most `most` connections, of which at most `per_host` from one host.
    #[must_use]
    pub const fn new(most: usize, per_host: usize) -> Self {
        Self { most, per_host, len: 0, hosts: BTreeMap::new() }
    }

    /// Counts a connection of this host.
    ///
    /// # Errors
    ///
    /// There are too many. The connection is not counted.
    pub fn admit(&mut self, address: IpAddr) -> Result<(), Refused> {
        let count = self.of_host(address);
        if self.len >= self.most {
            return Err(Refused::All);
        }
        if count >= self.per_host {
            return Err(Refused::Host);
        }
        self.len = self.len.saturating_add(1);
        self.hosts.insert(host(address), count.saturating_add(1));
        Ok(())
    }

    /// A counted connection of this host has ended. Does nothing if the host has none.
    pub fn release(&mut self, address: IpAddr) {
        let host = host(address);
        let Some(count) = self.hosts.get_mut(&host) else { return };
        *count = count.saturating_sub(1);
        if *count == 0 {
            self.hosts.remove(&host);
        }
        self.len = self.len.saturating_sub(1);
    }

    /// The most connections that are admitted.
    #[must_use]
    pub const fn most(&self) -> usize {
        self.most
    }

    /// Connections that are counted.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether none is counted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Connections of this host that are counted.
    #[must_use]
    pub fn of_host(&self, address: IpAddr) -> usize {
        self.hosts.get(&host(address)).copied().unwrap_or_default()
    }
}

/// What counts as one host.
fn host(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}
