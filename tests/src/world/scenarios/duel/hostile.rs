//! A remote that withholds what it was asked for, against a driver that does all it is told to.
//!
//! **Liveness**, as [`Ledger`] checks it after each step of the driver:
//!
//! * A *request* that was written at `w` is answered, told to be missing, or the connection has ended, by
//!
//!   `w + term + Σ max(answer / min_receive_rate, 1 s · entries) + coming / min_receive_rate + Σ min(pause, 20 s) + 2 s`
//!
//!   where `term` is 90 s for `headers` and 30 s for all else; the first sum is over the answers to any request since `w`, with
//!   the bytes and the number of entries that closed something, each at most the time since the answer before; `coming` is
//!   what is there of a frame that is not whole and may be an answer; the second sum is over the times between two answers,
//!   with what reading rested in each because the remote does not take the pongs that it is offered, and without a bound while
//!   the driver does not offer them; and 2 s is what evidence may take.
//!   Where the driver never sees that nothing more comes or, with no pause left, that nothing is taken, it is at most the time until, 180 s after the last answer, 16 MiB more have come.
//! * A *frame* that was queued at `q` is written, or the connection has ended, by
//!
//!   `q + (1 + frames) · (20 s + size / 256 KiB/s) + 2 s`
//!
//!   where `frames` counts what is taken before it: our own frames, a ping for each `ping_interval`, the replies that waited
//!   at `q`, and 129 replies for each bulk frame that waits before it and for itself. `size` is that of the largest.

use core::time::Duration;

use peer_core::message::{GetInitState, List};
use peer_core::{BannableMessages, Config, Event, ProtocolVersion, Time, UnrequestedAnswers};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng as _;

use super::super::{Outcome, Plan, Watch, config};
use super::asked::{Answer, Ledger, wanted};
use super::attack::{Attack, ITEMS};
use super::taker::Taker;
use super::{Table, a_while, between, magnitude, once_in, one_of};
use crate::bound::Turns;
use crate::samples::{getdata, getheaders, inv_of, ping};

/// How the driver writes in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writes {
    /// One piece, and looks for what came before the next.
    Once,
    /// Until nothing is left or the transport takes nothing.
    All,
    /// The same, with up to so many bytes on show.
    Pieces(usize),
}

struct Hostile {
    table: Table,
    ledger: Ledger,
    attack: Attack,
    taker: Taker,
    /// What the remote said and the driver did not read.
    socket: Vec<u8>,
    writes: Writes,
    /// The transport took nothing when it was last asked.
    blocked: bool,
    /// It did not take all that it was shown.
    offered: bool,
    /// Reading paused when the driver pulled last.
    pauses: bool,
    /// When the owner asks for more, how often it still does, and which item is next.
    asks: Time,
    asks_left: u64,
    item: u32,
    /// When the remote changes its ways.
    turns: Time,
}

/// How long the driver takes until it looks again at a transport that has more for it, and the same where it is kept busy
/// without end.
pub(super) const TURN: Duration = Duration::from_millis(50);
const SLOW: Duration = Duration::from_millis(500);

/// Runs it.
pub(in super::super) fn run(plan: &Plan, watch: Option<Watch>) -> Outcome {
    let mut world = Hostile::new(plan, watch);
    let end = Time::ZERO + plan.duration;
    let mut turns = Turns::default();
    while world.table.now < end && !world.is_done() {
        turns.next();
        world.step();
    }
    let Table { mut machine, now, story, .. } = world.table;
    let error = machine.close(now);
    story.end(now, error)
}

