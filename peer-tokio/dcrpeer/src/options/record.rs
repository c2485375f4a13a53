//! Where connections are recorded.

use std::path::PathBuf;

use clap::Args;

#[derive(Args, Clone, Debug)]
pub(crate) struct RecordArgs {
    /// Record every byte with its time in this file, for `replay`; with many peers each has its own file, with its
    /// number in the name
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
}
