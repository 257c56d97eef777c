//! The folder of containerd on this node: brings it to what is wanted, or removes everything of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use decide::nodes::tree::{self, File, Wanted};
use policy::container_registries::HiddenText;

use crate::area::Area;
use crate::error::Error;
use crate::files::{AREA, Real};
use crate::logins;
use crate::read;
use crate::write::{Done, Writer};

/// Where files of this node are.
#[derive(Clone, Debug)]
pub struct Places {
    /// The folder of containerd.
    pub hosts: PathBuf,
    /// The file with logins for the kubelet's credential provider.
    pub logins: PathBuf,
    /// The UID of the Pod whose files they are; empty if there is none.
    pub owner: String,
}

/// The files of this node. A claim on them ends when another agent starts, or when `clean` runs.
#[derive(Clone, Debug)]
pub struct Node {
    places: Places,
    area: Area,
}

/// What was done to the files, and what was left alone.
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
    /// How many files of ours there are, if that alone was the question.
    pub left: Option<usize>,
}

impl From<Error> for Report {
    fn from(error: Error) -> Self {
        Self { errors: vec![error], ..Self::default() }
    }
}

impl Node {
    /// Claims the folder of containerd, and removes what an interrupted write has left. Other agents write nothing from then on.
    pub fn claim(places: &Places) -> Result<Self, Error> {
        Ok(Self { places: places.clone(), area: Area::claim(&places.hosts, &places.owner)? })
    }

    /// Whether an agent has claimed the folder.
    pub(crate) fn is_claimed(places: &Places) -> bool {
        places.hosts.join(AREA).exists()
    }

    /// Brings the files to what is wanted, while no other process writes: the folders of hosts, and the file with logins.
    /// Nothing is written if they are that already, or if the claim has ended.
    #[must_use]
    pub fn apply(&self, wanted: &BTreeMap<String, Wanted>, logins: Option<&HiddenText>) -> Report {
        match self.area.lock() {
            Ok(_guard) => self.apply_locked(wanted, logins),
            Err(error) => error.into(),
        }
    }

    /// Finds out how many files of ours there are. Nothing is claimed, so a folder without any stays as it is.
    #[must_use]
    pub fn look(places: &Places) -> Report {
        let left = read::tree(&places.hosts).and_then(|tree| {
            let files = tree.folders.values().flat_map(BTreeMap::values);
            let files = files.filter(|file| **file != File::Foreign).count();
            Ok(files + usize::from(matches!(logins::there(&places.logins)?, Some(File::Ours { .. }))))
        });
        left.map_or_else(Report::from, |left| Report { left: Some(left), ..Report::default() })
    }

    /// Removes everything of ours, but nothing if the agent of another Pod has claimed it: that is [`Error::Superseded`]. Other
    /// processes write nothing from then on, until they claim the folder again.
    #[must_use]
    pub fn clean(places: &Places) -> Report {
        // On a node without containerd, no folder was written.
        if matches!(places.hosts.try_exists(), Ok(false)) {
            let mut report = Report::default();
            bring_logins(places, None, &mut report);
            return report;
        }
        Self::clean_there(places).unwrap_or_else(Report::from)
    }

    fn clean_there(places: &Places) -> Result<Report, Error> {
        let (area, guard) = Area::join(&places.hosts)?;
        let (pod, owner) = (&places.owner, area.owner()?);
        let is_of_another = *pod != owner && !pod.is_empty() && !owner.is_empty();
        if is_of_another {
            return Err(Error::Superseded);
        }
        let node = Self { places: places.clone(), area };
        let mut report = node.apply_locked(&BTreeMap::new(), None);
        if report.errors.is_empty() {
            report.errors.extend(node.area.remove(guard).err());
        }
        Ok(report)
    }

    fn apply_locked(&self, wanted: &BTreeMap<String, Wanted>, logins: Option<&HiddenText>) -> Report {
        let mut report = self.bring_hosts(wanted).unwrap_or_else(Report::from);
        bring_logins(&self.places, logins, &mut report);
        report
    }

    fn bring_hosts(&self, wanted: &BTreeMap<String, Wanted>) -> Result<Report, Error> {
        let Places { hosts, logins, .. } = &self.places;
        let plan = tree::plan(&read::tree(hosts)?, wanted);
        let Done { written, removed, errors } = Writer::new(hosts, &self.area, Real).apply(&plan);
        let mut foreign = plan.foreign;
        // It may be beside the folders of hosts, under any name.
        foreign.remove(&name_of(logins, hosts));
        Ok(Report { written, removed, errors, foreign, in_the_way: plan.in_the_way, left: None })
    }
}

fn bring_logins(places: &Places, logins: Option<&HiddenText>, report: &mut Report) {
    let changed = match logins {
        Some(text) => logins::write(&places.logins, text).map(|is_so| report.written += usize::from(is_so)),
        None => logins::remove(&places.logins).map(|is_so| report.removed += usize::from(is_so)),
    };
    report.errors.extend(changed.err());
    // Why it cannot be read, the change has said.
    if let Ok(Some(File::Foreign)) = logins::there(&places.logins) {
        report.foreign.insert(name_of(&places.logins, &places.hosts));
    }
}

/// The file with logins, as the paths of other files are reported: in the folder of containerd.
fn name_of(logins: &Path, hosts: &Path) -> String {
    logins.strip_prefix(hosts).unwrap_or(logins).display().to_string()
}

#[cfg(test)]
mod tests;
