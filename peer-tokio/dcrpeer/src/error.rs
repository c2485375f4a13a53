//! Failures: one line on standard error that says what to do, and the exit status.

use core::error::Error;
use core::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line is invalid. Exit status 2.
    Usage(String),
    /// It did not work. Exit status 1.
    Unreported(String),
    /// The same, and an object of the output has reported it already.
    Reported(String),
    /// Ctrl-C ended it before it was done. Exit status 130.
    Interrupted(String),
    /// The reader of our output closed it, as `head` does. This is no error.
    ClosedPipe,
    /// The command line asked for help, which was printed.
    Helped,
}

impl Failure {
    /// A failure that says why and what to do, in one line.
    pub(crate) fn new(line: impl Into<String>) -> Self {
        Self::Unreported(line.into())
    }

    /// The same failure, reported already by an object of the output.
    pub(crate) fn reported(self) -> Self {
        match self {
            Self::Unreported(line) => Self::Reported(line),
            other => other,
        }
    }

    /// This failure, after it was reported. A closed pipe does not hide it; another failed write replaces it.
    pub(crate) fn after_reporting(self, reported: Result<(), Self>) -> Self {
        match reported {
            Ok(()) | Err(Self::ClosedPipe) => self,
            Err(other) => other,
        }
    }

    /// Writes the line, and returns the exit status.
    pub(crate) fn report(&self) -> ExitCode {
        let (line, code) = match self {
            Self::Usage(line) => (line, 2),
            Self::Unreported(line) | Self::Reported(line) => (line, 1),
            Self::Interrupted(line) => (line, 130),
            Self::ClosedPipe | Self::Helped => return ExitCode::SUCCESS,
        };
        // Without standard error the line is lost.
        writeln!(io::stderr(), "dcrpeer: {line}").ok();
        ExitCode::from(code)
    }
}

/// Failures of the output. Those of inputs are explained where they happen.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ClosedPipe,
            _ => Self::new(format!("cannot write to standard output: {}", about_file(&error))),
        }
    }
}

/// An error with what caused it, in one line. Errors of the machine and of the adapters have their cause in their text
/// and no source; those of others may have it apart.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    plain(&text)
}

/// The text of an error, without the numbers that the system gives to errors, and without what follows them.
pub(crate) fn plain(error: &impl fmt::Display) -> String {
    let text = error.to_string();
    let mut parts = text.split(" (os error ");
    let first = parts.next().unwrap_or_default().to_owned();
    // Behind the number another sentence may follow, but neither a path nor a name.
    parts.fold(first, |text, part| match part.split_once(')') {
        Some((_, rest)) if !rest.starts_with(" at ") => text + rest,
        _ => text,
    })
}

/// What is wrong with a file, and what to do.
pub(crate) fn about_file(error: &io::Error) -> String {
    let advice = match error.kind() {
        io::ErrorKind::NotFound => return "it does not exist; check the path".to_owned(),
        io::ErrorKind::IsADirectory => return "it is a folder; name a file".to_owned(),
        io::ErrorKind::PermissionDenied => "; check its permissions",
        io::ErrorKind::StorageFull => "; make room on the disk",
        _ => "",
    };
    format!("{}{advice}", plain(error))
}
