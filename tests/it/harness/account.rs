//! A controller with exactly the rights of its account.

use std::sync::Arc;
use std::time::Duration;

use controller::config::{Config, ForFunctions, ImageRegistries};
use controller::run::{Election, Reconciler, lead};
use serde_json::Value;
use testenv::ControlPlane;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::cluster::client;

/// The user name of the account at the API server.
pub const USER: &str = "system:serviceaccount:kyma-system:serverless-controller";
/// The name of the Lease.
pub const LEASE: &str = "serverless-controller-leader-election-helper";

/// The configuration of a controller that creates the registry of Functions with a specification.
pub fn with_registry_of_functions(spec: Value) -> Config {
    let for_functions = ForFunctions {
        name: "registry".to_owned(),
        namespace: None,
        create: Some(serde_json::from_value(spec).unwrap()),
    };
    let image_registries =
        ImageRegistries { for_functions: Some(for_functions), ..ImageRegistries::default() };
    Config { image_registries, ..Config::default() }
}

/// A controller with the rights of its account.
pub struct Controller {
    runtime: Runtime,
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
}

impl Controller {
    pub fn start(control_plane: &ControlPlane, config: Config) -> Self {
        let kubeconfig = control_plane.kubeconfig_for(USER, "system:serviceaccounts").unwrap();
        let runtime = Runtime::new().unwrap();
        let (stop, stopping) = watch::channel(false);
        let running = runtime.spawn(async move {
            let election = Election {
                namespace: "kyma-system".to_owned(),
                lease: LEASE.to_owned(),
                identity: "controller".to_owned(),
                duration: Duration::from_secs(3),
            };
            let client = client(&kubeconfig).await;
            lead(&client, &config, &Reconciler::ALL, Some(&election), &Arc::default(), stopping).await;
        });
        Self { runtime, stop, running }
    }

    /// Ends it as the kubelet does.
    pub fn terminate(self) {
        self.stop.send_replace(true);
        self.runtime.block_on(self.running).unwrap();
    }

    pub fn kill(self) {
        self.runtime.shutdown_background();
    }
}
