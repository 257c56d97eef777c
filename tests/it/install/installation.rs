//! Installation on a real API server with controllers and Pod security: kustomize, Helm, and what is left afterwards.
//! kwok simulates the Pods, so what runs in them is not tested here.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::{Value, json};
use testenv::{ControlPlane, Options};

use crate::harness::cluster::{function, kubectl};
use crate::harness::command::{Printed, piped};

const NOTHING: &Value = &Value::Null;
const NAMESPACE: &str = "kyma-system";

/// A control plane with controllers, Pod security and a node.
fn control_plane() -> ControlPlane {
    ControlPlane::start(&Options { controllers: true, ..Options::default() }).unwrap()
}

fn helm(control_plane: &ControlPlane, words: &str) -> Printed {
    let mut command = control_plane.tool("helm");
    command.args(words.split_whitespace()).current_dir(testenv::root());
    piped(command, "")
}

/// All objects of the product on a control plane.
fn installed(control_plane: &ControlPlane) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for namespaced in ["namespaced=true", "namespaced=false"] {
        let kinds =
            kubectl(control_plane, &format!("api-resources --verbs=list -o name --{namespaced}"), NOTHING)
                .unwrap();
        let kinds = kinds
            .lines()
            .filter(|kind| *kind != "events" && !kind.contains("metrics"))
            .collect::<Vec<_>>()
            .join(",");
        let listed =
            kubectl(control_plane, &format!("get {kinds} -A -o name -l app.kubernetes.io/name"), NOTHING);
        found.extend(listed.unwrap().lines().map(str::to_owned));
    }
    found
}

fn create_function(control_plane: &ControlPlane) -> Printed {
    kubectl(control_plane, "create --dry-run=server -o name -f -", &function("demo", &json!({"source": "x"})))
}

fn wait(control_plane: &ControlPlane, words: &str) {
    kubectl(control_plane, &format!("wait --timeout=60s {words}"), NOTHING).unwrap();
}

#[test]
fn installed_with_kustomize_it_runs_restricted_can_be_taken_off_in_an_emergency_and_leaves_nothing() {
    let control_plane = control_plane();
    let root = testenv::root();
    let manifests = format!("{}/manifests", root.display());
    kubectl(&control_plane, &format!("create -k {manifests}/namespace"), NOTHING).unwrap();
    for folder in ["manifests/crds", "manifests"] {
        let folder = root.join(folder);
        kubectl(&control_plane, &format!("apply --server-side -k {}", folder.display()), NOTHING).unwrap();
    }
    for name in ["serverless-webhook", "serverless-controller"] {
        wait(&control_plane, &format!("--for=condition=Available deployment/{name} -n {NAMESPACE}"));
    }
    wait(&control_plane, "--for=condition=Established crd/functions.serverless.kyma-project.io");
    let again = kubectl(&control_plane, &format!("diff --server-side -k {manifests}"), NOTHING);
    assert_eq!((again.ok, again.out.as_str()), (true, ""));

    // Nothing runs behind the Service, as if all replicas had failed.
    let refused = create_function(&control_plane);
    assert!(
        refused.err.contains("failed calling webhook \"defaulting.functions.serverless.kyma-project.io\""),
        "{}",
        refused.err
    );
    // The webhook's own namespace does not need it: its Pods are created again.
    kubectl(&control_plane, &format!("delete pods --all -n {NAMESPACE} --wait=false"), NOTHING).unwrap();
    wait(&control_plane, &format!("--for=condition=Available deployment/serverless-webhook -n {NAMESPACE}"));
    let removal = "delete mutatingwebhookconfiguration,validatingwebhookconfiguration serverless-webhook";
    kubectl(&control_plane, removal, NOTHING).unwrap();
    wait_until_accepted(&control_plane);

    kubectl(&control_plane, &format!("delete -k {manifests} --ignore-not-found"), NOTHING).unwrap();
    assert_eq!(installed(&control_plane), BTreeSet::new());
    // CRDs and the namespace stay until somebody deletes them explicitly.
    assert_eq!(kubectl(&control_plane, "get crd -o name", NOTHING).unwrap().lines().count(), 8);
    kubectl(&control_plane, &format!("delete -k {manifests}/crds"), NOTHING).unwrap();
    kubectl(&control_plane, &format!("delete -k {manifests}/namespace --timeout=60s"), NOTHING).unwrap();
    assert_eq!(kubectl(&control_plane, "get crd -o name", NOTHING).unwrap(), "");
}

