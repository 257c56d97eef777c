//! What authors see with kubectl: the webhook behind a real API server, texts pinned.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::cluster::{NOTHING, function, kubectl, repository};
use crate::harness::command::piped;
use crate::harness::installed::INSTALLED;
use crate::webhook::kubectl_secrets::secret;

/// What the built-in presets add to a Function that says nothing.
fn defaults() -> Value {
    json!({
        "buildResources": {"limits": {"cpu": "1100m", "memory": "1100Mi"}, "requests": {"cpu": "700m", "memory": "700Mi"}},
        "maxReplicas": 1,
        "minReplicas": 1,
        "resources": {"limits": {"cpu": "100m", "memory": "128Mi"}, "requests": {"cpu": "50m", "memory": "64Mi"}},
        "runtime": "nodejs12",
        "source": "x",
    })
}

#[test]
fn apply_adds_defaults_and_drifts_no_more() {
    let namespace = INSTALLED.namespace("apply");
    let manifest = function("demo", &json!({"source": "x"}));
    for said in ["created", "unchanged"] {
        let printed = namespace.kubectl("apply -f -", &manifest);
        assert_eq!(
            printed.out,
            format!("function.serverless.kyma-project.io/demo {said}\n"),
            "{}",
            printed.err
        );
    }
    assert_eq!(namespace.get("function demo")["spec"], defaults());
    assert_eq!(namespace.kubectl("diff -f -", &manifest).unwrap(), "");
    assert_eq!(namespace.get("function demo")["metadata"]["generation"], 1);
}

#[test]
fn server_side_apply_never_conflicts_with_the_webhook() {
    let namespace = INSTALLED.namespace("server-side-apply");
    let spec = json!({"source": "x", "runtime": "nodejs22", "env": [{"name": "A", "value": "1"}]});
    let manifest = function("demo", &spec);
    for _ in 0..2 {
        let printed = namespace.kubectl("apply --server-side -f -", &manifest);
        assert_eq!(
            (printed.out.as_str(), printed.err.as_str()),
            ("function.serverless.kyma-project.io/demo serverside-applied\n", "")
        );
        assert_eq!(namespace.kubectl("diff --server-side -f -", &manifest).unwrap(), "");
    }
    // Later the author decides what a preset had decided, and takes it back.
    let mut decided = manifest.clone();
    decided["spec"]["maxReplicas"] = 7.into();
    for (manifest, replicas) in [(&decided, 7), (&manifest, 1)] {
        namespace.kubectl("apply --server-side -f -", manifest).unwrap();
        assert_eq!(namespace.get("function demo")["spec"]["maxReplicas"], replicas);
    }
    // Another team adds a variable of its own, which the author's next apply leaves alone.
    let theirs = function("demo", &json!({"env": [{"name": "B", "value": "2"}]}));
    namespace.kubectl("apply --server-side --field-manager=theirs -f -", &theirs).unwrap();
    namespace.kubectl("apply --server-side -f -", &manifest).unwrap();
    let env = json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]);
    assert_eq!(namespace.get("function demo")["spec"]["env"], env);
}

#[test]
fn dry_run_shows_what_would_be_added() {
    let namespace = INSTALLED.namespace("dry-run");
    for spec in [json!({"source": "x"}), json!({"source": "x", "minReplicas": null, "runtime": null})] {
        let manifest = function("demo", &spec);
        let printed = namespace.kubectl("create --dry-run=server -o json -f -", &manifest).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&printed).unwrap()["spec"], defaults());
    }
    assert_eq!(namespace.kubectl("get functions -o name", NOTHING).unwrap(), "");
    assert_eq!(namespace.reviews()[0].1["request"]["dryRun"], true);
}

