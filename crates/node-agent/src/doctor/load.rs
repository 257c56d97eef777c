//! Reads the files of a node for the doctor: a bounded number of bounded files.

use std::fs::{self, Metadata};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use decide::nodes::doctor::{Entry, FOLDER, File, Tree, uncovered};
use decide::nodes::version::Version;
use jiff::Timestamp;
use policy::container_registries::HiddenText;
use zeroize::Zeroizing;

use super::error::Error;
use super::place::Places;

/// The largest file that is read, in bytes.
const SIZE_MAX: u64 = 1 << 20;
/// The most bytes of all files together: a node has some kilobytes.
const SUM_MAX: usize = 64 << 20;
/// The most files and folders.
const COUNT_MAX: usize = 20_000;
/// How deep folders are read. Links can lead back.
const DEPTH_MAX: usize = 6;
/// How often files may name further files.
const ROUNDS: usize = 4;

/// The files of a node: those of containerd, and those that they name.
pub(super) fn tree(places: &Places, version: Version) -> Result<Tree, Error> {
    let mut loader = Loader { places, tree: Tree::default(), count: 0, sum: 0 };
    let root = places.on_disk(FOLDER).unwrap_or_default();
    fs::read_dir(&root).map_err(|source| Error::Read { path: root, source })?;
    loader.load_root(FOLDER)?;
    for _ in 0..ROUNDS {
        let named = uncovered(&loader.tree, version);
        let found: Vec<_> = named.into_iter().filter(|path| places.on_disk(path).is_some()).collect();
        if found.is_empty() {
            break;
        }
        for path in found {
            loader.load_root(&path)?;
        }
    }
    Ok(loader.tree)
}

struct Loader<'a> {
    places: &'a Places,
    tree: Tree,
    count: usize,
    /// The bytes of all files.
    sum: usize,
}

impl Loader<'_> {
    fn load_root(&mut self, path: &str) -> Result<(), Error> {
        self.tree.add_root(path);
        let Some(disk) = self.places.on_disk(path) else { return Ok(()) };
        self.load(path, &disk, 0)
    }

    fn load(&mut self, path: &str, disk: &Path, depth: usize) -> Result<(), Error> {
        self.count += 1;
        if self.count > COUNT_MAX {
            return Err(Error::TooMany(self.places.on_disk(FOLDER).unwrap_or_default()));
        }
        let metadata = match fs::metadata(disk) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => {
                self.tree.add(path, Entry::Unreadable(error.to_string()));
                return Ok(());
            }
            Ok(metadata) => metadata,
        };
        if !metadata.is_dir() {
            let entry = file(disk, &metadata);
            if let Entry::File(file) | Entry::NotText(file) = &entry {
                self.sum += file.text.reveal().len();
            }
            if self.sum > SUM_MAX {
                return Err(Error::TooLarge(self.places.on_disk(FOLDER).unwrap_or_default()));
            }
            self.tree.add(path, entry);
            return Ok(());
        }
        self.tree.add(path, Entry::Folder);
        if depth == DEPTH_MAX {
            return Ok(());
        }
        let entries = match fs::read_dir(disk) {
            Ok(entries) => entries,
            Err(error) => {
                self.tree.add(path, Entry::Unreadable(error.to_string()));
                return Ok(());
            }
        };
        for entry in entries.flatten() {
            // Neither containerd nor the agent has other names.
            let Ok(name) = entry.file_name().into_string() else { continue };
            self.load(&format!("{path}/{name}"), &entry.path(), depth + 1)?;
        }
        Ok(())
    }
}

fn file(path: &Path, metadata: &Metadata) -> Entry {
    if !metadata.is_file() {
        return Entry::Unreadable("it is no file".to_owned());
    }
    if metadata.len() > SIZE_MAX {
        return Entry::Unreadable(format!("it is larger than {SIZE_MAX} bytes"));
    }
    // Wiped, as what becomes of it.
    let mut bytes = Zeroizing::new(Vec::new());
    let read = fs::File::open(path).and_then(|file| file.take(SIZE_MAX).read_to_end(&mut bytes));
    if let Err(error) = read {
        return Entry::Unreadable(error.to_string());
    }
    let changed = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
    let of = |text| File { text, mode: metadata.mode() & 0o7777, changed };
    match std::str::from_utf8(&bytes) {
        Ok(text) => Entry::File(of(HiddenText::new(text))),
        Err(_) => Entry::NotText(of(HiddenText::new(String::from_utf8_lossy(&bytes)))),
    }
}
