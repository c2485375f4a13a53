//! Where connections are recorded.

use std::path::PathBuf;

use clap::Args;

use crate::error::Failure;
use crate::record::Recordings;

#[derive(Args, Clone, Debug)]
pub(crate) struct RecordArgs {
    /// Record every byte and its time to this file, see `replay`; of many peers each has its own, with its number in the
    /// name
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

impl RecordArgs {
    /// For one connection.
    pub(crate) fn of_one(self) -> Result<Option<Recordings>, Failure> {
        self.record.map(Recordings::of_one).transpose()
    }

    /// For any number of connections.
    pub(crate) fn of_many(self) -> Result<Option<Recordings>, Failure> {
        self.record.map(Recordings::of_many).transpose()
    }
}
