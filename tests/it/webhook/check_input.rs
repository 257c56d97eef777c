//! The input of `check`: files and folders as people have them, with their mistakes.

use std::fs::{create_dir_all, write};
use std::os::unix::fs::symlink;
use std::path::Path;

use rstest::rstest;

use crate::harness::cli::{piped, run};

const FUNCTION: &str = "apiVersion: serverless.kyma-project.io/v1alpha1\nkind: Function\nmetadata: {name: demo}\nspec:\n  source: x\n  runtime: nodejs22\n";

/// The exit code and output of `check` for a folder, which appears as `DIR`.
fn check(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let folder = folder.to_str().unwrap();
    let (code, out, err) = run(&[&["check", folder], args].concat());
    (code, out.replace(folder, "DIR"), err.replace(folder, "DIR"))
}

#[test]
fn each_real_folder_is_visited_once_and_nothing_hidden_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    create_dir_all(path("app/node_modules/app")).unwrap();
    write(path("app/function.yaml"), FUNCTION).unwrap();
    symlink("../..", path("app/node_modules/root")).unwrap();
    symlink("..", path("app/node_modules/app/parent")).unwrap();
    // The layout of a mounted ConfigMap.
    create_dir_all(path("mounted/..2026_11_26")).unwrap();
    write(path("mounted/..2026_11_26/other.yaml"), FUNCTION.replace("demo", "other")).unwrap();
    symlink("..2026_11_26", path("mounted/..data")).unwrap();
    symlink("..data/other.yaml", path("mounted/other.yaml")).unwrap();
    create_dir_all(path(".git")).unwrap();
    write(path(".git/broken.yaml"), "[").unwrap();
    let expected = "\
Function default/demo   CREATE  patched   DIR/app/function.yaml:1
Function default/other  CREATE  patched   DIR/mounted/other.yaml:1
2 objects: 2 accepted (2 with defaults)
";
    assert_eq!(check(folder.path(), &[]), (0, expected.to_owned(), String::new()));
}

#[rstest]
#[case::misspelt(
    "apiversion: v1\nkind: Pod\n",
    "-:1: apiVersion not set: did you mean apiVersion in place of apiversion?"
)]
#[case::no_version("kind: Function\n", "-:1: apiVersion not set")]
#[case::neither("# a comment\n\nreplicas: 1\n", "-:3: apiVersion not set, kind not set")]
#[case::scalar("Function\n", "-:1: not a manifest: it must have apiVersion, kind and metadata")]
#[case::array_of_scalars("[1]", "-:1: not a manifest: it must have apiVersion, kind and metadata")]
#[case::template(
    "a: {{ .Values.a }}\nb: {{ .Values.b }}\n---\n{{ c }}\n",
    "-:1: a Helm template: render it first: helm template … | serverless-webhook check -"
)]
fn what_is_no_manifest_is_an_error(#[case] text: &str, #[case] problem: &str) {
    let (code, out, _) = piped(&["check", "-"], text);
    assert_eq!((code, out), (2, format!("{problem}\nno objects, 1 unreadable\n")));
}

#[test]
fn a_group_without_a_version_is_refused() {
    let (code, out, _) = piped(&["check", "-"], &FUNCTION.replace("/v1alpha1", ""));
    let expected = "\
Function default/demo  CREATE  refused   -:1
    line 1: apiVersion: Unsupported value: \"serverless.kyma-project.io\": supported values: \"serverless.kyma-project.io/v1alpha1\"
1 object: refused
";
    assert_eq!((code, out.as_str()), (1, expected));
}

#[test]
fn arrays_of_objects_are_unpacked() {
    let function = r#"{"apiVersion": "serverless.kyma-project.io/v1alpha1", "kind": "Function", "metadata": {"name": "a"}, "spec": {}}"#;
    let (code, out, _) =
        piped(&["check", "-"], &format!("[\n{function},\n{}\n]\n", function.replace("\"a\"", "\"b\"")));
    let expected = "\
Function default/a  CREATE  refused   -:2
    line 2: spec.source: Required value
Function default/b  CREATE  refused   -:3
    line 3: spec.source: Required value
2 objects: 2 refused
";
    assert_eq!((code, out.as_str()), (1, expected));
}

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: NAME\n  labels: {LABEL}\n";

#[rstest]
#[case::group(
    FUNCTION.replace("serverless.", "serverles."),
    "Function default/demo: the group is \"serverles.kyma-project.io\": did you mean apiVersion: serverless.kyma-project.io/v1alpha1?"
)]
#[case::label_value(
    SECRET.replace("NAME", "a").replace("LABEL", "serverless.kyma-project.io/remote-registry: conifg"),
    "Secret default/a: its label is serverless.kyma-project.io/remote-registry: \"conifg\": did you mean serverless.kyma-project.io/remote-registry: config?"
)]
#[case::label_key(
    SECRET.replace("NAME", "a").replace("LABEL", "serverless.kyma-project.io/remote-registy: config"),
    "Secret default/a: its label is serverless.kyma-project.io/remote-registy: \"config\": did you mean serverless.kyma-project.io/remote-registry: config?"
)]
#[case::no_label(
    SECRET.replace("NAME", "serverless-registry-config").replace("LABEL", ""),
    "Secret default/serverless-registry-config: a Secret of this name is used only with the label serverless.kyma-project.io/remote-registry: config"
)]
#[case::review(
    "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\n".to_owned(),
    "recorded reviews and audit logs are for serverless-webhook replay"
)]
#[case::audit_event(
    "apiVersion: audit.k8s.io/v1\nkind: Event\n".to_owned(),
    "recorded reviews and audit logs are for serverless-webhook replay"
)]
fn what_may_have_been_meant_for_us_is_a_warning(#[case] text: String, #[case] warning: &str) {
    let (code, out, err) = piped(&["check", "-"], &text);
    let summary = "no objects, 1 of another kind skipped\n";
    assert_eq!((code, out), (2, format!("-:1: warning: {warning}\n{summary}")));
    let nothing = "error: nothing to check: no Function, no GitRepository, no RegistryCache, no Shoot with caches, no registry Secret, no upstream credentials, no containerRegistries and nothing of registry.mgoltzsche.github.com, 1 of other kinds\n";
    assert_eq!(err, nothing);
    let text = format!("{text}---\n{}", FUNCTION.replace("demo", "ours"));
    assert_eq!(piped(&["check", "-"], &text).0, 0);
    assert_eq!(piped(&["check", "--strict", "-"], &text).0, 1);
}

