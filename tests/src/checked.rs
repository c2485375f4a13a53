//! A peer whose every call is checked, with all the [`invariants`] or with the cheap ones.

mod commands;

use core::fmt::Debug;
use core::ops::Deref;

use bytes::BytesMut;
use peer_core::{Connection, Error, Event, Peer, Time, TransportError};
use rand_core::Rng;

use crate::bound::Turns;
use crate::invariants::{self, History};

/// A peer with its input. unless it is checked lightly, a twin gets the same calls and must answer alike.
///
/// It offers the methods of [`Peer`] that change something; after each, the [`invariants`] are checked.
/// Everything that looks is reached through [`Deref`].
#[derive(Debug)]
pub struct Checked {
    connection: Connection,
    input: BytesMut,
    twin: Option<Box<Twin>>,
    history: History,
}

/// The same peer once more, with its own copy of the input.
#[derive(Debug)]
struct Twin {
    connection: Connection,
    input: BytesMut,
}

impl Checked {
    /// Checks a peer from its first moment on.
    pub fn new(connection: Connection, now: Time) -> Self {
        let twin = Twin { connection: connection.clone(), input: BytesMut::new() };
        Self::with_twin(connection, Some(Box::new(twin)), now)
    }

    /// The same without a twin, and with only those [`invariants`] that cost next to nothing.
    pub fn lightly(connection: Connection, now: Time) -> Self {
        Self::with_twin(connection, None, now)
    }

    fn with_twin(connection: Connection, twin: Option<Box<Twin>>, now: Time) -> Self {
        let mut checked = Self { connection, input: BytesMut::new(), twin, history: History::default() };
        checked.check(now);
        checked
    }

