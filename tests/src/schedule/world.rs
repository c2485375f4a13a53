//! The machine, its driver, its transport and the remote.

use core::convert::Infallible;
use core::time::Duration;
use std::sync::LazyLock;

use bytes::BytesMut;
use peer_core::frame::{FrameReader, Rules};
use peer_core::{Config, Connection, Error, Event, Node, ProtocolVersion, Time};
use rand_core::TryRng;

use super::record::{Asked, Record};
use crate::bound::Turns;
use crate::remote::{NETWORK, bytes_of, connection_info, hands};
use crate::samples::{block, block_item, getdata, inv_of, ping};

/// What the remote can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A ping, which makes the machine owe a pong.
    Ping,
    /// The block that was asked for; only once it was.
    Block,
    /// An announcement that no one asked for.
    Inv,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// The remote begins a frame: the first half of it comes.
    Begin(Kind),
    /// So many bytes of the rest of it come.
    Say(usize),
    /// The driver reads all that is there and pulls until nothing comes.
    Pull,
    /// The same, but the owner holds the first event.
    Hold,
    /// The driver tells that the transport is drained, which is true.
    Drained,
    /// The driver asks what to write and offers it to the transport.
    Offer,
    /// The transport takes so many bytes of it, which is reported at once.
    Take(usize),
    /// The transport takes all of it, which is reported later.
    TakeUnreported,
    /// It is reported.
    Report,
    /// The transport takes nothing, which is reported.
    Refuse,
    /// The driver looks at the timers.
    Look,
    /// The time of the next deadline comes, and so long after it the driver looks.
    LookAfter(Duration),
    /// Time passes, in which no one calls.
    Wait(Duration),
    /// The owner asks for one more block.
    Ask,
    /// The owner queues one more frame for the bulk lane.
    Queue,
}

/// A machine, its transport and its remote, all of it at one time.
#[derive(Clone, Debug)]
pub struct World {
    pub(super) machine: Connection,
    pub(super) input: BytesMut,
    /// The true time.
    pub(super) now: Time,
    /// How far the driver's clock is ahead of it.
    ahead: Duration,
    /// Whether the driver ever tells what it did not read or write.
    pub(super) tells: bool,
    /// What came and was not read.
    pub(super) socket: Vec<u8>,
    /// The rest of a frame that the remote has begun.
    saying: Option<(Kind, Vec<u8>)>,
    /// What the transport was offered and did not take.
    offered: Vec<u8>,
    pub(super) unreported: usize,
    heard: (FrameReader, BytesMut),
    pub(super) record: Record,
    /// How many blocks were asked for and sent so far.
    asked: u32,
    sent: u32,
    failure: Option<Error>,
}

/// Draws the same number each time: what is drawn is not what is tried.
pub(super) struct Constant;

impl TryRng for Constant {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(7)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(7)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(7);
        Ok(())
    }
}

impl World {
    /// After a handshake. Where it `tells`, the driver has told of both already: the machine then knows that it does.
    pub fn new(config: Config, tells: bool) -> Self {
        let node = Node::new(config);
        let machine = Connection::inbound(&node, connection_info(), Time::ZERO, &mut Constant);
        let mut world = Self {
            machine,
            input: BytesMut::new(),
            now: Time::ZERO,
            ahead: Duration::ZERO,
            tells,
            socket: hands(),
            saying: None,
            offered: Vec::new(),
            unreported: 0,
            heard: (FrameReader::new(), BytesMut::new()),
            record: Record::new(Time::ZERO),
            asked: 0,
            sent: 0,
            failure: None,
        };
        world.step(Step::Pull);
        assert!(world.machine.peer().is_established(), "the handshake is whole");
        if tells {
            assert!(world.step(Step::Offer) && world.step(Step::Refuse) && world.step(Step::Drained));
        }
        world.write_all();
        world
    }

    /// The transport takes everything.
    pub fn write_all(&mut self) {
        let mut turns = Turns::default();
        while self.step(Step::Offer) && self.step(Step::Take(usize::MAX)) {
            turns.next();
        }
    }

    /// Why the connection has ended, if it has.
    pub const fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    /// Whether what was asked for was answered, and what was queued is written.
    pub fn is_settled(&self) -> bool {
        self.machine.peer().open_requests() == 0 && self.machine.peer().queued() == 0
    }

    /// The same with a clock that is so far ahead for the calls of this step. When it has come back the driver looks: else
    /// no one could know that it was ahead.
    pub fn step_ahead(&mut self, step: Step, ahead: Duration) -> bool {
        self.ahead = ahead;
        let happened = self.step(step);
        self.ahead = Duration::ZERO;
        if happened && self.failure.is_none() {
            self.step(Step::Look);
        }
        happened
    }

    /// Whether the transport was offered what it did not take.
    pub(super) const fn is_offering(&self) -> bool {
        !self.offered.is_empty()
    }

    /// How many blocks came so far.
    pub(super) const fn answers(&self) -> u32 {
        self.sent
    }

    /// How long it is from now until the machine wants to be woken.
    pub fn until_deadline(&self) -> Option<Duration> {
        self.machine.poll_timeout().map(|at| at.saturating_since(self.now))
    }

    /// Lets this happen. Returns whether it can.
    ///
    /// # Panics
    ///
    /// If the connection ends and the remote does not deserve it.
    pub fn step(&mut self, step: Step) -> bool {
        self.failure.is_none()
            && match step {
                Step::Begin(kind) => self.begin(kind),
                Step::Say(most) => self.say(most),
                Step::Pull => self.pull(usize::MAX),
                Step::Hold => self.pull(1),
                Step::Drained => self.tell_drained(),
                Step::Offer => self.offer(),
                Step::Take(most) => self.take(most) && self.report(),
                Step::TakeUnreported => self.take(usize::MAX),
                Step::Report => self.report(),
                Step::Refuse => self.refuse(),
                Step::Look => self.look(),
                Step::LookAfter(late) => self.look_after(late),
                Step::Wait(duration) => {
                    self.now += duration;
                    true
                }
                Step::Ask => self.ask(),
                Step::Queue => self.machine.peer_mut().send(&inv_of(1), self.now).is_ok(),
            }
    }

