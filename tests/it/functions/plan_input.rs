//! The input of `serverless-controller plan`: the same as for `check`, and checked in the same way.

use std::fs::write;
use std::path::Path;

use clap::Parser;
use controller::config::Config;
use controller::plan_command;
use process::exit::Exit;
use process::manifests::Inputs;
use rstest::rstest;

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    inputs: Inputs,
}

const FUNCTION: &str = "apiVersion: serverless.kyma-project.io/v1alpha1\nkind: Function\nmetadata: {name: demo}\nspec:\n  source: x\n  runtime: nodejs22\n";

/// Plans the files of a folder; the output has `DIR` in place of its path.
fn planned(folder: &Path, flags: &[&str]) -> (Exit, String, String) {
    let path = folder.to_str().unwrap();
    let flags: Vec<_> = flags.iter().map(|flag| flag.replace("DIR", path)).collect();
    let flags = Flags::parse_from(std::iter::once("plan".to_owned()).chain(flags));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = plan_command::run(&flags.inputs, "shop", &Config::default(), &mut out, &mut err);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(path, "DIR");
    (exit, text(out), text(err))
}

fn planned_text(text: &str, flags: &[&str]) -> (Exit, String, String) {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path().join("a.yaml"), text).unwrap();
    planned(folder.path(), &[&["DIR"], flags].concat())
}

#[test]
fn files_folders_and_streams_are_planned() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path().join("one.yaml"), FUNCTION).unwrap();
    let json = |name: &str| {
        format!(
            r#"{{"apiVersion": "serverless.kyma-project.io/v1alpha1", "kind": "Function", "metadata": {{"name": "{name}"}}, "spec": {{"source": "x", "runtime": "nodejs22"}}}}"#
        )
    };
    write(folder.path().join("two.json"), format!("{}\n{}\n", json("a"), json("b"))).unwrap();
    let titles = |flags: &[&str]| {
        let (exit, out, err) = planned(folder.path(), flags);
        assert_eq!((exit, err.as_str()), (Exit::Success, ""));
        out.lines().filter_map(|line| line.strip_prefix("# Function ")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(titles(&["DIR"]), ["shop/demo", "shop/a", "shop/b"]);
    assert_eq!(
        titles(&["-f", "DIR/two.json", "--filename", "DIR/one.yaml"]),
        ["shop/a", "shop/b", "shop/demo"]
    );
    assert_eq!(titles(&["DIR", "--exclude", "*.json"]), ["shop/demo"]);
}

#[rstest]
#[case::rules(
    "apiVersion: serverless.kyma-project.io/v1alpha1\nkind: Function\nmetadata: {name: demo}\nspec:\n  source: x\n  runtime: nodejs8\n  resorces: {}\n",
    Exit::Refused,
    "DIR/a.yaml:1: Function shop/demo is refused\n    line 6: spec.runtime: Unsupported value: \"nodejs8\": supported values: \"nodejs10\", \"nodejs12\", \"nodejs22\", \"nodejs24\", \"python312\", \"python313\", \"python38\"\n    line 7: spec.resorces: Forbidden: unknown field: did you mean \"resources\"?\n"
)]
#[case::other_version(
    "apiVersion: serverless.kyma-project.io/v1alpha2\nkind: Function\nmetadata: {name: demo}\n",
    Exit::Refused,
    "DIR/a.yaml:1: Function shop/demo is refused\n    line 1: apiVersion: Unsupported value: \"serverless.kyma-project.io/v1alpha2\": supported values: \"serverless.kyma-project.io/v1alpha1\"\n"
)]
#[case::other_group(
    "apiVersion: openfaas.com/v1\nkind: Function\nmetadata: {name: demo}\n",
    Exit::Unreadable,
    "DIR/a.yaml:1: skipped: Function shop/demo\nerror: nothing to plan: there is no Function, no RegistryCache, nothing of registry.mgoltzsche.github.com and no document of Gardener in what was given\n"
)]
#[case::misspelt_key(
    "apiversion: serverless.kyma-project.io/v1alpha1\nkind: Function\nmetadata: {name: demo}\n",
    Exit::Unreadable,
    "DIR/a.yaml:1: apiVersion not set: did you mean apiVersion in place of apiversion?\n"
)]
#[case::broken("kind: [\n", Exit::Unreadable, "DIR/a.yaml:1: not YAML: unclosed bracket '['\n")]
#[case::bad_registry(
    "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/dockerconfigjson\nmetadata:\n  name: serverless-registry-config\n  labels: {serverless.kyma-project.io/remote-registry: config}\nstringData:\n  username: user\n  password: hush-hush\n  serverAddress: example.com\n  registryAddress: https://example.com\n",
    Exit::Refused,
    "DIR/a.yaml:1: Secret shop/serverless-registry-config is refused\n    line 11: stringData.registryAddress: Invalid value: must not have a scheme: it is the beginning of image names, such as example.com/project\n"
)]
fn what_the_api_server_would_refuse_is_not_planned(
    #[case] text: &str,
    #[case] exit: Exit,
    #[case] said: &str,
) {
    assert_eq!(planned_text(text, &["-v"]), (exit, String::new(), said.to_owned()));
}