#[test]
fn scale_changes_the_least_number_of_pods() {
    let namespace = INSTALLED.namespace("scale");
    let spec = json!({"source": "x", "maxReplicas": 5});
    namespace.kubectl("create -f -", &function("demo", &spec)).unwrap();
    let scaled = namespace.kubectl("scale function demo --replicas=3", NOTHING);
    assert_eq!(scaled.unwrap(), "function.serverless.kyma-project.io/demo scaled\n");
    assert_eq!(namespace.get("function demo")["spec"]["minReplicas"], 3);
    let said =
        |number: u8| namespace.kubectl(&format!("scale function demo --replicas={number}"), NOTHING).err;
    assert_eq!(
        said(0),
        "The Function \"demo\" is invalid: spec.minReplicas: Invalid value: 0: spec.minReplicas in body should be greater than or equal to 1\n"
    );
    assert_eq!(
        said(6),
        "The Function \"demo\" is invalid: spec.maxReplicas: Invalid value: must be greater than or equal to minReplicas\n"
    );
}

/// A type that is wrong hides no other mistake.
#[test]
fn all_that_does_not_fit_the_schema_is_listed() {
    let namespace = INSTALLED.namespace("schema");
    let spec = json!({
        "source": "x", "minReplicas": "1", "type": "svn", "env": [{"name": "A", "value": 8080}, {"name": "B", "value": true}],
    });
    let printed = namespace.kubectl("create --validate=false -f -", &function("demo", &spec));
    let lines: BTreeSet<_> = printed.err.lines().collect();
    let expected = [
        "The Function \"demo\" is invalid: ",
        "* spec.env[0].value: Invalid value: \"integer\": spec.env[0].value in body must be of type string: \"integer\"",
        "* spec.env[1].value: Invalid value: \"boolean\": spec.env[1].value in body must be of type string: \"boolean\"",
        "* spec.minReplicas: Invalid value: \"string\": spec.minReplicas in body must be of type integer: \"string\"",
        "* spec.type: Unsupported value: \"svn\": supported values: \"\", \"inline\", \"git\"",
    ];
    assert!(lines.is_superset(&BTreeSet::from(expected)), "{lines:?}");
}

#[test]
fn a_preset_that_has_no_effect_is_a_warning() {
    let namespace = INSTALLED.namespace("preset-unused");
    namespace
        .kubectl("create -f -", &function("demo", &json!({"source": "x", "runtime": "nodejs22"})))
        .unwrap();
    let label = "label function demo --overwrite serverless.kyma-project.io/replicas-preset";
    let said = |preset: &str| namespace.kubectl(&format!("{label}={preset}"), NOTHING).err;
    assert_eq!(
        said("L"),
        "Warning: the preset \"L\" of label serverless.kyma-project.io/replicas-preset has no effect: minReplicas and maxReplicas are set; remove them to have the preset applied\n"
    );
    assert_eq!(
        said("huge"),
        "Warning: unknown preset \"huge\" in label serverless.kyma-project.io/replicas-preset: it has no effect, since minReplicas and maxReplicas are set; known presets: L, M, S, XL\n"
    );
    let unset = r#"patch function demo --type=merge -p {"metadata":{"labels":{"serverless.kyma-project.io/replicas-preset":"L"}},"spec":{"minReplicas":null,"maxReplicas":null}}"#;
    assert_eq!(namespace.kubectl(unset, NOTHING).err, "");
    assert_eq!(namespace.get("function demo")["spec"]["maxReplicas"], 5);
}

