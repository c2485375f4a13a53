//! Two honest ends that ask each other for everything, answer in any order, push, cross, cancel and are told of writes late:
//! neither is ever blamed, and each request ends.

use core::time::Duration;

use peer_core::message::{Inventory, NetAddress};
use peer_core::{
    Connection, ConnectionInfo, Event, Hash, Message, Node, Request, RequestOptions, Services, Time,
};
use peer_tests::checked::Checked;
use peer_tests::pair::{Side, WALL_CLOCK};
use peer_tests::remote::unguarded;
use peer_tests::requests::{chain, filters, filters_of, headers_after, headers_of, items};
use peer_tests::samples::{block, block_item, notfound, tx, tx_item};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use crate::requests::below;
use crate::requests::remote::take_any;

/// The longest that anything waits: an answer, a report, bytes on their way. Well below every timeout.
const PROMPT: Duration = Duration::from_secs(4);

/// One end, with its owner and its transport.
struct End {
    machine: Checked,
    /// Bytes that the other end has and of whose write this machine was not told.
    unreported: usize,
    /// Bytes on their way to this end.
    inbox: Vec<u8>,
    /// What its owner has still to say.
    answers: Vec<Message>,
    ended: u64,
}

/// Both ends.
pub(crate) struct Duo {
    rng: ChaCha8Rng,
    now: Time,
    /// When everything was done last.
    settled: Time,
    ends: [End; 2],
}

fn end(side: Side, rng: &mut ChaCha8Rng) -> End {
    let node = Node::new(unguarded().build().unwrap());
    let address = NetAddress::new(([192, 0, 2, 7], 1).into(), Services::NODE_NETWORK);
    let info = ConnectionInfo::new(address, 0, WALL_CLOCK);
    let connection = match side {
        Side::Outbound => Connection::outbound(&node, info, Time::ZERO, rng).unwrap(),
        Side::Inbound => Connection::inbound(&node, info, Time::ZERO, rng),
    };
    let machine = Checked::new(connection, Time::ZERO);
    End { machine, unreported: 0, inbox: Vec::new(), answers: Vec::new(), ended: 0 }
}

