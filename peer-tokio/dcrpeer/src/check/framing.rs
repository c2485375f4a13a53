//! Checks of frames: how bytes are cut, and what no frame may look like.

use core::time::Duration;

use peer_core::message::Ping;
use peer_core::{Message, Network, ProtocolVersion};
use tokio::time::sleep;

use super::bytes::{frame, header};
use super::catalogue::{Check, Needs};
use super::lab::Lab;
use super::stop::{Outcome, Stop};

/// The checks of this file.
pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "split-frames",
        sends: "`ping`, one byte at a time",
        passes: "one `pong`",
        needs: Needs::Nothing,
        source: "dcrd's peer package",
        cases: &[],
        run: |lab| Box::pin(split(lab)),
    },
    Check {
        name: "joined-frames",
        sends: "20 `ping` in one piece",
        passes: "20 `pong` in order",
        needs: Needs::Nothing,
        source: "dcrd's peer package, dcrd's server",
        cases: &[],
        run: |lab| Box::pin(joined(lab)),
    },
    Check {
        name: "short-payload",
        sends: "`ping` with 7 bytes",
        passes: "it closes",
        needs: Needs::Nothing,
        source: "dcrd's server",
        cases: &["ping of 7 bytes"],
        run: |lab| Box::pin(short_payload(lab)),
    },
    Check {
        name: "wrong-magic",
        sends: "`ping` with the magic of another network",
        passes: "it closes",
        needs: Needs::Rude,
        source: "dcrd's server",
        cases: &["ping with another magic"],
        run: |lab| Box::pin(wrong_magic(lab)),
    },
    Check {
        name: "wrong-checksum",
        sends: "`ping` with a wrong checksum",
        passes: "it closes",
        needs: Needs::Rude,
        source: "dcrd's server",
        cases: &["ping with bad checksum"],
        run: |lab| Box::pin(wrong_checksum(lab)),
    },
    Check {
        name: "trailing-bytes",
        sends: "`getheaders` with a byte too many",
        passes: "it closes",
        needs: Needs::Rude,
        source: "dcrd's server, the wire format",
        cases: &["headers with a trailing byte"],
        run: |lab| Box::pin(trailing_bytes(lab)),
    },
    Check {
        name: "unknown-command",
        sends: "`foobar`",
        passes: "it closes",
        needs: Needs::Rude,
        source: "dcrd's server",
        cases: &["unknown command"],
        run: |lab| Box::pin(unknown_command(lab)),
    },
    Check {
        name: "command-padding",
        sends: "`ping` with a byte behind the zero of its command",
        passes: "it closes",
        needs: Needs::Rude,
        source: "dcrd's server",
        cases: &["command with bytes after the zero"],
        run: |lab| Box::pin(command_padding(lab)),
    },
    Check {
        name: "oversize-header",
        sends: "a header alone, with a length of 32 MiB and a byte",
        passes: "it closes before any payload",
        needs: Needs::Rude,
        source: "dcrd's server",
        cases: &["version: declared length 0xffffffff, header only"],
        run: |lab| Box::pin(oversize(lab)),
    },
    Check {
        name: "over-limit-header",
        sends: "the header of a `getaddr` alone, with a length of 1",
        passes: "it closes before any payload",
        needs: Needs::Rude,
        source: "dcrd's server",
        cases: &["version: declared length 359, header only", "getaddr of length 1"],
        run: |lab| Box::pin(over_limit(lab)),
    },
    Check {
        name: "addr-at-12",
        sends: "`addr` at protocol 12",
        passes: "it closes",
        needs: Needs::Rude,
        source: "dcrd's server",
        cases: &["addr at 12, 1 address"],
        run: |lab| Box::pin(addr_at_12(lab)),
    },
];

/// How the stream is cut never matters.
async fn split(lab: &Lab) -> Outcome {
    let mut wire = lab.meet().await?;
    let ping = lab.frame(&Ping { nonce: SPLIT }.into())?;
    for byte in ping.chunks(1) {
        wire.send_bytes(byte).await;
        sleep(PAUSE).await;
    }
    match wire.answer("pong").await? {
        Message::Pong(pong) if pong.nonce == SPLIT => {
            Ok(format!("a ping in {} pieces, one pong", ping.len()))
        }
        other => Err(Stop::unexpected(&other, "pong")),
    }
}

