//! One random schedule.

use core::time::Duration;

use peer_core::message::{Inventory, Pong};
use peer_core::{Hash, Message, OnTimeout, RequestOptions, Time};
use peer_tests::remote::{Remote, established};
use peer_tests::requests::{Told, chain, filters, filters_of, headers_after, headers_of, items, told};
use peer_tests::samples::{block, block_item, headers, notfound, tx, tx_item};
use rand_chacha::ChaCha8Rng;

use crate::requests::below;
use crate::requests::reference::{Reference, Request, Wanted, Worlds};
use crate::requests::remote::{Owed, take_any};

const SECOND: Duration = Duration::from_secs(1);
/// The longest that a request may take here.
const MAX_TIMEOUT: Duration = Duration::from_secs(30);

/// See the [module](self).
pub(crate) struct Run {
    rng: ChaCha8Rng,
    remote: Remote,
    worlds: Worlds,
    owed: Owed,
    /// Bytes that the remote has and of whose write our machine was not told.
    unreported: usize,
    /// Until then an empty `headers` may be owed to a request that has ended. `machine/requests_late_headers` is about those.
    owed_until: Time,
    made: u64,
}

impl Run {
    pub(crate) fn new(rng: ChaCha8Rng) -> Self {
        let (remote, worlds, owed) = (established(), Worlds::new(), Owed::default());
        Self { rng, remote, worlds, owed, unreported: 0, owed_until: Time::ZERO, made: 0 }
    }

    pub(crate) fn step(&mut self) {
        match below(&mut self.rng, 20) {
            0..=2 => self.ask_items(),
            3 => self.ask_headers(),
            4 => self.ask_filters(),
            5 => self.ask_pong(),
            6 => self.cancel(),
            7 | 8 => self.hear(),
            9 => self.report(),
            10..=12 => self.item_comes(),
            13 => self.not_found_comes(),
            14 => self.push(),
            15 => self.headers_come(),
            16 => self.filters_come(),
            17 | 18 => self.pong_comes(),
            _ => {
                let pause = Duration::from_millis(100) * u32::try_from(below(&mut self.rng, 30)).unwrap();
                self.wait(pause);
            }
        }
        let open =
            self.worlds.any().open.iter().filter(|request| !request.is_muted).map(|request| request.id);
        assert!(self.remote.machine.requests().map(|(id, _)| id).eq(open), "other requests are open");
    }

    /// Lets time pass until every request has ended, and returns how many there were.
    pub(crate) fn finish(mut self) -> u64 {
        for _ in 0..100 {
            self.hear();
            while !self.owed.pongs.is_empty() {
                self.pong_comes();
            }
            self.wait(SECOND);
        }
        assert_eq!(self.remote.machine.requests().len(), 0, "a request never ended");
        self.made
    }

    fn ask(&mut self, request: &peer_core::Request, wanted: Wanted) {
        let now = self.remote.now;
        let timeout = SECOND * u32::try_from(10 + below(&mut self.rng, 20)).unwrap();
        let mut options = RequestOptions::new().on_timeout(OnTimeout::Report).timeout(timeout);
        let after =
            (below(&mut self.rng, 4) == 0).then(|| SECOND * u32::try_from(below(&mut self.rng, 9)).unwrap());
        if let Some(after) = after {
            options = options.deadline(after);
        }
        let before = self.remote.machine.marks();
        let Ok(id) = self.remote.machine.request(request, options, now) else {
            assert_eq!(self.remote.machine.marks(), before, "a refused request was sent");
            return;
        };
        self.made += 1;
        let deadline = after.map(|after| now + after);
        let request =
            Request { id, wanted, made: now, timeout, deadline, fence: None, handled: None, is_muted: false };
        self.worlds.each(|reference| reference.open.push(request.clone()));
        self.hear_fence();
    }

    /// The nonce of the ping that was queued last belongs to the newest request.
    fn hear_fence(&mut self) {
        let before = self.owed.pongs.len();
        self.hear();
        let nonce = self.owed.pongs.get(before..).and_then(|new| new.last().copied());
        self.worlds.each(|reference| {
            let newest = reference.open.last_mut().unwrap();
            match (&mut newest.wanted, nonce) {
                (Wanted::Pong(wanted), Some(nonce)) => *wanted = nonce,
                (Wanted::Items { .. }, _) => {}
                (_, nonce) => newest.fence = nonce,
            }
        });
    }

    fn ask_items(&mut self) {
        let count = 1 + below(&mut self.rng, 4);
        let mut list: Vec<_> = (0..count).map(|_| self.item()).collect();
        let request = items(list.clone());
        let mut seen = Vec::new();
        list.retain(|item| {
            !seen.contains(item) && {
                seen.push(*item);
                true
            }
        });
        self.ask(&request, Wanted::Items { open: list, not_found: Vec::new() });
    }

    fn ask_headers(&mut self) {
        let parent = self.hash();
        self.ask(&headers_after([parent]), Wanted::Headers(parent));
    }

    fn ask_filters(&mut self) {
        let blocks = [self.hash(), self.hash()];
        self.ask(&filters(blocks), Wanted::Filters(blocks.into()));
    }

    fn ask_pong(&mut self) {
        self.ask(&peer_core::Request::Ping, Wanted::Pong(0));
    }