#[test]
fn edit_is_judged_too() {
    let namespace = INSTALLED.namespace("edit");
    namespace.kubectl("create -f -", &function("demo", &json!({"source": "x"}))).unwrap();
    let edit = |script: &str| -> Command {
        let mut edit = INSTALLED.control_plane.kubectl();
        edit.args(["edit", "function", "demo", "--namespace=edit"]);
        edit.env("KUBE_EDITOR", format!("sed -i '{script}'"));
        edit
    };
    let printed = piped(edit("s/maxReplicas: 1/maxReplicas: 4/"), "");
    assert_eq!(printed.unwrap(), "function.serverless.kyma-project.io/demo edited\n");
    assert_eq!(namespace.get("function demo")["spec"]["maxReplicas"], 4);
    let printed = piped(edit("s/runtime: nodejs12/runtime: nodejs8/"), "");
    assert!(!printed.ok);
    let text = "error: functions.serverless.kyma-project.io \"demo\" is invalid\n";
    assert!(printed.err.starts_with(text), "{}", printed.err);
    assert_eq!(namespace.get("function demo")["spec"]["runtime"], "nodejs12");
}

#[test]
fn status_and_finalizers_never_wait_for_the_webhook() {
    let namespace = INSTALLED.namespace("status");
    let mut manifest = function("demo", &json!({"source": "x"}));
    manifest["metadata"]["finalizers"] = json!(["example.com/hold"]);
    namespace.kubectl("create -f -", &manifest).unwrap();
    let asked = namespace.reviews().len();
    let patch =
        r#"patch function demo --subresource=status --type=merge -p {"status":{"runtime":"nodejs12"}}"#;
    assert_eq!(
        namespace.kubectl(patch, NOTHING).unwrap(),
        "function.serverless.kyma-project.io/demo patched\n"
    );
    namespace.kubectl("delete function demo --wait=false", NOTHING).unwrap();
    assert_eq!(namespace.get("function demo")["status"]["runtime"], "nodejs12");
    let release = r#"patch function demo --type=merge -p {"metadata":{"finalizers":null}}"#;
    namespace.kubectl(release, NOTHING).unwrap();
    assert_eq!(namespace.kubectl("get functions -o name", NOTHING).unwrap(), "");
    assert_eq!(namespace.reviews().len(), asked);
}

#[test]
fn generated_names_are_judged_by_their_prefix() {
    let namespace = INSTALLED.namespace("generate-name");
    let mut manifest = function("", &json!({"source": "x"}));
    manifest["metadata"] = json!({"generateName": "demo-"});
    let printed = namespace.kubectl("create -o name -f -", &manifest).unwrap();
    let name = printed.trim().strip_prefix("function.serverless.kyma-project.io/demo-").unwrap();
    assert_eq!(name.len(), 5);
    // By the time that a name is judged, the API server has generated it.
    manifest["metadata"] = json!({"generateName": "1-"});
    let printed = namespace.kubectl("create -f -", &manifest);
    let (name, said) = printed.err.split_once(" is invalid: ").unwrap();
    assert!(name.starts_with("The Function \"1-"), "{name}");
    assert_eq!(
        said,
        "metadata.name: Invalid value: must be a DNS-1035 label: lower-case letters, digits or '-', starting with a letter and ending with a letter or digit (such as 'my-name' or 'abc-123')\n"
    );
}

#[test]
fn a_refusal_lists_all_that_is_wrong() {
    let namespace = INSTALLED.namespace("refusals");
    let mut manifest = function(
        "demo",
        &json!({
            "source": "x",
            "runtime": "nodejs8",
            "env": [{"name": "FUNC_PORT", "value": "hush-hush"}],
            "resources": {"requests": {"cpu": "5m"}},
        }),
    );
    manifest["metadata"]["labels"] = json!({"serverless.kyma-project.io/replicas-preset": "XXL"});
    let expected = "Warning: unknown preset \"XXL\" in label serverless.kyma-project.io/replicas-preset: using \"S\"; known presets: L, M, S, XL
The Function \"demo\" is invalid: 
* spec.runtime: Unsupported value: \"nodejs8\": supported values: \"nodejs10\", \"nodejs12\", \"nodejs22\", \"nodejs24\", \"python312\", \"python313\", \"python38\"
* spec.env[0].name: Forbidden: \"FUNC_PORT\" is reserved for the runtime
* spec.resources.requests.cpu: Invalid value: \"5m\": must be at least 10m
";
    for command in ["create -f -", "apply -f -", "apply --server-side -f -"] {
        assert_eq!(namespace.kubectl(command, &manifest).err, expected, "{command}");
    }
    let repository =
        repository("demo", &json!({"url": "https://h/r", "auth": {"type": "key", "secretName": "s"}}));
    let expected = "The GitRepository \"demo\" is invalid: spec.url: Invalid value: \"https://h/r\": must end with .git, unless the installation sets gitUrls: lenient\n";
    assert_eq!(namespace.kubectl("apply -f -", &repository).err, expected);
}

