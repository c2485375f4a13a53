//! Running an example, with a limit to everything that waits for it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::{env, thread};

use crate::LIMIT;

/// A running example. It is killed when this is dropped.
pub(crate) struct Program {
    child: Child,
    lines: Receiver<String>,
    errors: Receiver<String>,
}

/// What one run of an example left behind.
pub(crate) struct Run {
    pub(crate) status: ExitStatus,
    pub(crate) out: Vec<String>,
    pub(crate) err: String,
}

impl Run {
    pub(crate) fn assert_succeeds(&self) {
        assert!(self.status.success() && self.err.is_empty(), "{}: {}", self.status, self.err);
    }

    pub(crate) fn has_line(&self, fragment: &str) -> bool {
        self.out.iter().any(|line| line.contains(fragment))
    }
}

/// Where cargo puts an example: beside the folder of this test.
fn path(name: &str) -> String {
    let test = env::current_exe().unwrap();
    let path =
        test.ancestors().nth(2).unwrap().join("examples").join(format!("{name}{}", env::consts::EXE_SUFFIX));
    assert!(path.exists(), "{} is not there: cargo build --examples", path.display());
    path.to_str().unwrap().to_owned()
}

/// An example with these arguments.
pub(crate) fn example(name: &str, args: &[&str]) -> Command {
    let mut command = Command::new(path(name));
    command.args(args);
    command
}

/// An example that has at most so many file descriptors.
#[cfg(unix)]
pub(crate) fn example_with_descriptors(count: u32, name: &str, args: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -n {count} && exec \"$0\" \"$@\""), &path(name)]).args(args);
    command
}

pub(crate) fn start(mut command: Command) -> Program {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let ((line, lines), (error, errors)) = (channel(), channel());
    thread::spawn(move || BufReader::new(stdout).lines().try_for_each(|text| line.send(text.unwrap())));
    thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).unwrap();
        error.send(text)
    });
    Program { child, lines, errors }
}

/// Runs an example to its end.
pub(crate) fn run(name: &str, args: &[&str]) -> Run {
    start(example(name, args)).finish()
}

/// Runs an example to its end while the runtime goes on.
pub(crate) async fn run_beside(name: &'static str, args: Vec<String>) -> Run {
    let args = move || run(name, &args.iter().map(String::as_str).collect::<Vec<_>>());
    tokio::task::spawn_blocking(args).await.unwrap()
}

impl Program {
    /// Waits for a line of the output with `fragment` in it.
    pub(crate) fn line(&self, fragment: &str) -> String {
        loop {
            let line =
                self.lines.recv_timeout(LIMIT).unwrap_or_else(|error| panic!("no {fragment:?}: {error}"));
            if line.contains(fragment) {
                return line;
            }
        }
    }

    /// Waits for the end.
    pub(crate) fn finish(mut self) -> Run {
        let err = self.errors.recv_timeout(LIMIT).expect("it goes on");
        let status = self.child.wait().unwrap();
        Run { status, out: self.lines.iter().collect(), err }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
