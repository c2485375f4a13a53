//! Recordings of the tool's connections. One thread writes all of them.

mod file;

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::time::Duration;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, mpsc};
use std::{collections::BTreeMap, thread};

use peer_core::recording::{Header, Recorder, RecordingOptions, Writer, recorder_with};
use peer_core::{Config, ConnectionInfo, Direction, Error};
use peer_tokio::Recorded;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::either::Either;

pub(crate) use self::file::numbered;
use crate::error::{Failure, about_file};
use crate::format::Count;

/// Most bytes of a recording that wait to be written; as many may be on their way.
const BUFFER: usize = 4 * 1024 * 1024;

/// The same where there may be many recordings.
const BUFFER_OF_MANY: usize = 512 * 1024;

/// Most recordings at a time. Their buffers and files then take 256 MiB and 256 descriptors at most.
const AT_A_TIME: usize = 256;

/// Most recordings of one run.
const FILES: usize = 10_000;

/// How long the rest of a recording may take to be written once the connection is closed.
const REST: Duration = Duration::from_secs(5);

/// Where connections are recorded. Clones record to the same place, through the same thread.
#[derive(Clone, Debug)]
pub(crate) struct Recordings {
    path: PathBuf,
    names: Names,
    options: RecordingOptions,
    jobs: mpsc::Sender<Job>,
    counts: Arc<Counts>,
}

/// How the files are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    /// There is one, at the path.
    One,
    /// Each has a number in its name.
    Numbered,
    /// The caller names each, and may replace earlier ones.
    Chosen,
}

#[derive(Debug, Default)]
struct Counts {
    /// Recordings so far; the number of the next one for the thread.
    started: AtomicUsize,
    open: AtomicUsize,
    /// A connection was not recorded for lack of room, and that was told.
    is_told: AtomicBool,
    /// Recordings that are not complete, or could not be started.
    incomplete: AtomicUsize,
    /// What is wrong with the first of them.
    problem: OnceLock<String>,
}

/// What the thread is to do.
enum Job {
    Open {
        id: usize,
        file: File,
        writer: Writer,
        done: oneshot::Sender<io::Result<u64>>,
        /// Where to say that lines wait.
        jobs: mpsc::Sender<Self>,
    },
    /// Lines of this recording wait.
    Lines(usize),
}

/// A recording that is being made.
#[derive(Debug)]
pub(crate) struct Recording {
    path: PathBuf,
    recorder: Recorder,
    /// How many pieces were dropped, once all is written.
    done: oneshot::Receiver<io::Result<u64>>,
    counts: Arc<Counts>,
}

impl Recordings {
    /// Of one connection, to this file. Fails if the file exists or cannot be written.
    pub(crate) fn of_one(path: PathBuf, options: RecordingOptions) -> Result<Self, Failure> {
        file::check_one(&path)?;
        Self::start_thread(path, Names::One, options)
    }

    /// Of any number of connections: each has a file of its own, with its number before the extension. Fails if one of
    /// these exists or none can be written.
    pub(crate) fn of_many(path: PathBuf, options: RecordingOptions) -> Result<Self, Failure> {
        file::check_many(&path)?;
        Self::start_thread(path, Names::Numbered, options)
    }

    /// To files of this folder that [`start_at`](Self::start_at) names, in the place of earlier ones.
    pub(crate) fn in_folder(folder: PathBuf, options: RecordingOptions) -> Result<Self, Failure> {
        Self::start_thread(folder, Names::Chosen, options)
    }

    fn start_thread(path: PathBuf, names: Names, options: RecordingOptions) -> Result<Self, Failure> {
        let (jobs, todo) = mpsc::channel();
        let thread = thread::Builder::new().name("recordings".to_owned());
        let started = thread.spawn(move || write_all(&todo));
        started.map_err(|error| Failure::new(format!("cannot start a thread that records: {error}")))?;
        Ok(Self { path, names, options, jobs, counts: Arc::default() })
    }

    /// Creates a file for a connection of this node. `name` is the remote's. Nothing where there are too many, which a
    /// line on standard error tells once.
    pub(crate) fn start(
        &self,
        number: u64,
        (config, direction): (&Config, Direction),
        info: &ConnectionInfo,
        name: &str,
    ) -> Result<Option<Recording>, Failure> {
        let header = Header::new(config.clone(), direction).unix_time(info.unix_time).address(name);
        self.start_with(number, header)
    }

    /// The same for a connection without a number: it gets the next one.
    pub(crate) fn start_next(
        &self,
        node: (&Config, Direction),
        info: &ConnectionInfo,
        name: &str,
    ) -> Result<Option<Recording>, Failure> {
        let number = self.counts.started.load(Ordering::Relaxed).saturating_add(1);
        self.start(number as u64, node, info, name)
    }

    /// The same with a first line that lacks only this program's name.
    pub(crate) fn start_with(&self, number: u64, header: Header) -> Result<Option<Recording>, Failure> {
        let path = match self.names {
            Names::Numbered => numbered(&self.path, number),
            Names::One | Names::Chosen => self.path.clone(),
        };
        self.start_at(path, header)
    }

