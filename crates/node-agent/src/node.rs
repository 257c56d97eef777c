//! The folder of containerd on this node: brings it to what is wanted, or removes everything of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use decide::nodes::tree::{self, Wanted};

use crate::area::{Area, Guard};
use crate::error::Error;
use crate::files::Real;
use crate::read;
use crate::write::{Done, Writer};

/// The folder of containerd. A claim on it ends when `clean` runs.
#[derive(Clone, Debug)]
pub struct Node {
    root: PathBuf,
    area: Area,
}

/// What was done to the folder, and what was left alone.
#[derive(Debug, Default)]
pub struct Report {
    /// How many files were written.
    pub written: usize,
    /// How many files were removed.
    pub removed: usize,
    /// What was not done, and why.
    pub errors: Vec<Error>,
    /// The paths of everything that is not ours.
    pub foreign: BTreeSet<String>,
    /// Those of them that are in the way of a host that is wanted.
    pub in_the_way: BTreeSet<String>,
}

impl Node {
    /// Claims a folder, and removes what an interrupted write has left.
    pub fn claim(root: &Path) -> Result<Self, Error> {
        let (area, _guard) = Area::claim(root)?;
        Ok(Self { root: root.to_owned(), area })
    }

    /// Brings the folder to what is wanted. Nothing is written if it is that already.
    ///
    /// # Errors
    /// If the folder cannot be read, or the claim has ended.
    pub fn apply(&self, wanted: &BTreeMap<String, Wanted>) -> Result<Report, Error> {
        let guard = self.area.lock()?;
        self.apply_locked(wanted, &guard)
    }

    /// Removes everything of ours. Other processes write nothing from then on, until they claim the folder again.
    pub fn clean(root: &Path) -> Result<Report, Error> {
        // On a node without containerd, nothing was written.
        if matches!(root.try_exists(), Ok(false)) {
            return Ok(Report::default());
        }
        let (area, guard) = Area::claim(root)?;
        let node = Self { root: root.to_owned(), area };
        let report = node.apply_locked(&BTreeMap::new(), &guard)?;
        if report.errors.is_empty() {
            node.area.remove(guard)?;
        }
        Ok(report)
    }

    fn apply_locked(&self, wanted: &BTreeMap<String, Wanted>, _: &Guard) -> Result<Report, Error> {
        let plan = tree::plan(&read::tree(&self.root)?, wanted);
        let Done { written, removed, errors } = Writer::new(&self.root, &self.area, Real).apply(&plan);
        Ok(Report { written, removed, errors, foreign: plan.foreign, in_the_way: plan.in_the_way })
    }
}

#[cfg(test)]
mod tests;
