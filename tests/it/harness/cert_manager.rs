//! cert-manager on a control plane: what its chart installs, and its three programs as processes.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use testenv::{ControlPlane, Process};

use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::command::piped;

const NAMESPACE: &str = "cert-manager";
/// What the chart is asked for: its other objects run the programs in Pods.
const TEMPLATES: [&str; 6] = [
    "crd-cert-manager.io_certificaterequests",
    "crd-cert-manager.io_certificates",
    "crd-cert-manager.io_clusterissuers",
    "crd-cert-manager.io_issuers",
    "webhook-mutating-webhook",
    "webhook-validating-webhook",
];

/// The programs. They end when dropped.
pub struct CertManager {
    _processes: [Process; 3],
}

impl CertManager {
    /// Installs it, and waits until its webhook answers the API server.
    pub fn start(control_plane: &ControlPlane) -> Self {
        let built = testenv::built("cert-manager").unwrap();
        let port = testenv::free_port().unwrap();
        kubectl(control_plane, &format!("create namespace {NAMESPACE}"), NOTHING).unwrap();
        let mut apply = control_plane.kubectl();
        apply.args(["apply", "--server-side", "-f", "-"]);
        piped(apply, &rendered(control_plane, &built.join("chart"), port)).unwrap();
        kubectl(control_plane, "wait --for=condition=Established crd --all", NOTHING).unwrap();

        let start = |program: &str| {
            let mut command = Command::new(built.join("cert-manager"));
            command.arg(program).arg(format!("-kubeconfig={}", control_plane.kubeconfig().display()));
            command.args([format!("-namespace={NAMESPACE}"), format!("-port={port}")]);
            let log = control_plane.folder().join(format!("cert-manager-{program}.log"));
            Process::start(&command, &log).unwrap()
        };
        let mut processes = ["cainjector", "webhook", "controller"].map(start);
        // The webhook makes its authority, and cainjector injects it.
        let accepted =
            || kubectl(control_plane, "create --dry-run=server -f -", &issuer(&json!({"selfSigned": {}}))).ok;
        for process in &mut processes {
            process.wait_until("asked by the API server", accepted).unwrap();
        }
        let refused = kubectl(control_plane, "create --dry-run=server -f -", &issuer(&json!({})));
        assert_eq!(
            refused.err,
            "Error from server (Forbidden): error when creating \"STDIN\": admission webhook \"webhook.cert-manager.io\" \
             denied the request: spec: Required value: at least one issuer must be configured\n"
        );
        Self { _processes: processes }
    }
}

/// Asks for a new certificate, as `cmctl renew` does.
pub fn renew(control_plane: &ControlPlane, namespace: &str, certificate: &str) {
    let condition = json!({
        "type": "Issuing",
        "status": "True",
        "reason": "ManuallyTriggered",
        "message": "Certificate re-issuance manually triggered",
    });
    let patch = json!([{"op": "add", "path": "/status/conditions/-", "value": condition}]);
    let mut kubectl = control_plane.kubectl();
    kubectl.args(["patch", "certificate", certificate, "-n", namespace, "--subresource=status"]);
    kubectl.args(["--type=json", "-p", &patch.to_string()]);
    piped(kubectl, "").unwrap();
}

/// Installs its CRDs alone.
pub fn install_crds(control_plane: &ControlPlane) {
    let chart = testenv::built("cert-manager").unwrap().join("chart");
    let mut helm = control_plane.tool("helm");
    helm.args(["template", "cert-manager", "--set=crds.enabled=true"]).arg(chart);
    helm.args(
        TEMPLATES
            .iter()
            .filter(|name| name.starts_with("crd-"))
            .map(|name| format!("--show-only=templates/{name}.yaml")),
    );
    let mut apply = control_plane.kubectl();
    apply.args(["apply", "--server-side", "-f", "-"]);
    piped(apply, &piped(helm, "").unwrap()).unwrap();
    kubectl(control_plane, "wait --for=condition=Established crd --all", NOTHING).unwrap();
}

/// CRDs and webhook configurations, with the address of the process in place of the Service.
fn rendered(control_plane: &ControlPlane, chart: &Path, port: u16) -> String {
    let mut helm = control_plane.tool("helm");
    helm.args(["template", "cert-manager", "-n", NAMESPACE]).arg(chart);
    helm.arg(format!("--set=crds.enabled=true,webhook.url.host=localhost:{port}"));
    helm.args(TEMPLATES.map(|name| format!("--show-only=templates/{name}.yaml")));
    piped(helm, "").unwrap()
}

fn issuer(spec: &Value) -> Value {
    json!({
        "apiVersion": "cert-manager.io/v1",
        "kind": "Issuer",
        "metadata": {"name": "probe", "namespace": NAMESPACE},
        "spec": spec,
    })
}