    fn clock(&self) -> Time {
        self.now + self.ahead
    }

    fn ask(&mut self) -> bool {
        let (request, clock) = (getdata([block_item(self.asked)]), self.clock());
        let is_queued = self.asked < 8 && self.machine.peer_mut().send(&request, clock).is_ok();
        if is_queued {
            self.asked += 1;
            self.record.asked.push(Asked::default());
        }
        is_queued
    }

    fn begin(&mut self, kind: Kind) -> bool {
        if self.saying.is_some() || kind == Kind::Block && self.record.wanted().is_none() {
            return false;
        }
        let mut first = frame_of(kind, self.sent).to_vec();
        let rest = first.split_off(first.len() / 2);
        self.socket.append(&mut first);
        self.saying = Some((kind, rest));
        true
    }

    fn say(&mut self, most: usize) -> bool {
        let Some((kind, rest)) = &mut self.saying else { return false };
        let kind = *kind;
        self.socket.extend(rest.drain(..most.min(rest.len())));
        if rest.is_empty() {
            self.saying = None;
            self.record.on_said(self.now);
            if kind == Kind::Block {
                self.record.wanted().unwrap().is_answered = true;
                self.sent += 1;
            }
        }
        true
    }

    fn pull(&mut self, most: usize) -> bool {
        if self.machine.wants_read() {
            self.input.extend_from_slice(&self.socket);
            self.socket.clear();
        }
        let clock = self.clock();
        for _ in 0..most {
            match self.machine.receive(&mut self.input, clock) {
                Ok(Some(Event::Established | Event::Version(_) | Event::Message(_))) => {}
                Ok(Some(event)) => panic!("{event:?} is nothing that was said"),
                Ok(None) if self.socket.is_empty() && self.machine.wants_read() => {
                    self.record.on_pulled();
                    return true;
                }
                Ok(None) => return true,
                Err(error) => return self.end(error),
            }
        }
        true
    }

    fn tell_drained(&mut self) -> bool {
        let can_tell = self.tells && self.socket.is_empty();
        if can_tell {
            self.record.on_drained(self.now);
            self.machine.handle_drained(&self.input, self.clock());
        }
        can_tell
    }

    fn offer(&mut self) -> bool {
        if self.unreported > 0 {
            return false;
        }
        self.offered = self.machine.poll_transmit(self.clock()).to_vec();
        if !self.offered.is_empty() {
            self.record.on_offered(self.now);
        }
        !self.offered.is_empty()
    }

    fn take(&mut self, most: usize) -> bool {
        let count = self.offered.len().min(most);
        self.unreported += count;
        self.heard.1.extend(self.offered.drain(..count));
        let rules = Rules::new(NETWORK, ProtocolVersion::LATEST);
        while let Some(frame) =
            self.heard.0.read(&mut self.heard.1, &rules).expect("what is written is right")
        {
            self.record.on_taken(frame.command.as_str(), self.now);
        }
        count > 0
    }

    pub(super) fn report(&mut self) -> bool {
        let count = core::mem::take(&mut self.unreported);
        if count > 0 {
            self.record.on_reported();
            self.machine.handle_transmitted(count, self.clock());
        }
        count > 0
    }

    fn refuse(&mut self) -> bool {
        let can_tell = self.tells && self.unreported == 0 && !self.offered.is_empty();
        if can_tell {
            self.record.on_refused(!self.machine.wants_read(), self.now);
            self.machine.handle_transmitted(0, self.clock());
        }
        can_tell
    }

    /// A driver that never tells is careful instead: it reads and reports before it looks.
    fn look(&mut self) -> bool {
        if !self.tells {
            let ahead = core::mem::take(&mut self.ahead);
            self.report();
            if self.machine.wants_read() {
                self.pull(usize::MAX);
                self.record.on_drained(self.now);
            }
            self.record.on_refused(!self.machine.wants_read(), self.now);
            self.ahead = ahead;
        }
        let clock = self.clock();
        if let Err(error) = self.machine.handle_timeout(clock, &mut Constant) {
            return self.end(error);
        }
        let next = self.machine.poll_timeout();
        assert!(next.is_none_or(|next| next > clock), "looked at {clock}, and is to look at {next:?}");
        true
    }

    fn look_after(&mut self, late: Duration) -> bool {
        let Some(at) = self.machine.poll_timeout() else { return false };
        self.now = self.now.max(at) + late;
        self.look()
    }

    fn end(&mut self, error: Error) -> bool {
        let record = &self.record;
        assert!(record.justifies(&error), "honesty: {error} at {}, {record:?}", self.now);
        self.failure = Some(error);
        true
    }
}

/// What is said, which must be quick: blocks by their number.
fn frame_of(kind: Kind, number: u32) -> &'static [u8] {
    static BLOCKS: LazyLock<Vec<Vec<u8>>> =
        LazyLock::new(|| (0..8).map(|number| bytes_of(&block(number).into())).collect());
    static OTHERS: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| [bytes_of(&ping(1)), bytes_of(&inv_of(1))]);
    match kind {
        Kind::Block => &BLOCKS[number as usize],
        Kind::Ping => &OTHERS[0],
        Kind::Inv => &OTHERS[1],
    }
}
