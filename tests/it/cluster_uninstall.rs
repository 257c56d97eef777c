//! Uninstalling, with the controller stopped first, killed meanwhile and running: nothing locks a namespace, and no Function
//! is deleted. The controller runs beside the control plane, with the rights of its account.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use controller::config::Config;
use controller::copies::cleanup::{self, Options as Cleanup, Report};
use controller::run::{Election, Reconciler, lead};
use serde_json::json;
use testenv::{ControlPlane, Options};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::cluster::{client, function, kubectl, piped};
use crate::copies::secret;
use crate::rights::{Audit, Right, granted};
use crate::support::wait_until;

const LEASE: &str = "serverless-controller-leader-election-helper";
const FINALIZER: &str = "serverless.kyma-project.io/finalizer-registry-config";

/// When the controller ends.
#[derive(Clone, Copy, Debug)]
enum End {
    /// As by a scaling to zero before the uninstall.
    First,
    /// As by a node that fails during the uninstall.
    Killed,
    /// Not before the uninstall is over.
    Last,
}

/// A controller with the rights of its account.
struct Controller {
    runtime: Runtime,
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
}

impl Controller {
    fn start(control_plane: &ControlPlane) -> Self {
        let user = "system:serviceaccount:kyma-system:serverless-controller";
        let kubeconfig = control_plane.kubeconfig_for(user, "system:serviceaccounts").unwrap();
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
            lead(
                &client,
                &Config::default(),
                &Reconciler::ALL,
                Some(&election),
                &std::sync::Arc::default(),
                stopping,
            )
            .await;
        });
        Self { runtime, stop, running }
    }

    /// As the kubelet does.
    fn terminate(self) {
        self.stop.send_replace(true);
        self.runtime.block_on(self.running).unwrap();
    }

    fn kill(self) {
        self.runtime.shutdown_background();
    }
}

/// A control plane on which a namespace `team` has a Function, copies, and a Secret of its own.
struct Installed {
    control_plane: ControlPlane,
    audit: Audit,
}

impl Installed {
    fn new() -> Self {
        let audit = Audit::new();
        let options = Options { controllers: true, api_server_flags: audit.flags() };
        let new = Self { control_plane: ControlPlane::start(&options).unwrap(), audit };
        new.kubectl("apply --server-side -k manifests/crds");
        new.kubectl("wait --for=condition=Established --timeout=60s crd --all");
        new.kubectl("create namespace team");
        // Before there is a webhook that nobody answers for.
        new.apply("team", &function("demo", &json!({"source": "x", "runtime": "nodejs12"})));
        new
    }

    fn kubectl(&self, words: &str) -> String {
        let mut command = self.control_plane.kubectl();
        command.args(words.split_whitespace()).current_dir(testenv::root());
        piped(command, "").unwrap()
    }

    fn apply(&self, namespace: &str, object: &serde_json::Value) {
        kubectl(&self.control_plane, &format!("apply -n {namespace} -f -"), object).unwrap();
    }

    fn helm(&self, words: &str) -> String {
        let mut command = self.control_plane.tool("helm");
        command.args(words.split_whitespace()).current_dir(testenv::root());
        piped(command, "").unwrap()
    }

