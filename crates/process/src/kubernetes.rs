//! The API server that the environment names: that of a kubeconfig, or that of the cluster in which a Pod runs.

use kube::Config;
use kube::config::{InClusterError, KubeConfigOptions, KubeconfigError};

/// Why no API server is known.
#[derive(Debug, thiserror::Error)]
#[error("no API server is known: {}, and {}", no_pod(.pod), no_kubeconfig(.kubeconfig))]
pub struct Unknown {
    pod: InClusterError,
    kubeconfig: KubeconfigError,
}

/// The configuration of a client.
///
/// # Errors
/// If there is neither a kubeconfig nor the service account of a Pod.
pub async fn config() -> Result<Config, Unknown> {
    match Config::from_kubeconfig(&KubeConfigOptions::default()).await {
        Ok(config) => Ok(config),
        Err(kubeconfig) => Config::incluster().map_err(|pod| Unknown { pod, kubeconfig }),
    }
}

fn no_pod(error: &InClusterError) -> String {
    match error {
        InClusterError::ReadEnvironmentVariable(_) => "this process does not run in a Pod".to_owned(),
        other => format!("the service account of the Pod cannot be used ({other})"),
    }
}

fn no_kubeconfig(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::ReadConfig(cause, path) => {
            format!("the kubeconfig {} cannot be read: {cause}", path.display())
        }
        other => format!("the kubeconfig cannot be used: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn each_cause_is_said_once() {
        let unknown = Unknown {
            pod: InClusterError::ReadEnvironmentVariable(std::env::VarError::NotPresent),
            kubeconfig: KubeconfigError::ReadConfig(ErrorKind::NotFound.into(), "/home/me/config".into()),
        };
        assert_eq!(
            unknown.to_string(),
            "no API server is known: this process does not run in a Pod, and the kubeconfig /home/me/config cannot be read: entity not found"
        );
    }
}
