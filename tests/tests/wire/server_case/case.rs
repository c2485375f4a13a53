//! A line of `server_cases.jsonl`: what was sent to a node and what it did.

use core::time::Duration;

use peer_core::{Direction, Network, ProtocolVersion};
use peer_tests::vectors::{Line, Node};

/// The file of the cases.
pub(crate) const FILE: &str = "server_cases.jsonl";

/// One line.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) line: Line,
    pub(crate) name: String,
    pub(crate) network: Network,
    pub(crate) version: ProtocolVersion,
    /// Whether the node dialled or was dialled.
    pub(crate) node: Direction,
    pub(crate) steps: Vec<Step>,
    /// The first step that is the case's own, behind the handshake where that is not what the case is about.
    pub(crate) own: usize,
    /// The step from which times count.
    pub(crate) clock: usize,
    pub(crate) verdict: Verdict,
    pub(crate) after: Option<Duration>,
    pub(crate) before: Vec<String>,
    pub(crate) answers: Vec<Answer>,
    pub(crate) probe_answered: Option<bool>,
    pub(crate) scores: Vec<u32>,
    note: String,
}

/// What the opponent does.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// One write.
    Write(Vec<u8>),
    /// Byte by byte.
    Drip(Vec<u8>, Duration),
    /// Until a message of this command has come.
    Await(String),
    Wait(Duration),
    WaitWithoutReading(Duration),
    /// The items of the `getdata` that came, as `notfound`.
    NotFound,
    /// The `version` that came, word for word.
    Echo,
    /// From now on.
    AnswerPings,
}

/// The state that the node was in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Current,
    /// It has its chain and no peer has sent headers since its start.
    Restarted,
    /// It has no chain.
    New,
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Stay,
    Score(u32),
    Close,
    Ban,
}

/// A message of the node, as far as the line has it.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) command: String,
    pub(crate) len: usize,
    pub(crate) frame: Option<Vec<u8>>,
}

impl Case {
    pub(crate) fn new(line: Line) -> Self {
        let steps = steps(&line);
        let texts = |key| line.list(key).iter().map(|text| text.as_str().to_owned()).collect();
        let name = line.str("name").to_owned();
        let note = line.get("note").map(|note| note.as_str().to_owned()).unwrap_or_default();
        let own = own_step(&steps);
        let last_write = steps.iter().rposition(|step| matches!(step, Step::Write(_) | Step::Drip(..)));
        let clock = match (name.starts_with("time:"), note.contains("from the connection")) {
            (true, false) => last_write.unwrap_or(own),
            (true, true) => 0,
            (false, _) => own,
        };
        Self {
            network: line.str("net").parse().unwrap(),
            version: ProtocolVersion::new(line.int("pver")),
            node: match line.str("direction") {
                "peer dials dcrd" => Direction::Inbound,
                "dcrd dials peer" => Direction::Outbound,
                other => panic!("{}: direction {other}", line.place()),
            },
            own,
            clock,
            steps,
            verdict: Verdict::new(line.str("dcrd")),
            after: line.get("after_ms").map(|ms| Duration::from_secs_f64(ms.value().as_f64().unwrap() / 1e3)),
            before: texts("before"),
            answers: line.list("answers").iter().flat_map(answers).collect(),
            probe_answered: line.get("probe_answered").map(|_| line.bool("probe_answered")),
            scores: line
                .get("scores")
                .map(|scores| scores.as_list().iter().map(Node::as_int).collect())
                .unwrap_or_default(),
            note,
            name,
            line,
        }
    }

    pub(crate) fn place(&self) -> String {
        format!("{} ({})", self.line.place(), self.name)
    }

    /// Whether the case is about when something happens.
    pub(crate) fn is_about_time(&self) -> bool {
        self.name.starts_with("time:")
    }