impl Hostile {
    fn new(plan: &Plan, watch: Option<Watch>) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(plan.seed);
        let version = one_of(&mut rng, &[4, 6, 8, 9, 10, 11, 12, 12, 12]);
        let config = choose(&mut rng);
        let mut table = Table::lay(plan, watch, rng, config, version.into());
        let attack = Attack::new(&mut table);
        let style = [Writes::Once, Writes::All, Writes::Pieces(1 << 16)];
        let writes = one_of(&mut table.rng, &style);
        let asks_left = between(&mut table.rng, 1, 6);
        let (ledger, taker) = (Ledger::default(), Taker::new());
        let (asks, turns) = (Time::ZERO, Time::ZERO);
        Self {
            table,
            ledger,
            attack,
            taker,
            socket: Vec::new(),
            writes,
            blocked: false,
            offered: false,
            pauses: false,
            asks,
            asks_left,
            item: 0,
            turns,
        }
    }

    fn is_done(&self) -> bool {
        self.table.is_over() || self.asks_left == 0 && self.ledger.is_done()
    }

    /// Goes on to what happens next, and lets the driver look.
    fn step(&mut self) {
        self.table.now = self.table.now.max(self.next());
        // A pause lasts until the driver pulls again.
        let reads = self.table.machine.wants_read();
        self.ledger.pass(self.table.now, self.pauses || !reads, self.offered || reads);
        if self.table.now >= self.turns {
            self.turns = self.table.now + a_while(&mut self.table.rng, 1000, 60_000);
            self.taker.turn(self.table.now, &mut self.table.rng);
            self.attack.turn(&mut self.table);
        }
        self.ask();
        self.taker.allow(self.table.now);
        if self.table.now >= self.attack.next {
            let bytes = self.attack.say(&mut self.table, &self.ledger.open());
            self.socket.extend(bytes);
        }
        self.drive();
        self.ledger.settle(self.taker.cut.frames, &self.table);
        let (machine, waits) = (&self.table.machine, self.socket.len());
        let (next, reads, queued) = (machine.next_timeout(), machine.wants_read(), machine.queued());
        self.table.story.note(
            self.table.now,
            format_args!("next {next:?}, reads: {reads}, {waits} bytes to read, {queued} to write"),
        );
        if !self.table.is_over() {
            let reads = self.table.machine.wants_read();
            let is_seen =
                if reads { self.socket.is_empty() } else { self.blocked && self.ledger.is_pause_over() };
            self.ledger.check(is_seen, &self.table);
        }
    }

    fn next(&self) -> Time {
        let due = self.table.machine.next_timeout().map(|(at, _)| at);
        let asks = (self.asks_left > 0).then_some(self.asks);
        let machine = &self.table.machine;
        // Where the transport has more for the driver, it looks again as soon as it can.
        let more = machine.wants_read() && !self.socket.is_empty()
            || machine.wants_write() && (self.taker.has_room() || !self.blocked);
        let pace = if self.attack.floods { SLOW } else { TURN };
        let again = more.then(|| self.table.now + pace);
        let takes = self.taker.next().filter(|_| machine.wants_write());
        let all = [due, asks, again, takes, Some(self.attack.next), Some(self.turns)];
        all.into_iter().flatten().min().unwrap()
    }

    /// What the owner asks for and says.
    fn ask(&mut self) {
        if self.asks_left == 0 || self.table.now < self.asks {
            return;
        }
        self.asks_left -= 1;
        let rng = &mut self.table.rng;
        self.asks = self.table.now + a_while(rng, 100, 60_000);
        let version = self.table.machine.protocol_version();
        let (message, answer, is_bulk) = match between(rng, 0, 5) {
            0..=2 => {
                let end = (self.item + u32::try_from(magnitude(rng, 1, 12)).unwrap()).min(ITEMS);
                let items: Vec<_> = (self.item..end).map(wanted).collect();
                self.item = end;
                (getdata(items.clone()), Answer::Items(items.into_iter().collect()), false)
            }
            3 if version < ProtocolVersion::from(9) => (getheaders(), Answer::Headers, false),
            3 | 4 if !self.ledger.awaits_init_state() => {
                (GetInitState { types: List::new() }.into(), Answer::InitState, false)
            }
            _ if once_in(rng, 4) => (ping(7), Answer::None, false),
            _ => (inv_of(u32::try_from(magnitude(rng, 1, 4000)).unwrap()), Answer::None, true),
        };
        self.ledger.send(&message, answer, is_bulk, &self.taker, &mut self.table);
    }

    /// A step of the driver: it reads, writes and looks at the timers until nothing more is to be done.
    fn drive(&mut self) {
        // A remote that never lets the transport run dry would keep it here.
        let most = if self.attack.floods { 2 } else { 1000 };
        for _ in 0..most {
            self.pauses = self.read();
            let wrote = self.write();
            // Reading that goes on now is looked at like any other.
            self.pauses = self.pauses && (!self.table.machine.wants_read() || self.read());
            let now = self.table.now;
            let due = self.table.machine.next_timeout().is_some_and(|(at, _)| at <= now);
            if due {
                self.table.machine.tick(now, &mut self.table.rng).ok();
            }
            if self.table.is_over() || !(self.pauses && wrote || due) {
                return;
            }
        }
    }

    /// Reads, and returns whether more may be read once something was written.
    fn read(&mut self) -> bool {
        let (now, rate) = (self.table.now, self.table.machine.node().config().min_receive_rate());
        if self.attack.floods && self.socket.len() < 40_000 {
            let bytes = self.attack.bytes(40_000, &mut self.table, &self.ledger.open());
            self.socket.extend(bytes);
        }
        let mut chunks = 0;
        loop {
            while let Some((event, bytes)) = self.table.pull(now) {
                if let Event::Message(message) = &event {
                    self.ledger.on_message(message, bytes, rate);
                }
            }
            if self.table.is_over() || !self.table.machine.wants_read() {
                return true;
            }
            if self.socket.is_empty() {
                self.table.machine.handle_drained(now);
                return false;
            }
            // A driver reads a few times and then looks at its other connections.
            if self.attack.floods && chunks == 1 {
                return false;
            }
            chunks += 1;
            let count = self.socket.len().min(1 << 15);
            self.table.machine.feed(&self.socket[..count]);
            self.ledger.coming.pass(&self.socket[..count]);
            self.ledger.on_came(count, rate);
            self.socket.drain(..count);
            self.table.story.read(now, count);
        }
    }

    /// Writes, and returns whether the transport took anything.
    fn write(&mut self) -> bool {
        let mut any = false;
        while self.table.machine.wants_write() {
            let Table { machine, now, story, .. } = &mut self.table;
            let taker = &mut self.taker;
            let write = |bytes: &[u8]| story.wrote(*now, bytes);
            let (took, shown) = match self.writes {
                Writes::Pieces(enough) => hand_over_pieces(machine, enough, *now, taker, write),
                Writes::Once | Writes::All => hand_over(machine, *now, taker, write),
            };
            self.blocked = took == 0;
            self.offered = took < shown;
            if self.blocked {
                self.table.story.blocked(self.table.now);
                break;
            }
            any = true;
            if self.writes == Writes::Once {
                // It looks for what came before it writes on.
                return false;
            }
        }
        any
    }
}

