//! A scripted opponent, with our machine in the reference's place.

use core::time::Duration;

use peer_core::message::{NetAddress, Version};
use peer_core::{
    Config, ConfigError, ConnectionInfo, Direction, Event, InitStateRequests, Message, Node, ProtocolVersion,
    Services, frame,
};
use peer_tests::pair::WALL_CLOCK;
use peer_tests::remote::{NETWORK, Remote, introduction};
use peer_tests::vectors::{self, Line};

use crate::scenarios::outcome::Outcome;

/// The lowest version that the reference accepts.
pub(crate) const MIN: ProtocolVersion = ProtocolVersion::REMOVE_REJECT;

/// How long after the last step the reference was watched.
const AFTERWARDS: Duration = Duration::from_millis(800);

/// The scenario in which the owner refuses the remote when its version is there.
const REFUSED: &str = "refused by the version callback";

/// How the bytes of a scenario reach the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cutting {
    /// Each step by itself, as the reference got them.
    Steps,
    /// One byte at a time.
    Bytes,
    /// All that comes without a pause in one piece.
    Whole,
}

enum Step {
    Bytes(Vec<u8>),
    /// A version with the nonce of ours.
    OwnNonce,
    Pause(Duration),
    Close,
}

/// One conversation with the machine.
struct Play {
    remote: Remote,
    /// What the opponent says and the machine has not been fed.
    pending: Vec<u8>,
    cutting: Cutting,
    /// The owner closes the connection when the remote has introduced itself.
    refuses: bool,
    said: Vec<Message>,
    delivered: Vec<Message>,
    was_established: bool,
}

/// Plays the scenario of a line.
pub(crate) fn play(line: &Line, cutting: Cutting) -> Outcome {
    let mut play = Play {
        remote: Remote::with_info(&node(line), direction(line), connection_info()),
        pending: Vec::new(),
        cutting,
        refuses: line.str("name") == REFUSED,
        said: Vec::new(),
        delivered: Vec::new(),
        was_established: false,
    };
    play.settle();
    for step in line.list("steps") {
        play.step(Step::new(&step));
    }
    play.step(Step::Pause(AFTERWARDS));
    Outcome::played(&play.remote.machine, &play.said, &play.delivered, play.was_established)
}

/// The configuration that the reference had, with this as the lowest version.
pub(crate) fn config(line: &Line, min: ProtocolVersion) -> Result<Config, ConfigError> {
    Config::builder(NETWORK)
        .protocol_version(max(line))
        .min_protocol_version(min)
        .services(Services::NODE_NETWORK)
        .user_agent_prefix("/dcrwire:1.0.0/")
        .user_agent("reference", "1.0.0")
        // Its package answers none; the node around it does.
        .init_state_requests(InitStateRequests::LeaveToOwner)
        .build()
}

/// A node set up as the reference was, as far as our configuration lets it.
fn node(line: &Line) -> Node {
    let config = config(line, MIN.min(max(line)));
    Node::new(config.unwrap_or_else(|error| panic!("{}: {error}", line.place())))
}

fn max(line: &Line) -> ProtocolVersion {
    ProtocolVersion::new(line.int("local_pver"))
}

fn direction(line: &Line) -> Direction {
    match line.str("role") {
        "inbound" => Direction::Inbound,
        "outbound" => Direction::Outbound,
        other => panic!("{}: role {other}", line.place()),
    }
}

/// The opponent sits on the same computer, and what it offers is not known beforehand.
fn connection_info() -> ConnectionInfo {
    let address = NetAddress::new(([127, 0, 0, 1], 18_555).into(), Services::NONE);
    ConnectionInfo::new(address, 0, WALL_CLOCK)
}

impl Step {
    fn new(step: &vectors::Node<'_>) -> Self {
        if step.has("hex") {
            Self::Bytes(step.bytes("hex"))
        } else if step.has("wait_ms") {
            Self::Pause(Duration::from_millis(step.u64("wait_ms")))
        } else if step.has("close") {
            Self::Close
        } else {
            Self::OwnNonce
        }
    }
}

impl Play {
    fn step(&mut self, step: Step) {
        match step {
            Step::Bytes(bytes) => self.say(&bytes),
            Step::OwnNonce => self.say(&self.version_with_our_nonce()),
            Step::Pause(duration) => {
                self.feed();
                let ticked = self.remote.wait(duration);
                assert_eq!(ticked.err().as_ref(), self.remote.machine.failure(), "nothing was due");
                self.settle();
            }
            Step::Close => {
                self.feed();
                let now = self.remote.now;
                self.remote.machine.handle_eof(now);
            }
        }
    }

    fn say(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        if self.cutting != Cutting::Whole {
            self.feed();
        }
    }

    /// Feeds what the opponent said.
    fn feed(&mut self) {
        let pending = core::mem::take(&mut self.pending);
        let size = if self.cutting == Cutting::Bytes { 1 } else { usize::MAX };
        for piece in pending.chunks(size) {
            self.remote.say_bytes(piece);
            self.settle();
        }
    }

    /// Pulls until the input runs dry, or the connection is over. Whatever the machine wants written leaves
    /// before the next pull.
    fn settle(&mut self) {
        loop {
            self.said.extend(self.remote.hears());
            match self.remote.pull() {
                Ok(Some(event)) => self.on_event(event),
                Ok(None) if self.remote.machine.wants_write() => {}
                Ok(None) | Err(_) => return,
            }
        }
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Version(_) if self.refuses => {
                let now = self.remote.now;
                self.remote.machine.close(now);
            }
            Event::Established => self.was_established = true,
            Event::Message(message) => self.delivered.push(message),
            _ => {}
        }
    }

    fn version_with_our_nonce(&self) -> Vec<u8> {
        let Some(Message::Version(ours)) = self.said.first() else { panic!("no version to take it from") };
        let version = Version { nonce: ours.nonce, ..introduction(12) };
        frame::encode(&version.into(), NETWORK, ProtocolVersion::LATEST).expect("a version can be sent")
    }
}
