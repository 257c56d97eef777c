//! An installation that is taken off: a control plane with a Function and copies, and a controller with the rights of its
//! account beside it.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use controller::config::Config;
use controller::copies::cleanup::{self, Options as Cleanup, Report};
use serde_json::json;
use testenv::{ControlPlane, Options};
use tokio::runtime::Runtime;

use crate::harness::account::{Controller, LEASE};
use crate::harness::cluster::{client, function, kubectl};
use crate::harness::command::piped;
use crate::harness::copies::secret;
use crate::harness::rights::Audit;
use crate::harness::wait::wait_until;

pub const FINALIZER: &str = "serverless.kyma-project.io/finalizer-registry-config";

/// How many copies `team` has: of the seven runtimes, two accounts and a Secret.
pub const COPIES: usize = 10;

/// The push and the pull secret of `team`, as a report names them.
pub const CREDENTIALS: [&str; 2] = ["ImagePushSecret team/web", "ImagePullSecret team/web"];

/// When the controller ends.
#[derive(Clone, Copy, Debug)]
pub enum End {
    /// As by a scaling to zero before the uninstall.
    First,
    /// As by a node that fails during the uninstall.
    Killed,
    /// Not before the uninstall is over.
    Last,
}

/// A control plane on which a namespace `team` has a Function, copies, and a Secret of its own.
pub struct Installed {
    pub control_plane: ControlPlane,
    pub audit: Audit,
}

impl Installed {
    pub fn new() -> Self {
        let audit = Audit::new();
        let options = Options { controllers: true, api_server_flags: audit.flags(), ..Options::default() };
        let new = Self { control_plane: ControlPlane::start(&options).unwrap(), audit };
        new.kubectl("apply --server-side -k manifests/crds");
        new.kubectl("wait --for=condition=Established --timeout=60s crd --all");
        new.kubectl("create namespace team");
        // Before there is a webhook that nobody answers for.
        new.apply("team", &function("demo", &json!({"source": "x", "runtime": "nodejs12"})));
        new
    }

    /// With a controller that has copied a Secret, and nothing else of the product.
    pub fn with_a_copy() -> (Self, Controller) {
        let new = Self::new();
        new.kubectl("create -k manifests/namespace");
        new.kubectl("apply -n kyma-system -f manifests/controller/rbac.yaml");
        let controller = Controller::start(&new.control_plane, Config::default());
        new.apply("kyma-system", &secret("registry", &json!({"username": "u"})));
        wait_until("the copy is made", || new.copies().contains("secret/registry"));
        (new, controller)
    }

    pub fn kubectl(&self, words: &str) -> String {
        let mut command = self.control_plane.kubectl();
        command.args(words.split_whitespace()).current_dir(testenv::root());
        piped(command, "").unwrap()
    }

    pub fn apply(&self, namespace: &str, object: &serde_json::Value) {
        kubectl(&self.control_plane, &format!("apply -n {namespace} -f -"), object).unwrap();
    }

    pub fn helm(&self, words: &str) -> String {
        let mut command = self.control_plane.tool("helm");
        command.args(words.split_whitespace()).current_dir(testenv::root());
        piped(command, "").unwrap()
    }

    /// Has the controller copy, and ends it in its time around the uninstall.
    pub fn uninstall(&self, end: End, mut command: Command) {
        let controller = Controller::start(&self.control_plane, Config::default());
        self.apply("kyma-system", &secret("registry", &json!({"username": "u"})));
        wait_until("copies are made", || self.copies().len() == COPIES);
        // The users of the namespace have made a copy theirs.
        let mut mine = secret("mine", &json!({"username": "m"}));
        mine["metadata"]["labels"]["serverless.kyma-project.io/managed-by"] = "user".into();
        mine["metadata"]["annotations"] = json!({"serverless.kyma-project.io/copied-from": "kyma-system"});
        self.apply("team", &mine);

        command.current_dir(testenv::root());
        match end {
            End::First => {
                controller.terminate();
                piped(command, "").unwrap();
            }
            End::Killed => {
                let uninstalling = std::thread::spawn(move || piped(command, ""));
                controller.kill();
                uninstalling.join().unwrap().unwrap();
            }
            End::Last => {
                piped(command, "").unwrap();
                controller.terminate();
            }
        }
        let has_function = "get function demo -n team -o name";
        assert_eq!(self.kubectl(has_function), "function.serverless.kyma-project.io/demo\n", "{end:?}");
        assert_eq!(self.kubectl("get namespace kyma-system -o jsonpath={.status.phase}"), "Active");
    }

    /// What `team` has that looks like a copy, but for what its users have made theirs.
    pub fn copies(&self) -> BTreeSet<String> {
        let kinds = "configmaps,secrets,serviceaccounts";
        let selector =
            "serverless.kyma-project.io/config,serverless.kyma-project.io/managed-by!=user".to_owned();
        self.kubectl(&format!("get {kinds} -n team -o name -l {selector}"))
            .lines()
            .map(str::to_owned)
            .collect()
    }

    /// Puts a push and a pull secret into `team` that wait for the deletion of their accounts.
    pub fn hold_credentials(&self) {
        for kind in ["ImagePushSecret", "ImagePullSecret"] {
            let finalizers = ["registry.mgoltzsche.github.com/accounts"];
            let object = json!({
                "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
                "kind": kind,
                "metadata": {"name": "web", "finalizers": finalizers},
                "spec": {},
            });
            self.apply("team", &object);
        }
    }

    /// Deletes them, which a finalizer would prevent.
    pub fn delete_credentials(&self) {
        self.kubectl("delete imagepushsecret,imagepullsecret web -n team --timeout=20s");
    }

    pub fn finalizers(&self) -> String {
        self.kubectl("get secret registry -n kyma-system -o jsonpath={.metadata.finalizers}")
    }

    /// Cleans up with the rights of an account, as the Job does.
    pub fn clean_up(&self, account: &str, finalizers_only: bool) -> Report {
        let kubeconfig = self.control_plane.kubeconfig_for(account, "system:serviceaccounts").unwrap();
        let options = options(finalizers_only, Duration::from_secs(20));
        Runtime::new().unwrap().block_on(async {
            let client = client(&kubeconfig).await;
            cleanup::run(&client, &options).await.unwrap()
        })
    }

    /// Deletes the base namespace, which a finalizer would prevent.
    pub fn delete_base_namespace(&self, end: End) {
        let started = Instant::now();
        self.kubectl("delete namespace kyma-system --timeout=60s");
        assert!(started.elapsed() < Duration::from_mins(1), "{end:?}");
    }
}

pub fn options(finalizers_only: bool, patience: Duration) -> Cleanup {
    Cleanup {
        base_namespace: "kyma-system".to_owned(),
        namespace: "kyma-system".to_owned(),
        lease: LEASE.to_owned(),
        patience,
        finalizers_only,
        dry_run: false,
    }
}