    /// What state the node was in, as name and note tell.
    pub(crate) fn start(&self) -> Start {
        let says =
            |words: &[&str]| words.iter().any(|word| self.name.contains(word) || self.note.contains(word));
        if says(&["restarted", "just started"]) {
            Start::Restarted
        } else if says(&["new node", "height 0"]) {
            Start::New
        } else {
            Start::Current
        }
    }

    /// Whether the opponent ended the stream at last.
    pub(crate) fn peer_closes(&self) -> bool {
        self.note.contains("we closed")
    }

    /// How long the node was watched after the last step, at least.
    pub(crate) fn watch(&self) -> Duration {
        if self.verdict == Verdict::Stay && self.is_about_time() {
            Duration::from_secs(60)
        } else {
            Duration::from_millis(500)
        }
    }

    /// Whether the opponent waits for a message of this command.
    pub(crate) fn awaits(&self, command: &str) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Await(awaited) if awaited == command))
    }
}

impl Verdict {
    fn new(text: &str) -> Self {
        match (text, text.strip_prefix("score:")) {
            ("stay", _) => Self::Stay,
            ("close", _) => Self::Close,
            ("ban", _) => Self::Ban,
            (_, Some(points)) => Self::Score(points.parse().unwrap()),
            _ => panic!("a node does not {text}"),
        }
    }
}

/// The first step that is no part of the handshake: a wait behind something that was awaited ends that.
fn own_step(steps: &[Step]) -> usize {
    let is_pause = |pair: &[Step]| matches!(pair, [Step::Await(_), Step::Wait(_)]);
    match steps.windows(2).position(is_pause) {
        Some(index) => index + 2,
        None => usize::from(matches!(steps.first(), Some(Step::Await(_)))),
    }
}

fn steps(line: &Line) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut is_echo = false;
    for node in line.list("sent") {
        let step = step(&node);
        let Some(step) = step else {
            is_echo |= node.str("note").contains("payload of the version that came");
            continue;
        };
        match (step, steps.last_mut()) {
            (Step::Write(_), _) if core::mem::take(&mut is_echo) => steps.push(Step::Echo),
            (Step::Write(bytes), Some(Step::Write(before))) => before.extend(bytes),
            (step, _) => steps.push(step),
        }
    }
    steps
}

fn step(node: &Node<'_>) -> Option<Step> {
    let duration = |key| Duration::from_millis(node.u64(key));
    Some(if node.has("ms_per_byte") {
        Step::Drip(node.bytes("hex"), duration("ms_per_byte"))
    } else if node.has("hex") {
        Step::Write(node.bytes("hex"))
    } else if let Some(repeat) = node.get("repeat") {
        Step::Write(repeat.bytes("hex").repeat(repeat.int("times")))
    } else if let Some(count) = node.get("count") {
        Step::Write(counted(&count))
    } else if let Some(command) = node.get("await") {
        Step::Await(command.as_str().to_owned())
    } else if node.has("delay_ms") {
        let is_reading = !node.get("note").is_some_and(|note| note.as_str().contains("without reading"));
        let wait = duration("delay_ms");
        if is_reading { Step::Wait(wait) } else { Step::WaitWithoutReading(wait) }
    } else if node.has("answer") {
        Step::NotFound
    } else if node.str("note").contains("every ping is answered") {
        Step::AnswerPings
    } else {
        return None;
    })
}

fn counted(count: &Node<'_>) -> Vec<u8> {
    let first: u32 = count.int("first");
    let (before, after) = (count.bytes("before_hex"), count.bytes("after_hex"));
    let numbers = first..first + count.int::<u32>("times");
    numbers.flat_map(|number| [before.as_slice(), &number.to_le_bytes(), &after].concat()).collect()
}

fn answers(node: &Node<'_>) -> Vec<Answer> {
    let times: usize = node.get("times").map_or(1, |times| times.as_int());
    let answer = Answer {
        command: node.str("command").to_owned(),
        len: node.int("payload_len"),
        frame: node.get("hex").map(|hex| hex.as_bytes()),
    };
    vec![answer; times]
}
