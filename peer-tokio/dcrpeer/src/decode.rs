//! `dcrpeer decode`: decodes frames in hexadecimal, one a line, and those of recordings and captures.

mod capture;
mod conversation;
mod frames;
mod line;
mod packets;
mod tcp;

use core::fmt;
use std::io::{self, Write};
use std::path::PathBuf;

use bytes::BytesMut;
use clap::Args;
use peer_core::frame::{FrameReader, Header, Rules};
use peer_core::{Command, ErrorKind, FrameError, Message, Network, ProtocolVersion};
use serde::{Serialize, Serializer};

use self::capture::decode_capture;
use self::conversation::{Teller, decode_recording};
use self::line::parse;
use crate::error::{Failure, chain};
use crate::fields;
use crate::format::Count;
use crate::lines::{self, Line, Lines};
use crate::options::network_name;
use crate::output::{self, BAD, Escaped, FAINT, GOOD, Output, STRONG, Styled};
use crate::versions::Versions;

#[derive(Args, Debug)]
pub(crate) struct DecodeArgs {
    /// The file [default: standard input, which is also called -]
    pub(crate) file: Option<PathBuf>,
    /// Network of lines that name none: mainnet, testnet3, testnet2, simnet, regnet
    #[arg(long, default_value = "mainnet", value_name = "NAME")]
    pub(crate) network: Network,
    /// Protocol version of lines that name none
    #[arg(long, default_value_t = ProtocolVersion::LATEST, value_name = "N", value_parser = parse_version)]
    pub(crate) protocol: ProtocolVersion,
    /// Write one JSON object for each line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Decodes every line of the input.
pub(crate) fn run(args: &DecodeArgs) -> Result<(), Failure> {
    if lines::is_typed(args.file.as_deref()) {
        // Without standard error the hint is lost, and nothing else.
        writeln!(io::stderr(), "dcrpeer: reading frames in hexadecimal from standard input; Ctrl-D ends it")
            .ok();
    }
    let mut lines = Lines::open(args.file.as_deref())?;
    let mut out = if args.json { output::for_programs() } else { output::for_people() };
    let kind = Kind::of(lines.peek()?);
    if kind != Kind::Lines {
        let mut teller = Teller { out, json: args.json, tally: Tally::default() };
        let decoded = match kind {
            Kind::Capture => decode_capture(lines.into_inner(), args.protocol, &mut teller),
            _ => decode_recording(&lines.read_recording()?, args.network, args.protocol, &mut teller),
        };
        if !args.json {
            writeln!(teller.out, "{}", Styled(FAINT, &teller.tally))?;
        }
        teller.out.flush()?;
        return decoded;
    }
    let defaults = Rules::new(args.network, args.protocol);
    let mut tally = Tally::default();
    while let Some(line) = lines.next(&mut out)? {
        tally.lines = tally.lines.saturating_add(1);
        let is_blank = matches!(line, Line::Whole(text) if text.trim_ascii().is_empty());
        let verdict = decode_line(line, defaults, tally.lines);
        tally.count(&verdict);
        tally.is_meant |= !is_blank && !verdict.is_bad_input();
        if args.json {
            serde_json::to_writer(&mut out, &verdict).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
        } else {
            write_for_people(&mut out, &format!("{:>4}", Styled(FAINT, tally.lines)), &verdict)?;
        }
        if !tally.is_meant && tally.bad >= MOST_BAD {
            out.flush()?;
            return Err(Failure::new(format!("no frames, recording or capture in {}", lines.name())));
        }
    }
    if !args.json {
        writeln!(out, "{}", Styled(FAINT, &tally))?;
    }
    out.flush()?;
    tally.finish()
}

/// An input that begins with so many bad lines, apart from blank ones, is something else.
const MOST_BAD: u64 = 10;

/// What an input is, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Lines,
    Recording,
    Capture,
}

