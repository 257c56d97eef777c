//! Examines a node, or a copy of its files, and says why it does not pull as it was asked to. What to look for is decided
//! in `decide::nodes::doctor`.

mod containerd;
mod error;
mod load;
mod place;
mod probe;
mod table;
mod wanted;

use std::collections::BTreeSet;
use std::path::Path;

use decide::nodes::doctor::{self, Finding, Input};
use decide::nodes::version::Version;
use jiff::Timestamp;
use process::exit::Exit;
use serde::Serialize;

use containerd::Containerd;
pub use error::Error;
use place::Places;

/// What the doctor is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// `/etc/containerd`, or a copy of it.
    pub root: &'a Path,
    /// A file with the value that was asked for.
    pub wanted: Option<&'a Path>,
    /// The version of containerd; none: that of the node.
    pub version: Option<Version>,
    /// Whether servers are asked.
    pub asks_servers: bool,
}

/// What the doctor found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The version of containerd that the files are for.
    containerd: Version,
    findings: Vec<Finding>,
    /// Whether the version is only a guess.
    #[serde(skip)]
    is_guess: bool,
}

/// Examines the files. Nothing is changed.
///
/// # Errors
/// What cannot be read, or the wanted value is wrong.
pub fn examine(question: &Question<'_>, now: Timestamp) -> Result<Report, Error> {
    let wanted = question.wanted.map(|path| wanted::read(path, now)).transpose()?;
    let places = Places::of(question.root);
    let containerd = places.node().map(Containerd::of);
    let version = question.version.or_else(|| containerd.as_ref().and_then(Containerd::version));
    let used = version.unwrap_or(Version::DEFAULT);
    let tree = load::tree(&places, used)?;
    let targets = if question.asks_servers { doctor::targets(&tree, used) } else { BTreeSet::new() };
    let probes = probe::ask(targets, now);
    let started = containerd.as_ref().and_then(Containerd::started);
    let input = Input { tree: &tree, version: used, wanted: wanted.as_ref(), now, started, probes: &probes };
    let mut findings = doctor::examine(&input);
    for finding in &mut findings {
        finding.place.file = places.shown(&finding.place.file);
    }
    Ok(Report { containerd: used, findings, is_guess: version.is_none() })
}

impl Report {
    /// A table for people, as wide as the terminal.
    #[must_use]
    pub fn to_table(&self, width: Option<usize>) -> String {
        table::table(&self.findings, width)
    }

    /// A JSON document.
    #[must_use]
    pub fn to_json(&self) -> String {
        // A report always becomes JSON.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// What is to be known about the report itself.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let version = self.containerd;
        self.is_guess.then(|| {
            format!("containerd {version} is assumed: name the version of the node with --containerd")
        })
    }

    /// Whether anything was found.
    #[must_use]
    pub fn exit(&self) -> Exit {
        if self.findings.is_empty() { Exit::Success } else { Exit::Refused }
    }
}

#[cfg(test)]
mod tests;
