//! The file that a crawl is drawn into.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::error::Failure;

/// A file that can be written, which is known before the walk. What is in it stays until there is something to
/// draw; a file that was not there is gone again if there never is, unless the program is cut off.
#[derive(Debug)]
pub(super) struct Canvas {
    file: File,
    path: PathBuf,
    is_blank: bool,
}

impl Canvas {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let (file, is_blank) = match File::options().write(true).create_new(true).open(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                (File::options().write(true).create(true).truncate(false).open(path), false)
            }
            created => (created, true),
        };
        let path = path.to_owned();
        match file {
            Ok(file) => Ok(Self { file, path, is_blank }),
            Err(error) => {
                let path = path.display();
                Err(Failure::new(format!("cannot write {path}: {error}; choose another file")))
            }
        }
    }

    /// Puts this picture in the place of what was there.
    pub(super) fn draw(&mut self, picture: &str) -> Result<(), Failure> {
        self.is_blank = false;
        let path = self.path.display();
        replace(&mut self.file, picture)
            .map_err(|error| Failure::new(format!("cannot write {path}: {error}")))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Canvas {
    fn drop(&mut self) {
        if self.is_blank {
            // What cannot be removed is empty, and does no harm.
            fs::remove_file(&self.path).ok();
        }
    }
}

fn replace(file: &mut File, picture: &str) -> io::Result<()> {
    // Pipes and terminals have no length.
    if file.metadata()?.is_file() {
        file.set_len(0)?;
    }
    file.write_all(picture.as_bytes())
}
