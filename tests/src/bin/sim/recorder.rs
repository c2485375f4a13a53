//! Recordings of a world's connections, as files.

use core::cell::RefCell;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::rc::Rc;

use peer_core::Direction;
use peer_tests::world::{ConnectionId, Recordings};

use crate::text::plain;

/// Recordings that are written into this folder, a file for each end: `12-dialer.jsonl`, `12-listener.jsonl`.
pub(crate) fn into_folder(folder: &Path) -> Result<Rc<RefCell<Recordings>>, String> {
    let failed =
        |error| format!("cannot record to {}: {}; choose another folder", folder.display(), plain(&error));
    fs::create_dir_all(folder).map_err(failed)?;
    let mut entries = fs::read_dir(folder).map_err(failed)?;
    if entries.next().is_some() {
        return Err(format!("{} is not empty; choose another folder", folder.display()));
    }
    let folder = folder.to_owned();
    let write = move |id: ConnectionId, lines: &str| {
        let end = match id.direction() {
            Direction::Outbound => "dialer",
            Direction::Inbound => "listener",
        };
        let file = folder.join(format!("{}-{end}.jsonl", id.number()));
        let opened = OpenOptions::new().create(true).append(true).open(&file);
        if let Err(error) = opened.and_then(|mut file| file.write_all(lines.as_bytes())) {
            eprintln!("cannot write {}: {}", file.display(), plain(&error));
        }
    };
    Ok(Rc::new(RefCell::new(Recordings::new(write))))
}