/// Several frames may come in one piece.
async fn joined(lab: &Lab) -> Outcome {
    let mut wire = lab.meet().await?;
    let mut bytes = Vec::new();
    for nonce in 1..=JOINED {
        bytes.extend(lab.frame(&Ping { nonce }.into())?);
    }
    wire.send_bytes(&bytes).await;
    for nonce in 1..=JOINED {
        match wire.answer("pong").await? {
            Message::Pong(pong) if pong.nonce == nonce => {}
            Message::Pong(pong) => {
                return Err(Stop::fail(format!("pong {} came where {nonce} was due", pong.nonce)));
            }
            other => return Err(Stop::unexpected(&other, "pong")),
        }
    }
    Ok(format!("{JOINED} pings in one piece, {JOINED} pongs in order"))
}

/// A frame of another network ends the connection.
async fn wrong_magic(lab: &Lab) -> Outcome {
    let other = Network::from_magic(lab.network().magic().wrapping_add(1));
    refused(lab, &frame(other, "ping", &[0; 8]), "a frame of another network").await
}

/// A wrong checksum ends the connection.
async fn wrong_checksum(lab: &Lab) -> Outcome {
    let mut bytes = header(lab.network(), "ping", 8, b"another payload");
    bytes.extend_from_slice(&[0; 8]);
    refused(lab, &bytes, "a wrong checksum").await
}

/// Bytes behind what a payload says end the connection.
async fn trailing_bytes(lab: &Lab) -> Outcome {
    // Protocol version, no locator, no stop hash, and one byte more.
    refused(lab, &frame(lab.network(), "getheaders", &[0; 4 + 1 + 32 + 1]), "a trailing byte").await
}

/// An unknown command ends the connection.
async fn unknown_command(lab: &Lab) -> Outcome {
    refused(lab, &frame(lab.network(), "foobar", &[]), "an unknown command").await
}

/// A command with bytes behind its zero ends the connection.
async fn command_padding(lab: &Lab) -> Outcome {
    refused(lab, &frame(lab.network(), "ping\0x", &[0; 8]), "a command with bytes behind its end").await
}

/// A payload above 32 MiB is refused from its header alone.
async fn oversize(lab: &Lab) -> Outcome {
    let bytes = header(lab.network(), "block", LARGEST_PAYLOAD.saturating_add(1), &[]);
    refused(lab, &bytes, "a header of 32 MiB and a byte").await
}

/// A payload above the limit of its command is refused from its header alone.
async fn over_limit(lab: &Lab) -> Outcome {
    refused(lab, &header(lab.network(), "getaddr", 1, &[0]), "the header of a getaddr with a payload").await
}

/// A payload that ends too early ends the connection, without a ban.
async fn short_payload(lab: &Lab) -> Outcome {
    refused(lab, &frame(lab.network(), "ping", &[0; 7]), "a ping of 7 bytes").await
}

/// At 12 there is no `addr` any more.
async fn addr_at_12(lab: &Lab) -> Outcome {
    let mut wire = lab.open().await?;
    let told = wire.shake_hands(ProtocolVersion::LATEST.get()).await?.protocol_version;
    if told.cast_unsigned() < ProtocolVersion::ADDR_V2.get() {
        return Err(Stop::skip(format!("it speaks only version {told}")));
    }
    wire.lives().await?;
    // One IPv4 address.
    let mut payload = vec![0; 1 + 30];
    payload.splice(..1, [1]);
    wire.send_bytes(&frame(lab.network(), "addr", &payload)).await;
    wire.closes("an addr at version 12").await
}

/// Sends bytes for which a node must close.
async fn refused(lab: &Lab, bytes: &[u8], what: &str) -> Outcome {
    let mut wire = lab.meet().await?;
    wire.lives().await?;
    wire.send_bytes(bytes).await;
    wire.closes(what).await
}

/// Between two pieces of a frame, so that each comes alone.
const PAUSE: Duration = Duration::from_millis(2);
const SPLIT: u64 = 0x0123_4567_89ab_cdef;
const JOINED: u64 = 20;
/// The limit of payloads on all networks.
const LARGEST_PAYLOAD: u32 = 32 * 1024 * 1024;
