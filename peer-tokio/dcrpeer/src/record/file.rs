//! The files of recordings: whether they can be written, which is checked before anything else happens, and that none
//! is overwritten.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::error::{Failure, about_file};

/// Fails unless a recording can be written to this path. Leaves no file behind.
pub(super) fn check_one(path: &Path) -> Result<(), Failure> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => Err(already_exists(path)),
        Ok(found) if found.is_dir() => Err(refuse(path, &ErrorKind::IsADirectory.into())),
        // A pipe or a device, which no recording can overwrite.
        Ok(_) => Ok(()),
        Err(_) => check_folder(path),
    }
}

/// Fails unless numbered recordings can be written beside this path, and none is there yet.
pub(super) fn check_many(path: &Path) -> Result<(), Failure> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => return Err(refuse(path, &ErrorKind::IsADirectory.into())),
        Ok(found) if !found.is_file() => {
            return Err(Failure::Usage(format!(
                "cannot record to {}: each connection needs a file of its own; choose another name",
                path.display()
            )));
        }
        _ => {}
    }
    check_folder(path)?;
    let entries = fs::read_dir(folder_of(path)).map_err(|error| refuse(path, &error))?;
    // A folder that changes while it is read may hide a file; creating that file fails later.
    let names = entries.flatten().map(|entry| path.with_file_name(entry.file_name()));
    match names.filter(|name| is_numbered(name, path) && name.is_file()).min() {
        Some(name) => Err(already_exists(&name)),
        None => Ok(()),
    }
}

/// Creates the file of a recording. Only a pipe or a device may exist already.
pub(super) fn create(path: &Path) -> Result<File, Failure> {
    let is_stream = fs::metadata(path).is_ok_and(|found| !found.is_file());
    let created = File::options().write(true).create_new(!is_stream).open(path);
    created.map_err(|error| refuse(path, &error))
}

/// Creates the file of a recording in the place of an earlier one.
pub(super) fn replace(path: &Path) -> Result<File, Failure> {
    File::create(path).map_err(|error| refuse(path, &error))
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

/// Whether `name` is the file for one of many peers.
fn is_numbered(name: &Path, path: &Path) -> bool {
    let stem = name.file_stem().and_then(|stem| stem.to_str());
    let number = stem.and_then(|stem| stem.rsplit_once('-')?.1.parse().ok());
    number.is_some_and(|number| numbered(path, number) == name)
}

fn check_folder(path: &Path) -> Result<(), Failure> {
    tempfile::tempfile_in(folder_of(path)).map(drop).map_err(|error| refuse(path, &error))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn already_exists(path: &Path) -> Failure {
    Failure::Usage(format!("cannot record to {}: it exists; choose another name", path.display()))
}

/// A path that cannot be right is the command line's fault; a disk or its permissions are not.
fn refuse(path: &Path, error: &io::Error) -> Failure {
    let line = format!("cannot record to {}: {}", path.display(), about_file(error));
    match error.kind() {
        ErrorKind::AlreadyExists => already_exists(path),
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory => Failure::Usage(line),
        _ => Failure::Unreported(line),
    }
}
