//! `check` as its users see it.

use std::process::Stdio;

use policy::Rule;
use serde_json::{Value, json};

use crate::harness::cli::{piped, run, shown, webhook};

#[test]
fn check_says_what_is_wrong_and_where() {
    let (code, text, _) = run(&["check", "fixtures/manifests/broken"]);
    let expected = "\
Function default/Demo                      CREATE  refused   fixtures/manifests/broken/many-mistakes.yaml:1
    line 4: metadata.name: Invalid value: \"Demo\": must be a DNS-1035 label: lower-case letters, digits or '-', starting with a letter and ending with a letter or digit (such as 'my-name' or 'abc-123')
    line 6: spec.source: Required value: the source code of the Function
    line 7: spec.runtime: Unsupported value: \"nodejs8\": supported values: \"nodejs10\", \"nodejs12\", \"nodejs22\", \"nodejs24\", \"python312\", \"python313\", \"python38\"
    line 8: spec.resorces: Forbidden: unknown field: did you mean \"resources\"?
    line 10: spec.env[0].name: Forbidden: \"FUNC_PORT\" is reserved for the runtime
GitRepository default/with-credentials     CREATE  refused   fixtures/manifests/broken/many-mistakes.yaml:13
    line 18: spec.url: Invalid value: must not hold credentials: put them into a Secret and name it in spec.auth.secretName
Function default/tomorrow                  CREATE  refused   fixtures/manifests/broken/many-mistakes.yaml:20
    line 20: apiVersion: Unsupported value: \"serverless.kyma-project.io/v1alpha2\": supported values: \"serverless.kyma-project.io/v1alpha1\"
Secret default/serverless-registry-config  CREATE  refused   fixtures/manifests/broken/many-mistakes.yaml:25
    line 31: stringData.serverAddress: Required value
    line 32: stringData.username: Invalid value: must not hold ':', which ends the user name in the docker configuration
    line 34: stringData.registryAddress: Invalid value: must not have a scheme: it is the beginning of image names, such as example.com/project
    warning: the kubelet pulls images only with Secrets of type kubernetes.io/dockerconfigjson: this Secret has another type
4 objects: 4 refused, 1 of another kind skipped
";
    assert_eq!((code, text.as_str()), (1, expected));
}

#[test]
fn check_of_good_manifests_ends_with_0() {
    let args = [
        "check",
        "fixtures/manifests/git.yaml",
        "fixtures/manifests/orders.yaml",
        "fixtures/manifests/registries.yaml",
    ];
    let (code, text, err) = run(&args);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(
        text.lines().last().unwrap(),
        "6 objects: 6 accepted (5 with defaults), 1 of another kind skipped"
    );
    let (_, text, _) = run(&[&args[..], &["--diff"]].concat());
    assert!(
        text.contains("    +  maxReplicas: 2\n") && text.contains("    +  .dockerconfigjson: (89 bytes)\n"),
        "{text}"
    );
}

#[test]
fn check_takes_lists_and_reports_duplicates_and_what_cannot_be_read() {
    let function = json!({"apiVersion": "serverless.kyma-project.io/v1alpha1", "kind": "Function", "metadata": {"name": "a"}, "spec": {"source": "x", "runtime": "nodejs22"}});
    let other = json!({"apiVersion": "serverless.kyma-project.io/v1alpha1", "kind": "Function", "metadata": {"name": "a"}, "spec": {"source": "y", "runtime": "nodejs22"}});
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [function, other, function]});
    let (code, text, _) = piped(&["check", "-"], &format!("{list:#}"));
    let expected = "\
Function default/a  CREATE  patched   -:4
Function default/a  CREATE  refused   -:15
    line 19: metadata.name: Duplicate value: \"a\": another object of this name is in -:4
Function default/a  CREATE  patched   -:26
    warning: the same object is in -:4
3 objects: 2 accepted (2 with defaults), 1 refused
";
    assert_eq!((code, text.as_str()), (1, expected));
    let (code, text, _) = piped(&["check", "-"], "kind: [\n---\napiVersion: v1\nkind: Pod\n");
    assert_eq!(
        (code, text.lines().last().unwrap()),
        (2, "no objects, 1 unreadable, 1 of another kind skipped")
    );
    let (code, text, _) = run(&["check", "no-such-file.yaml"]);
    let expected = "no-such-file.yaml: No such file or directory (os error 2)\nno objects, 1 unreadable\n";
    assert_eq!((code, text.as_str()), (2, expected));
}