#[test]
fn an_author_cannot_steer_the_controller_by_labels_annotations_or_addresses() {
    let namespace = INSTALLED.namespace("steering");
    namespace.kubectl("create -f -", &function("demo", &json!({"source": "x"}))).unwrap();
    let said = |command: &str| namespace.kubectl(command, NOTHING).err;
    assert_eq!(
        said("annotate function demo serverless.kyma-project.io/gitPollInterval=9223372036854775807s"),
        "The Function \"demo\" is invalid: metadata.annotations[serverless.kyma-project.io/gitPollInterval]: Invalid value: \"9223372036854775807s\": must be a duration between 5s and 24h, such as 30s or 5m\n"
    );
    assert_eq!(
        said("label function demo serverless.kyma-project.io/config=runtime"),
        "The Function \"demo\" is invalid: metadata.labels[serverless.kyma-project.io/config]: Forbidden: of the labels of serverless.kyma-project.io only those that choose presets may be set: use a prefix of your own for others, such as example.com/\n"
    );
    assert_eq!(
        said("label function demo serverless.kyma-project.io/function-resource-preset=L"),
        "Warning: the label \"serverless.kyma-project.io/function-resource-preset\" chooses no preset: did you mean \"serverless.kyma-project.io/function-resources-preset\"?\n"
    );
    assert_eq!(said("annotate function demo serverless.kyma-project.io/gitPollInterval=5m"), "");
    let label = json!({"serverless.kyma-project.io/remote-registry": "config"});
    let data = json!({"username": "u", "password": "hush", "serverAddress": "s", "registryAddress": "localhost:8080\\_shutdown\\now?x.local"});
    let printed = namespace.kubectl("create -f -", &secret("serverless-registry-config", &label, &data));
    assert_eq!(
        printed.err,
        "The Secret \"serverless-registry-config\" is invalid: data.registryAddress: Invalid value: must have the form host[:port][/path], such as example.com:5000/project: no user, query, fragment, '\\' or '..'\n"
    );
}

/// What the API server really sends, replayed, is answered in the same way.
#[test]
fn all_that_was_asked_can_be_replayed() {
    let namespace = INSTALLED.namespace("replay");
    let manifest = function("demo", &json!({"source": "x"}));
    namespace.kubectl("create -f -", &manifest).unwrap();
    namespace.kubectl("annotate function demo a=b", NOTHING).unwrap();
    kubectl(&INSTALLED.control_plane, "delete namespace replay --wait=false", NOTHING).unwrap();
    let asked: Vec<_> = namespace
        .reviews()
        .iter()
        .map(|(_, review)| {
            let request = &review["request"];
            assert_eq!(request["options"]["apiVersion"], "meta.k8s.io/v1");
            (request["operation"].as_str().unwrap().to_owned(), request["subResource"].is_null())
        })
        .collect();
    let each = |operation: &str| [(operation.to_owned(), true), (operation.to_owned(), true)];
    assert_eq!(asked, [each("CREATE"), each("UPDATE")].concat());
    for (case, _) in namespace.reviews() {
        let mut replay = crate::harness::cli::webhook();
        replay.args(["replay", "--expect", "--twice"]).arg(&case);
        let printed = piped(replay, "");
        assert!(printed.ok, "{}{}", printed.out, printed.err);
    }
}
