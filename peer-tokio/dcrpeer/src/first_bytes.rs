//! Keeps the first bytes that a remote sends, so that a failure can tell what the remote speaks instead.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::AsyncRead;
use tokio_util::io::InspectReader;

/// The first bytes of a stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct FirstBytes(Arc<Mutex<Vec<u8>>>);

impl FirstBytes {
    /// Wraps a stream so that its first bytes are kept.
    pub(crate) fn of<S: AsyncRead>(stream: S) -> (InspectReader<S, impl FnMut(&[u8])>, Self) {
        let (first, mut is_full) = (Self::default(), false);
        let kept = first.clone();
        let stream = InspectReader::new(stream, move |bytes: &[u8]| {
            if !is_full {
                is_full = kept.keep(bytes);
            }
        });
        (stream, first)
    }

    /// The first line, if it is plain text, as no frame is.
    pub(crate) fn text(&self) -> Option<String> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = bytes.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
        let is_text = line.len() >= 4 && line.iter().all(|byte| matches!(byte, b' '..=b'~'));
        is_text.then(|| String::from_utf8_lossy(line).into_owned())
    }

    /// The byte at this index, if it came and was kept.
    pub(crate) fn byte(&self, at: usize) -> Option<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(at).copied()
    }

    /// Whether nothing came at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Keeps what there is room for, and tells whether that was the last of it.
    fn keep(&self, bytes: &[u8]) -> bool {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MOST.saturating_sub(kept.len());
        kept.extend(bytes.iter().take(room));
        kept.len() >= MOST
    }
}

/// Enough for the first line of a web server.
const MOST: usize = 64;
