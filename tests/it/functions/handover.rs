//! A runtime is added in one place: by its ConfigMap in the base namespace. The controller hands it to the webhook.

use std::path::Path;

use controller::config::Config;
use serde_json::{Value, json};
use testenv::{ControlPlane, Options};

use crate::harness::account::Controller;
use crate::harness::cluster::{NOTHING, function, kubectl};
use crate::harness::namespace::{Namespace, runtime};
use crate::harness::replicas::Installed;
use crate::harness::wait::wait_until;

const BASE: &str = "kyma-system";

/// The ConfigMap of a runtime that is not built in.
fn described(annotations: &Value) -> Value {
    let mut map = runtime("dockerfile-deno-2", &json!({"Dockerfile": "FROM deno:2"}));
    map["metadata"]["labels"]["serverless.kyma-project.io/runtime"] = "deno2".into();
    map["metadata"]["annotations"] = annotations.clone();
    map
}

/// What the controller hands over, if it does.
fn handed(control_plane: &ControlPlane) -> String {
    let words = format!(r"get configmap serverless-runtimes -n {BASE} -o jsonpath={{.data.runtimes\.yaml}}");
    kubectl(control_plane, &words, NOTHING).out
}

/// As the kubelet does with a ConfigMap that is mounted.
fn mount(control_plane: &ControlPlane, file: &Path) {
    let new = file.with_extension("new");
    std::fs::write(&new, handed(control_plane)).unwrap();
    std::fs::rename(new, file).unwrap();
}

#[test]
fn a_runtime_is_added_by_its_config_map_in_the_base_namespace_alone() {
    let options = Options { controllers: true, ..Options::default() };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runtimes.yaml");
    let flag: &'static str = format!("--runtimes-file={}", file.display()).leak();
    let mut installed =
        Installed::on(ControlPlane::start(&options).unwrap(), &[flag, "--reload-interval=1s"]);
    installed.start();
    let control_plane = &installed.control_plane;
    for manifest in ["rbac.yaml", "handed-runtimes.yaml"] {
        let path = testenv::root().join("manifests/controller").join(manifest);
        kubectl(control_plane, &format!("apply -n {BASE} -f {}", path.display()), NOTHING).unwrap();
    }
    let controller = Controller::start(control_plane, Config::default());
    let team = Namespace::new(control_plane, "team");
    let demo = function("demo", &json!({"source": "x", "runtime": "deno2"}));
    let refusal = r#"spec.runtime: Unsupported value: "deno2": supported values: "nodejs10", "nodejs12", "#;
    wait_until("it is not known", || {
        team.kubectl("create --dry-run=server -f -", &demo).err.contains(refusal)
    });

    // A tenant adds none.
    let mut theirs = described(&json!({"serverless.kyma-project.io/language": "nodejs"}));
    theirs["metadata"]["name"] = "theirs".into();
    theirs["metadata"]["labels"]["serverless.kyma-project.io/runtime"] = "theirs".into();
    team.kubectl("apply -f -", &theirs).unwrap();

    let annotations = json!({
        "serverless.kyma-project.io/language": "nodejs",
        "serverless.kyma-project.io/deprecated": "Deno 3 is there",
        "serverless.kyma-project.io/successor": "deno3",
    });
    kubectl(control_plane, &format!("apply -n {BASE} -f -"), &described(&annotations)).unwrap();
    let expected =
        "runtimes:\n  deno2:\n    deprecated: Deno 3 is there\n    language: nodejs\n    successor: deno3\n";
    wait_until("it is handed over", || handed(control_plane) == expected);
    mount(control_plane, &file);
    let created = || team.kubectl("create -f -", &demo);
    let mut warning = String::new();
    wait_until("it is known", || {
        let printed = created();
        warning = printed.err;
        printed.ok
    });
    let text = r#"Warning: runtime "deno2" is deprecated: Deno 3 is there; set spec.runtime to "deno3""#;
    assert_eq!(warning.trim_end(), text);
    team.await_condition("demo", "Running", "True DeploymentReady");
    let job = team.list("jobs").remove(0);
    assert!(job["spec"].to_string().contains("dockerfile-deno-2"), "{job}");

    // What is deleted is handed over again.
    kubectl(control_plane, &format!("delete configmap serverless-runtimes -n {BASE}"), NOTHING).unwrap();
    wait_until("it is handed over again", || handed(control_plane) == expected);

    // Without its ConfigMap there is none.
    kubectl(control_plane, &format!("delete configmap dockerfile-deno-2 -n {BASE}"), NOTHING).unwrap();
    wait_until("it is taken back", || handed(control_plane) == "runtimes: {}\n");
    mount(control_plane, &file);
    let again = function("again", &json!({"source": "x", "runtime": "deno2"}));
    wait_until("it is not known any more", || {
        team.kubectl("create --dry-run=server -f -", &again).err.contains(refusal)
    });
    controller.terminate();
}
