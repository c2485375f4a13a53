//! Where connections are recorded.

use std::path::PathBuf;

use clap::Args;

#[derive(Args, Clone, Debug)]
pub(crate) struct RecordArgs {
    /// Record every byte and its time to this file, see `replay`; of many peers each has its own, with its number in the
    /// name
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
}