#[test]
fn functions_of_others_are_none_of_our_business() {
    let text = FUNCTION.replace("serverless.kyma-project.io/v1alpha1", "openfaas.com/v1");
    let (code, out, _) = piped(&["check", "-v", "-"], &text);
    let expected = "\
-:1: skipped: Function default/demo
no objects, 1 of another kind skipped
";
    assert_eq!((code, out.as_str()), (2, expected));
}

#[test]
fn nothing_found_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let expected = "\
DIR: no manifests found in \"DIR\"
no objects, 1 unreadable
";
    assert_eq!(check(folder.path(), &[]), (2, expected.to_owned(), String::new()));
    let (code, out, _) = run(&["check", "nosuch.yaml"]);
    assert_eq!(code, 2);
    assert!(out.starts_with("nosuch.yaml: No such file or directory (os error 2)\n"), "{out}");
    let (code, out, _) = run(&["replay", "-f", folder.path().to_str().unwrap()]);
    assert_eq!((code, out.contains(": no reviews found in \"")), (2, true), "{out}");
}

#[test]
fn files_and_folders_can_be_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    create_dir_all(path("chart/templates")).unwrap();
    create_dir_all(path("app")).unwrap();
    write(path("chart/templates/function.yaml"), "a: {{ b }}\n").unwrap();
    write(path("app/function.yaml"), FUNCTION).unwrap();
    write(path("app/tsconfig.json"), "{\n  // a comment\n  \"compilerOptions\": {\"strict\": true}\n}\n")
        .unwrap();
    let unreadable = |args: &[&str]| {
        let (_, out, _) = check(folder.path(), args);
        out.lines().filter(|line| line.starts_with("DIR")).map(str::to_owned).collect::<Vec<_>>()
    };
    let template = "DIR/chart/templates/function.yaml:1: a Helm template: render it first: helm template … | serverless-webhook check -";
    let json = "DIR/app/tsconfig.json:2: not JSON: it holds a comment";
    assert_eq!(unreadable(&[]), [json, template]);
    assert_eq!(unreadable(&["--exclude", "templates"]), [json]);
    assert_eq!(unreadable(&["--exclude", "chart/*"]), [json]);
    assert_eq!(unreadable(&["--exclude", "tsconfig.*"]), [template]);
    let (code, out, _) = check(folder.path(), &["--exclude=*.json", "--exclude", "chart"]);
    assert_eq!((code, out.lines().count()), (0, 2), "{out}");
    assert_eq!(check(folder.path(), &["--exclude", "["]).0, 64);
}

#[test]
fn the_short_flags_of_kubectl_are_understood() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("function.yaml");
    write(&path, FUNCTION).unwrap();
    let path = path.to_str().unwrap();
    let (code, out, _) = run(&["check", "-n", "shop", "-o", "json", "-v", "-f", path]);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let item = &report["items"][0];
    assert_eq!((code, &item["namespace"], &item["name"]), (0, &"shop".into(), &"demo".into()));
    // A file that is named twice is read once.
    let (_, out, _) = run(&["check", path, "-f", path, "-f", folder.path().to_str().unwrap()]);
    assert_eq!(out.lines().last(), Some("1 object: accepted, with defaults"));
}

#[test]
fn numbers_are_sent_as_kubectl_sends_them() {
    let text = format!(
        "{FUNCTION}  minReplicas: 1.0\n  maxReplicas: 2.0\n  resources: {{requests: {{memory: 129e6}}, limits: {{cpu: 1e3}}}}\n"
    );
    let (code, out, _) = piped(&["check", "-"], &text);
    assert_eq!(code, 0, "{out}");
}

#[test]
fn a_newline_in_clear_is_explained_to_who_writes_in_clear() {
    let secret = "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/dockerconfigjson\nmetadata:\n  name: serverless-registry-config\n  labels: {serverless.kyma-project.io/remote-registry: config}\nstringData:\n  username: user\n  serverAddress: example.com\n  registryAddress: REGISTRY\n  password: |\n    hush-hush\n";
    let (code, out, _) = piped(&["check", "-"], &secret.replace("REGISTRY", "example.com/a"));
    let warning = "    warning: stringData.password ends with a newline, which is part of the value: write it as a block with |- in place of |";
    assert_eq!((code, out.lines().nth(1)), (0, Some(warning)));
    let (code, out, _) = piped(&["check", "-"], &secret.replace("REGISTRY", "|\n    example.com/a"));
    let finding = "    line 10: stringData.registryAddress: Invalid value: must not hold spaces or control characters: write it as a block with |- in place of |";
    assert_eq!((code, out.lines().nth(1)), (1, Some(finding)));
}