#[test]
fn every_form_of_output_holds_the_findings_and_no_secret() {
    for format in ["text", "json", "junit", "sarif", "github"] {
        let (code, text, err) = run(&["check", "--diff", "--output", format, "fixtures/manifests/broken"]);
        assert_eq!((code, err.as_str()), (1, ""), "{format}");
        assert!(text.contains("is reserved for the runtime"), "{format}: {text}");
        for secret in ["hush-hush", "aHVzaC1odXNo"] {
            assert!(!text.contains(secret), "{format}: {text}");
        }
    }
    let (_, text, _) = run(&["check", "--output", "json", "fixtures/manifests/broken"]);
    let report: Value = serde_json::from_str(&text).unwrap();
    let summary = json!({"allowed": 0, "patched": 0, "refused": 4, "error": 0, "unexpected": 0, "unreadable": 0, "skipped": 1, "warnings": 1});
    assert_eq!(report["summary"], summary);
    let finding = json!({"rule": "env-name-reserved", "field": "spec.env[0].name", "line": 10, "reason": "FieldValueForbidden", "message": "Forbidden: \"FUNC_PORT\" is reserved for the runtime"});
    assert_eq!(report["items"][0]["findings"][4], finding);
    let warning = json!({"rule": "secret-type", "message": "the kubelet pulls images only with Secrets of type kubernetes.io/dockerconfigjson: this Secret has another type"});
    assert_eq!(report["items"][3]["warnings"], json!([warning]));
    let object = ["kind", "namespace", "name"].map(|member| report["items"][1][member].as_str().unwrap());
    assert_eq!(object, ["GitRepository", "default", "with-credentials"]);
    let (_, text, _) = run(&["check", "--output", "github", "fixtures/manifests/broken"]);
    let line = "::error file=fixtures/manifests/broken/many-mistakes.yaml,line=18,title=GitRepository default/with-credentials (git-url-credentials)::spec.url: Invalid value: must not hold credentials: put them into a Secret and name it in spec.auth.secretName";
    assert!(text.lines().any(|known| known == line), "{text}");
    let (_, text, _) = run(&["check", "--output", "sarif", "fixtures/manifests/broken"]);
    let sarif: serde_sarif::sarif::Sarif = serde_json::from_str(&text).unwrap();
    let scan = &sarif.runs[0];
    assert_eq!(scan.results.as_ref().unwrap().len(), 11);
    let rules = scan.tool.driver.rules.as_ref().unwrap();
    let rule = rules.iter().find(|rule| rule.id == "env-name-reserved").unwrap();
    let text = Rule::EnvNameReserved.text();
    assert_eq!(rule.short_description.as_ref().unwrap().text, text.summary);
    assert_eq!(rule.help.as_ref().unwrap().text, text.help);
    assert_eq!(
        rule.help_uri.as_deref(),
        Some("https://serverless.kyma-project.io/docs/rules.md#env-name-reserved")
    );
    let used: Vec<_> = scan.results.iter().flatten().filter_map(|result| result.rule_id.as_deref()).collect();
    assert!(used.iter().all(|id| rules.iter().any(|rule| rule.id == *id)), "{used:?}");
    let (_, text, _) = run(&["check", "--output", "junit", "fixtures/manifests/broken"]);
    let junit = quick_junit::Report::deserialize_from_str(&text).unwrap();
    assert_eq!((junit.test_suites[0].tests, junit.test_suites[0].failures), (5, 4));
    assert!(
        text.contains(" skipped=\"1\" ")
            && text.contains("<skipped message=\"line 36: ConfigMap default/other\"/>"),
        "{text}"
    );
    assert!(text.contains("line 10: spec.env[0].name: Forbidden: &quot;FUNC_PORT&quot; is reserved for the runtime (env-name-reserved)</failure>"), "{text}");
}

/// Code scanning resolves the place of a result as a URI.
#[test]
fn the_path_of_a_file_is_a_uri_in_sarif() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("a b")).unwrap();
    let path = folder.path().join("a b/c#d%20e?.yaml");
    std::fs::write(
        &path,
        "apiVersion: serverless.kyma-project.io/v1alpha1\nkind: Function\nmetadata: {name: a}\n",
    )
    .unwrap();
    let mut command = webhook();
    let command = command.args(["check", "--output", "sarif", "a b"]).current_dir(folder.path());
    let output = command.output().unwrap();
    let (_, text, _) = shown(&output);
    let sarif: Value = serde_json::from_str(&text).unwrap();
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%20b/c%23d%2520e%3F.yaml");
}

/// On a terminal of 60 columns no line is longer, no word is broken, and what follows is indented.
#[test]
fn long_lines_are_wrapped_on_a_terminal() {
    let command = format!(
        "stty rows 24 cols 60; '{}' check fixtures/manifests/broken",
        env!("CARGO_BIN_EXE_serverless-webhook")
    );
    let mut script = std::process::Command::new("script");
    let script = script.args(["--quiet", "--return", "--command", &command, "/dev/null"]);
    let script = script.current_dir(env!("CARGO_MANIFEST_DIR")).env("NO_COLOR", "1").stdin(Stdio::null());
    let (code, text, _) = shown(&script.output().unwrap());
    let text = text.replace("\r\n", "\n");
    let expected = "\
Function default/Demo                      CREATE  refused
    fixtures/manifests/broken/many-mistakes.yaml:1
    line 4: metadata.name: Invalid value: \"Demo\": must be a
        DNS-1035 label: lower-case letters, digits or '-',
        starting with a letter and ending with a letter or
        digit (such as 'my-name' or 'abc-123')
    line 6: spec.source: Required value: the source code of
        the Function
";
    assert_eq!((code, text.get(..expected.len())), (1, Some(expected)), "{text}");
}

