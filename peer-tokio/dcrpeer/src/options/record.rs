//! Where connections are recorded.

use std::path::PathBuf;

use clap::Args;
use peer_core::recording::RecordingOptions;

use crate::error::Failure;
use crate::record::Recordings;

#[derive(Args, Clone, Debug, Default)]
pub(crate) struct RecordArgs {
    /// Record every byte with its time in this file, for `replay`; with many peers each has its own file, with its
    /// number in the name. An existing recording is not overwritten
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Leave payloads above 64 KiB out of the recording, but keep their length and hash
    #[arg(long, requires = "record")]
    skip_bulk: bool,
    /// Replace addresses and user agents in the recording
    #[arg(long, requires = "record")]
    redact: bool,
}

impl RecordArgs {
    /// For one connection.
    pub(crate) fn of_one(&self) -> Result<Option<Recordings>, Failure> {
        let options = self.options();
        self.record.clone().map(|path| Recordings::of_one(path, options)).transpose()
    }

    /// For any number of connections.
    pub(crate) fn of_many(&self) -> Result<Option<Recordings>, Failure> {
        let options = self.options();
        self.record.clone().map(|path| Recordings::of_many(path, options)).transpose()
    }

    const fn options(&self) -> RecordingOptions {
        RecordingOptions::new().skip_bulk(self.skip_bulk).redact(self.redact)
    }
}
