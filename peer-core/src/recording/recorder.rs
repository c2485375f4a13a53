//! The way of the lines from a connection to the thread that writes them.

use core::fmt;
use core::time::Duration;
use std::boxed::Box;
use std::io::{BufWriter, IoSlice, Write};
use std::string::String;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::lines::Lines;
use super::{Buffer, Header, RecordingOptions, Side};
use crate::error::Error;
use crate::time::Time;

/// The two ends of a recording that is being made: for the connection, and for a thread that writes.
///
/// At most `limit` bytes of lines wait, and as many are being written, counted and dropped as by [`Buffer`]. The thread that
/// writes makes their text.
///
/// ```
/// use peer_core::recording::{Header, Side, recorder};
/// use peer_core::{Config, Direction, Network, Time};
///
/// let config = Config::builder(Network::SIMNET).build()?;
/// let (recorder, writer) = recorder(&Header::new(config, Direction::Outbound), 1 << 20);
/// let writing = std::thread::spawn(move || {
///     let mut file = Vec::new();
///     writer.run(&mut file).map(|dropped| (file, dropped))
/// });
/// recorder.piece(Time::ZERO, Side::Dialer, [&b"hello"[..]]);
/// drop(recorder);
/// let (file, dropped) = writing.join().unwrap()?;
/// assert!(String::from_utf8(file)?.ends_with("{\"t_ms\":0,\"from\":\"dialer\",\"hex\":\"68656c6c6f\"}\n"));
/// assert_eq!(dropped, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn recorder(header: &Header, limit: usize) -> (Recorder, Writer) {
    recorder_with(header, limit, RecordingOptions::new())
}

/// As [`recorder`], of a recording that leaves out or replaces some of it.
#[must_use]
pub fn recorder_with(header: &Header, limit: usize, options: RecordingOptions) -> (Recorder, Writer) {
    let state = State {
        buffer: Buffer::with_options(header, limit, options),
        recorders: 1,
        is_shut_down: false,
        is_written: true,
        is_idle: false,
        wake: None,
    };
    let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
    (Recorder { shared: Arc::clone(&shared), side: header.side().unwrap_or(Side::Dialer) }, Writer { shared })
}

/// How long a line may wait for others, so that the writer is woken once for all of them.
const TOGETHER: Duration = Duration::from_millis(20);

/// How many bytes of text are made before they are written.
const TEXT: usize = 128 * 1024;

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    buffer: Buffer,
    recorders: usize,
    /// The end of our side's stream is noted.
    is_shut_down: bool,
    /// The writer is there.
    is_written: bool,
    /// The writer sleeps until a line comes.
    is_idle: bool,
    /// Called where [`Writer::take`] has something new to return.
    wake: Option<Box<dyn Fn() + Send>>,
}

