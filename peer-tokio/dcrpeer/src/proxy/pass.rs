//! Passes bytes on between two streams, in both directions.

use core::time::Duration;
use std::io;
use std::sync::OnceLock;

use peer_core::Time;
use peer_core::recording::{Recorder, Side};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};

use crate::clock::Stopwatch;
use crate::shutdown::ShutdownReason;

/// Most bytes that are on their way in a direction. No more is read before they are written.
const PIECE: usize = 64 * 1024;

/// How a connection ended.
#[derive(Debug)]
pub(super) enum Passed {
    /// Both streams ended, this side's first.
    Ended(Side),
    /// The connection of this side failed.
    Failed(Side, io::Error),
    /// It was time to end.
    Stopped(ShutdownReason),
}

/// Passes on what both send until both streams have ended, or one connection fails: then both are reset. `streams` are
/// those to the dialer and to the listener; `bytes` counts what each of them sent.
pub(super) async fn pass(
    mut streams: [TcpStream; 2],
    recorder: Option<&Recorder>,
    bytes: &mut [u64; 2],
) -> Passed {
    for stream in &streams {
        // Nagle's algorithm affects only the speed.
        stream.set_nodelay(true).ok();
    }
    let (clock, first) = (Stopwatch::start(), OnceLock::new());
    let passed = {
        let [dialer, listener] = &mut streams;
        let ((from_dialer, to_dialer), (from_listener, to_listener)) = (dialer.split(), listener.split());
        let [sent_by_dialer, sent_by_listener] = bytes;
        let way = |from| Way { from, clock, recorder, first: &first };
        tokio::try_join!(
            way(Side::Dialer).pass(from_dialer, to_listener, sent_by_dialer),
            way(Side::Listener).pass(from_listener, to_dialer, sent_by_listener),
        )
    };
    match (passed, first.get()) {
        (Ok(_), first) => Passed::Ended(first.copied().unwrap_or(Side::Dialer)),
        // A side that has closed its socket does not take what comes later.
        (Err((side, _)), Some(first)) if side == *first => Passed::Ended(*first),
        (Err((side, error)), _) => {
            for stream in &streams {
                reset_when_dropped(stream);
            }
            Passed::Failed(side, error)
        }
    }
}

/// One direction.
struct Way<'a> {
    from: Side,
    clock: Stopwatch,
    recorder: Option<&'a Recorder>,
    /// The side whose stream ended first.
    first: &'a OnceLock<Side>,
}

impl Way<'_> {
    /// Passes on until the stream has ended, and that, too. A failure names the side whose connection failed.
    async fn pass(
        self,
        mut from: ReadHalf<'_>,
        mut to: WriteHalf<'_>,
        passed: &mut u64,
    ) -> Result<(), (Side, io::Error)> {
        let mut buffer = vec![0; PIECE];
        loop {
            let count = from.read(&mut buffer).await.map_err(|error| (self.from, error))?;
            let piece = buffer.get(..count).unwrap_or_default();
            if let Some(recorder) = self.recorder {
                recorder.piece(Time::from_elapsed(self.clock.elapsed()), self.from, [piece]);
            }
            if piece.is_empty() {
                self.first.set(self.from).ok();
                // The other side may be gone already.
                to.shutdown().await.ok();
                return Ok(());
            }
            to.write_all(piece).await.map_err(|error| (self.from.other(), error))?;
            *passed = passed.saturating_add(count as u64);
        }
    }
}

/// The other end sees its connection reset, not closed. Where the system does not allow it, it sees it closed.
pub(super) fn reset_when_dropped(stream: &TcpStream) {
    SockRef::from(stream).set_linger(Some(Duration::ZERO)).ok();
}
