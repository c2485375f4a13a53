//! How items spread, as a picture.

use std::path::Path;

use peer_tests::world::scenarios::{Plan, Spread};

pub(crate) fn draw(_file: &Path, _plan: &Plan, _spreads: &[Spread]) -> Result<(), String> {
    Ok(())
}