/// Objects that a plan does not need are not validated, and never reported.
#[test]
fn unrelated_objects_are_passed_over() {
    let others = "apiVersion: v1\nkind: Secret\nmetadata: {name: other}\ndata: {a: hush, b: 7}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\ndata: hush\n";
    let (exit, out, err) = planned_text(&format!("{others}---\n{FUNCTION}"), &["--verbose"]);
    assert_eq!(
        (exit, out.contains("kind: Deployment"), out.contains("hush")),
        (Exit::Success, true, false),
        "{out}"
    );
    assert_eq!(
        err,
        "DIR/a.yaml:1: skipped: Secret shop/other\nDIR/a.yaml:6: skipped: ConfigMap shop/other\n"
    );
}

/// A Secret can come before the build environment that merges it.
#[test]
fn what_an_object_of_registries_names_is_not_skipped() {
    let secret = |name: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}}}\ntype: Opaque\nstringData: {{config.json: '{{\"auths\": {{}}}}'}}\n---\n"
        )
    };
    let env = "apiVersion: registry.mgoltzsche.github.com/v1alpha1\nkind: ImageBuildEnv\nmetadata: {name: env}\nspec: {secrets: [{secretName: used}]}\n";
    let text = [secret("other"), secret("used"), env.to_owned()].concat();
    let (exit, out, err) = planned_text(&text, &["--verbose"]);
    assert_eq!((exit, err.as_str()), (Exit::Success, "DIR/a.yaml:1: skipped: Secret shop/other\n"));
    assert!(out.starts_with("# ImageBuildEnv shop/env\n---\n"), "{out}");
    assert!(out.ends_with("\n# Ready True Synced The Secret is up to date\n"), "{out}");
}

#[test]
fn a_used_secret_that_does_not_decode_is_told_without_its_values() {
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: serverless-registry-config}\ndata: {a: hush-hush}\n";
    let (exit, _, err) = planned_text(&format!("{secret}---\n{FUNCTION}"), &[]);
    assert_eq!(exit, Exit::Refused);
    assert!(err.contains("Secret serverless-registry-config: data") && !err.contains("hush"), "{err}");
}

#[test]
fn a_folder_without_manifests_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let said = "DIR: no manifests found in \"DIR\"\n";
    assert_eq!(planned(folder.path(), &["DIR"]), (Exit::Unreadable, String::new(), said.to_owned()));
}

/// The Secrets are in a file of their own.
#[test]
fn documents_of_gardener_become_caches_and_registries_of_nodes() {
    let folder = testenv::root().join("fixtures/manifests/gardener");
    let (exit, out, err) = planned(&folder, &["DIR"]);
    assert_eq!((exit, err.as_str()), (Exit::Success, ""));
    let documents: Vec<serde_json::Value> = serde_saphyr::from_multiple(&out).unwrap();
    let summary: Vec<_> = documents.iter().map(|made| (&made["kind"], &made["metadata"]["name"])).collect();
    assert_eq!(
        serde_json::json!(summary),
        serde_json::json!([
            ["RegistryCache", "registry-docker-io"],
            ["RegistryCache", "registry-quay-io"],
            ["Secret", "registry-mirrors"]
        ])
    );
    assert!(out.starts_with("# Shoot garden-dev/crazy-botany\n---\n"), "{out}");
    let spec = serde_json::json!({
        "upstream": "docker.io",
        "volume": {"size": "100Gi"},
        "garbageCollection": {"ttl": "168h"},
        "secretReferenceName": "ro-docker-secret-v1",
        "http": {"tls": true},
    });
    assert_eq!(documents[0]["spec"], spec);
    let values = documents[2]["stringData"]["values"].as_str().unwrap();
    assert!(values.contains("BEGIN CERTIFICATE"), "{values}");
}

/// Its Secrets are in the base namespace, whatever the namespace of the command is.
#[test]
fn a_cache_is_planned_once_it_is_judged() {
    let secret = |namespace: &str, name: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: {namespace}}}\nimmutable: true\nstringData: {{username: me, password: hush-hush}}\n---\n"
        )
    };
    let cache = "apiVersion: serverless.kyma-project.io/v1alpha1\nkind: RegistryCache\nmetadata: {name: hub}\nspec: {upstream: docker.io, secretReferenceName: hub-v1}\n";
    let secrets = secret("shop", "hub-v1") + &secret("kyma-system", "hub-v1");
    let (exit, out, err) = planned_text(&(secrets + cache), &["--verbose"]);
    assert_eq!((exit, err.as_str()), (Exit::Success, "DIR/a.yaml:1: skipped: Secret shop/hub-v1\n"));
    let first = "# RegistryCache hub\n# Secret kyma-system/registry-docker-io-tls: the controller makes it first\n# Secret kyma-system/registry-docker-io-token-authority: the controller makes it first\n# Secret kyma-system/registry-docker-io-credentials: the controller makes it first\n---\n";
    assert!(out.starts_with(first) && !out.contains("hush"), "{out}");
    // What the webhook fills in.
    assert!(out.contains("storage: 10Gi"), "{out}");
    let (exit, out, err) = planned_text(&cache.replace("docker.io", "A"), &[]);
    assert_eq!((exit, out.as_str()), (Exit::Refused, ""));
    assert!(err.contains("RegistryCache hub is refused"), "{err}");
}