    /// The same to a file of the caller's choice.
    pub(crate) fn start_at(&self, path: PathBuf, header: Header) -> Result<Option<Recording>, Failure> {
        let counts = Arc::clone(&self.counts);
        let is_full = counts.open.load(Ordering::Relaxed) >= AT_A_TIME;
        if is_full || counts.started.load(Ordering::Relaxed) >= FILES {
            if !counts.is_told.swap(true, Ordering::Relaxed) {
                let (few, most) = (Count::from(AT_A_TIME), Count::from(FILES));
                // Without standard error the warning is lost, and nothing else.
                writeln!(
                    io::stderr(),
                    "dcrpeer: not every connection is recorded: {few} at a time are, and {most} in all"
                )
                .ok();
            }
            return Ok(None);
        }
        let file = self.open(&path)?;
        let header = header.software(concat!("dcrpeer ", env!("CARGO_PKG_VERSION")));
        let limit = if self.names == Names::One { BUFFER } else { BUFFER_OF_MANY };
        let (recorder, writer) = recorder_with(&header, limit, self.options);
        let id = counts.started.fetch_add(1, Ordering::Relaxed);
        counts.open.fetch_add(1, Ordering::Relaxed);
        let (sender, done) = oneshot::channel();
        // Where the thread has ended, `finish` tells that nothing was written.
        self.jobs.send(Job::Open { id, file, writer, done: sender, jobs: self.jobs.clone() }).ok();
        Ok(Some(Recording { path, recorder, done, counts }))
    }

    /// Creates a file. That the connection may go on without its recording is no reason to call the run a success.
    fn open(&self, path: &Path) -> Result<File, Failure> {
        let created = match self.names {
            Names::One | Names::Numbered => file::create(path),
            Names::Chosen => file::replace(path),
        };
        created.map_err(|failure| {
            let (Failure::Usage(problem) | Failure::Unreported(problem)) = failure else { return failure };
            self.counts.note(&problem);
            Failure::Unreported(problem)
        })
    }

    /// Fails if a recording is not complete, or was not started. The output has told each already.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let Some(problem) = self.counts.problem.get() else { return Ok(()) };
        let others = self.counts.incomplete.load(Ordering::Relaxed).saturating_sub(1);
        let line = match others {
            0 => problem.clone(),
            1 => format!("{problem}; 1 other recording is not complete"),
            _ => format!("{problem}; {} other recordings are not complete", Count::from(others)),
        };
        Err(Failure::Reported(line))
    }
}

/// Fails if one of the recordings, where there are any, is not complete.
pub(crate) fn check(recordings: Option<&Recordings>) -> Result<(), Failure> {
    recordings.map_or(Ok(()), Recordings::check)
}

/// Tells what is wrong with a recording on standard error, for commands whose output is about something else.
pub(crate) fn warn(problem: &str) {
    // Without standard error the warning is lost, and nothing else.
    writeln!(io::stderr(), "dcrpeer: {problem}").ok();
}

impl Counts {
    fn note(&self, problem: &str) {
        self.incomplete.fetch_add(1, Ordering::Relaxed);
        self.problem.get_or_init(|| problem.to_owned());
    }
}

impl Recording {
    /// For bytes that pass no [`Recorded`] stream.
    pub(crate) const fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Notes why the connection ended, and waits for the disk. Returns what is wrong with the recording, if anything is.
    /// The stream must have been dropped.
    pub(crate) async fn finish(self, reason: &Error) -> Option<String> {
        self.recorder.end(reason);
        self.close().await
    }

    /// Waits for the disk, as [`finish`](Self::finish).
    pub(crate) async fn close(self) -> Option<String> {
        let Self { path, recorder, done, counts } = self;
        drop(recorder);
        let written = timeout(REST, done).await;
        counts.open.fetch_sub(1, Ordering::Relaxed);
        let path = path.display();
        let problem = match written {
            Ok(Ok(Ok(0))) => None,
            Ok(Ok(Ok(dropped))) => {
                Some(format!("{path} lacks {} pieces that the disk was too slow for", Count(dropped)))
            }
            Ok(Ok(Err(error))) => Some(format!("{path} is not complete: {}", about_file(&error))),
            Ok(Err(_)) => Some(format!("{path} is not complete: the thread that writes it has ended")),
            Err(_) => Some(format!("{path} is not complete: the disk is too slow")),
        };
        if let Some(problem) = &problem {
            counts.note(problem);
        }
        problem
    }
}

/// A file that is written.
struct Open {
    file: File,
    writer: Writer,
    done: oneshot::Sender<io::Result<u64>>,
}

/// Writes until the last connection that might be recorded is gone.
fn write_all(jobs: &mpsc::Receiver<Job>) {
    let mut open = BTreeMap::new();
    for job in jobs {
        match job {
            Job::Open { id, file, writer, done, jobs } => {
                writer.on_lines(move || drop(jobs.send(Job::Lines(id))));
                open.insert(id, Open { file, writer, done });
            }
            Job::Lines(id) => {
                let Some(recording) = open.get_mut(&id) else { continue };
                if let Some(result) = write_lines(recording) {
                    let done = open.remove(&id).map(|recording| recording.done);
                    // A connection that waits no longer does not ask.
                    done.map(|done| done.send(result));
                }
            }
        }
    }
}

/// Writes what waits. Returns how many pieces were dropped once the recording is complete, or why it cannot be written.
fn write_lines(recording: &mut Open) -> Option<io::Result<u64>> {
    loop {
        match recording.writer.take() {
            None => return Some(Ok(recording.writer.dropped())),
            Some(lines) if lines.is_empty() => return None,
            Some(lines) => {
                if let Err(error) = recording.file.write_all(lines.as_bytes()) {
                    return Some(Err(error));
                }
            }
        }
    }
}

/// The stream, recorded if there is a recording.
pub(crate) fn record<S>(stream: S, recording: Option<&Recording>) -> Either<Recorded<S>, S> {
    match recording {
        Some(recording) => Either::Left(Recorded::new(stream, recording.recorder.clone())),
        None => Either::Right(stream),
    }
}
