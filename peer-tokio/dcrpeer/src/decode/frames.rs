//! Finds frames in a stream of bytes that may lack some.

use bytes::{Buf, Bytes, BytesMut};
use peer_core::Network;
use peer_core::frame::Header;

/// What a stream holds next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A header and as many bytes as it says.
    Frame(Network, Bytes),
    /// So many bytes are part of no frame.
    Skipped(u64),
}

/// The bytes of one side, as they come.
#[derive(Debug, Default)]
pub(super) struct Frames {
    buffer: BytesMut,
    /// Known from the first frame on.
    network: Option<Network>,
    skipped: u64,
}

/// The limit of payloads on all networks.
const LARGEST_PAYLOAD: usize = 32 * 1024 * 1024;

impl Frames {
    /// Of a network that is known.
    pub(super) fn of(network: Option<Network>) -> Self {
        Self { network, ..Self::default() }
    }

    pub(super) fn extend(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next frame that is complete, or bytes that are none. `None` until more bytes come.
    pub(super) fn next(&mut self) -> Option<Item> {
        while let Some(header) = self.buffer.first_chunk::<{ Header::LEN }>() {
            let header = Header::from_bytes(header);
            let network = self.network_of(&header);
            let len = usize::try_from(header.len).unwrap_or(usize::MAX);
            let Some(network) = network.filter(|_| len <= LARGEST_PAYLOAD) else {
                self.skip_to_magic();
                continue;
            };
            if self.skipped > 0 {
                return Some(Item::Skipped(core::mem::take(&mut self.skipped)));
            }
            let len = len.saturating_add(Header::LEN);
            if self.buffer.len() < len {
                return None;
            }
            self.network = Some(network);
            return Some(Item::Frame(network, self.buffer.split_to(len).freeze()));
        }
        None
    }

    /// Some bytes are missing here, or no more come. Returns how many before are part of no complete frame.
    pub(super) fn cut(&mut self) -> u64 {
        let left = self.buffer.len() as u64;
        self.buffer.clear();
        core::mem::take(&mut self.skipped).saturating_add(left)
    }

    /// The network of a header that can begin a frame.
    fn network_of(&self, header: &Header) -> Option<Network> {
        let name = header.command.split(|byte| *byte == 0).next().unwrap_or_default();
        let is_padded = header.command.iter().skip(name.len()).all(|byte| *byte == 0);
        let is_command = !name.is_empty() && is_padded && name.iter().all(u8::is_ascii_graphic);
        let is_ours = match self.network {
            Some(network) => network == header.network,
            None => Network::KNOWN.iter().any(|(network, _)| *network == header.network),
        };
        (is_command && is_ours).then_some(header.network)
    }

    /// Skips at least a byte, up to where a frame may begin.
    fn skip_to_magic(&mut self) {
        let magics: Vec<u8> = match self.network {
            Some(network) => network.magic().to_le_bytes().first().copied().into_iter().collect(),
            None => Network::KNOWN
                .iter()
                .filter_map(|(network, _)| network.magic().to_le_bytes().first().copied())
                .collect(),
        };
        let rest = self.buffer.iter().skip(1).position(|byte| magics.contains(byte));
        let len = rest.map_or(self.buffer.len(), |position| position.saturating_add(1));
        self.buffer.advance(len);
        self.skipped = self.skipped.saturating_add(len as u64);
    }
}
