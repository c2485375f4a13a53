use super::{Line, packed};
use serde_json::Value;
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of vectors, in the original form or packed.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    /// Path of every file, by its name relative to the root with `/` between the parts.
    files: BTreeMap<String, PathBuf>,
    packed: Option<packed::Blob>,
}

impl Folder {
    /// The folder that `PEER_VECTORS` names, otherwise the one that comes with this package. A relative path
    /// begins at the root of the workspace, where a test is started, not where cargo runs it.
    pub fn open() -> Self {
        match env::var_os("PEER_VECTORS").filter(|root| !root.is_empty()) {
            Some(root) => Self::at(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(root)),
            None => Self::packaged(),
        }
    }

    /// The folder that comes with this package.
    pub fn packaged() -> Self {
        Self::at(Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors"))
    }

    /// The folder with this path.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        let mut files = BTreeMap::new();
        find_files(&root, "", &mut files);
        // Pages explain the files to people.
        files.retain(|name, _| !name.ends_with(".md"));
        let packed = files.remove(packed::BLOB).map(|path| {
            let names = files
                .remove(packed::BLOB_NAMES)
                .unwrap_or_else(|| panic!("{} has no {}", root.display(), packed::BLOB_NAMES));
            packed::Blob::new(read(&path), &parse(packed::BLOB_NAMES, &read_text(&names)))
        });
        Self { root, files, packed }
    }

    /// Where the folder is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether it has the packed form.
    pub fn is_packed(&self) -> bool {
        self.packed.is_some()
    }

    /// Names of all files but the pages (`.md`), sorted, with `/` between the parts: `inv.jsonl`,
    /// `transcripts/NAME.jsonl`, `bin/NAME.bin`. Those of a packed folder are the files that it stands for.
    pub fn files(&self) -> Vec<String> {
        let mut names: Vec<_> = self.files.keys().cloned().collect();
        if let Some(packed) = &self.packed {
            names.extend(packed.names().map(str::to_owned));
            names.sort();
        }
        names
    }

    /// The lines of a file in their original form, or nothing if there is no such file of lines.
    pub fn lines(&self, name: &str) -> Option<Vec<Line>> {
        let path = self.files.get(name).filter(|_| name.ends_with(".jsonl"))?;
        let values = parse(name, &read_text(path));
        Some(values.into_iter().enumerate().map(|(index, value)| self.line(name, index + 1, value)).collect())
    }

    /// The contents of a file of `bin/`, or nothing if there is no such file.
    pub fn bin(&self, name: &str) -> Option<Vec<u8>> {
        match &self.packed {
            Some(packed) => packed.named(name),
            None => self.files.get(name).map(|path| read(path)),
        }
    }

    fn line(&self, file: &str, number: usize, mut value: Value) -> Line {
        let place = format!("{file}:{number}");
        let long_payload = value.get("payload_bin").map(|name| {
            let name = name.as_str().unwrap_or_else(|| panic!("{place}: payload_bin is not a text"));
            self.bin(name).unwrap_or_else(|| panic!("{place}: no file {name}"))
        });
        if let Some(packed) = &self.packed {
            packed.unpack(&mut value, long_payload.as_deref(), &place);
        }
        drop_text_for_people(&mut value);
        Line::new(file, number, value, long_payload)
    }
}

/// Removes what only explains an `error` to people, so that both forms of a folder give the same lines.
fn drop_text_for_people(value: &mut Value) {
    let Value::Object(object) = value else {
        return;
    };
    if object.contains_key("error") {
        for key in ["error_func", "error_text", "func"] {
            object.shift_remove(key);
        }
    }
    if let Some(decode) = object.get_mut("decode") {
        drop_text_for_people(decode);
    }
}

fn find_files(folder: &Path, prefix: &str, files: &mut BTreeMap<String, PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            find_files(&path, &format!("{name}/"), files);
        } else {
            files.insert(name, path);
        }
    }
}

fn parse(name: &str, text: &str) -> Vec<Value> {
    let parsed = text.lines().zip(1..).map(|(line, number)| match serde_json::from_str(line) {
        Ok(value @ Value::Object(_)) => value,
        Ok(_) => panic!("{name}:{number}: not an object"),
        Err(error) => panic!("{name}:{number}: {error}"),
    });
    parsed.collect()
}

fn read_text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