    /// Has the controller copy, and ends it in its time around the uninstall.
    fn uninstall(&self, end: End, mut command: Command) {
        let controller = Controller::start(&self.control_plane);
        self.apply("kyma-system", &secret("registry", &json!({"username": "u"})));
        wait_until("copies are made", || self.copies().len() == 6);
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
    fn copies(&self) -> BTreeSet<String> {
        let kinds = "configmaps,secrets,serviceaccounts";
        let selector =
            "serverless.kyma-project.io/config,serverless.kyma-project.io/managed-by!=user".to_owned();
        self.kubectl(&format!("get {kinds} -n team -o name -l {selector}"))
            .lines()
            .map(str::to_owned)
            .collect()
    }

    fn finalizers(&self) -> String {
        self.kubectl("get secret registry -n kyma-system -o jsonpath={.metadata.finalizers}")
    }

    /// Cleans up with the rights of an account, as the Job does.
    fn clean_up(&self, account: &str, finalizers_only: bool) -> Report {
        let kubeconfig = self.control_plane.kubeconfig_for(account, "system:serviceaccounts").unwrap();
        let options = options(finalizers_only, Duration::from_secs(20));
        Runtime::new().unwrap().block_on(async {
            let client = client(&kubeconfig).await;
            cleanup::run(&client, &options).await.unwrap()
        })
    }

    /// Deletes the base namespace, which a finalizer would prevent.
    fn delete_base_namespace(&self, end: End) {
        let started = Instant::now();
        self.kubectl("delete namespace kyma-system --timeout=60s");
        assert!(started.elapsed() < Duration::from_mins(1), "{end:?}");
    }
}

fn options(finalizers_only: bool, patience: Duration) -> Cleanup {
    Cleanup {
        base_namespace: "kyma-system".to_owned(),
        namespace: "kyma-system".to_owned(),
        lease: LEASE.to_owned(),
        patience,
        finalizers_only,
        dry_run: false,
    }
}

#[test]
fn uninstalled_with_kubectl_it_locks_nothing_and_one_command_removes_the_copies() {
    let installed = Installed::new();
    let account = "system:serviceaccount:serverless-cleanup:serverless-cleanup";
    for end in [End::First, End::Killed, End::Last] {
        installed.kubectl("create -k manifests/namespace");
        installed.kubectl("apply --server-side -k manifests");
        let mut delete = installed.control_plane.kubectl();
        delete.args(["delete", "-k", "manifests", "--timeout=60s"]);
        installed.uninstall(end, delete);
        assert_eq!(installed.finalizers(), format!(r#"["{FINALIZER}"]"#), "{end:?}");

        // The Job is played by kwok; what it does is done here, with its rights.
        installed.kubectl("apply -k manifests/cleanup");
        let wait = "wait --for=condition=Complete --timeout=60s job/serverless-cleanup -n serverless-cleanup";
        installed.kubectl(wait);
        let report = installed.clean_up(account, false);
        installed.kubectl("delete -k manifests/cleanup --timeout=60s");
        assert_eq!(report.failed, Vec::<String>::new(), "{end:?}");
        assert_eq!(report.done[0], "Secret kyma-system/registry", "{end:?}");
        assert_eq!(report.done.iter().filter(|object| object.contains(" team/")).count(), 6, "{end:?}");
        assert_eq!(installed.finalizers(), "", "{end:?}");
        assert_eq!(installed.copies(), BTreeSet::new(), "{end:?}");
        assert_eq!(installed.kubectl("get secret mine -n team -o name"), "secret/mine\n", "{end:?}");
        installed.delete_base_namespace(end);
    }

    let unnamed = |[verb, resource, name]: Right| {
        let name = if resource == "leases" { name } else { String::new() };
        [verb, resource, name]
    };
    let requests: BTreeSet<Right> = installed.audit.requests(account).into_iter().map(unnamed).collect();
    let mut expected = granted(&testenv::root().join("manifests/cleanup/rbac.yaml"));
    // No Role is copied above.
    for resource in ["roles", "rolebindings"] {
        assert!(expected.remove(&["delete".to_owned(), resource.to_owned(), String::new()]), "{resource}");
    }
    assert_eq!(requests, expected);
}

#[test]
fn uninstalled_with_helm_it_locks_nothing_and_copies_stay_for_what_runs() {
    let installed = Installed::new();
    installed.kubectl("delete crd --all");
    for end in [End::First, End::Killed, End::Last] {
        let install = "--namespace kyma-system --create-namespace --wait --timeout 60s";
        if matches!(end, End::First) {
            installed.helm(&format!(
                "install serverless manifests/chart {install} --set webhook.failurePolicy=Ignore"
            ));
            let demo = function("demo", &json!({"source": "x", "runtime": "nodejs12"}));
            installed.apply("team", &demo);
        } else {
            // The CRDs have stayed.
            installed.helm(&format!("install serverless manifests/chart {install} --take-ownership"));
        }
        let mut uninstall = installed.control_plane.tool("helm");
        let words = "uninstall serverless --namespace kyma-system --wait --timeout 120s";
        uninstall.args(words.split_whitespace());
        installed.uninstall(end, uninstall);

        // The Job of the hook is played by kwok; what it does is done here, with its rights.
        let hook = installed.helm(
            "template serverless manifests/chart -n kyma-system --show-only templates/controller/cleanup.yaml",
        );
        let mut apply = installed.control_plane.kubectl();
        apply.args(["apply", "-f", "-"]);
        piped(apply, &hook).unwrap();
        let report = installed.clean_up("system:serviceaccount:kyma-system:serverless-cleanup", true);
        let done = vec!["Secret kyma-system/registry".to_owned()];
        assert_eq!(report, Report { done, failed: Vec::new() }, "{end:?}");
        assert_eq!(installed.finalizers(), "", "{end:?}");
        assert_eq!(installed.copies().len(), 6, "{end:?}");
        let mut delete = installed.control_plane.kubectl();
        delete.args(["delete", "-f", "-"]);
        piped(delete, &hook).unwrap();
        installed.delete_base_namespace(end);
    }
}

#[test]
fn a_base_namespace_that_is_deleted_is_not_held_by_copies_that_stay() {
    let installed = Installed::new();
    installed.kubectl("create -k manifests/namespace");
    installed.kubectl("apply -n kyma-system -f manifests/controller/rbac.yaml");
    let controller = Controller::start(&installed.control_plane);
    installed.apply("kyma-system", &secret("registry", &json!({"username": "u"})));
    wait_until("the copy is made", || installed.copies().contains("secret/registry"));
    // It would be waited for half a minute, longer than a Pod has for its end.
    let hold = r#"patch secret registry -n team -p {"metadata":{"finalizers":["example.com/hold"]}}"#;
    installed.kubectl(hold);
    installed.kubectl("delete namespace kyma-system --timeout=20s");
    installed.kubectl(r#"patch secret registry -n team -p {"metadata":{"finalizers":null}}"#);
    wait_until("the copy is gone", || !installed.copies().contains("secret/registry"));
    controller.kill();
}

#[test]
fn nothing_is_cleaned_up_while_the_controller_runs() {
    let installed = Installed::new();
    installed.kubectl("create -k manifests/namespace");
    installed.kubectl("apply -n kyma-system -f manifests/controller/rbac.yaml");
    let controller = Controller::start(&installed.control_plane);
    installed.apply("kyma-system", &secret("registry", &json!({"username": "u"})));
    wait_until("the copy is made", || installed.copies().contains("secret/registry"));
    let error = Runtime::new().unwrap().block_on(async {
        let client = client(&installed.control_plane.kubeconfig()).await;
        let result = cleanup::run(&client, &options(false, Duration::from_secs(8))).await;
        result.unwrap_err().to_string()
    });
    assert_eq!(
        error,
        "the controller still runs: \"controller\" holds the Lease \
         kyma-system/serverless-controller-leader-election-helper. Stop it first: \
         `kubectl scale deployment/serverless-controller --replicas=0 -n kyma-system`"
    );
    assert_eq!(installed.finalizers(), format!(r#"["{FINALIZER}"]"#));
    controller.kill();
}