    /// Appends to the input.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
        if let Some(twin) = &mut self.twin {
            twin.input.extend_from_slice(bytes);
        }
    }

    /// What was fed and not taken yet.
    pub const fn input(&self) -> &BytesMut {
        &self.input
    }

    /// Gives the memory of an input without bytes back, as adapters do for idle connections.
    pub fn shrink(&mut self) {
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
    }

    /// As [`Connection::receive`].
    pub fn receive(&mut self, now: Time) -> Result<Option<Event>, Error> {
        let result = self.connection.receive(&mut self.input, now);
        let twin = self.twin.as_mut().map(|twin| {
            let result = twin.connection.receive(&mut twin.input, now);
            assert_eq!(self.input.len(), twin.input.len(), "purity: input left by receive");
            result
        });
        if let Ok(Some(event)) = &result {
            self.history.on_event(event);
        }
        self.agreed("receive", result, twin, now)
    }

    /// As [`Connection::handle_drained`].
    pub fn handle_drained(&mut self, now: Time) {
        self.connection.handle_drained(&self.input, now);
        if let Some(twin) = &mut self.twin {
            twin.connection.handle_drained(&twin.input, now);
        }
        self.check(now);
    }

    /// As [`Connection::handle_hold`].
    pub fn handle_hold(&mut self, now: Time) {
        self.both(|connection| connection.handle_hold(now));
        self.check(now);
    }

    /// As [`Connection::handle_eof`].
    pub fn handle_eof(&mut self, now: Time) -> Error {
        let result = self.connection.handle_eof(&self.input);
        let twin = self.twin.as_mut().map(|twin| twin.connection.handle_eof(&twin.input));
        self.agreed("handle_eof", result, twin, now)
    }

    /// As [`Connection::handle_transport_error`].
    pub fn handle_transport_error(&mut self, error: TransportError, now: Time) -> Error {
        let result = self.connection.handle_transport_error(error, &self.input);
        let twin = self.twin.as_mut().map(|twin| twin.connection.handle_transport_error(error, &twin.input));
        self.agreed("handle_transport_error", result, twin, now)
    }

    /// As [`Connection::handle_half_close`].
    pub fn handle_half_close(&mut self, now: Time) -> Option<Error> {
        let result = self.connection.handle_half_close(&self.input);
        let twin = self.twin.as_mut().map(|twin| twin.connection.handle_half_close(&twin.input));
        self.agreed("handle_half_close", result, twin, now)
    }

    /// As [`Connection::handle_write_error`].
    pub fn handle_write_error(&mut self, error: TransportError, now: Time) -> Option<Error> {
        let result = self.connection.handle_write_error(error, &self.input, now);
        let twin = self.twin.as_mut();
        let twin = twin.map(|twin| twin.connection.handle_write_error(error, &twin.input, now));
        self.history.on_dropped();
        self.agreed("handle_write_error", result, twin, now)
    }

    /// Either of both: an end of the stream where nothing failed.
    pub fn handle_end(&mut self, failure: Option<TransportError>, now: Time) -> Error {
        match failure {
            None => self.handle_eof(now),
            Some(error) => self.handle_transport_error(error, now),
        }
    }

    /// As [`Connection::wants_read`].
    pub fn wants_read(&self) -> bool {
        self.connection.wants_read()
    }

    /// As [`Connection::wants_write`].
    pub fn wants_write(&self) -> bool {
        self.connection.wants_write()
    }

    /// As [`Connection::wants_shutdown`].
    pub fn wants_shutdown(&self) -> bool {
        self.connection.wants_shutdown()
    }

    /// As [`Connection::handle_timeout`].
    pub fn tick<R: Rng + Clone + PartialEq + Debug>(&mut self, now: Time, rng: &mut R) -> Result<(), Error> {
        let same = self.twin.is_some().then(|| rng.clone());
        let result = self.connection.handle_timeout(now, rng);
        let twin = self.twin.as_mut().zip(same).map(|(twin, mut same)| {
            let result = twin.connection.handle_timeout(now, &mut same);
            assert_eq!(*rng, same, "purity: draws of handle_timeout");
            result
        });
        let next = self.connection.peer().next_timeout();
        assert!(next.is_none_or(|(at, _)| at > now), "progress: handle_timeout at {now} left {next:?}");
        self.agreed("handle_timeout", result, twin, now)
    }

    /// As [`Connection::wants_pull`].
    pub fn wants_pull(&self) -> bool {
        self.connection.wants_pull()
    }

    /// As [`Connection::poll_transmit`].
    pub fn poll_transmit(&mut self, now: Time) -> Vec<u8> {
        let (result, twin) = self.both(|connection| connection.poll_transmit(now).to_vec());
        self.agreed("poll_transmit", result, twin, now)
    }

    /// As [`Connection::poll_transmit_chunks`].
    pub fn poll_transmit_chunks(&mut self, enough: usize, now: Time) -> Vec<Vec<u8>> {
        let (result, twin) = self.both(|connection| {
            connection.poll_transmit_chunks(enough, now).map(<[u8]>::to_vec).collect::<Vec<_>>()
        });
        self.agreed("poll_transmit_chunks", result, twin, now)
    }

    /// As [`Connection::handle_transmitted`].
    pub fn handle_transmitted(&mut self, count: usize, now: Time) {
        let before = self.queued();
        self.both(|connection| connection.handle_transmitted(count, now));
        // What is dropped at an end that follows from it was not taken.
        self.history.on_taken(count.min(before - self.queued()));
        self.check(now);
    }

    /// Takes the next bytes to write, at most `most` of them, as a transport does in one call.
    pub fn take(&mut self, most: usize, now: Time) -> Vec<u8> {
        let mut bytes = self.poll_transmit(now);
        bytes.truncate(most);
        self.handle_transmitted(bytes.len(), now);
        bytes
    }

    /// The same into the hands of `write`, without a copy in between. Returns how many bytes it were.
    pub fn hand_over(&mut self, most: usize, now: Time, write: impl FnOnce(&[u8])) -> usize {
        let twin = self.twin.as_mut().map(|twin| twin.connection.poll_transmit(now));
        let bytes = self.connection.poll_transmit(now);
        assert!(
            twin.is_none_or(|twin| twin == bytes),
            "purity: poll_transmit showed the twin something else"
        );
        let bytes = &bytes[..bytes.len().min(most)];
        write(bytes);
        let count = bytes.len();
        self.handle_transmitted(count, now);
        count
    }

    /// The same in pieces, as a vectored write takes them: whole frames until they have at least `enough` bytes
    /// together, of which at most `most` are taken.
    pub fn hand_over_pieces(
        &mut self,
        enough: usize,
        most: usize,
        now: Time,
        mut write: impl FnMut(&[u8]),
    ) -> usize {
        if let Some(twin) = &mut self.twin {
            let same = twin
                .connection
                .poll_transmit_chunks(enough, now)
                .eq(self.connection.poll_transmit_chunks(enough, now));
            assert!(same, "purity: poll_transmit_chunks showed the twin something else");
        }
        let mut count = 0;
        for piece in self.connection.poll_transmit_chunks(enough, now) {
            let piece = &piece[..piece.len().min(most - count)];
            write(piece);
            count += piece.len();
        }
        self.handle_transmitted(count, now);
        count
    }

    /// Takes everything there is to write.
    pub fn take_all(&mut self, now: Time) -> Vec<u8> {
        let (mut all, mut turns) = (Vec::new(), Turns::default());
        while self.wants_write() {
            turns.next();
            all.append(&mut self.take(usize::MAX, now));
        }
        all
    }

    /// A clone of the connection, to try on it what must not change this one.
    pub fn fork(&self) -> Connection {
        self.connection.clone()
    }

    fn both<T>(&mut self, call: impl Fn(&mut Connection) -> T) -> (T, Option<T>) {
        let result = call(&mut self.connection);
        (result, self.twin.as_mut().map(|twin| call(&mut twin.connection)))
    }

    fn agreed<T: PartialEq + Debug>(&mut self, call: &str, result: T, twin: Option<T>, now: Time) -> T {
        if let Some(twin) = twin {
            assert_eq!(result, twin, "purity: {call} told the twin something else");
        }
        self.check(now);
        result
    }

    fn check(&mut self, now: Time) {
        match &self.twin {
            Some(twin) => invariants::check(&self.connection, &twin.connection, &mut self.history, now),
            None => invariants::glance(&self.connection, &mut self.history),
        }
    }
}

impl Deref for Checked {
    type Target = Peer;

    fn deref(&self) -> &Peer {
        self.connection.peer()
    }
}
