//! Target `message`: what decodes encodes, and decodes to the same again.
//!
//! Input: index of the command (1 byte), protocol version (1 byte), the payload.

use bytes::Bytes;
use peer_core::{Command, Message, ProtocolVersion};

use super::take;

/// Runs one input. Panics if a promise is broken.
pub fn message(mut data: &[u8]) {
    let [command, version] = take(&mut data);
    let commands = Command::all();
    let index = usize::from(command) % commands.len();
    let Some(command) = commands.into_iter().nth(index) else { return };
    let version = ProtocolVersion::new(u32::from(version % 16));
    let Ok(message) = Message::decode(command, Bytes::copy_from_slice(data), version) else { return };
    assert_eq!(message.command(), command);
    assert!(!message.summary().to_string().contains('\0'));
    let mut encoded = Vec::new();
    if message.encode(&mut encoded, version).is_err() {
        return;
    }
    assert_eq!(message.encoded_len(), encoded.len(), "the size told in advance is wrong");
    let again = Message::decode(command, encoded.clone().into(), version).expect("what was encoded decodes");
    let mut twice = Vec::new();
    again.encode(&mut twice, version).expect("what was encoded encodes again");
    assert_eq!(encoded, twice, "encoding is not stable");
}