/// A name, a kind, a field and a file that try to forge lines, workflow commands and colours.
#[test]
fn nothing_is_forged_by_names() {
    let function = |name: &str| json!({"apiVersion": "serverless.kyma-project.io/v1alpha1", "kind": "Function", "metadata": {"name": name}, "spec": {"source": "x", "labels": {"a\u{1b}[31m\n::error::FORGED": "y"}}});
    let other = json!({"apiVersion": "serverless.kyma-project.io/v1alpha1", "kind": "::error::FORGED", "metadata": {"name": "##[error]FORGED\u{9b}31m"}, "spec": {}});
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [function("f\u{1b}[31m\nFORGED"), function("::error::FORGED"), other]});
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("::error::FORGED\n.json");
    std::fs::write(&path, list.to_string()).unwrap();
    for format in ["text", "json", "junit", "sarif", "github"] {
        let (code, text, _) = run(&["check", "--diff", "--output", format, folder.path().to_str().unwrap()]);
        assert_eq!(code, 1, "{format}");
        assert!(text.contains("FORGED"), "{format}: {text}");
        let raw = |character: char| character.is_control() && character != '\n';
        assert!(!text.contains(raw) && !text.contains("##["), "{format}: {text:?}");
        for line in text.lines().map(str::trim_start) {
            assert!(
                !line.starts_with("FORGED") && !line.starts_with("::error::FORGED"),
                "{format}: {line:?}"
            );
        }
    }
    let (_, text, _) = piped(&["check", "-"], &list.to_string());
    let first = text.lines().next().unwrap();
    assert!(first.starts_with(r"Function default/f\u{1b}[31m\nFORGED "), "{first}");
    let third = text.lines().find(|line| line.contains('#')).unwrap();
    assert!(third.starts_with(r"\u{3a}:error::FORGED default/#\u{23}[error]FORGED\u{9b}31m "), "{third}");
    // The same of reviews that are replayed.
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "operation": "CREATE", "kind": {"group": "serverless.kyma-project.io", "version": "v1alpha1", "kind": "Function"},
        "resource": {"group": "serverless.kyma-project.io", "version": "v1alpha1", "resource": "functions"},
        "object": function("f\u{1b}[31m\nFORGED"),
    }});
    std::fs::write(&path, review.to_string()).unwrap();
    for format in ["text", "json", "junit", "sarif", "github"] {
        let (_, text, _) = run(&["replay", "--output", format, path.to_str().unwrap()]);
        assert!(text.contains("FORGED"), "{format}: {text}");
        assert!(
            !text.contains(|character: char| character.is_control() && character != '\n'),
            "{format}: {text:?}"
        );
        assert!(
            !text.lines().any(|line| line.trim_start().starts_with("::error::FORGED")),
            "{format}: {text}"
        );
    }
}

#[test]
fn folded_base64_is_accepted_as_the_api_server_accepts_it() {
    let manifest = |password: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/dockerconfigjson\nmetadata:\n  name: serverless-registry-config\n  labels: {{serverless.kyma-project.io/remote-registry: config}}\ndata:\n  username: dXNlcg==\n  serverAddress: cw==\n  registryAddress: cg==\n  password: |\n    {password}\n"
        )
    };
    let (code, text, _) = piped(&["check", "-"], &manifest("aHVzaC1o\n    dXNo"));
    assert_eq!((code, text.lines().last()), (0, Some("1 object: accepted, with defaults")), "{text}");
    let (code, text, _) = piped(&["check", "-"], &manifest("aHVzaC1o dXNo"));
    assert_eq!(code, 1);
    assert!(text.contains("data.password: Invalid value: must be base64\n"), "{text}");
}

#[test]
fn the_configuration_counts_for_check_and_replay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("webhook.yaml");
    std::fs::write(&path, "gitUrls: lenient\n").unwrap();
    let repository = "apiVersion: serverless.kyma-project.io/v1alpha1\nkind: GitRepository\nmetadata: {name: a}\nspec: {url: https://dev.azure.com/o/p/_git/r}\n";
    assert_eq!(piped(&["check", "-"], repository).0, 1);
    assert_eq!(piped(&["check", "-", "--config", path.to_str().unwrap()], repository).0, 0);
    std::fs::write(&path, "gitUrls: whatever\n").unwrap();
    let (code, _, err) = piped(&["check", "-", "--config", path.to_str().unwrap()], repository);
    assert_eq!(code, 64);
    assert!(
        err.ends_with(
            "webhook.yaml:1: gitUrls: unknown variant `whatever`, expected one of strict, lenient\n"
        ),
        "{err}"
    );
}
