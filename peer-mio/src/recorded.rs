//! A stream that is recorded.

use std::io::{self, IoSlice, Read, Write};

use mio::event::Source;
use mio::{Interest, Registry, Token};
use peer_core::recording::Recorder;

use crate::clock::Clock;
use crate::transport::Transport;

/// A stream that notes what crosses it, for [`Peers::insert`](crate::Peers::insert): the driver does not notice.
///
/// Time 0 of the recording is when this is made, so make it right before the connection. Nothing waits for the disk; see
/// [`recorder`](peer_core::recording::recorder). The drop of the stream is noted as the end of our side. For the reason,
/// keep a clone of the recorder and call [`Recorder::end`] when the connection is closed.
#[derive(Debug)]
pub struct Recorded<S> {
    stream: S,
    recorder: Recorder,
    clock: Clock,
}

impl<S> Recorded<S> {
    /// Records what crosses `stream` from now on.
    pub fn new(stream: S, recorder: Recorder) -> Self {
        Self { stream, recorder, clock: Clock::start() }
    }
}

impl<S: Read> Read for Recorded<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buffer)?;
        if !buffer.is_empty() {
            self.recorder.received(self.clock.now(), buffer.get(..count).unwrap_or_default());
        }
        Ok(count)
    }
}

impl<S: Write> Write for Recorded<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.stream.write(bytes)?;
        self.recorder.sent(self.clock.now(), &[IoSlice::new(bytes)], count);
        Ok(count)
    }

    fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        let count = self.stream.write_vectored(buffers)?;
        self.recorder.sent(self.clock.now(), buffers, count);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl<S: Source> Source for Recorded<S> {
    fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        self.stream.register(registry, token, interests)
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        self.stream.reregister(registry, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.stream.deregister(registry)
    }
}

impl<S: Transport> Transport for Recorded<S> {
    fn is_connected(&mut self) -> io::Result<bool> {
        self.stream.is_connected()
    }

    fn short_read_drains(&self) -> bool {
        self.stream.short_read_drains()
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        self.stream.shutdown_write()?;
        self.recorder.shut_down(self.clock.now());
        Ok(())
    }
}

impl<S> Drop for Recorded<S> {
    fn drop(&mut self) {
        self.recorder.shut_down(self.clock.now());
    }
}