/// Pods of others that "restricted" would refuse keep running there.
#[test]
fn a_namespace_that_is_there_gets_no_label() {
    let control_plane = control_plane();
    let manifests = format!("{}/manifests", testenv::root().display());
    kubectl(&control_plane, &format!("create namespace {NAMESPACE}"), NOTHING).unwrap();
    let labels = format!("get namespace {NAMESPACE} -o jsonpath={{.metadata.labels}}");
    let before = kubectl(&control_plane, &labels, NOTHING).unwrap();
    for folder in ["crds", "."] {
        kubectl(&control_plane, &format!("apply -k {manifests}/{folder} --server-side"), NOTHING).unwrap();
    }
    // What somebody does who follows the instructions for a new namespace.
    let refused = kubectl(&control_plane, &format!("create -k {manifests}/namespace"), NOTHING);
    assert!(refused.err.contains(r#"namespaces "kyma-system" already exists"#), "{}", refused.err);
    assert_eq!(kubectl(&control_plane, &labels, NOTHING).unwrap(), before);
    assert_eq!(before, r#"{"kubernetes.io/metadata.name":"kyma-system"}"#);
    let root = "run root --image=x --privileged -n kyma-system --dry-run=server -o name";
    assert_eq!(kubectl(&control_plane, root, NOTHING).unwrap(), "pod/root\n");
}

/// Waits until the API server no longer calls the deleted webhooks.
fn wait_until_accepted(control_plane: &ControlPlane) {
    let deadline = std::time::Instant::now() + crate::harness::wait::PATIENCE;
    loop {
        let printed = create_function(control_plane);
        if printed.ok {
            assert_eq!(printed.out, "function.serverless.kyma-project.io/demo\n");
            return;
        }
        assert!(std::time::Instant::now() < deadline, "{}", printed.err);
    }
}

/// The kinds of other projects that the chart can create, without their rules.
fn kinds_of_others() -> Value {
    let crd = |group: &str, version: &str, kind: &str| {
        let plural = format!("{}s", kind.to_lowercase());
        let any =
            json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
        json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {
                "name": format!("{plural}.{group}"),
                "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
            },
            "spec": {
                "group": group,
                "scope": "Namespaced",
                "names": {"kind": kind, "plural": plural},
                "versions": [{"name": version, "served": true, "storage": true, "schema": any}],
            },
        })
    };
    json!({"apiVersion": "v1", "kind": "List", "items": [
        crd("cert-manager.io", "v1", "Issuer"),
        crd("cert-manager.io", "v1", "Certificate"),
        crd("monitoring.coreos.com", "v1", "ServiceMonitor"),
        crd("monitoring.coreos.com", "v1", "PodMonitor"),
        crd("monitoring.coreos.com", "v1", "PrometheusRule"),
    ]})
}

#[test]
fn every_mode_is_accepted_by_the_api_server() {
    let control_plane = control_plane();
    kubectl(&control_plane, &format!("create namespace {NAMESPACE}"), NOTHING).unwrap();
    kubectl(&control_plane, "create -f -", &kinds_of_others()).unwrap();
    wait(&control_plane, "--for=condition=Established crd --all");
    let authority = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(
        authority.path(),
        serverless_webhook::certificates::dev_certs::make(NAMESPACE).unwrap().authority.certificate,
    )
    .unwrap();
    let own = format!(
        "--set webhook.certificates.mode=secret --set-file webhook.certificates.caBundle={}",
        authority.path().display()
    );
    let monitoring =
        "--set monitoring.serviceMonitor=true,monitoring.prometheusRule=true,monitoring.dashboard=true";
    for values in ["", "--set webhook.certificates.mode=cert-manager", &own, monitoring] {
        let install = format!("install serverless manifests/chart -n {NAMESPACE} --dry-run=server {values}");
        helm(&control_plane, &install).unwrap();
        let rendered =
            helm(&control_plane, &format!("template serverless manifests/chart -n {NAMESPACE} {values}"))
                .unwrap();
        let mut apply = control_plane.kubectl();
        apply.args(["apply", "--dry-run=server", "--validate=strict", "-o", "name", "-f", "-"]);
        let printed = piped(apply, &rendered);
        assert_eq!((printed.ok, printed.err.as_str()), (true, ""), "{values}");
    }
}

#[test]
fn installed_with_helm_it_is_upgraded_without_loss_and_uninstalled_without_a_trace() {
    let control_plane = control_plane();
    kubectl(&control_plane, &format!("create namespace {NAMESPACE}"), NOTHING).unwrap();
    let restrict = "label namespace kyma-system pod-security.kubernetes.io/enforce=restricted";
    kubectl(&control_plane, restrict, NOTHING).unwrap();
    helm(&control_plane, &format!("install serverless manifests/chart -n {NAMESPACE} --wait --timeout 60s"))
        .unwrap();

    // What the webhook writes at run time survives an upgrade.
    let certificate =
        r#"patch secret serverless-webhook-tls -n kyma-system -p {"stringData":{"tls.crt":"c"}}"#;
    kubectl(&control_plane, certificate, NOTHING).unwrap();
    let bundle = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "serverless-webhook"},
        "webhooks": [{
            "name": "defaulting.functions.serverless.kyma-project.io",
            "clientConfig": {"caBundle": CA.as_str()},
        }],
    });
    let apply = "apply --server-side --field-manager=serverless-webhook-certificates -f -";
    kubectl(&control_plane, apply, &bundle).unwrap();
    let values = "--set webhook.replicas=3,webhook.values.gitUrls=lenient";
    helm(
        &control_plane,
        &format!("upgrade serverless manifests/chart -n {NAMESPACE} {values} --wait --timeout 60s"),
    )
    .unwrap();
    let get = |words: &str| kubectl(&control_plane, &format!("get -n {NAMESPACE} {words}"), NOTHING).unwrap();
    assert_eq!(get("deployment serverless-webhook -o jsonpath={.status.readyReplicas}"), "3");
    assert_eq!(get(r"configmap serverless-webhook -o jsonpath={.data.webhook\.yaml}"), "gitUrls: lenient\n");
    assert_eq!(get(r"secret serverless-webhook-tls -o jsonpath={.data.tls\.crt}"), "Yw==");
    let written = get(
        "mutatingwebhookconfiguration serverless-webhook -o jsonpath={.webhooks[0].clientConfig.caBundle}",
    );
    assert_eq!(written, *CA);

    helm(&control_plane, &format!("uninstall serverless -n {NAMESPACE} --wait --timeout 120s")).unwrap();
    assert_eq!(installed(&control_plane), BTreeSet::new());
    // The CRDs, and with them all Functions, have stayed, and nothing is refused.
    wait_until_accepted(&control_plane);
    let crds = format!("delete -k {}/manifests/crds", testenv::root().display());
    kubectl(&control_plane, &crds, NOTHING).unwrap();

    helm(&control_plane, &format!("install serverless manifests/chart -n {NAMESPACE} --set crds.keep=false"))
        .unwrap();
    helm(&control_plane, &format!("uninstall serverless -n {NAMESPACE} --wait --timeout 120s")).unwrap();
    assert_eq!(installed(&control_plane), BTreeSet::new());
    assert_eq!(kubectl(&control_plane, "get crd -o name", NOTHING).unwrap(), "");
}

/// A test value of `caBundle`.
static CA: LazyLock<String> = LazyLock::new(|| {
    use base64::Engine as _;
    let certs = serverless_webhook::certificates::dev_certs::make(NAMESPACE).unwrap();
    base64::engine::general_purpose::STANDARD.encode(certs.authority.certificate)
});
