//! The file that a crawl is drawn into.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::Failure;

/// Where a picture goes. That it can go there is known before the walk; what is there stays until the picture is
/// whole.
#[derive(Debug)]
pub(super) struct OutputFile {
    /// As the user wrote it.
    path: PathBuf,
    target: Target,
}

#[derive(Debug)]
enum Target {
    /// A file, behind all links. The picture is written aside and then takes its name.
    File(PathBuf),
    /// A pipe, a terminal or a device, of which nothing can take the place.
    Stream(File),
}

impl OutputFile {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let refuse = |error: &io::Error| {
            Failure::new(format!("cannot write {}: {error}; choose another file", path.display()))
        };
        let target = find(path).map_err(|error| refuse(&error))?;
        if let Target::File(file) = &target {
            // Gone again at once, so that a program that is cut off leaves nothing behind.
            create_aside(file).map_err(|error| refuse(&error))?;
        }
        Ok(Self { path: path.to_owned(), target })
    }

    /// Puts this picture in the place of what was there.
    pub(super) fn write(&mut self, picture: &str) -> Result<(), Failure> {
        let (written, is_kept) = match &mut self.target {
            Target::File(file) => (replace(file, picture), file.exists()),
            Target::Stream(stream) => (stream.write_all(picture.as_bytes()), false),
        };
        let advice = if is_kept { "; the former picture is kept" } else { "" };
        let path = self.path.display();
        written.map_err(|error| Failure::new(format!("cannot write {path}: {error}{advice}")))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

fn find(path: &Path) -> io::Result<Target> {
    match File::options().write(true).open(path) {
        Ok(file) if file.metadata()?.is_file() => fs::canonicalize(path).map(Target::File),
        Ok(stream) => Ok(Target::Stream(stream)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Target::File(path.to_owned())),
        Err(error) => Err(error),
    }
}

/// A file of another name in the same folder, from where it can take the place of `path` in one step. It is removed
/// unless it does.
fn create_aside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        // As of any new file, less what the umask takes away.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.prefix(".dcrpeer-").suffix(".svg").tempfile_in(folder)
}

fn replace(path: &Path, picture: &str) -> io::Result<()> {
    let mut aside = create_aside(path)?;
    aside.write_all(picture.as_bytes())?;
    // Some file systems find out only now that there is no room.
    aside.as_file().sync_all()?;
    if let Ok(former) = fs::metadata(path) {
        aside.as_file().set_permissions(former.permissions())?;
    }
    aside.persist(path)?;
    Ok(())
}
