//! Helpers for common messages: addresses and rejects.

use alloc::string::String;
use alloc::vec::Vec;

use rand_core::Rng;

use super::{Mark, Peer};
use crate::error::SendError;
use crate::hash::Hash;
use crate::message::{
    Addr, AddrV2, Address, Bound, Message, NetAddressV2, Reject, RejectCode, TimedNetAddress, bounds,
};
use crate::time::Time;

/// Most addresses of one message.
const MAX_ADDRESSES: usize = <bounds::Addresses as Bound>::MAX;

impl Peer {
    /// Sends addresses in the message of the negotiated version: `addrv2` from version 12 on, `addr` below, without
    /// addresses that are not IP. An IPv4 address mapped into IPv6 is sent as IPv4. Of more than 1000, a uniformly
    /// drawn 1000 are sent in random order; fewer keep their order. Returns those that were queued. An empty list sends
    /// nothing.
    ///
    /// Draws from `rng` only if it has to choose. May change: queue.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    #[doc(alias = "PushAddrMsg")]
    #[doc(alias = "PushAddrV2Msg")]
    pub fn send_addresses(
        &mut self,
        addresses: &[NetAddressV2],
        now: Time,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Vec<NetAddressV2>, SendError> {
        self.can_send()?;
        let is_v2 = self.protocol_version().has_addr_v2();
        let fits = |address: &&NetAddressV2| is_v2 || TimedNetAddress::try_from(**address).is_ok();
        let mut chosen: Vec<NetAddressV2> = addresses.iter().filter(fits).copied().map(canonical).collect();
        if chosen.len() > MAX_ADDRESSES {
            shuffle(&mut chosen, rng);
            chosen.truncate(MAX_ADDRESSES);
        }
        if chosen.is_empty() {
            return Ok(chosen);
        }
        let message = if is_v2 {
            Message::AddrV2(AddrV2::new(chosen.clone())?)
        } else {
            let entries: Vec<_> =
                chosen.iter().filter_map(|address| TimedNetAddress::try_from(*address).ok()).collect();
            Message::Addr(Addr { addresses: entries.try_into()? })
        };
        self.send(&message, now)?;
        Ok(chosen)
    }

    /// Tells the remote that its message was not accepted, below protocol version 9.
    ///
    /// The hash names the object if `command` is `block` or `tx`, and is ignored otherwise.
    /// [`is_flushed`](Self::is_flushed) tells when the mark is written. May change: queue.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send): from version 9 on
    /// [`CodecError::MsgInvalidForPVer`](crate::CodecError::MsgInvalidForPVer).
    #[doc(alias = "PushRejectMsg")]
    pub fn reject(
        &mut self,
        command: impl Into<String>,
        code: RejectCode,
        reason: impl Into<String>,
        hash: Option<Hash>,
        now: Time,
    ) -> Result<Mark, SendError> {
        self.send(&Reject::new(command, code, reason, hash)?.into(), now)
    }
}

/// The address in the form that nodes accept.
fn canonical(entry: NetAddressV2) -> NetAddressV2 {
    match entry.address {
        Address::Ipv6(ip) => {
            let address = ip.to_ipv4_mapped().map_or(entry.address, Address::Ipv4);
            NetAddressV2 { address, ..entry }
        }
        Address::Ipv4(_) | Address::TorV3(_) => entry,
    }
}

/// Shuffles uniformly, by Fisher and Yates.
fn shuffle<T>(items: &mut [T], rng: &mut (impl Rng + ?Sized)) {
    for last in (1..items.len()).rev() {
        let count = (last as u64).saturating_add(1);
        items.swap(last, draw_below(count, rng));
    }
}

/// A number below `count`, which is not 0. Numbers from the uneven end of the generator's range are drawn again, a
/// bounded number of times, so that a generator that always gives the same number cannot hang us.
fn draw_below(count: u64, rng: &mut (impl Rng + ?Sized)) -> usize {
    let fair = u64::MAX.saturating_sub(u64::MAX.checked_rem(count).unwrap_or_default());
    let drawn = (0..64).map(|_| rng.next_u64()).find(|drawn| *drawn < fair).unwrap_or_default();
    usize::try_from(drawn.checked_rem(count).unwrap_or_default()).unwrap_or_default()
}
