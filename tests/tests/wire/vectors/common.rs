//! Reading frames as a stream's reader would, and comparing what came out with what the vectors say.

use bytes::{Bytes, BytesMut};
use peer_core::frame::{FrameReader, Rules};
use peer_core::{CodecError, Command, FrameError, Message, Network, ProtocolVersion};
use peer_tests::vectors::Line;
pub(crate) use peer_tests::vectors::{REJECT_IS_READ, assert_fields, is_reject_of_old_era, kind_name};

pub(crate) fn network(line: &Line) -> Network {
    line.str("net").parse().unwrap_or_else(|error| panic!("{}: {error}", line.place()))
}

pub(crate) fn version(line: &Line) -> ProtocolVersion {
    ProtocolVersion::new(line.int("pver"))
}

pub(crate) fn command(line: &Line) -> Command {
    Command::new(line.str("command")).unwrap_or_else(|error| panic!("{}: {error}", line.place()))
}

/// What reading one frame off the front of `stream` gave, and how many bytes it took.
pub(crate) struct Read {
    pub(crate) result: Result<(Message, Bytes), FrameError>,
    pub(crate) taken: usize,
}

impl Read {
    /// The name of the refusal, empty for none.
    pub(crate) fn error(&self) -> String {
        self.result.as_ref().err().map(|error| error.kind().to_string()).unwrap_or_default()
    }
}

/// Reads one frame; the stream ends behind `stream`.
pub(crate) fn read(stream: &mut BytesMut, network: Network, version: ProtocolVersion) -> Read {
    let before = stream.len();
    let mut reader = FrameReader::new();
    let frame = reader.read(stream, &Rules::new(network, version));
    let result = match frame {
        Ok(Some(frame)) => frame.decode(version).map(|message| (message, frame.payload.into())),
        Ok(None) => {
            let missing = reader.missing(stream).unwrap_or(24);
            stream.clear();
            Err(FrameError::Truncated { missing })
        }
        Err(error) => Err(error),
    };
    Read { result, taken: before - stream.len() }
}

/// Decodes a payload by itself. Bytes left over are no error here; their number is returned.
pub(crate) fn decode(
    command: Command,
    payload: Vec<u8>,
    version: ProtocolVersion,
) -> Result<(Option<Message>, usize), CodecError> {
    match Message::decode(command, payload.into(), version) {
        Ok(message) => Ok((Some(message), 0)),
        Err(CodecError::TrailingBytes { count }) => Ok((None, count)),
        Err(error) => Err(error),
    }
}
