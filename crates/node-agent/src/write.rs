//! Writes the steps of a plan. At each point, containerd reads complete files and no empty folder.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::Path;

use decide::nodes::tree::{Plan, Step};
use policy::container_registries::HiddenText;

use crate::area::Area;
use crate::error::{Error, at};
use crate::files::FileSystem;

/// A file, or a folder with its files, before it is moved to its place.
const NEW: &str = "new";
/// A folder that was moved from its place.
const OLD: &str = "old";

/// What a plan did.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// How many files were written.
    pub written: usize,
    /// How many files were removed.
    pub removed: usize,
    /// What was not done, and why.
    pub errors: Vec<Error>,
}

/// Writes below a folder.
pub(crate) struct Writer<'a, F> {
    root: &'a Path,
    area: &'a Area,
    files: F,
}

impl<'a, F: FileSystem> Writer<'a, F> {
    /// For who holds the lock of the area.
    pub(crate) fn new(root: &'a Path, area: &'a Area, files: F) -> Self {
        Self { root, area, files }
    }

    /// Takes the steps. A folder in which a step fails stays as it is; the others do not wait for it.
    pub(crate) fn apply(&self, plan: &Plan) -> Done {
        let mut done = Done::default();
        let mut failed = BTreeSet::new();
        for step in &plan.steps {
            if failed.contains(step.folder()) {
                continue;
            }
            if let Err(error) = self.take(step, &mut done) {
                failed.insert(step.folder());
                done.errors.push(error);
                // What a step has begun is in nobody's way.
                done.errors.extend(self.area.sweep().err());
            }
        }
        done
    }

    fn take(&self, step: &Step, done: &mut Done) -> Result<(), Error> {
        match step {
            Step::Create { folder, files } => {
                self.create(&self.root.join(folder), files)?;
                done.written += files.len();
            }
            Step::Write { folder, file, text } => {
                self.replace(&self.root.join(folder).join(file), text)?;
                done.written += 1;
            }
            Step::Remove { folder, file } => {
                let path = self.root.join(folder).join(file);
                self.files.remove_file(&path).map_err(|error| at(&path, "removed", error))?;
                self.sync(&self.root.join(folder))?;
                done.removed += 1;
            }
            Step::RemoveFolder { folder, files } => {
                self.remove(&self.root.join(folder), files)?;
                done.removed += files.len();
            }
        }
        Ok(())
    }

    /// Makes a folder with its files elsewhere, and moves it to its place.
    fn create(&self, place: &Path, files: &BTreeMap<String, HiddenText>) -> Result<(), Error> {
        let new = self.area.path(NEW);
        self.files.create_folder(&new).map_err(|error| at(&new, "created", error))?;
        for (name, text) in files {
            self.write(&new.join(name), text)?;
        }
        self.sync(&new)?;
        self.rename(&new, place, place)?;
        self.sync(self.root)
    }

    /// Makes a file elsewhere, and moves it to its place.
    pub(crate) fn replace(&self, place: &Path, text: &HiddenText) -> Result<(), Error> {
        let new = self.area.path(NEW);
        self.write(&new, text)?;
        self.rename(&new, place, place)?;
        self.sync(place.parent().unwrap_or(self.root))
    }

    /// Moves a folder from its place, and removes it there: an empty folder would hide that of all other hosts.
    fn remove(&self, place: &Path, files: &[String]) -> Result<(), Error> {
        let old = self.area.path(OLD);
        self.rename(place, &old, place)?;
        self.sync(self.root)?;
        for file in files {
            let path = old.join(file);
            self.files.remove_file(&path).map_err(|error| at(&path, "removed", error))?;
        }
        match self.files.remove_folder(&old) {
            // Somebody has added a file in between.
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => self.rename(&old, place, place),
            removed => removed.map_err(|error| at(&old, "removed", error)),
        }
    }

    fn write(&self, path: &Path, text: &HiddenText) -> Result<(), Error> {
        self.files.write(path, text.reveal().as_bytes()).map_err(|error| at(path, "written", error))?;
        self.sync(path)
    }

    fn rename(&self, from: &Path, to: &Path, named: &Path) -> Result<(), Error> {
        self.files.rename(from, to).map_err(|error| at(named, "changed", error))
    }

    fn sync(&self, path: &Path) -> Result<(), Error> {
        self.files.sync(path).map_err(|error| at(path, "written to the disk", error))
    }
}

#[cfg(test)]
mod tests;