impl Duo {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let ends = [Side::Outbound, Side::Inbound].map(|side| end(side, &mut rng));
        let mut duo = Self { rng, now: Time::ZERO, settled: Time::ZERO, ends };
        duo.settle();
        assert!(duo.ends.iter().all(|end| end.machine.is_established()));
        duo
    }

    pub(crate) fn step(&mut self) {
        let side = below(&mut self.rng, 2);
        match below(&mut self.rng, 16) {
            0..=2 => self.ask(side),
            3 => self.cancel(side),
            4 | 5 => self.write(side),
            6 => self.report(side),
            7..=9 => {
                let count = 1 + below(&mut self.rng, 400);
                self.deliver(side, count);
            }
            10..=12 => self.answer(side),
            13 => self.push(side),
            _ => {
                let pause = Duration::from_millis(50) * u32::try_from(below(&mut self.rng, 30)).unwrap();
                self.wait(pause);
            }
        }
        self.check();
    }

    /// Lets everything arrive, and time pass until each request has ended. Returns how many there were.
    pub(crate) fn finish(mut self) -> u64 {
        for _ in 0..50 {
            self.settle();
            self.wait(Duration::from_secs(1));
            self.check();
        }
        for end in &self.ends {
            assert_eq!(end.machine.requests().len(), 0, "a request never ended");
        }
        self.ends.iter().map(|end| end.ended).sum()
    }

    fn check(&self) {
        for end in &self.ends {
            assert_eq!(end.machine.failure(), None, "an honest end was blamed");
        }
    }

    fn ask(&mut self, side: usize) {
        let number = |rng: &mut ChaCha8Rng| u32::try_from(below(rng, 6)).unwrap();
        let hash = |rng: &mut ChaCha8Rng| Hash::from_bytes([u8::try_from(below(rng, 5)).unwrap(); 32]);
        let rng = &mut self.rng;
        let request = match below(rng, 7) {
            0 => items([tx_item(number(rng)), block_item(number(rng)), tx_item(number(rng))]),
            1 => items([block_item(number(rng))]),
            2 => items([tx_item(number(rng))]),
            3 => headers_after([hash(rng)]),
            4 => filters([hash(rng), hash(rng)]),
            5 => Request::InitState(Vec::new().try_into().unwrap()),
            _ if below(rng, 3) == 0 => Request::Addresses,
            _ => Request::Ping,
        };
        let mut options = RequestOptions::new();
        if below(rng, 4) == 0 {
            options = options.deadline(Duration::from_secs(1) * number(rng));
        }
        // Some are refused, as a second `getaddr` is.
        drop(self.ends[side].machine.request(&request, options, self.now));
    }

    fn cancel(&mut self, side: usize) {
        let mut ids: Vec<_> = self.ends[side].machine.requests().map(|(id, _)| id).collect();
        if let Some(id) = take_any(&mut ids, &mut self.rng) {
            assert!(self.ends[side].machine.cancel(id, self.now));
        }
    }

    /// The transport takes all that is shown. This machine may be told so later.
    fn write(&mut self, side: usize) {
        let end = &mut self.ends[side];
        let shown = end.machine.poll_transmit_chunks(usize::MAX, self.now).concat();
        let new = shown[end.unreported..].to_vec();
        end.unreported = shown.len();
        self.ends[1 - side].inbox.extend(new);
    }

    fn report(&mut self, side: usize) {
        let end = &mut self.ends[side];
        if end.unreported > 0 {
            end.machine.handle_transmitted(end.unreported, self.now);
            end.unreported = 0;
        }
    }

    fn deliver(&mut self, side: usize, count: usize) {
        let end = &mut self.ends[side];
        let count = count.min(end.inbox.len());
        let bytes: Vec<_> = end.inbox.drain(..count).collect();
        end.machine.feed(&bytes);
        self.pull(side);
    }

    fn pull(&mut self, side: usize) {
        let end = &mut self.ends[side];
        while let Some(event) = end.machine.receive(self.now).unwrap() {
            match event {
                Event::Message(message) => end.answers.extend(answers(message)),
                Event::Response(response) if response.remaining == 0 => end.ended += 1,
                Event::Unanswered { .. } => end.ended += 1,
                _ => {}
            }
        }
    }

    fn answer(&mut self, side: usize) {
        let end = &mut self.ends[side];
        if let Some(message) = take_any(&mut end.answers, &mut self.rng) {
            end.machine.send(&message, self.now).unwrap();
        }
    }

    /// A transaction, unasked.
    fn push(&mut self, side: usize) {
        let number = u32::try_from(below(&mut self.rng, 6)).unwrap();
        self.ends[side].machine.send(&Message::Tx(tx(number)), self.now).unwrap();
    }

    fn wait(&mut self, duration: Duration) {
        if self.now + duration > self.settled + PROMPT {
            self.settle();
        }
        self.now += duration;
        for side in 0..2 {
            let end = &mut self.ends[side];
            if end.inbox.is_empty() {
                end.machine.handle_drained(self.now);
            }
            let mut rng = ChaCha8Rng::seed_from_u64(1);
            end.machine.tick(self.now, &mut rng).unwrap();
            self.pull(side);
        }
    }

    /// Everything that waits is done.
    fn settle(&mut self) {
        let mut is_moving = true;
        while is_moving {
            is_moving = false;
            for side in 0..2 {
                is_moving |= !self.ends[side].answers.is_empty() || self.ends[side].machine.wants_write();
                while !self.ends[side].answers.is_empty() {
                    self.answer(side);
                }
                self.write(side);
                self.report(side);
                self.deliver(1 - side, usize::MAX);
            }
        }
        self.settled = self.now;
    }
}

/// What an honest owner says to a request: each item or its absence, headers, filters, nothing else.
fn answers(request: Message) -> Vec<Message> {
    match request {
        Message::GetData(request) => request.inventory.iter().map(|item| item_or_not(*item)).collect(),
        Message::GetHeaders(request) => vec![headers_of(chain(request.locator[0], 2))],
        Message::GetCfsV2(request) => vec![filters_of(&[request.start_hash, request.end_hash])],
        _ => Vec::new(),
    }
}

/// Every third one is not there.
fn item_or_not(item: Inventory) -> Message {
    let have = [0, 1, 3, 4];
    let found = have.into_iter().find_map(|number| match item {
        _ if item == tx_item(number) => Some(Message::Tx(tx(number))),
        _ if item == block_item(number) => Some(Message::Block(block(number))),
        _ => None,
    });
    found.unwrap_or_else(|| notfound([item]))
}