impl State {
    fn wake(&self) {
        if let Some(wake) = &self.wake {
            wake();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here is left half done where a panic strikes.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes what crosses a transport. Clones note for the same recording.
///
/// No call waits for the disk. When the last clone is dropped, the writer ends.
pub struct Recorder {
    shared: Arc<Shared>,
    /// Ours, for [`sent`](Self::sent) and its like. Of a third program that records, the dialer.
    side: Side,
}

impl Recorder {
    /// As [`Buffer::piece`].
    pub fn piece<'a>(
        &self,
        at: Time,
        from: Side,
        chunks: impl IntoIterator<Item = &'a [u8], IntoIter: Clone>,
    ) {
        self.note(|buffer| buffer.piece(at, from, chunks));
    }

    /// Notes what a read returned: bytes of the other side, or none where its stream ended.
    pub fn received(&self, at: Time, bytes: &[u8]) {
        self.piece(at, self.side.other(), [bytes]);
    }

    /// Notes the first `count` of these bytes, which a write took, as sent by our side.
    pub fn sent(&self, at: Time, buffers: &[IoSlice<'_>], count: usize) {
        // An empty piece would be the end of the stream.
        if count == 0 {
            return;
        }
        let taken = buffers.iter().scan(count, |rest, buffer| {
            let len = buffer.len().min(*rest);
            *rest = rest.saturating_sub(len);
            buffer.get(..len)
        });
        self.piece(at, self.side, taken);
    }

    /// Notes the end of our side's stream. Only the first call does.
    pub fn shut_down(&self, at: Time) {
        let side = self.side;
        let mut state = self.shared.lock();
        if !core::mem::replace(&mut state.is_shut_down, true) {
            drop(state);
            self.piece(at, side, []);
        }
    }

    /// As [`Buffer::end`].
    pub fn end(&self, reason: &Error) {
        self.note(|buffer| buffer.end(reason));
    }

    /// How many pieces were dropped so far.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.lock().buffer.dropped()
    }

    fn note(&self, note: impl FnOnce(&mut Buffer)) {
        let mut state = self.shared.lock();
        if state.is_written {
            let (was_empty, was_batch) = (state.buffer.is_empty(), state.buffer.is_batch());
            note(&mut state.buffer);
            if was_empty {
                state.wake();
            }
            let is_due = state.buffer.is_batch() && !was_batch;
            // A system call for each line would cost more than the line.
            if core::mem::take(&mut state.is_idle) || is_due {
                drop(state);
                self.shared.changed.notify_one();
            }
        }
    }
}

impl Clone for Recorder {
    fn clone(&self) -> Self {
        let mut state = self.shared.lock();
        state.recorders = state.recorders.saturating_add(1);
        drop(state);
        Self { shared: Arc::clone(&self.shared), side: self.side }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.recorders = state.recorders.saturating_sub(1);
        if state.recorders == 0 {
            state.wake();
            drop(state);
            self.shared.changed.notify_one();
        }
    }
}

/// Writes the lines that a [`Recorder`] notes. Once it is dropped nothing is noted any more.
pub struct Writer {
    shared: Arc<Shared>,
}

impl Writer {
    /// Writes until the last recorder is dropped, and flushes whenever nothing waits. A line waits up to 20 ms for others, unless
    /// 128 KiB wait, or half of the limit. Returns how many pieces were dropped
    /// for lack of room.
    ///
    /// It blocks its thread: give it one of its own.
    ///
    /// # Errors
    ///
    /// The first failure to write. What is noted afterwards is lost.
    pub fn run(self, out: impl Write) -> std::io::Result<u64> {
        let mut out = BufWriter::with_capacity(TEXT, out);
        let mut lines = Lines::default();
        while self.next(&mut lines) {
            write!(out, "{lines}")?;
            out.flush()?;
        }
        Ok(self.dropped())
    }

    /// Takes the lines that wait, without waiting for more. `None` once the last recorder is dropped and all lines are
    /// taken.
    ///
    /// With [`on_lines`](Self::on_lines) one thread can write any number of recordings.
    #[must_use]
    pub fn take(&self) -> Option<String> {
        let mut state = self.shared.lock();
        let is_open = state.recorders > 0;
        let mut lines = Lines::default();
        state.buffer.take_into(&mut lines);
        // Making the text takes long, and the connection may want to note more.
        drop(state);
        (is_open || !lines.is_empty()).then(|| lines.text())
    }

    /// Has `wake` called once lines wait again after [`take`](Self::take) left none, and when the last recorder is dropped.
    /// It is called at once, too, for what waits already.
    ///
    /// The task of the connection calls it, so it must neither block nor use this recording.
    pub fn on_lines(&self, wake: impl Fn() + Send + 'static) {
        let mut state = self.shared.lock();
        state.wake = Some(Box::new(wake));
        state.wake();
    }

    /// How many pieces were dropped so far.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.lock().buffer.dropped()
    }

    /// Waits for lines, which replace those in `lines`. Returns whether there are any; if not, no more can come.
    fn next(&self, lines: &mut Lines) -> bool {
        let state = self.shared.lock();
        let waits = |state: &mut State| {
            state.is_idle = state.buffer.is_empty() && state.recorders > 0;
            state.is_idle
        };
        let waited = self.shared.changed.wait_while(state, waits);
        let state = waited.unwrap_or_else(PoisonError::into_inner);
        // More lines may follow at once, and go together.
        let has_time = |state: &mut State| !state.buffer.is_batch() && state.recorders > 0;
        let waited = self.shared.changed.wait_timeout_while(state, TOGETHER, has_time);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.buffer.take_into(lines);
        !lines.is_empty()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.is_written = false;
        state.buffer.take_into(&mut Lines::default());
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("side", &self.side).finish_non_exhaustive()
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}
