//! Target `frame`: a stream of bytes means the same however it is cut.
//!
//! Input: protocol version (1 byte), a seed for the cuts (1 byte), the stream.

use bytes::BytesMut;
use peer_core::frame::{Frame, FrameReader, Rules};
use peer_core::{FrameError, Network, ProtocolVersion};

use super::take;

/// Runs one input. Panics if a promise is broken.
pub fn frame(mut data: &[u8]) {
    let [version, cut] = take(&mut data);
    let rules = Rules::new(Network::MAINNET, ProtocolVersion::new(u32::from(version % 16)));
    let whole = read_all(data, usize::MAX, &rules);
    let pieces = read_all(data, usize::from(cut) + 1, &rules);
    assert_eq!(whole, pieces, "frames differ when the stream is cut into {} bytes", usize::from(cut) + 1);
    for frame in whole.0 {
        if let Ok(message) = frame.decode(rules.version) {
            let encoded = peer_core::frame::encode(&message, rules.network, rules.version);
            assert!(encoded.is_err() || encoded.is_ok_and(|bytes| bytes.len() >= 24));
        }
    }
}

/// All frames up to the first refusal, if there is one.
fn read_all(data: &[u8], piece: usize, rules: &Rules) -> (Vec<Frame>, Option<FrameError>) {
    let mut reader = FrameReader::new();
    let (mut input, mut frames) = (BytesMut::new(), Vec::new());
    for chunk in data.chunks(piece) {
        input.extend_from_slice(chunk);
        loop {
            match reader.read(&mut input, rules) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
        assert!(input.capacity() <= 2 * data.len() + 64, "the buffer grew by a claim");
    }
    (frames, None)
}
