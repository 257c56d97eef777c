//! Brings the files of this node to what is wanted, on a thread of its own: the disk can be slow, and probes are answered all
//! the same.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use decide::nodes::render::credential_provider::logins;
use decide::nodes::tree::Wanted;
use policy::container_registries::{HiddenText, Registries};

use crate::error::Error;
use crate::node::{Node, Places, Report};

/// Where files of this node are written.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    places: Places,
    /// Whether there is to be a file with logins.
    has_logins: bool,
    /// The claim on the folder, once it was possible.
    node: Arc<Mutex<Option<Node>>>,
}

/// What is to be done with the files of this node.
#[derive(Debug)]
pub(crate) struct Work {
    disk: Disk,
    /// What they are to become; `None` if nobody knows.
    wanted: Option<Files>,
}

#[derive(Debug)]
struct Files {
    hosts: BTreeMap<String, Wanted>,
    logins: Option<HiddenText>,
}

impl Disk {
    /// The places of files, and whether there is to be one with logins.
    pub(crate) fn new(places: Places, has_logins: bool) -> Self {
        Self { places, has_logins, node: Arc::default() }
    }

    /// What the file with logins leaves out of a value.
    pub(crate) fn left_out(&self, registries: &Registries) -> Vec<String> {
        let mut losses = Vec::new();
        if self.has_logins {
            drop(logins(registries, &mut losses));
        }
        losses
    }

    /// What is to be done so that the files become what is wanted.
    pub(crate) fn work(&self, registries: &Registries, hosts: BTreeMap<String, Wanted>) -> Work {
        let logins = self.has_logins.then(|| logins(registries, &mut Vec::new()).managed().to_text());
        Work { disk: self.clone(), wanted: Some(Files { hosts, logins }) }
    }

    /// To find out which files there are, and change nothing.
    pub(crate) fn look(&self) -> Work {
        Work { disk: self.clone(), wanted: None }
    }

    /// Claims the folder if an earlier Pod has done so: its files are this Pod's from now on, whatever the value is.
    ///
    /// # Errors
    /// If the folder cannot be claimed. The next write tries it again.
    pub(crate) fn take_over(&self) -> Result<(), Error> {
        if Node::is_claimed(&self.places) { self.node().map(drop) } else { Ok(()) }
    }

    /// The claim on the folder.
    fn node(&self) -> Result<Node, Error> {
        let mut claimed = self.node.lock().unwrap_or_else(PoisonError::into_inner);
        match &*claimed {
            Some(node) => Ok(node.clone()),
            None => Ok(claimed.insert(Node::claim(&self.places)?).clone()),
        }
    }
}

impl Work {
    /// Does it, however long the disk takes. What fails is in the report.
    pub(crate) fn run(self) -> Report {
        let Some(Files { hosts, logins }) = self.wanted else { return Node::look(&self.disk.places) };
        match self.disk.node() {
            Ok(node) => node.apply(&hosts, logins.as_ref()),
            Err(error) => error.into(),
        }
    }
}
