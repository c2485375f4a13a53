//! The file that the chart of a crawl is written to.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::{Failure, about_file};

/// The file for a chart. That it can be written is known before the crawl; the existing file stays until the chart is
/// complete.
#[derive(Debug)]
pub(super) struct OutputFile {
    /// As the user wrote it.
    path: PathBuf,
    target: Target,
}

#[derive(Debug)]
enum Target {
    /// A file, behind all links. The chart is written to a temporary file, which then replaces it.
    File(PathBuf),
    /// A pipe, a terminal or a device, which cannot be replaced.
    Stream(File),
}

impl OutputFile {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let refuse = |error: &io::Error| {
            Failure::new(format!(
                "cannot write {}: {}; or choose another file",
                path.display(),
                about_file(error)
            ))
        };
        let target = find(path).map_err(|error| refuse(&error))?;
        if let Target::File(file) = &target {
            // Removed at once, so that a killed program leaves no file behind.
            create_temporary(file).map_err(|error| refuse(&error))?;
        }
        Ok(Self { path: path.to_owned(), target })
    }

    /// Replaces the file by this chart.
    pub(super) fn write(&mut self, chart: &str) -> Result<(), Failure> {
        let (written, is_kept) = match &mut self.target {
            Target::File(file) => (replace(file, chart), file.exists()),
            Target::Stream(stream) => (stream.write_all(chart.as_bytes()), false),
        };
        let advice = if is_kept { "; the previous chart is kept" } else { "" };
        let path = self.path.display();
        written.map_err(|error| Failure::new(format!("cannot write {path}: {}{advice}", about_file(&error))))
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

/// A file of another name in the same folder, so that it can replace `path` in one step. It is removed
/// unless it does.
fn create_temporary(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        // The permissions of any new file, less those that the umask removes.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.prefix(".dcrpeer-").suffix(".svg").tempfile_in(folder)
}

fn replace(path: &Path, chart: &str) -> io::Result<()> {
    let mut temporary = create_temporary(path)?;
    temporary.write_all(chart.as_bytes())?;
    // Some file systems report a full disk only here.
    temporary.as_file().sync_all()?;
    if let Ok(previous) = fs::metadata(path) {
        temporary.as_file().set_permissions(previous.permissions())?;
    }
    temporary.persist(path)?;
    Ok(())
}
