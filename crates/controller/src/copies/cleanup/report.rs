//! What a cleanup has done, or why it has done nothing.

/// What was done.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// Secrets, push and pull secrets without finalizer and annotation now, and copies that are deleted, as `Kind namespace/name`.
    pub done: Vec<String>,
    /// What failed, with the reason.
    pub failed: Vec<String>,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The controller is still running.
    #[error(
        "the controller still runs: {holder:?} holds the Lease {namespace}/{lease}. Stop it first: \
         `kubectl scale deployment/serverless-controller --replicas=0 -n {namespace}`"
    )]
    Running {
        /// The holder of the Lease.
        holder: String,
        /// The namespace of the Lease.
        namespace: String,
        /// Its name.
        lease: String,
    },
    /// Something cannot be read.
    #[error("{what} cannot be read")]
    Read {
        /// The objects.
        what: String,
        /// The reason.
        #[source]
        source: kube::Error,
    },
}

impl Report {
    pub(super) fn note(&mut self, object: String, result: kube::Result<()>) {
        match result {
            Ok(()) => self.done.push(object),
            Err(kube::Error::Api(status)) if status.is_not_found() => {}
            Err(error) => self.failed.push(format!("{object}: {error}")),
        }
    }
}
