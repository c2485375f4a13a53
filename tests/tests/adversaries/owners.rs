//! A remote against an owner who serves, an owner who announces without end, and one who calls anything.

use core::time::Duration;
use std::collections::VecDeque;

use bytes::BytesMut;
use peer_core::frame::{FrameReader, Rules};
use peer_core::message::{Inventory, Transaction, TxOut};
use peer_core::{Config, Error, Event, Message, ProtocolVersion, SendError, Timer};
use peer_tests::fuzz;
use peer_tests::remote::NETWORK;
use peer_tests::samples::{getdata, tx_item};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::Attack;
use crate::heap::{KIB, MIB, Meter, at_most, grouped, note, scaled};
use crate::victim::{Victim, framed};

pub(crate) const ATTACKS: &[Attack] = &[
    ("a_remote_that_asks_and_never_reads_ends_by_the_write_stall", getdata_flood),
    ("a_remote_that_asks_and_reads_late_gets_everything", getdata_and_late_reading),
    ("an_owner_that_announces_without_end_is_refused", announcing_without_end),
    ("calls_in_any_order_keep_every_promise", misuse),
];

/// Most bytes that may wait to be sent.
const LIMIT: usize = MIB;

/// Bytes of script that a transaction has.
const SCRIPT: usize = 10 * KIB;

/// A node that serves transactions as room permits, and reads no further while it owes some.
struct Server {
    victim: Victim,
    owed: VecDeque<Inventory>,
    served: usize,
    transaction: Message,
}

impl Server {
    fn new() -> Self {
        let config = Config::builder(NETWORK).send_limit(LIMIT).build().unwrap();
        let output = TxOut { value: 1, version: 0, pk_script: &[7; SCRIPT] };
        let transaction = Message::Tx(Transaction::new(1, &[], &[output], 0, 0).unwrap());
        Self { victim: Victim::established(config), owed: VecDeque::new(), served: 0, transaction }
    }

    /// Serves until the queue is full or nothing is owed, then reads, if nothing is owed.
    fn turn(&mut self) -> Result<(), Error> {
        while self.owed.front().is_some() {
            match self.victim.peer.peer_mut().send(&self.transaction, self.victim.now) {
                Ok(_) => self.served += 1,
                Err(SendError::Full { .. }) => return Ok(()),
                Err(other) => panic!("{other}"),
            }
            self.owed.pop_front();
        }
        if let Some(Event::Message(Message::GetData(request))) = self.victim.pull()? {
            self.owed.extend(request.inventory);
        }
        Ok(())
    }
}

/// Asks for so many items again and again.
fn request(items: u32) -> Vec<u8> {
    framed(&getdata((0..items).map(|number| tx_item(number % 7)).collect::<Vec<_>>()))
}

fn getdata_flood() {
    let (mut server, request) = (Server::new(), request(50_000));
    let mut meter = Meter::start();
    let (mut most, mut seconds) = (0, 0);
    let ended = loop {
        // The remote sends whenever we read, and takes nothing of what it is shown.
        if server.victim.input.is_empty() && server.owed.is_empty() {
            server.victim.input.extend_from_slice(&request);
        }
        let result = meter.step(|| server.turn());
        assert!(server.victim.take(0).is_empty());
        most = most.max(server.victim.peer.peer().queued());
        seconds += 1;
        match result.and_then(|()| server.victim.wait(Duration::from_secs(1))) {
            Ok(()) => assert!(seconds < 120, "it goes on and on"),
            Err(error) => break error,
        }
    };
    assert_eq!(ended, Error::Timeout(Timer::WriteStall));
    at_most("getdata of 50,000 items from a remote that never reads", "bytes queued", LIMIT, most);
    at_most("the same", "seconds until the write stall ends it", 22, seconds);
    at_most("the same", "bytes of heap", 8 * MIB, meter.peak());
}

fn getdata_and_late_reading() {
    const REQUESTS: usize = 4;
    let (mut server, request) = (Server::new(), request(500));
    let (mut meter, mut most, mut arrived) = (Meter::start(), 0, 0);
    let (mut reader, mut stream) = (FrameReader::new(), BytesMut::new());
    let rules = Rules::new(NETWORK, ProtocolVersion::LATEST);
    (0..REQUESTS).for_each(|_| server.victim.input.extend_from_slice(&request));
    while arrived < 500 * REQUESTS {
        meter.step(|| server.turn()).unwrap();
        most = most.max(server.victim.peer.peer().queued());
        // The remote takes a little each second, never as much as there is.
        server.victim.wait(Duration::from_secs(1)).unwrap();
        let before = stream.len();
        while server.victim.peer.wants_write() && stream.len() < before + 256 * KIB {
            stream.extend_from_slice(&server.victim.take(usize::MAX));
        }
        while let Some(frame) = reader.read(&mut stream, &rules).unwrap() {
            arrived += usize::from(frame.command.as_str() == "tx");
        }
    }
    assert_eq!(server.served, arrived);
    at_most("getdata of 2,000 items from a remote that reads late", "bytes queued", LIMIT, most);
    at_most("the same", "answers lost", 0, server.served - arrived);
}

fn announcing_without_end() {
    const ITEMS: u32 = 1_000_000;
    let config = Config::builder(NETWORK).send_limit(LIMIT).build().unwrap();
    let mut victim = Victim::established(config);
    let (mut meter, mut accepted) = (Meter::start(), 0);
    for number in 0..ITEMS {
        match meter.step(|| victim.peer.peer_mut().announce(tx_item(number), victim.now)) {
            Ok(true) => accepted += 1,
            Ok(false) => panic!("{number} was announced before"),
            Err(SendError::Full { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
    at_most(
        "1,000,000 items announced to a remote that never reads",
        "bytes queued",
        LIMIT,
        victim.peer.peer().queued(),
    );
    at_most("the same", "items accepted", LIMIT / 36, accepted);
    at_most("the same", "bytes of heap", 4 * MIB, meter.peak());
}

/// Random scripts of the fuzz target, which checks all invariants.
fn misuse() {
    let (scripts, mut calls) = (scaled(200_000).max(2000), 0);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..scripts {
        let mut script = [0; 120];
        rng.fill_bytes(&mut script);
        fuzz::misuse(&script);
        calls += script.len() / 2;
    }
    note(
        "calls in any order with any argument",
        "no promise broken",
        &format!("about {} calls", grouped(calls)),
    );
}
