//! What the doctor knows before it looks.

use jiff::Timestamp;
use policy::container_registries::Registries;

use super::probe::Probe;
use super::tree::Tree;
use crate::nodes::version::Version;

/// What the doctor knows.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The files of the node.
    pub tree: &'a Tree,
    /// The version of containerd.
    pub version: Version,
    /// What was asked for, if anybody knows.
    pub wanted: Option<&'a Registries>,
    /// When this is.
    pub now: Timestamp,
    /// When containerd started, if anybody knows.
    pub started: Option<Timestamp>,
    /// What mirrors answered.
    pub probes: &'a [Probe],
}