/// Shows what waits, and returns what was taken and shown of it.
fn hand_over(
    machine: &mut crate::checked::Checked,
    now: Time,
    taker: &mut Taker,
    mut write: impl FnMut(&[u8]),
) -> (usize, usize) {
    let shown = machine.poll_transmit(now);
    let count = taker.take(&shown);
    write(&shown[..count]);
    machine.handle_transmitted(count, now);
    (count, shown.len())
}

fn hand_over_pieces(
    machine: &mut crate::checked::Checked,
    enough: usize,
    now: Time,
    taker: &mut Taker,
    mut write: impl FnMut(&[u8]),
) -> (usize, usize) {
    let (mut all, mut shown) = (0, 0);
    for piece in machine.poll_transmit_chunks(enough, now) {
        let count = taker.take(&piece);
        write(&piece[..count]);
        all += count;
        shown += piece.len();
        if count < piece.len() {
            break;
        }
    }
    machine.handle_transmitted(all, now);
    (all, shown)
}

/// A configuration in which the bounds differ.
fn choose(rng: &mut ChaCha8Rng) -> Config {
    let rate = if once_in(rng, 2) { 4096 } else { magnitude(rng, 512, 65_536) };
    let answers = one_of(rng, &[UnrequestedAnswers::Deliver, UnrequestedAnswers::Refuse]);
    let pause = usize::try_from(magnitude(rng, 64, 65_536)).unwrap();
    config()
        .min_protocol_version(ProtocolVersion::INITIAL)
        .bannable_messages(BannableMessages::Send)
        .unrequested_answers(answers)
        .min_receive_rate(rate)
        .send_pause(pause)
        .build()
        .unwrap()
}
