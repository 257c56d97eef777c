//! Where the value comes from. Whoever reads it gets the newest one, and skips older ones.

mod folder;
mod secret;
mod value;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;

use crate::account::Account;
use crate::metrics::Metrics;
use crate::status::Status;
use value::Newest;
pub(crate) use value::Value;

/// Where the value comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A file in a folder, as the kubelet mounts a Secret.
    Folder(PathBuf),
    /// The Secret itself.
    Secret {
        /// Who asks for it.
        account: Account,
        /// Its namespace.
        namespace: String,
    },
}

impl Source {
    /// Reads the value for as long as the process lives, whenever it changes.
    pub(crate) fn follow(self, metrics: Arc<Metrics>, status: Status) -> watch::Receiver<Value> {
        let (newest, values) = Newest::new(metrics, status);
        match self {
            Self::Folder(folder) => tokio::spawn(async move { folder::follow(&folder, &newest).await }),
            Self::Secret { account, namespace } => {
                tokio::spawn(async move { secret::follow(&account, &namespace, &newest).await })
            }
        };
        values
    }

    /// As messages name it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Folder(folder) => folder::file(folder).display().to_string(),
            Self::Secret { namespace, .. } => format!("the Secret {namespace}/{}", secret::NAME),
        }
    }
}
