//! The verdicts, for people and for programs.

use core::time::Duration;

use peer_core::message::Version;
use serde::Serialize;

use super::catalogue::{self, Check, Needs};
use super::lab::{Files, Lab};
use crate::clock::Stopwatch;
use crate::error::Failure;
use crate::format::{Span, as_milliseconds};
use crate::options::network_name;
use crate::output::{
    BAD, Escaped, FAINT, GOOD, Output, STRONG, Styled, for_people, for_programs, write_object,
};
use crate::shutdown::ShutdownReason;

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Pass,
    Fail,
    Skip,
}

/// The result of a check.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) verdict: Verdict,
    /// What was seen, in one line.
    pub(super) evidence: String,
    pub(super) elapsed: Duration,
    pub(super) files: Files,
}

/// Writes the verdicts as they come, and counts them.
pub(super) struct Table {
    out: Output,
    json: bool,
    clock: Stopwatch,
    passed: u32,
    skipped: u32,
    failed: Vec<&'static str>,
}

impl Table {
    pub(super) fn new(json: bool) -> Self {
        let out = if json { for_programs() } else { for_people() };
        Self { out, json, clock: Stopwatch::start(), passed: 0, skipped: 0, failed: Vec::new() }
    }

    /// Lists all checks.
    pub(super) fn list(&mut self) -> Result<(), Failure> {
        for check in catalogue::all() {
            self.list_one(check)?;
        }
        Ok(())
    }

    fn list_one(&mut self, check: &Check) -> Result<(), Failure> {
        let Check { name, sends, passes, needs, source, cases, .. } = *check;
        if self.json {
            let (rude, slow) = (needs == Needs::Rude, needs == Needs::Slow);
            let listed = Listed { event: "listed", name, sends, passes, rude, slow, source, cases };
            return write_object(&mut self.out, &listed);
        }
        let option = match needs {
            Needs::Nothing => "",
            Needs::Rude => " (with --rude)",
            Needs::Slow => " (with --slow)",
        };
        let text = format!("send {sends}; expect {passes}{option}");
        self.rows(&format!("{:NAME$}  ", Styled(STRONG, name)), NAME.saturating_add(2), &text)
    }

    /// Tells who is checked, or what went wrong at the first handshake.
    pub(super) fn begin(&mut self, lab: &Lab, first: Result<&Version, &str>) -> Result<(), Failure> {
        let (address, network) = (lab.address.to_string(), network_name(lab.network()));
        if self.json {
            let version = first.ok();
            let begun = Begun {
                event: "checking",
                address,
                network,
                user_agent: version.map(|version| version.user_agent.as_str()),
                protocol_version: version.map(|version| version.protocol_version),
                services: version.map(|version| version.services.bits()),
                last_block: version.map(|version| version.last_block),
            };
            return write_object(&mut self.out, &begun);
        }
        let node = match first {
            Ok(version) => format!("{}, block {}", Escaped(version.user_agent.as_str()), version.last_block),
            Err(what) => format!("no handshake, {what}"),
        };
        self.rows("", 0, &format!("checking {address} of {network}: {node}"))
    }

    /// Tells a verdict.
    pub(super) fn add(&mut self, check: &Check, finding: &Finding) -> Result<(), Failure> {
        match finding.verdict {
            Verdict::Pass => self.passed = self.passed.saturating_add(1),
            Verdict::Skip => self.skipped = self.skipped.saturating_add(1),
            Verdict::Fail => self.failed.push(check.name),
        }
        if !self.json {
            return self.add_rows(check, finding);
        }
        let Finding { verdict, evidence, elapsed, files } = finding;
        let checked = Checked {
            event: "check",
            name: check.name,
            verdict: *verdict,
            evidence,
            source: check.source,
            elapsed: *elapsed,
            recordings: &files.paths,
            warnings: &files.warnings,
        };
        write_object(&mut self.out, &checked)
    }

