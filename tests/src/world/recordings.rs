//! Recordings of a world's connections, one of each end.

use core::fmt;
use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use peer_core::recording::{Buffer, Header, Side};
use peer_core::{Error, Time};

use super::{ConnectionId, Ended, Moment, What};
use crate::pair::WALL_CLOCK;

/// Lines that wait are handed out from this many bytes on.
const BATCH: usize = 64 * 1024;

/// Takes lines of an end's recording.
type Sink = Box<dyn FnMut(ConnectionId, &str)>;

/// Makes a recording of each end of each connection out of what a world shows its observer.
///
/// Times are the world's, counted from when the end has its transport. A node whose clock was set, or whose owner looked away,
/// saw another time than its recording tells.
pub struct Recordings {
    open: BTreeMap<ConnectionId, Open>,
    /// What an end wrote and the other one has not read.
    unread: BTreeMap<ConnectionId, VecDeque<u8>>,
    write: Sink,
}

struct Open {
    since: Time,
    buffer: Buffer,
    waiting: usize,
}

impl Recordings {
    /// Hands out the lines of an end's recording, in order and many at a time.
    pub fn new(write: impl FnMut(ConnectionId, &str) + 'static) -> Self {
        Self { open: BTreeMap::new(), unread: BTreeMap::new(), write: Box::new(write) }
    }

    /// Notes what happened, if it is about a connection.
    pub fn note(&mut self, moment: &Moment<'_>) {
        let (Some(id), Some(config)) = (moment.connection, moment.config) else { return };
        match moment.what {
            What::Connected(remote) => {
                let unix_time = WALL_CLOCK.seconds() + moment.at.elapsed().as_secs();
                let unix_time = std::time::UNIX_EPOCH + Duration::from_secs(unix_time);
                let header = Header::new(config.clone(), id.direction())
                    .software("sim")
                    .address(remote.to_string())
                    .unix_time(unix_time);
                let buffer = Buffer::new(&header, usize::MAX);
                self.open.insert(id, Open { since: moment.at, buffer, waiting: 0 });
            }
            What::Wrote(bytes) => {
                self.unread.entry(id).or_default().extend(bytes);
                self.piece(id, moment.at, Side::of(id.direction()), bytes);
            }
            What::Read(count) => {
                let unread = self.unread.entry(id.other()).or_default();
                let bytes: Vec<u8> = unread.drain(..count.min(unread.len())).collect();
                self.piece(id, moment.at, Side::of(id.other().direction()), &bytes);
            }
            What::Ended(ended) => self.end(id, moment.at, ended),
            _ => {}
        }
    }

    /// Hands out the rest of all recordings. Connections that are open have no end in them.
    pub fn finish(&mut self) {
        for (id, mut open) in core::mem::take(&mut self.open) {
            (self.write)(id, &open.buffer.take());
        }
    }

    fn piece(&mut self, id: ConnectionId, at: Time, from: Side, bytes: &[u8]) {
        let Some(open) = self.open.get_mut(&id) else { return };
        let at = Time::from_elapsed(at.saturating_since(open.since));
        open.buffer.piece(at, from, [bytes]);
        open.waiting += 2 * bytes.len();
        if open.waiting >= BATCH {
            open.waiting = 0;
            (self.write)(id, &open.buffer.take());
        }
    }

    fn end(&mut self, id: ConnectionId, at: Time, ended: &Ended) {
        self.unread.remove(&id.other());
        let Ended::Connection(reason) = ended else { return };
        let side = Side::of(id.direction());
        if *reason == Error::ClosedByRemote {
            self.piece(id, at, side.other(), &[]);
        }
        self.piece(id, at, side, &[]);
        if let Some(mut open) = self.open.remove(&id) {
            open.buffer.end(reason);
            (self.write)(id, &open.buffer.take());
        }
    }
}

impl fmt::Debug for Recordings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recordings").field("open", &self.open.len()).finish_non_exhaustive()
    }
}
