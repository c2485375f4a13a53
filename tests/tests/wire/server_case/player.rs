//! Plays the opponent of a case against anything that takes bytes, in simulated time.

use core::time::Duration;

use bytes::BytesMut;
use peer_core::frame::{Frame, FrameReader, Header, Rules};
use peer_core::message::{NotFound, Pong};
use peer_core::{Message, ProtocolVersion, Time, frame};

use crate::server_case::case::{Case, Step};

/// What a case is played to.
pub(crate) trait Subject {
    /// Takes bytes of the opponent.
    fn feed(&mut self, bytes: &[u8], now: Time);
    /// Everything that is to be written, taken.
    fn take(&mut self, now: Time) -> Vec<u8>;
    /// The transport is ready to be written to, and takes nothing.
    fn offer(&mut self, now: Time);
    fn timeout(&self) -> Option<Time>;
    fn handle_timeout(&mut self, now: Time);
    /// The opponent ends its stream.
    fn end(&mut self, now: Time);
    fn is_over(&self) -> bool;
}

/// A message that the subject sent.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    /// Whether it came before the case's own step.
    pub(crate) is_before: bool,
    pub(crate) frame: Frame,
}

/// The opponent.
#[derive(Debug)]
pub(crate) struct Player<'a, S> {
    case: &'a Case,
    pub(crate) subject: S,
    pub(crate) now: Time,
    /// When the step came from which times count.
    pub(crate) clock: Time,
    pub(crate) heard: Vec<Heard>,
    is_before: bool,
    is_reading: bool,
    answers_pings: bool,
    awaited: usize,
    reader: FrameReader,
    input: BytesMut,
}

impl<'a, S: Subject> Player<'a, S> {
    /// Plays the whole case, and where the node ended the connection so much longer than it took to.
    pub(crate) fn play(case: &'a Case, subject: S, longer: Duration) -> Self {
        let mut player = Self {
            case,
            subject,
            now: Time::ZERO,
            clock: Time::ZERO,
            heard: Vec::new(),
            is_before: case.own > 0,
            is_reading: true,
            answers_pings: false,
            awaited: 0,
            reader: FrameReader::new(),
            input: BytesMut::new(),
        };
        player.settle();
        for (index, step) in case.steps.iter().enumerate() {
            player.is_before &= index < case.own;
            if index == case.clock {
                player.clock = player.now;
            }
            player.step(step);
        }
        if case.peer_closes() {
            player.subject.end(player.now);
        }
        player.is_reading = true;
        let end = case.after.map(|after| player.clock + after + longer);
        let watched = player.now + case.watch();
        player.wait(end.unwrap_or(watched).max(watched).saturating_since(player.now));
        player
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Write(bytes) => self.write(bytes),
            Step::Drip(bytes, pause) => {
                for byte in bytes {
                    self.write(&[*byte]);
                    self.wait(*pause);
                }
            }
            Step::Await(command) => self.wait_for(command),
            Step::Wait(duration) => self.wait(*duration),
            Step::WaitWithoutReading(duration) => {
                self.is_reading = false;
                self.subject.offer(self.now);
                self.wait(*duration);
                self.is_reading = true;
                self.settle();
            }
            Step::NotFound => self.answer_notfound(),
            Step::Echo => {
                let own = self.heard.iter().find(|heard| heard.frame.command.as_str() == "version");
                if let Some(payload) = own.map(|heard| heard.frame.payload.clone()) {
                    self.write(&framed(self.case, "version", &payload));
                }
            }
            Step::AnswerPings => self.answers_pings = true,
        }
    }

    /// Writes pieces of the size that a socket takes, and reads between them.
    fn write(&mut self, bytes: &[u8]) {
        let is_followed = self.is_followed_by_silence();
        for piece in bytes.chunks(PIECE) {
            if self.subject.is_over() {
                return;
            }
            self.subject.feed(piece, self.now);
            if !is_followed {
                self.settle();
            }
        }
    }

    /// Whether nothing is read after the write that is the next but one step from here.
    fn is_followed_by_silence(&self) -> bool {
        let silent = |step: &Step| matches!(step, Step::WaitWithoutReading(_));
        self.case.steps.iter().any(silent) && !self.is_before
    }

    fn wait(&mut self, duration: Duration) {
        let until = self.now + duration;
        loop {
            self.settle();
            match self.subject.timeout().filter(|at| *at <= until && !self.subject.is_over()) {
                Some(at) => {
                    self.now = self.now.max(at);
                    self.subject.handle_timeout(self.now);
                }
                None => break,
            }
        }
        self.now = until;
    }

    /// Goes on where it does not come: then it is for the owner of the subject to send it.
    fn wait_for(&mut self, command: &str) {
        let until = self.now + PATIENCE;
        loop {
            self.settle();
            let rest = self.heard.iter().skip(self.awaited);
            let found = rest.clone().position(|heard| heard.frame.command.as_str() == command);
            if let Some(index) = found {
                self.awaited += index + 1;
                return;
            }
            if self.now >= until || self.subject.is_over() {
                return;
            }
            self.wait(Duration::from_millis(10));
        }
    }

    fn answer_notfound(&mut self) {
        let last = self.heard.iter().rfind(|heard| heard.frame.command.as_str() == "getdata");
        if let Some(Ok(Message::GetData(request))) = last.map(|heard| heard.frame.decode(self.case.version)) {
            let answer = Message::NotFound(NotFound { inventory: request.inventory });
            self.say(&answer);
        }
    }

    fn say(&mut self, message: &Message) {
        let bytes = frame::encode(message, self.case.network, self.case.version).unwrap();
        self.subject.feed(&bytes, self.now);
    }

    /// Takes what is there until nothing more comes.
    fn settle(&mut self) {
        while self.is_reading {
            let bytes = self.subject.take(self.now);
            if bytes.is_empty() {
                return;
            }
            self.input.extend_from_slice(&bytes);
            self.understand();
        }
    }

    fn understand(&mut self) {
        let version = self.case.version.clamp(ProtocolVersion::REMOVE_REJECT, ProtocolVersion::LATEST);
        let rules = Rules::new(self.case.network, version);
        let rules = Rules { max_unknown: Some(usize::MAX), ..rules };
        while let Some(frame) = self.reader.read(&mut self.input, &rules).unwrap() {
            let ping = match frame.decode(version) {
                Ok(Message::Ping(ping)) => Some(ping.nonce),
                _ => None,
            };
            self.heard.push(Heard { is_before: self.is_before, frame });
            if let Some(nonce) = ping.filter(|_| self.answers_pings) {
                self.say(&Pong { nonce }.into());
            }
        }
    }
}

/// A frame with this payload.
fn framed(case: &Case, command: &str, payload: &[u8]) -> Vec<u8> {
    let command = peer_core::Command::new(command).unwrap().to_wire();
    let len = payload.len().try_into().unwrap();
    let checksum = peer_core::blake256::checksum(payload);
    let header = Header { network: case.network, command, len, checksum };
    [&header.to_bytes(), payload].concat()
}

/// Bytes of one write.
const PIECE: usize = 64 * 1024;
/// How long an awaited message may take.
const PATIENCE: Duration = Duration::from_secs(1);