impl Kind {
    const fn of(begin: &[u8]) -> Self {
        match begin {
            [b'{', ..] => Self::Recording,
            // pcapng; pcap in either byte order, with microseconds or nanoseconds.
            [0x0a, 0x0d, 0x0d, 0x0a, ..]
            | [0xa1, 0xb2, 0xc3, 0xd4, ..]
            | [0xd4, 0xc3, 0xb2, 0xa1, ..]
            | [0xa1, 0xb2, 0x3c, 0x4d, ..]
            | [0x4d, 0x3c, 0xb2, 0xa1, ..] => Self::Capture,
            _ => Self::Lines,
        }
    }
}

/// Counts of lines by result.
#[derive(Debug, Default)]
struct Tally {
    lines: u64,
    accepted: u64,
    refused: u64,
    bad: u64,
    /// Whether a line was a frame in hexadecimal, accepted or refused.
    is_meant: bool,
    first_bad: Option<String>,
}

impl Tally {
    fn count(&mut self, verdict: &Verdict) {
        let counter = match verdict {
            Verdict::Accepted(_) => &mut self.accepted,
            Verdict::Refused(Refused { error: Refusal::Frame(_), .. }) => &mut self.refused,
            Verdict::Refused(Refused { error: Refusal::BadInput, detail, .. }) => {
                self.first_bad.get_or_insert_with(|| detail.clone());
                &mut self.bad
            }
        };
        *counter = counter.saturating_add(1);
    }

    /// Lines that are no frames in hexadecimal are the input's fault.
    fn finish(self) -> Result<(), Failure> {
        match (self.first_bad, self.bad) {
            (None, _) => Ok(()),
            (Some(first), 1) => Err(Failure::new(first).reported()),
            (Some(first), bad) => {
                let others = bad.saturating_sub(1);
                let lines = if others == 1 { "line" } else { "lines" };
                Err(Failure::new(format!("{first} (and {} more bad {lines})", Count(others))).reported())
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} accepted, {} refused", Count(self.accepted), Count(self.refused))?;
        match self.bad {
            0 => Ok(()),
            1 => f.write_str(", 1 bad line"),
            bad => write!(f, ", {} bad lines", Count(bad)),
        }
    }
}

/// The result of a line.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Verdict {
    Accepted(Box<Accepted>),
    Refused(Refused),
}

impl Verdict {
    const fn is_bad_input(&self) -> bool {
        matches!(self, Self::Refused(Refused { error: Refusal::BadInput, .. }))
    }
}

#[derive(Debug, Serialize)]
struct Accepted {
    ok: bool,
    #[serde(serialize_with = "as_text")]
    command: Command,
    bytes: usize,
    reencoded: Reencoded,
    message: Message,
    #[serde(skip)]
    rules: Rules,
}

#[derive(Debug, Serialize)]
struct Refused {
    ok: bool,
    #[serde(serialize_with = "as_text")]
    error: Refusal,
    command: Option<String>,
    /// The protocol versions that have the message, if the given one has not.
    #[serde(skip_serializing_if = "Option::is_none")]
    versions: Option<Versions>,
    detail: String,
}

#[derive(Clone, Copy, Debug)]
enum Refusal {
    /// The frame is refused.
    Frame(ErrorKind),
    /// The line is no frame in hexadecimal.
    BadInput,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame(kind) => kind.fmt(f),
            Self::BadInput => f.write_str("BadInput"),
        }
    }
}

/// The message encoded again, compared with its payload.
#[derive(Debug)]
enum Reencoded {
    Same,
    Different(Vec<u8>),
    Impossible(ErrorKind),
}

impl Serialize for Reencoded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Same => serializer.serialize_str("same"),
            Self::Different(payload) => serializer.serialize_str(&hex::encode(payload)),
            Self::Impossible(kind) => serializer.collect_map([("error", kind.to_string())]),
        }
    }
}

