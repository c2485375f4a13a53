//! What a live node answers, beside what the recorded one did.

use core::net::SocketAddr;
use std::collections::{BTreeMap, VecDeque};
use std::io::Write;

use peer_core::message::{NetAddress, Timestamp, Version};
use peer_core::recording::{Action, RecordedMessage, Recording, Side};
use peer_core::{Error, Message, Network, ProtocolVersion, SendError, Time, frame};
use serde::Serialize;

use crate::error::{Failure, chain};
use crate::format::{At, Counted, milliseconds};
use crate::output::{self, BAD, FAINT, GOOD, Output, Styled};

/// Differences that are shown. All are counted.
const SHOWN: u64 = 100;

/// The recorded answers that have not come, and the differences so far.
pub(super) struct Answers {
    /// By command, because a node may answer two requests in another order.
    expected: BTreeMap<String, VecDeque<RecordedMessage>>,
    /// Our nonces by the recorded ones.
    nonces: BTreeMap<u64, u64>,
    network: Network,
    version: ProtocolVersion,
    out: Output,
    json: bool,
    same: u64,
    differences: u64,
}

/// For programs: an answer that differs.
#[derive(Serialize)]
struct Differs {
    event: &'static str,
    at_ms: f64,
    expected: String,
    now: String,
}

/// For programs: the result.
#[derive(Serialize)]
struct Finished {
    event: &'static str,
    ok: bool,
    same: u64,
    differences: u64,
}

impl Answers {
    /// Of the recorded listener. Its pings are no answers.
    pub(super) fn of(recording: &Recording, json: bool) -> Self {
        let mut expected: BTreeMap<String, VecDeque<_>> = BTreeMap::new();
        for heard in recording.messages(Side::Listener).into_iter().flatten() {
            if !matches!(heard.message, Message::Ping(_)) {
                expected.entry(heard.message.command().to_string()).or_default().push_back(heard);
            }
        }
        Self {
            expected,
            nonces: BTreeMap::new(),
            network: recording.network.unwrap_or(Network::MAINNET),
            version: recording.negotiated().unwrap_or(ProtocolVersion::LATEST),
            out: if json { output::for_programs() } else { output::for_people() },
            json,
            same: 0,
            differences: 0,
        }
    }

    /// Whether all recorded answers have come.
    pub(super) fn is_complete(&self) -> bool {
        self.expected.values().all(VecDeque::is_empty)
    }

    /// A ping has another nonce now.
    pub(super) fn renew(&mut self, recorded: u64, ours: u64) {
        self.nonces.insert(recorded, ours);
    }

    /// Compares what the node says with what was recorded.
    pub(super) fn hear(&mut self, at: Time, message: &Message) -> Result<(), Failure> {
        if matches!(message, Message::Ping(_)) {
            return Ok(());
        }
        let expected = self.expected.get_mut(&message.command().to_string()).and_then(VecDeque::pop_front);
        let Some(expected) = expected else {
            return self.differs(at, &Action::Nothing, &self.action(message));
        };
        if self.is_same(&expected.message, message) {
            self.same = self.same.saturating_add(1);
            return Ok(());
        }
        self.differs(at, &Action::from(&expected), &self.action(message))
    }

    fn is_same(&self, expected: &Message, now: &Message) -> bool {
        match (expected, now) {
            (Message::Version(expected), Message::Version(now)) => lasting(expected) == lasting(now),
            (Message::Pong(expected), Message::Pong(now)) => {
                self.nonces.get(&expected.nonce) == Some(&now.nonce)
            }
            _ => expected == now,
        }
    }

    /// Our machine refused to say it.
    pub(super) fn refused(&mut self, at: Time, message: &Message, error: &SendError) -> Result<(), Failure> {
        let expected = format!("we say {}", self.action(message));
        self.write(at, expected, format!("it cannot be said: {}", chain(error)))
    }

    /// The connection ended before all was said.
    pub(super) fn ended(&mut self, at: Time, reason: &Error) -> Result<(), Failure> {
        self.differs(at, &Action::Nothing, &Action::End(reason.name()))
    }

    /// What did not come.
    pub(super) fn leave_over(&mut self, at: Time) -> Result<(), Failure> {
        let missing = core::mem::take(&mut self.expected).into_values().flatten();
        let mut missing: Vec<_> = missing.collect();
        missing.sort_by_key(|message| message.at);
        missing.iter().try_for_each(|message| self.differs(at, &Action::from(message), &Action::Nothing))
    }

    /// Tells the result.
    pub(super) fn finish(mut self, address: SocketAddr) -> Result<(), Failure> {
        let (same, differences) = (self.same, self.differences);
        let ok = differences == 0;
        if self.json {
            let event = if ok { "same" } else { "different" };
            output::write_object(&mut self.out, &Finished { event, ok, same, differences })?;
        } else if ok {
            let answers = Counted(same, "answer");
            writeln!(self.out, "{}: {address} gives {answers} as recorded", Styled(GOOD, "the same"))?;
        }
        self.out.flush()?;
        if ok {
            return Ok(());
        }
        let verb = if differences == 1 { "differs" } else { "differ" };
        let (differences, same) = (Counted(differences, "answer"), Counted(same, "answer"));
        Err(Failure::new(format!("{address}: {differences} {verb}, {same} as recorded")).reported())
    }

    fn action(&self, message: &Message) -> Action {
        match frame::encode(message, self.network, self.version) {
            Ok(frame) => Action::Frame { frame: frame.into(), message: Some(message.clone()) },
            Err(_) => Action::NoFrame,
        }
    }

    fn differs(&mut self, at: Time, expected: &Action, now: &Action) -> Result<(), Failure> {
        self.write(at, expected.to_string(), now.to_string())
    }

    fn write(&mut self, at: Time, expected: String, now: String) -> Result<(), Failure> {
        self.differences = self.differences.saturating_add(1);
        if self.differences > SHOWN {
            return Ok(());
        }
        if self.json {
            let (event, at_ms) = ("difference", milliseconds(at.elapsed()));
            return output::write_object(&mut self.out, &Differs { event, at_ms, expected, now });
        }
        let at = Styled(FAINT, At(at.elapsed()));
        let written = writeln!(self.out, "{at}  {}: expected {expected}; now: {now}", Styled(BAD, "differs"));
        written.and_then(|()| self.out.flush())?;
        Ok(())
    }
}

/// What of a `version` does not change from one connection to the next.
fn lasting(version: &Version) -> Version {
    let address = |services| NetAddress { services, ..NetAddress::UNSPECIFIED };
    Version {
        nonce: 0,
        timestamp: Timestamp::default(),
        addr_you: address(version.addr_you.services),
        addr_me: version.addr_me.as_ref().map(|me| address(me.services)),
        ..version.clone()
    }
}
