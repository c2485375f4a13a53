//! Lines for people, and for machines.

use serde_json::{Value, json};

use crate::measure::{Outcome, Work, compare};

/// What a line is measured against, from `perf/limits.md` section 9.
#[derive(Clone, Copy)]
pub enum Target {
    /// Our time by theirs, at most: must, and what a prototype reached.
    AtMost(f64, f64),
    /// Times as fast as theirs, at least.
    AtLeast(f64, f64),
    /// Nanoseconds of ours, at most.
    Nanoseconds(f64, f64),
    /// None: times as fast as theirs, to know.
    Faster,
    /// None: our time by theirs, to know.
    Slower,
}

/// Where lines go as they are measured.
pub struct Report {
    rounds: usize,
    json: bool,
    only: Option<String>,
    lines: Vec<Value>,
    group: &'static str,
}

impl Report {
    pub fn new(rounds: usize, json: bool, only: Option<String>) -> Self {
        Self { rounds, json, only, lines: Vec::new(), group: "" }
    }

    /// Begins a part of the table.
    pub fn group(&mut self, name: &'static str) {
        self.group = name;
    }

    /// Measures `ours` against `theirs` and adds the line.
    pub fn line(&mut self, target: Target, mut ours: Work<'_>, mut theirs: Work<'_>) {
        let wanted = |only: &String| ours.name.contains(only.as_str()) || self.group.contains(only.as_str());
        if !self.only.as_ref().is_none_or(wanted) {
            return;
        }
        let outcome = compare(&mut ours, &mut theirs, self.rounds);
        let outcome = match target {
            Target::AtLeast(..) | Target::Faster => outcome.inverted(),
            _ => outcome,
        };
        let line = describe(self.group, target, [ours.name, theirs.name], &outcome);
        if !self.json {
            if self.lines.last().is_none_or(|last| last["group"] != self.group) {
                print_head(self.group);
            }
            print_row(&line);
        }
        self.lines.push(line);
    }

    /// Prints what is left to print.
    pub fn finish(self) {
        if self.json {
            println!("{}", Value::Array(self.lines));
            return;
        }
        let missed = self.lines.iter().filter(|line| line["reached"] == false).count();
        let judged = self.lines.iter().filter(|line| !line["reached"].is_null()).count();
        println!("\n{} of {judged} targets reached", judged - missed);
    }
}

fn describe(group: &str, target: Target, names: [&str; 2], outcome: &Outcome) -> Value {
    let (sign, value, must, aim) = match target {
        Target::AtMost(must, aim) => ("<=", outcome.ratio, Some(must), Some(aim)),
        Target::AtLeast(must, aim) => (">=", outcome.ratio, Some(must), Some(aim)),
        Target::Nanoseconds(must, aim) => ("<=", outcome.times[0], Some(must), Some(aim)),
        Target::Faster => (">=", outcome.ratio, None, None),
        Target::Slower => ("<=", outcome.ratio, None, None),
    };
    let reached = must.map(|must| if sign == "<=" { value <= must } else { value >= must });
    json!({
        "group": group, "ours": names[0], "against": names[1],
        "ours_ns": outcome.times[0], "against_ns": outcome.times[1],
        "is": if matches!(target, Target::AtLeast(..) | Target::Faster) { "times as fast" } else { "times the time" },
        "ratio": outcome.ratio, "middle_half": outcome.middle,
        "target": sign, "must": must, "aim": aim, "reached": reached,
        "unit": if matches!(target, Target::Nanoseconds(..)) { "ns" } else { "ratio" },
    })
}

fn print_head(group: &str) {
    println!("\n{group}");
    println!(
        "  {:<44} {:>11}  {:<30} {:>11}  {:>6} {:>13}  {:>6} {:>5}",
        "ours", "", "against", "", "ratio", "middle half", "must", "aim"
    );
}

fn print_row(line: &Value) {
    let number = |value: &Value| value.as_f64().map_or_else(String::new, |number| format!("{number}"));
    let sign = if line["must"].is_null() { "" } else { line["target"].as_str().unwrap_or_default() };
    let missed = if line["reached"] == false { "  missed" } else { "" };
    println!(
        "  {:<44} {:>11}  {:<30} {:>11}  {:>6.3} {:>13}  {:>6} {:>5}{missed}",
        line["ours"].as_str().unwrap_or_default(),
        duration(&line["ours_ns"]),
        line["against"].as_str().unwrap_or_default(),
        duration(&line["against_ns"]),
        line["ratio"].as_f64().unwrap_or_default(),
        format!(
            "{:.3}-{:.3}",
            line["middle_half"][0].as_f64().unwrap_or_default(),
            line["middle_half"][1].as_f64().unwrap_or_default()
        ),
        format!("{sign}{}", number(&line["must"])),
        number(&line["aim"]),
    );
}

fn duration(ns: &Value) -> String {
    let ns = ns.as_f64().unwrap_or_default();
    if ns < 10_000.0 { format!("{ns:.1} ns") } else { format!("{:.1} us", ns / 1000.0) }
}
