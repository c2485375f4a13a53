//! One step of a script: a call on a machine, or something that happens to it.

use core::time::Duration;
use std::borrow::Cow;

use peer_core::frame::Header;
use peer_core::message::{Inventory, Raw};
use peer_core::{Command, Hash, Interest, Message, Request, RequestOptions, Time, TransportError};

use super::script::{Script, pick};
use super::subject::Generator;
use super::vocabulary::{greeting, item, verack, word, write_frame};
use crate::remote::NETWORK;

/// See the [module](self).
#[derive(Debug)]
pub(super) enum Call<'a> {
    /// Bytes come from the remote, and the owner pulls until they run dry, or does not yet.
    Hear {
        bytes: Cow<'a, [u8]>,
        pull: bool,
    },
    /// What the machine writes comes back to it.
    Echo,
    /// The remote answers the last ping.
    Pong,
    /// The owner pulls once.
    Pull,
    /// The owner pulls until nothing comes.
    PullAll,
    /// The transport takes at most so many bytes of what it is shown.
    Take(usize),
    /// The same through the pieces of a vectored write, all of which it takes.
    TakePieces(usize),
    /// The driver tells that the transport has nothing more. There is none: what came lies in the input.
    Drained,
    /// Ticks at the time it is.
    Tick,
    /// Ticks at the deadline.
    Advance,
    /// Time passes.
    Wait(Duration),
    /// The clock is set.
    SetClock(Time),
    Send(Cow<'a, Message>),
    /// Announces so many items in a row, from this one on.
    Announce(u32, u32),
    AnnounceItem(Inventory),
    AnnounceNow(Inventory),
    AddKnown(Inventory),
    SendAddresses(usize),
    RequestBlocks(u8, u8),
    RequestHeaders(u8, u8),
    Reject {
        command: Cow<'a, str>,
        code: u8,
        reason: Cow<'a, str>,
        hash: Option<Hash>,
    },
    Request(Request, RequestOptions),
    /// Takes back the open request with this place.
    Cancel(usize),
    SetInterest(Interest),
    SetBestHeight(i32),
    SetLastBlock(i32),
    SetLastAnnounced(Option<Hash>),
    End(Option<TransportError>),
    /// The remote ends its stream, and may still take what we write.
    HalfClose,
    /// Writing fails, and reading may go on.
    FailWrite(TransportError),
    /// The driver pulls no more for now.
    Hold,
    Close,
    /// The owner wants the connection to end once all is written.
    Finish,
    /// The same, and it waits so long for the remote to end it.
    Leave(Duration),
    /// Sends a message that was encoded before.
    SendEncoded(&'a Message),
    /// The peer is replaced by a clone of it.
    Fork,
    /// The owner asks what to write and writes nothing.
    Show,
    /// The same in pieces.
    ShowPieces(usize),
    /// The owner claims that so much was written.
    Sent(usize),
    /// Ticks at any time.
    TickAt(Time),
    /// The owner loses what lies behind so many bytes of the input.
    Lose(usize),
    /// The owner hands over another input.
    Swap(&'a [u8]),
    /// The transport ends, with another input.
    EndWith(&'a [u8]),
    /// The generator goes on from elsewhere, perhaps always with the same number.
    Reseed(Generator),
    /// The owner looks at everything there is to see.
    Look(Inventory),
}

impl<'a> Call<'a> {
    /// Whether the transport takes bytes with it.
    pub(super) const fn is_taking(&self) -> bool {
        matches!(self, Self::Echo | Self::Take(_) | Self::TakePieces(_))
    }

    /// A call that a careful owner could make: operation in the low five bits, a small argument above.
    pub(super) fn read(script: &mut Script<'a>) -> Self {
        let byte = script.byte();
        let argument = byte >> 5;
        let pull = argument.is_multiple_of(2);
        let hear = |bytes: &'a [u8]| Self::Hear { bytes: Cow::Borrowed(bytes), pull };
        match byte & 0x1f {
            0 => hear(&word(script.byte()).frame),
            1 => Self::Hear { bytes: crafted(script, argument).into(), pull },
            2 => hear(script.counted()),
            3 => hear(&greeting(script.byte()).frame),
            4 => hear(&verack().frame),
            5 => {
                let frame = &word(script.byte()).frame;
                hear(&frame[..frame.len().min(usize::from(script.byte()))])
            }
            6 => Self::Echo,
            7 => Self::Pong,
            8 => Self::Pull,
            9 => Self::PullAll,
            10 => Self::Take(usize::from(script.byte())),
            11 => Self::Take(usize::MAX),
            12 => Self::TakePieces(usize::from(script.byte()) << (2 * argument)),
            13 => Self::Tick,
            14 => Self::Advance,
            15 => Self::Wait(duration(argument, script.byte())),
            16 => Self::Send(Cow::Borrowed(&word(script.byte()).message)),
            17 => Self::AnnounceItem(item(script.byte())),
            18 => Self::AnnounceNow(item(script.byte())),
            19 => Self::AddKnown(item(script.byte())),
            20 => Self::Announce(u32::from(script.byte()), if argument == 7 { 1000 } else { 1 << argument }),
            21 => Self::SendAddresses(usize::from(script.byte()) << (argument / 2)),
            22 => Self::RequestBlocks(argument, script.byte()),
            23 => Self::RequestHeaders(argument, script.byte()),
            24 => Self::Reject {
                command: Cow::Borrowed(*pick(&["block", "tx", "inv", ""], argument)),
                code: script.byte(),
                reason: Cow::Borrowed("no reason"),
                hash: pull.then(|| item(argument).hash),
            },
            25 => Self::SetBestHeight(i32::from(script.byte())),
            26 => Self::SetLastBlock(i32::from(script.byte())),
            27 => Self::SetLastAnnounced(pull.then_some(Hash::ZERO)),
            28 => Self::Fork,
            29 => Self::Look(item(argument)),
            operation => Self::read_rare(operation, argument, script),
        }
    }

    /// Calls that end something are rare, so that scripts are long.
    fn read_rare(operation: u8, argument: u8, script: &mut Script<'a>) -> Self {
        match (operation, argument) {
            (30, 3) => Self::Finish,
            (30, 4) => Self::FailWrite(TransportError::Reset),
            (30, 5) => Self::Leave(duration(script.byte() >> 5, script.byte())),
            (30, 6) => Self::Drained,
            (30, 7) => Self::Close,
            (31, 3) => Self::SendEncoded(&word(script.byte()).message),
            (31, 4) => Self::Hold,
            (31, 5) => Self::HalfClose,
            (31, 6) => Self::End(Some(TransportError::Other)),
            (31, 7) => Self::End(None),
            _ => Self::PullAll,
        }
    }

    /// Any call, half of them without sense: the highest bit, then the operation in the low four.
    pub(super) fn read_any(script: &mut Script<'a>) -> Self {
        let mut ahead = *script;
        let byte = ahead.byte();
        if byte & 0x80 == 0 {
            return Self::read(script);
        }
        *script = ahead;
        match byte & 0x0f {
            0 => Self::Sent(usize::try_from(script.number()).unwrap_or(usize::MAX)),
            1 => Self::SetClock(time(script)),
            2 => Self::TickAt(time(script)),
            3 => Self::Lose(usize::from(script.byte())),
            4 => Self::Swap(script.counted()),
            5 => Self::EndWith(script.counted()),
            6 => Self::SetBestHeight(i32::from_le_bytes(script.array())),
            7 => Self::SetLastBlock(i32::from_le_bytes(script.array())),
            8 => Self::SetLastAnnounced(Some(Hash::from_bytes(script.array()))),
            9 => Self::Reseed(Generator::with_step(script.number(), script.number())),
            10 => Self::Show,
            11 => Self::ShowPieces(usize::try_from(script.number()).unwrap_or(usize::MAX)),
            12 => Self::Reject {
                command: String::from_utf8_lossy(script.counted()),
                code: script.byte(),
                reason: String::from_utf8_lossy(script.counted()),
                hash: (byte & 0x40 == 0).then_some(Hash::ZERO),
            },
            13 => Self::Send(Cow::Owned(raw(script))),
            14 => Self::SendAddresses(usize::from(u16::from_le_bytes(script.array()))),
            _ => Self::Announce(u32::from_le_bytes(script.array()), 4 * u32::from(script.byte())),
        }
    }
}

/// A frame with a payload of the script. Everything else is right, or one of the things that can be wrong is.
fn crafted(script: &mut Script<'_>, flaw: u8) -> Vec<u8> {
    let command = match Command::all().nth(usize::from(script.byte())) {
        Some(command) => command,
        None => Command::new("custom").unwrap(),
    };
    let payload = script.counted();
    let mut frame = Vec::with_capacity(Header::LEN + payload.len());
    write_frame(&mut frame, command.to_wire(), payload);
    match flaw {
        7 => frame[0] ^= 1,
        6 => frame[Header::LEN - 1] ^= 1,
        // Announces more than follows.
        5 => frame[18] = 1,
        _ => debug_assert_eq!(frame[..4], NETWORK.magic().to_le_bytes()),
    }
    frame
}

/// A message that is none of the protocol, or claims to be one.
fn raw(script: &mut Script<'_>) -> Message {
    let text = String::from_utf8_lossy(script.counted());
    let command = Command::new(&text).unwrap_or(word(0).message.command());
    Message::Raw(Raw { command, payload: vec![0; usize::from(u16::from_le_bytes(script.array()))].into() })
}

/// From nothing to more than any timer.
fn duration(scale: u8, count: u8) -> Duration {
    const SCALES: [Duration; 8] = [
        Duration::from_nanos(1),
        Duration::from_millis(1),
        Duration::from_millis(20),
        Duration::from_millis(200),
        Duration::from_secs(1),
        Duration::from_secs(5),
        Duration::from_secs(30),
        Duration::from_secs(900),
    ];
    *pick(&SCALES, scale) * u32::from(count)
}

/// Any time there is.
fn time(script: &mut Script<'_>) -> Time {
    let (seconds, nanos) = (script.number(), u32::from_le_bytes(script.array()) % 1_000_000_000);
    Time::from_elapsed(Duration::new(seconds, nanos))
}
