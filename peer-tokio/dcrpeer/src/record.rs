//! Recordings of the tool's connections.

use core::time::Duration;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use peer_core::recording::{Header, Recorder, recorder};
use peer_core::{Config, ConnectionInfo, Direction, Error};
use peer_tokio::Recorded;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;
use tokio_util::either::Either;

use crate::error::{Failure, about_file};
use crate::format::Count;

/// Most bytes of a recording that wait to be written; as many may be on their way.
const BUFFER: usize = 4 * 1024 * 1024;

/// How long the rest of a recording may take to be written once the connection is closed.
const REST: Duration = Duration::from_secs(5);

/// A recording that is being made.
#[derive(Debug)]
pub(crate) struct Recording {
    path: PathBuf,
    recorder: Recorder,
    /// Returns how many pieces were dropped.
    writing: JoinHandle<io::Result<u64>>,
}

impl Recording {
    /// Creates the file and starts a thread that writes it. `name` is the remote's.
    pub(crate) fn start(
        path: &Path,
        config: &Config,
        direction: Direction,
        info: &ConnectionInfo,
        name: &str,
    ) -> Result<Self, Failure> {
        let file = File::create(path);
        let file = file.map_err(|error| {
            Failure::new(format!("cannot record to {}: {}", path.display(), about_file(&error)))
        })?;
        let header = Header::new(config.clone(), direction)
            .software(concat!("dcrpeer ", env!("CARGO_PKG_VERSION")))
            .unix_time(info.unix_time)
            .address(name);
        let (recorder, writer) = recorder(&header, BUFFER);
        let writing = spawn_blocking(move || writer.run(file));
        Ok(Self { path: path.to_owned(), recorder, writing })
    }

    /// Notes why the connection ended, and waits for the disk. Returns what is wrong with the recording, if anything is.
    /// The stream must have been dropped.
    pub(crate) async fn finish(self, reason: &Error) -> Option<String> {
        let Self { path, recorder, writing } = self;
        recorder.end(reason);
        drop(recorder);
        let path = path.display();
        match timeout(REST, writing).await {
            Ok(Ok(Ok(0))) => None,
            Ok(Ok(Ok(dropped))) => {
                Some(format!("{path} lacks {} pieces that the disk was too slow for", Count(dropped)))
            }
            Ok(Ok(Err(error))) => Some(format!("{path} is not complete: {}", about_file(&error))),
            Ok(Err(error)) => Some(format!("{path} is not complete: {error}")),
            Err(_) => Some(format!("{path} is not complete: the disk is too slow")),
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

/// The file for one of many peers: its number stands before the extension.
pub(crate) fn numbered(path: &Path, number: u64) -> PathBuf {
    let mut name = OsString::from(path.file_stem().unwrap_or_default());
    name.push(format!("-{number}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}
