//! Writes the steps of a plan. At each point, containerd reads complete files and no empty folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use decide::nodes::tree::{Plan, Step};
use policy::container_registries::HiddenText;

use crate::area::{Area, OLD};
use crate::discard::discard;
use crate::error::{Error, at};
use crate::files::FileSystem;

/// A file, or a folder with its files, before it is moved to its place.
const NEW: &str = "new";

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
            Step::RemoveFolder { folder } => done.removed += self.remove(folder)?,
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

    /// Moves a folder from its place, and removes it there: an empty folder would hide that of all other hosts. Returns how
    /// many files were removed.
    fn remove(&self, folder: &str) -> Result<usize, Error> {
        let (place, all) = (self.root.join(folder), self.area.path(OLD));
        self.files.create_folder(&all).map_err(|error| at(&all, "created", error))?;
        let old = all.join(folder);
        self.rename(&place, &old, &place)?;
        self.sync(self.root)?;
        let removed = discard(&self.files, &old, &place)?;
        self.files.remove_folder(&all).map_err(|error| at(&all, "removed", error))?;
        Ok(removed)
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
