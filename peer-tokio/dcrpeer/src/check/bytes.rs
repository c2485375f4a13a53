//! Frames that no machine writes.

use peer_core::Network;
use peer_core::blake256::checksum;
use peer_core::frame::Header;
use peer_core::message::Command;

/// A frame of these parts, whatever they are.
pub(super) fn frame(network: Network, command: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = header(network, command, u32::try_from(payload.len()).unwrap_or(u32::MAX), payload);
    bytes.extend_from_slice(payload);
    bytes
}

/// The header of a frame with this length, and the checksum of `payload`.
pub(super) fn header(network: Network, command: &str, len: u32, payload: &[u8]) -> Vec<u8> {
    let checksum = checksum(payload);
    Header { network, command: field(command), len, checksum }.to_bytes().to_vec()
}

/// The field of a command, with zeros behind it.
fn field(command: &str) -> [u8; Command::LEN] {
    let mut field = [0; Command::LEN];
    for (place, byte) in field.iter_mut().zip(command.bytes()) {
        *place = byte;
    }
    field
}
