//! Counts the bytes of many streams together as they pass. Asking each connection would cost a wake-up of its task.

use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::io::{InspectReader, InspectWriter};

/// Bytes that passed through any number of streams.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    received: AtomicU64,
    sent: AtomicU64,
}

impl Traffic {
    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// A stream whose bytes are counted here.
    pub(crate) fn count<S: AsyncRead + AsyncWrite>(
        self: Arc<Self>,
        stream: S,
    ) -> impl AsyncRead + AsyncWrite {
        let received = Arc::clone(&self);
        let stream = InspectReader::new(stream, move |bytes: &[u8]| add(&received.received, bytes));
        InspectWriter::new(stream, move |bytes: &[u8]| add(&self.sent, bytes))
    }
}

fn add(counter: &AtomicU64, bytes: &[u8]) {
    counter.fetch_add(bytes.len() as u64, Ordering::Relaxed);
}
