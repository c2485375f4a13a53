//! When a driver reads more before it pulls.

use core::mem;

use crate::connection::Connection;
use crate::time::Time;

/// Decides when a driver reads more before it pulls, so that blocks which wait whole are hashed together, in less time.
///
/// A driver that always pulls after a read works as well. With this, it reads on while each read is filled, as long as
/// [`Connection::read_ahead`] allows and no timeout is due. How the transport ended, an `E` of the driver's choice, is kept
/// until everything gathered is pulled.
///
/// ```
/// use std::io::{ErrorKind, Read};
///
/// use bytes::BytesMut;
/// use peer_core::{Connection, Error, Gather, Time};
///
/// /// Reads and pulls, and returns when the stream has nothing more, reading pauses or the turn is over, or how it ended.
/// fn read(
///     stream: &mut impl Read,
///     connection: &mut Connection,
///     gather: &mut Gather<Option<ErrorKind>>, // no error at the end of the stream
///     input: &mut BytesMut,
///     now: Time,
/// ) -> Result<Option<Option<ErrorKind>>, Error> {
///     let mut buffer = [0; 65_536];
///     for _ in 0..64 {
///         if !gather.wants_more(connection, input, now) {
///             gather.stop();
///             while let Some(event) = connection.receive(input, now)? {
///                 println!("{event:?}");
///             }
///             if !connection.wants_read() {
///                 break; // until something is written
///             }
///         }
///         let read = match gather.take_end() {
///             Some(end) => Err(end),
///             None => match stream.read(&mut buffer) {
///                 Ok(0) => Err(None),
///                 Ok(count) => Ok(count),
///                 Err(error) => Err(Some(error.kind())),
///             },
///         };
///         match read {
///             Ok(count) => {
///                 input.extend_from_slice(&buffer[..count]);
///                 gather.on_read(count, count == buffer.len(), connection, input);
///             }
///             Err(Some(ErrorKind::WouldBlock)) => {
///                 if !gather.on_drained(connection, input) {
///                     connection.handle_drained(input, now);
///                     break;
///                 }
///             }
///             Err(end) => {
///                 if let Some(end) = gather.on_end(end) {
///                     return Ok(Some(end));
///                 }
///             }
///         }
///     }
///     Ok(None)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Gather<E> {
    /// The last read was filled, and nothing was pulled since.
    is_on: bool,
    /// Bytes to read before input is gathered again.
    backoff: usize,
    /// The transport ended while input was gathered.
    end: Option<E>,
}

impl<E> Default for Gather<E> {
    fn default() -> Self {
        Self { is_on: false, backoff: 0, end: None }
    }
}

impl<E> Gather<E> {
    /// Nothing is gathered yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether to read again before the machine pulls `input`.
    #[must_use]
    pub fn wants_more(&self, connection: &Connection, input: &[u8], now: Time) -> bool {
        let is_due = || connection.poll_timeout().is_some_and(|at| at <= now);
        self.is_on && input.len() < connection.read_ahead() && !is_due()
    }

    /// Everything that was gathered is pulled next. Returns whether a read was to follow.
    pub const fn stop(&mut self) -> bool {
        mem::replace(&mut self.is_on, false)
    }

    /// A read brought `count` bytes, which are in `input` now, and filled its buffer or not.
    pub fn on_read(&mut self, count: usize, is_full: bool, connection: &Connection, input: &[u8]) {
        let was_on = self.stop();
        self.backoff = self.backoff.saturating_sub(count);
        self.is_on = is_full && self.backoff == 0;
        if was_on && !is_full {
            self.back_off(connection, input);
        }
    }

    /// The transport has nothing more for now. Returns whether gathered input is to be pulled before this is reported.
    pub fn on_drained(&mut self, connection: &Connection, input: &[u8]) -> bool {
        let was_on = self.stop();
        if was_on {
            self.back_off(connection, input);
        }
        was_on
    }

    /// The transport has ended. Returns this, unless gathered input is to be pulled first: then
    /// [`take_end`](Self::take_end) returns it.
    pub fn on_end(&mut self, end: E) -> Option<E> {
        if self.stop() {
            self.end = Some(end);
            return None;
        }
        Some(end)
    }

    /// The end that was kept. Ask before each read.
    pub const fn take_end(&mut self) -> Option<E> {
        self.end.take()
    }

    /// If the transport is drained before several blocks can wait, gathering has cost copies and gained nothing, so it
    /// rests for a while.
    fn back_off(&mut self, connection: &Connection, input: &[u8]) {
        let wanted = connection.read_ahead();
        if input.len() < wanted / 4 {
            self.backoff = wanted;
        }
    }
}
