//! Flags that several commands have.

use std::path::PathBuf;

use decide::nodes::credentials_file::FILE_NAME;

use crate::account::{Account, Error};
use crate::node::Places;

/// Where files of this node are.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Files {
    /// The folder of containerd: its `config_path`
    #[arg(long, env = "APP_HOSTS_DIR", default_value = "/etc/containerd/certs.d", value_name = "DIR")]
    hosts_dir: PathBuf,
    /// The file with logins for serverless-credential-provider; by default registry-credentials.json in the folder of containerd
    #[arg(long, env = "APP_PROVIDER_FILE", value_name = "FILE")]
    provider_file: Option<PathBuf>,
    /// The UID of the Pod of the agent. It marks the files of this node as those of this Pod; `clean --unless-daemon-set` leaves those of another Pod alone
    #[arg(long, env = "POD_UID", default_value_t, hide_default_value = true, value_name = "UID")]
    pod_uid: String,
}

impl Files {
    /// The folder, and the file: containerd looks for folders beside it, never for this file.
    pub(super) fn places(&self) -> Places {
        let logins = self.provider_file.clone().unwrap_or_else(|| self.hosts_dir.join(FILE_NAME));
        Places { hosts: self.hosts_dir.clone(), logins, owner: self.pod_uid.clone() }
    }
}

/// How the API server is asked.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Access {
    /// The namespace of the agent, by default that of the Pod
    #[arg(short, long, env = "POD_NAMESPACE", default_value = "kyma-system", value_name = "NAMESPACE")]
    pub namespace: String,
    /// The folder with the token of the service account, and the authority of the API server
    #[arg(
        long,
        env = "APP_ACCOUNT_DIR",
        default_value = "/var/run/secrets/kubernetes.io/serviceaccount",
        value_name = "DIR"
    )]
    account_dir: PathBuf,
}

impl Access {
    /// The account of the Pod.
    pub(super) fn account(&self) -> Result<Account, Error> {
        Account::of_pod(&self.account_dir)
    }
}
