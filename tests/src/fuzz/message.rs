//! Target `message`: what decodes encodes, and decodes to the same again.
//!
//! Input: index of the command (1 byte), protocol version (1 byte, whose highest bit asks to look at every
//! field), the payload.

use std::io;

use bytes::Bytes;
use peer_core::{Command, Message, ProtocolVersion};

use super::script::Script;

/// Runs one input. Panics if a promise is broken.
pub fn message(data: &[u8]) {
    let mut script = Script::new(data);
    let [command, version] = script.array();
    let commands = Command::all();
    let index = usize::from(command) % commands.len();
    let Some(command) = commands.into_iter().nth(index) else { return };
    let looks = version & 0x80 != 0;
    let version = ProtocolVersion::new(u32::from(version % 16));
    let Ok(message) = Message::decode(command, Bytes::copy_from_slice(script.rest()), version) else {
        return;
    };
    assert_eq!(message.command(), command);
    if looks {
        look(&message);
    }
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

/// Reads every field, those too that are found only when they are asked for.
fn look(message: &Message) {
    assert!(!message.summary().to_string().contains('\0'));
    serde_json::to_writer(io::sink(), message).expect("nothing in a message cannot be written");
}