    /// The verdict for people. A failure is followed by what was demanded.
    fn add_rows(&mut self, check: &Check, finding: &Finding) -> Result<(), Failure> {
        let Finding { verdict, evidence, files, .. } = finding;
        let (style, word) = match verdict {
            Verdict::Pass => (GOOD, "pass"),
            Verdict::Fail => (BAD, "FAIL"),
            Verdict::Skip => (FAINT, "skip"),
        };
        let start = format!("{}  {:NAME$}  ", Styled(style, word), check.name);
        let indent = NAME.saturating_add(8);
        self.rows(&start, indent, evidence)?;
        let mut notes = files.warnings.clone();
        if *verdict == Verdict::Fail {
            notes.push(format!("demanded: {} ({})", check.passes, check.source));
            notes.extend(files.paths.iter().map(|path| format!("recorded: {path}")));
        }
        for note in notes {
            self.rows(&" ".repeat(indent), indent, &note)?;
        }
        Ok(())
    }

    /// Tells the sums. Fails if a check did.
    pub(super) fn end(&mut self, stopped: Option<ShutdownReason>) -> Result<(), Failure> {
        let (passed, skipped, failed) = (self.passed, self.skipped, self.failed.as_slice());
        let detail = match failed {
            [] => None,
            names => Some(format!("the node fails: {}", names.join(", "))),
        };
        if self.json {
            let ok = failed.is_empty() && stopped.is_none();
            let stopped = stopped.map(ShutdownReason::name);
            let elapsed = self.clock.elapsed();
            let event = "summary";
            let summary = Summary { event, ok, passed, failed, skipped, stopped, elapsed };
            write_object(&mut self.out, &summary)?;
        } else {
            let elapsed = Span(self.clock.elapsed());
            let text = format!("{passed} passed, {} failed, {skipped} skipped in {elapsed}", failed.len());
            self.rows("", 0, &text)?;
        }
        detail.map_or(Ok(()), |detail| Err(Failure::new(detail).reported()))
    }

    /// The failure of a node that cannot be checked: exit status 2.
    pub(super) fn cannot_check(&mut self, failure: Failure) -> Failure {
        let Failure::Unreported(detail) = failure else { return failure };
        let written = if self.json {
            let (event, ok, detail) = ("failed", false, detail.as_str());
            write_object(&mut self.out, &Failed { event, ok, detail })
        } else {
            Ok(())
        };
        Failure::Usage(detail).after_reporting(written)
    }

    /// Writes a text behind `start`, in lines that fit a terminal of 80 columns. Further lines are indented.
    fn rows(&mut self, start: &str, indent: usize, text: &str) -> Result<(), Failure> {
        use std::io::Write;

        let lines = wrap(text, WIDTH.saturating_sub(indent));
        for (index, line) in lines.iter().enumerate() {
            match index {
                0 => writeln!(self.out, "{start}{line}")?,
                _ => writeln!(self.out, "{:indent$}{line}", "")?,
            }
        }
        self.out.flush()?;
        Ok(())
    }
}

/// Breaks a text between words. A word that is longer than a line has one for itself.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let room = width.saturating_sub(word.chars().count());
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() < room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[derive(Serialize)]
struct Listed<'a> {
    event: &'static str,
    name: &'a str,
    sends: &'a str,
    passes: &'a str,
    rude: bool,
    slow: bool,
    source: &'a str,
    cases: &'a [&'a str],
}

#[derive(Serialize)]
struct Begun<'a> {
    event: &'static str,
    address: String,
    network: &'a str,
    user_agent: Option<&'a str>,
    protocol_version: Option<i32>,
    services: Option<u64>,
    last_block: Option<i32>,
}

#[derive(Serialize)]
struct Checked<'a> {
    event: &'static str,
    name: &'a str,
    verdict: Verdict,
    evidence: &'a str,
    source: &'a str,
    #[serde(rename = "ms", serialize_with = "as_milliseconds")]
    elapsed: Duration,
    recordings: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
}

#[derive(Serialize)]
struct Summary<'a> {
    event: &'static str,
    ok: bool,
    passed: u32,
    failed: &'a [&'a str],
    skipped: u32,
    stopped: Option<&'a str>,
    #[serde(rename = "ms", serialize_with = "as_milliseconds")]
    elapsed: Duration,
}

#[derive(Serialize)]
struct Failed<'a> {
    event: &'static str,
    ok: bool,
    detail: &'a str,
}

/// The width of the longest name.
const NAME: usize = 17;
const WIDTH: usize = 80;
