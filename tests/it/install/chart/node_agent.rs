//! The agent of nodes: off by default, with few rights, and at the places that values name.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{object, render};

const NAME: &str = "serverless-node-agent";

fn pod(flags: &str) -> Value {
    let rendered = render(&format!("--set nodeAgent.enabled=true {flags}"));
    object(&rendered, "DaemonSet", NAME)["spec"]["template"]["spec"].clone()
}

#[test]
fn without_the_value_there_is_no_agent() {
    let rendered = render("");
    assert!(!rendered.contains("name: serverless-node-agent"), "{rendered}");
}

#[test]
fn the_agent_has_no_rights_on_its_node_but_a_folder() {
    let pod = pod("");
    let allowed = json!({
        "allowPrivilegeEscalation": false,
        "readOnlyRootFilesystem": true,
        "capabilities": {"drop": ["ALL"]},
    });
    assert_eq!(pod["containers"][0]["securityContext"], allowed);
    let of_pod = json!({"runAsUser": 0, "runAsGroup": 0, "seccompProfile": {"type": "RuntimeDefault"}});
    assert_eq!(pod["securityContext"], of_pod);
    for shared in ["hostNetwork", "hostPID", "hostIPC"] {
        assert_eq!(pod[shared], Value::Null);
    }
    let folder = json!({"path": "/etc/containerd/certs.d", "type": "DirectoryOrCreate"});
    assert_eq!(pod["volumes"], json!([{"name": "hosts", "hostPath": folder}]));
    assert_eq!(
        (&pod["priorityClassName"], &pod["tolerations"]),
        (&json!("system-node-critical"), &json!([{"operator": "Exists"}]))
    );
}

#[test]
fn the_agent_may_read_one_secret_and_its_own_daemon_set() {
    let rendered = render("--set nodeAgent.enabled=true,nameOverride=ours");
    let role = object(&rendered, "Role", "ours-node-agent");
    let secret = api::names::container_registries::OF_NODES;
    let rules = json!([
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": [secret], "verbs": ["get", "watch"]},
        {"apiGroups": ["apps"], "resources": ["daemonsets"], "resourceNames": ["ours-node-agent"], "verbs": ["get"]},
    ]);
    assert_eq!(role["rules"], rules);
    assert!(!rendered.contains("kind: ClusterRole\nmetadata:\n  name: ours-node-agent"));
    let agent = object(&rendered, "DaemonSet", "ours-node-agent");
    let command = agent.pointer("/spec/template/spec/containers/0/lifecycle/preStop/exec/command").unwrap();
    assert_eq!(*command, json!(["/serverless-node-agent", "clean", "--unless-daemon-set=ours-node-agent"]));
}

/// Both commands of the container, `run` and `clean`, find the folder in the environment.
#[test]
fn values_reach_the_agent_and_its_end() {
    let values = "nodeAgent.hostsDir=/var/lib/hosts,nodeAgent.credentials=provider,nodeAgent.containerd=1.7,nodeAgent.extraArgs={--log-format=text}";
    let pod = pod(&format!("--set {values}"));
    let container = &pod["containers"][0];
    let args = ["run", "--containerd=1.7", "--credentials=provider", "--log-format=text"];
    assert_eq!(container["args"], json!(args));
    let pod_uid = json!({"name": "POD_UID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}});
    let place = json!({"name": "APP_HOSTS_DIR", "value": "/var/lib/hosts"});
    assert_eq!([&container["env"][1], &container["env"][2]], [&pod_uid, &place]);
    assert_eq!(container["volumeMounts"], json!([{"name": "hosts", "mountPath": "/var/lib/hosts"}]));
    assert_eq!(pod["volumes"][0]["hostPath"]["path"], "/var/lib/hosts");
    accepts(&container["args"]);
}

/// `preStop` removes what `run` has written, wherever its arguments say that it is.
#[test]
fn the_end_of_a_pod_knows_the_places_that_arguments_name() {
    let places =
        ["--provider-file=/etc/containerd/certs.d/logins.json", "--hosts-dir=/etc/containerd/certs.d"];
    let pod = pod(&format!("--set nodeAgent.extraArgs={{--log-level=debug,{}}}", places.join(",")));
    let container = &pod["containers"][0];
    assert_eq!(
        container["args"],
        json!(["run", "--credentials=headers", "--log-level=debug", places[0], places[1]])
    );
    let unless = "--unless-daemon-set=serverless-node-agent";
    let end = json!(["/serverless-node-agent", "clean", unless, places[0], places[1]]);
    let command = &container["lifecycle"]["preStop"]["exec"]["command"];
    assert_eq!(*command, end);
    accepts(&json!(command.as_array().unwrap()[1..]));
    // Places are what both commands know, except for the DaemonSet, which the chart names.
    let known = |name: &str| {
        let program = node_agent::cli::command();
        let command = program.find_subcommand(name).unwrap();
        command.get_arguments().filter_map(|flag| flag.get_long().map(str::to_owned)).collect::<BTreeSet<_>>()
    };
    let both: Vec<_> = known("run").intersection(&known("clean")).cloned().collect();
    assert_eq!(both, ["account-dir", "hosts-dir", "namespace", "pod-uid", "provider-file"]);
}

/// The program accepts arguments.
fn accepts(arguments: &Value) {
    let words = arguments.as_array().unwrap().iter().map(|word| word.as_str().unwrap());
    node_agent::cli::command().try_get_matches_from([NAME].into_iter().chain(words)).unwrap();
}
