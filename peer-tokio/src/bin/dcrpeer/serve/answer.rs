//! What `serve` says in return, beyond what the machine says by itself. It keeps no chain and says so, so that
//! nobody waits for blocks; it knows addresses, its own and those it was told.

use core::net::SocketAddr;
use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use peer_core::message::{Address, Headers, Inv, NetAddressV2, NotFound, TimedNetAddress, Timestamp};
use peer_core::{Message, Services};

/// The honest answer of who has nothing; `None` where the protocol asks for no answer.
pub(super) fn with_nothing(message: &Message) -> Option<Message> {
    match message {
        Message::GetData(request) => {
            Some(Message::NotFound(NotFound { inventory: request.inventory.clone() }))
        }
        Message::GetHeaders(_) => Some(Message::Headers(Headers::default())),
        Message::GetBlocks(_) => Some(Message::Inv(Inv::default())),
        Message::GetInitState(_) => Some(Message::InitState(Box::default())),
        _ => None,
    }
}

/// Addresses that peers told.
#[derive(Debug, Default)]
pub(super) struct Book(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    known: HashSet<(Address, u16)>,
    list: Vec<NetAddressV2>,
}

/// Most addresses kept. With our own they fit into one message. The first ones stay: a flood of made-up
/// addresses pushes none out.
const MOST: usize = 999;

impl Book {
    /// Notes what a message tells of addresses, if it does.
    pub(super) fn learn(&self, message: &Message) {
        match message {
            Message::Addr(addr) => self.add(addr.addresses.iter().filter_map(to_second_form)),
            Message::AddrV2(addr) => self.add(addr.addresses().iter().copied()),
            _ => {}
        }
    }

    /// All addresses that were told, and our own as the one who asks sees it, if that is known.
    pub(super) fn tell(&self, local: Option<SocketAddr>, now: Timestamp) -> Vec<NetAddressV2> {
        let own = local.map(|local| NetAddressV2 {
            timestamp: now,
            services: Services::NONE,
            address: local.ip().to_canonical().into(),
            port: local.port(),
        });
        let entries = self.lock();
        entries.list.iter().copied().chain(own).collect()
    }

    fn add(&self, addresses: impl Iterator<Item = NetAddressV2>) {
        let mut entries = self.lock();
        for entry in addresses {
            if entries.list.len() < MOST && entries.known.insert((entry.address, entry.port)) {
                entries.list.push(entry);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn to_second_form(entry: &TimedNetAddress) -> Option<NetAddressV2> {
    let socket = entry.address.socket();
    Some(NetAddressV2 {
        timestamp: Timestamp::new(entry.timestamp.into()).ok()?,
        services: entry.address.services,
        address: socket.ip().into(),
        port: socket.port(),
    })
}