fn as_text<S: Serializer>(value: &impl fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Decodes one line, which is number `number`.
fn decode_line(line: Line<'_>, defaults: Rules, number: u64) -> Verdict {
    match parse(line, defaults) {
        Ok((rules, frame)) => match decode(frame.as_slice().into(), rules) {
            Ok(accepted) => Verdict::Accepted(Box::new(accepted)),
            Err(error) => Verdict::Refused(refuse(&frame, rules, &error)),
        },
        Err(reason) => Verdict::Refused(Refused {
            ok: false,
            error: Refusal::BadInput,
            command: None,
            versions: None,
            detail: format!("line {number}{reason}"),
        }),
    }
}

/// Why a frame is refused. If its message belongs to another version, that is the reason to report.
fn refuse(frame: &[u8], rules: Rules, error: &FrameError) -> Refused {
    let versions_with_it = Versions::of_refused(error, rules.version);
    let detail = match versions_with_it {
        Some((command, versions)) => {
            let (version, nearest) = (rules.version, versions.nearest(rules.version));
            format!(
                "{command} is no message of protocol {version}: {versions}; read it at protocol {nearest} \
                 (--protocol, or the line's first column)"
            )
        }
        None => chain(error),
    };
    Refused {
        ok: false,
        error: Refusal::Frame(error.kind()),
        command: command_of(frame, rules).map(|command| command.to_string()),
        versions: versions_with_it.map(|(_, versions)| versions),
        detail,
    }
}

fn parse_version(text: &str) -> Result<ProtocolVersion, String> {
    text.parse().map(ProtocolVersion::new).map_err(|_| "a protocol version is a number like 12".to_owned())
}

/// Reads the first frame of `stream`, which ends there.
fn decode(mut stream: BytesMut, rules: Rules) -> Result<Accepted, FrameError> {
    let mut reader = FrameReader::new();
    let Some(frame) = reader.read(&mut stream, &rules)? else {
        let missing = reader.missing(&stream).unwrap_or(Header::LEN);
        return Err(FrameError::Truncated { missing });
    };
    let message = frame.decode(rules.version)?;
    Ok(Accepted {
        ok: true,
        command: frame.command,
        bytes: frame.wire_len(),
        reencoded: reencode(&message, &frame.payload, rules.version),
        message,
        rules,
    })
}

fn reencode(message: &Message, payload: &[u8], version: ProtocolVersion) -> Reencoded {
    let mut encoded = Vec::new();
    match message.encode(&mut encoded, version) {
        Ok(()) if encoded == *payload => Reencoded::Same,
        Ok(()) => Reencoded::Different(encoded),
        Err(error) => Reencoded::Impossible(error.kind()),
    }
}

/// The command in a frame's header, if any version has it, even if the frame is invalid.
fn command_of(frame: &[u8], rules: Rules) -> Option<Command> {
    let header = Header::from_bytes(frame.first_chunk()?);
    Command::from_wire(header.command).filter(|command| command.max_payload(rules.version).is_some())
}

fn write_for_people(out: &mut Output, label: &str, verdict: &Verdict) -> Result<(), Failure> {
    match verdict {
        Verdict::Accepted(accepted) => write_accepted(out, label, accepted)?,
        Verdict::Refused(refused) => {
            let (error, detail) = (refused.error, Escaped(&refused.detail));
            let command = refused.command.as_deref().unwrap_or("?");
            let command = Styled(STRONG, command);
            writeln!(out, "{label}  {command}  {} {detail}", Styled(BAD, format_args!("✗ {error}")))?;
        }
    }
    Ok(())
}

fn write_accepted(out: &mut Output, label: &str, accepted: &Accepted) -> Result<(), Failure> {
    let Accepted { command, bytes, reencoded, message, rules, .. } = accepted;
    let (command, bytes) = (Styled(STRONG, command), Count::from(*bytes));
    let network = network_name(rules.network);
    write!(out, "{label}  {command}  {} {bytes} bytes", Styled(GOOD, "✓"))?;
    write!(out, ", {network}, protocol {}, checksum right", rules.version)?;
    match reencoded {
        Reencoded::Same => writeln!(out, ", encodes to the same bytes")?,
        Reencoded::Different(payload) => {
            writeln!(out, ", encodes to other {} bytes", Count::from(payload.len()))?;
        }
        Reencoded::Impossible(kind) => writeln!(out, ", cannot be encoded: {kind}")?,
    }
    let summary = message.summary().to_string();
    if !summary.is_empty() {
        writeln!(out, "    {}", Escaped(&summary))?;
    }
    if let Ok(serde_json::Value::Object(object)) = serde_json::to_value(message) {
        fields::write(out, &object, 1)?;
    }
    Ok(())
}