    fn cancel(&mut self) {
        let ids: Vec<_> = self.worlds.any().open.iter().map(|request| request.id).collect();
        if ids.is_empty() {
            return;
        }
        let id = ids[below(&mut self.rng, ids.len())];
        self.owed_until = self.remote.now + 4 * MAX_TIMEOUT;
        let is_cancelled = self.remote.machine.cancel(id, self.remote.now);
        self.worlds.each(|reference| assert_eq!(reference.cancel(id), is_cancelled));
    }

    /// The remote has what is to be written; our machine may be told so later.
    fn hear(&mut self) {
        let shown = self.remote.machine.poll_transmit_chunks(usize::MAX, self.remote.now).concat();
        let heard = self.remote.understand(&shown[self.unreported..]);
        heard.into_iter().for_each(|message| self.owed.hear(message));
        self.unreported = shown.len();
        if below(&mut self.rng, 2) == 0 {
            self.report();
        }
    }

    fn report(&mut self) {
        self.remote.machine.handle_transmitted(self.unreported, self.remote.now);
        self.unreported = 0;
    }

    fn item_comes(&mut self) {
        if let Some(item) = take_any(&mut self.owed.items, &mut self.rng) {
            self.bring(item);
        }
    }

    /// A transaction comes unasked.
    fn push(&mut self) {
        let number = u32::try_from(below(&mut self.rng, 4)).unwrap();
        self.bring(tx_item(number));
    }

    fn bring(&mut self, item: Inventory) {
        let number = (0..4).find(|number| [tx_item(*number), block_item(*number)].contains(&item)).unwrap();
        let message =
            if item == tx_item(number) { Message::Tx(tx(number)) } else { Message::Block(block(number)) };
        let is_about = |wanted: &Wanted| matches!(wanted, Wanted::Items { open, .. } if open.contains(&item));
        self.comes(&message, is_about, |reference| reference.on_item(item, &message));
    }

    fn not_found_comes(&mut self) {
        let count = 1 + below(&mut self.rng, 3);
        let items: Vec<_> =
            (0..count).filter_map(|_| take_any(&mut self.owed.items, &mut self.rng)).collect();
        if !items.is_empty() {
            let message = notfound(items.clone());
            let is_about = |wanted: &Wanted| match wanted {
                Wanted::Items { open, .. } => items.iter().any(|item| open.contains(item)),
                _ => false,
            };
            self.comes(&message, is_about, |reference| reference.on_not_found(&items, &message));
        }
    }

    fn headers_come(&mut self) {
        let Some(parent) = take_any(&mut self.owed.headers, &mut self.rng) else { return };
        let is_headers = |wanted: &Wanted| matches!(wanted, Wanted::Headers(_));
        let is_behind = |wanted: &Wanted| *wanted == Wanted::Headers(parent);
        match below(&mut self.rng, 4) {
            0 if self.remote.now < self.owed_until => self.owed.headers.push(parent),
            0 => self.comes(&headers(), is_headers, |reference| reference.on_whole(&headers(), is_headers)),
            1 => {
                let mut broken = chain(parent, 3);
                broken.swap(1, 2);
                let message = headers_of(broken);
                self.comes(&message, is_behind, |reference| reference.on_broken(&message, parent));
            }
            count => {
                let message = headers_of(chain(parent, count));
                self.comes(&message, is_behind, |reference| reference.on_whole(&message, is_behind));
            }
        }
    }

    fn filters_come(&mut self) {
        let Some((first, last)) = take_any(&mut self.owed.filters, &mut self.rng) else { return };
        let message = filters_of(&[first, last]);
        let is_it = |wanted: &Wanted| *wanted == Wanted::Filters(vec![first, last]);
        self.comes(&message, is_it, |reference| reference.on_whole(&message, is_it));
    }

    fn pong_comes(&mut self) {
        let Some(nonce) = take_any(&mut self.owed.pongs, &mut self.rng) else { return };
        let message = Message::Pong(Pong { nonce });
        let now = self.remote.now;
        let is_it = |wanted: &Wanted| *wanted == Wanted::Pong(nonce);
        self.comes(&message, is_it, |reference| reference.on_pong(nonce, &message, now));
    }

    /// The remote says something, of which the reference knows the outcome.
    fn comes(
        &mut self,
        message: &Message,
        is_about: impl Fn(&Wanted) -> bool,
        outcome: impl Fn(&mut Reference) -> Vec<Told>,
    ) {
        let told = self.remote.is_told(message);
        self.worlds.check(&told, self.remote.now, is_about, outcome);
    }

    fn wait(&mut self, duration: Duration) {
        self.report();
        assert_eq!(self.remote.wait(duration), Ok(()), "an honest remote was blamed");
        let told = told(&mut self.remote);
        if !told.is_empty() {
            self.owed_until = self.remote.now + 4 * MAX_TIMEOUT;
        }
        self.worlds.each(|reference| reference.on_time(&told, self.remote.now));
    }

    /// One of few, so that requests share them.
    fn item(&mut self) -> Inventory {
        let number = u32::try_from(below(&mut self.rng, 4)).unwrap();
        if below(&mut self.rng, 2) == 0 { tx_item(number) } else { block_item(number) }
    }

    fn hash(&mut self) -> Hash {
        Hash::from_bytes([u8::try_from(below(&mut self.rng, 5)).unwrap(); 32])
    }
}
