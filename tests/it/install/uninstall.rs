//! Uninstalling, with the controller stopped first, killed meanwhile and running: nothing locks a namespace, and no Function
//! is deleted. The controller runs beside the control plane, with the rights of its account.

mod installed;

use std::collections::BTreeSet;
use std::time::Duration;

use controller::copies::cleanup::{self, Report};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::harness::cluster::{client, function};
use crate::harness::command::piped;
use crate::harness::rights::{Right, as_granted, granted};
use crate::harness::wait::wait_until;
use installed::{COPIES, CREDENTIALS, End, FINALIZER, Installed, options};

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

        installed.hold_credentials();
        // The Job is played by kwok; what it does is done here, with its rights.
        installed.kubectl("apply -k manifests/cleanup");
        let wait = "wait --for=condition=Complete --timeout=60s job/serverless-cleanup -n serverless-cleanup";
        installed.kubectl(wait);
        let report = installed.clean_up(account, false);
        installed.kubectl("delete -k manifests/cleanup --timeout=60s");
        assert_eq!(report.failed, Vec::<String>::new(), "{end:?}");
        assert_eq!(report.done[0], "Secret kyma-system/registry", "{end:?}");
        assert_eq!(report.done[1..3], CREDENTIALS, "{end:?}");
        let copies = report.done[3..].iter().filter(|object| object.contains(" team/")).count();
        assert_eq!(copies, COPIES, "{end:?}");
        installed.delete_credentials();
        assert_eq!(installed.finalizers(), "", "{end:?}");
        assert_eq!(installed.copies(), BTreeSet::new(), "{end:?}");
        assert_eq!(installed.kubectl("get secret mine -n team -o name"), "secret/mine\n", "{end:?}");
        installed.delete_base_namespace(end);
    }

    let requests: BTreeSet<Right> = installed.audit.requests(account).into_iter().map(as_granted).collect();
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

        installed.hold_credentials();
        // The Job of the hook is played by kwok; what it does is done here, with its rights.
        let hook = installed.helm(
            "template serverless manifests/chart -n kyma-system --show-only templates/controller/cleanup.yaml",
        );
        let mut apply = installed.control_plane.kubectl();
        apply.args(["apply", "-f", "-"]);
        piped(apply, &hook).unwrap();
        let report = installed.clean_up("system:serviceaccount:kyma-system:serverless-cleanup", true);
        let done = [&["Secret kyma-system/registry"], CREDENTIALS.as_slice()].concat();
        let done = done.into_iter().map(str::to_owned).collect();
        assert_eq!(report, Report { done, failed: Vec::new() }, "{end:?}");
        assert_eq!(installed.finalizers(), "", "{end:?}");
        assert_eq!(installed.copies().len(), COPIES, "{end:?}");
        installed.delete_credentials();
        let mut delete = installed.control_plane.kubectl();
        delete.args(["delete", "-f", "-"]);
        piped(delete, &hook).unwrap();
        installed.delete_base_namespace(end);
    }
}

#[test]
fn a_base_namespace_that_is_deleted_is_not_held_by_copies_that_stay() {
    let (installed, controller) = Installed::with_a_copy();
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
    let (installed, controller) = Installed::with_a_copy();
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
