//! Brings the files of this node to what is wanted, on a thread of its own: the disk can be slow, and probes are answered all
//! the same.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use decide::nodes::credentials_file::CredentialsFile;
use decide::nodes::render::credential_provider::logins;
use decide::nodes::tree::Wanted;
use policy::container_registries::{HiddenText, Registries};

use crate::error::Error;
use crate::logins::{self, OWNER};
use crate::node::{Node, Report};

/// What was done, and what was left alone.
pub(crate) type Outcome = Report;

/// Where files of this node are written.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    hosts: PathBuf,
    /// The file with logins for the kubelet's credential provider.
    logins: PathBuf,
    /// Whether there is to be such a file.
    has_logins: bool,
    /// The claim on the folder, once it was possible.
    node: Arc<Mutex<Option<Node>>>,
}

impl Disk {
    /// The folder of containerd, and the file with logins, if there is to be one.
    pub(crate) fn new(logins: PathBuf, hosts: PathBuf, has_logins: bool) -> Self {
        Self { hosts, logins, has_logins, node: Arc::default() }
    }

    /// Brings the files to what is wanted. What fails is in the outcome.
    pub(crate) async fn bring(&self, registries: &Registries, files: BTreeMap<String, Wanted>) -> Outcome {
        // What is not written as a login was reported when the value was admitted.
        let logins = self.has_logins.then(|| {
            let file = logins(registries, &mut Vec::new());
            CredentialsFile { managed_by: Some(OWNER.to_owned()), ..file }.to_text()
        });
        let disk = self.clone();
        let work = move || disk.bring_now(logins.as_ref(), &files);
        let failed = |error| Outcome { errors: vec![Error::Interrupted(error)], ..Outcome::default() };
        tokio::task::spawn_blocking(work).await.unwrap_or_else(failed)
    }

    fn bring_now(&self, logins: Option<&HiddenText>, files: &BTreeMap<String, Wanted>) -> Outcome {
        let mut outcome =
            self.hosts(files).unwrap_or_else(|error| Outcome { errors: vec![error], ..Outcome::default() });
        // After a clean, nothing is written.
        let is_cleaned = outcome.errors.iter().any(|error| matches!(error, Error::Cleaned));
        if is_cleaned {
            return outcome;
        }
        let changed = match logins {
            Some(text) => {
                logins::write(&self.logins, text).map(|is_so| outcome.written += usize::from(is_so))
            }
            None => logins::remove(&self.logins).map(|is_so| outcome.removed += usize::from(is_so)),
        };
        outcome.errors.extend(changed.err());
        outcome
    }

    fn hosts(&self, files: &BTreeMap<String, Wanted>) -> Result<Outcome, Error> {
        let mut claimed = self.node.lock().unwrap_or_else(PoisonError::into_inner);
        if claimed.is_none() {
            *claimed = Some(Node::claim(&self.hosts)?);
        }
        claimed.as_ref().map_or_else(|| Ok(Outcome::default()), |node| node.apply(files))
    }
}
