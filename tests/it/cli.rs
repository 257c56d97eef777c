//! The command line as its users see it: the real binary, its output and its exit codes.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use rstest::rstest;
use serde_json::{Value, json};
use tempfile::TempDir;

pub fn webhook() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_serverless-webhook"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_clear().env("NO_COLOR", "");
    command
}

fn run(args: &[&str]) -> (i32, String, String) {
    shown(&webhook().args(args).output().unwrap())
}

fn shown(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn piped(args: &[&str], input: &str) -> (i32, String, String) {
    use std::io::Write as _;
    let mut child = webhook()
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    shown(&child.wait_with_output().unwrap())
}

/// Times vary.
fn without_times(text: &str) -> String {
    let line = |line: &str| {
        line.split_once(" µs")
            .map_or(line, |(before, _)| before.trim_end_matches(|c: char| c.is_ascii_digit() || c == ' '))
            .to_owned()
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn help_explains_commands_and_exit_codes() {
    let (code, help, _) = run(&["--help"]);
    assert_eq!(code, 0);
    for text in ["serve", "replay", "check", "certs", "completions", "man", "64  wrong use"] {
        assert!(help.contains(text), "{text}: {help}");
    }
    let (code, help, _) = run(&["serve", "--help"]);
    assert_eq!(code, 0);
    for flag in [
        "listen",
        "admin-listen",
        "tls-cert-file",
        "tls-private-key-file",
        "config",
        "client-ca-file",
        "client-name",
        "shutdown-delay",
        "drain-timeout",
        "max-in-flight",
    ] {
        let variable = format!("[env: WEBHOOK_{}=]", flag.to_uppercase().replace('-', "_"));
        assert!(help.contains(&format!("--{flag} ")) && help.contains(&variable), "{flag}: {help}");
    }
    assert!(help.contains("WEBHOOK_VALIDATION_RESERVED_ENVS\n"), "{help}");
}

#[rstest]
#[case::no_command(&[])]
#[case::unknown_flag(&["check", "--frobnicate", "x"])]
#[case::no_path(&["replay"])]
#[case::no_certificate(&["serve"])]
#[case::bad_time(&["serve", "--tls-cert-file", "a", "--tls-private-key-file", "b", "--idle-timeout", "soon"])]
#[case::zero_time(&["serve", "--tls-cert-file", "a", "--tls-private-key-file", "b", "--idle-timeout", "0s"])]
#[case::name_without_authority(&["serve", "--tls-cert-file", "a", "--tls-private-key-file", "b", "--client-name", "x"])]
#[case::url_without_authority(&["replay", "--url", "https://localhost", "x"])]
#[case::expect_and_record(&["replay", "--expect", "--record", "x"])]
fn wrong_use_ends_with_64(#[case] args: &[&str]) {
    let (code, out, err) = run(args);
    assert_eq!((code, out.as_str()), (64, ""));
    assert!(err.starts_with("error: ") || err.contains("Usage: "), "{err}");
}

#[test]
fn what_cannot_be_served_is_named_and_ends_with_64() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let serve = |cert: &str, extra: &[&str]| {
        let (code, _, err) = shown(
            &webhook()
                .args([
                    "serve",
                    "--listen",
                    "127.0.0.1:0",
                    "--admin-listen",
                    "127.0.0.1:0",
                    "--tls-cert-file",
                    cert,
                    "--tls-private-key-file",
                    &path("tls.key"),
                ])
                .args(extra)
                .output()
                .unwrap(),
        );
        (code, err.replace(folder.path().to_str().unwrap(), "DIR"))
    };
    assert_eq!(
        serve(&path("tls.crt"), &[]),
        (64, "error: --tls-cert-file DIR/tls.crt: No such file or directory (os error 2)\n".to_owned())
    );
    assert_eq!(run(&["certs", "--out", folder.path().to_str().unwrap()]).0, 0);
    std::fs::write(path("webhook.yaml"), "function:\n  replicas:\n    defaultPreset: XXL\n").unwrap();
    let expected = "error: DIR/webhook.yaml:3: function.replicas.defaultPreset: there is no preset \"XXL\"; there are: L, M, S, XL\n";
    assert_eq!(serve(&path("tls.crt"), &["--config", &path("webhook.yaml")]), (64, expected.to_owned()));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let listener = std::net::TcpListener::bind(taken).unwrap();
    let (code, err) = serve(&path("tls.crt"), &["--listen", &taken.to_string(), "--log-format", "text"]);
    drop(listener);
    assert_eq!(
        (code, err.contains("cannot be used multiple times") || err.contains("Address already in use")),
        (64, true),
        "{err}"
    );
    assert_eq!(serve(&path("tls.crt"), &["--log-level", "a=b=c"]).0, 64);
}

#[test]
fn certs_are_written_once_with_private_keys() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("certs");
    let args = ["certs", "--out", out.to_str().unwrap()];
    let (code, listed, _) = run(&args);
    let names = ["ca.crt", "ca.key", "tls.crt", "tls.key"];
    assert_eq!((code, listed), (0, names.map(|name| format!("{}\n", out.join(name).display())).concat()));
    let mode = |name: &str| std::fs::metadata(out.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(names.map(mode), [0o644, 0o600, 0o644, 0o600]);
    let before = std::fs::read(out.join("ca.crt")).unwrap();
    let (code, _, err) = run(&args);
    assert_eq!(
        (code, err),
        (64, format!("error: {} exists: --force replaces it\n", out.join("ca.crt").display()))
    );
    assert_eq!(run(&[&args[..], &["--force"]].concat()).0, 0);
    assert_ne!(std::fs::read(out.join("ca.crt")).unwrap(), before);
}

#[test]
fn completions_and_manual_pages_come_from_the_definition() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let (code, script, _) = run(&["completions", shell]);
        assert!(
            code == 0 && script.contains("serverless-webhook") && script.contains("tls-cert-file"),
            "{shell}"
        );
    }
    let (code, page, _) = run(&["man"]);
    assert!(code == 0 && page.contains(".TH serverless-webhook"), "{page}");
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(&["man", "--out", folder.path().to_str().unwrap()]).0, 0);
    assert!(folder.path().join("serverless-webhook-serve.1").exists());
}

/// Fixtures in a folder of their own.
fn copy(cases: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for case in cases {
        let to = folder.path().join(case);
        std::fs::create_dir_all(&to).unwrap();
        for file in ["request.json", "response.json"] {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/admission").join(case).join(file);
            std::fs::copy(from, to.join(file)).unwrap();
        }
    }
    folder
}

const THREE: [&str; 3] = [
    "defaulting-functions/runtime-empty",
    "mutation-registry-secrets/other-servers-stay",
    "validation-functions/env-reserved-func-port",
];

#[test]
fn replay_shows_each_review_and_what_it_adds() {
    let folder = copy(&THREE);
    let (code, text, _) = run(&["replay", folder.path().to_str().unwrap()]);
    let expected = "\
defaulting-functions/runtime-empty            CREATE  patched
    @@ -24,5 +24,5 @@
           cpu: 50m
           memory: 64Mi
    -  runtime: \"\"
    +  runtime: nodejs12
       source: |
         module.exports = {
mutation-registry-secrets/other-servers-stay  CREATE  patched
    @@ -1,5 +1,5 @@
     apiVersion: v1
     data:
    -  .dockerconfigjson: (61 bytes)
    +  .dockerconfigjson: (139 bytes, changed)
       password: (15 bytes)
       registryAddress: (9 bytes)
validation-functions/env-reserved-func-port   CREATE  refused
    spec.env[0].name: Forbidden: \"FUNC_PORT\" is reserved for the runtime
3 reviews: 0 allowed, 2 patched, 1 refused";
    assert_eq!((code, without_times(&text).as_str()), (1, expected));
}

#[test]
fn replay_compares_with_what_is_recorded() {
    let folder = copy(&THREE);
    let path = folder.path().to_str().unwrap();
    let (code, text, _) = run(&["replay", "--expect", "--twice", path]);
    assert_eq!(
        (code, text.lines().last().unwrap()),
        (0, "3 reviews: 0 allowed, 2 patched, 1 refused; 0 not as expected")
    );

    let response = folder.path().join(THREE[2]).join("response.json");
    let text = std::fs::read_to_string(&response).unwrap();
    std::fs::write(&response, text.replace("Forbidden", "Verboten")).unwrap();
    std::fs::remove_file(folder.path().join(THREE[0]).join("response.json")).unwrap();
    let (code, text, _) = run(&["replay", "--expect", path]);
    let text = text.replace(path, "DIR");
    assert_eq!(
        (code, text.lines().last().unwrap()),
        (1, "3 reviews: 0 allowed, 2 patched, 1 refused; 2 not as expected")
    );
    let unexpected: Vec<_> = text.lines().filter(|line| line.contains("unexpected")).collect();
    assert_eq!(
        unexpected,
        [
            format!("    unexpected: DIR/{}/response.json: No such file or directory (os error 2)", THREE[0]),
            format!("    unexpected: DIR/{}/response.json holds another answer: status differs", THREE[2]),
        ]
    );
    assert_eq!(run(&["replay", "--record", path]).0, 1);
    assert_eq!(run(&["replay", "--expect", path]).0, 0);
}

#[test]
fn replay_takes_lines_yaml_audit_logs_and_the_standard_input() {
    let read = |case: &str| -> Value {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/admission").join(case).join("request.json");
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    let function = read("defaulting-functions/nothing-set");
    let secret = read("mutation-registry-secrets/missing-password");
    // A Function is asked about as an API server does: what is added first, then whether the result is valid.
    let (code, text, _) = piped(&["replay", "-"], &format!("{function}\nnot json\n{secret}\n"));
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with("    ")).map(without_times).collect();
    assert_eq!(
        lines,
        [
            "-#1 (defaulting-functions)  CREATE  patched",
            "-#1 (validation-functions)  CREATE  allowed",
            "-#2                         CREATE  refused",
            "-:2: not JSON: expected ident",
            "3 reviews: 1 allowed, 1 patched, 1 refused, 1 unreadable",
        ]
    );
    assert_eq!(code, 2);

    let yaml = format!(
        "---\n{}---\n{}",
        serde_saphyr::to_string(&function).unwrap(),
        serde_saphyr::to_string(&secret).unwrap()
    );
    let (code, text, _) = piped(&["replay", "-", "--endpoint", "/defaulting/functions"], &yaml);
    assert_eq!(
        (code, text.lines().last().unwrap()),
        (1, "2 reviews: 0 allowed, 1 patched, 0 refused, 1 failed")
    );

    let event = |verb: &str, object: &Value| {
        json!({
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": "a-1", "verb": verb,
            "user": {"username": "jane"}, "requestObject": object,
            "objectRef": {"resource": "functions", "namespace": "default", "name": "demo", "apiGroup": "serverless.kyma-project.io", "apiVersion": "v1alpha1"},
        })
    };
    let log = [
        event("create", &function["request"]["object"]),
        event("get", &Value::Null),
        event("patch", &json!({"spec": {}})),
    ];
    let (code, text, _) = piped(&["replay", "-"], &log.map(|event| event.to_string()).join("\n"));
    assert_eq!(
        (code, text.lines().last().unwrap()),
        (0, "2 reviews: 1 allowed, 1 patched, 0 refused, 2 audit events skipped")
    );
}

#[test]
fn check_says_what_is_wrong_and_where() {
    let (code, text, _) = run(&["check", "fixtures/manifests/broken"]);
    let expected = "\
Function default/Demo                      CREATE  refused   fixtures/manifests/broken/many-mistakes.yaml:1
    line 8: spec.resorces: Forbidden: unknown field
    line 4: metadata.name: Invalid value: \"Demo\": must be a DNS-1035 label: lower-case letters, digits or '-', starting with a letter and ending with a letter or digit (such as 'my-name' or 'abc-123')
    line 6: spec.source: Required value: the source code of the Function
    line 7: spec.runtime: Unsupported value: \"nodejs8\": supported values: \"nodejs10\", \"nodejs12\", \"python38\"
    line 10: spec.env[0].name: Forbidden: \"FUNC_PORT\" is reserved for the runtime
GitRepository default/with-credentials     CREATE  refused   fixtures/manifests/broken/many-mistakes.yaml:13
    line 18: spec.url: Invalid value: must not hold credentials: put them into a Secret and name it in spec.auth.secretName
Function default/tomorrow                  CREATE  refused   fixtures/manifests/broken/many-mistakes.yaml:20
    line 20: apiVersion: Unsupported value: \"serverless.kyma-project.io/v1alpha2\": supported values: \"serverless.kyma-project.io/v1alpha1\"
Secret default/serverless-registry-config  CREATE  refused   fixtures/manifests/broken/many-mistakes.yaml:25
    line 32: data.username: Invalid value: must not hold ':', which ends the user name in the docker configuration
    line 32: data.serverAddress: Required value
    line 34: data.registryAddress: Invalid value: must not have a scheme: it is the beginning of image names, such as example.com/project
    warning: the kubelet pulls images only with Secrets of type kubernetes.io/dockerconfigjson, which this one is not
4 objects: 0 allowed, 0 patched, 4 refused, 1 of other kinds skipped
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
        "6 objects: 1 allowed, 5 patched, 0 refused, 1 of other kinds skipped"
    );
    let (_, text, _) = run(&[&args[..], &["--diff"]].concat());
    assert!(
        text.contains("    +  maxReplicas: 2\n") && text.contains("    +  .dockerconfigjson: (89 bytes)\n"),
        "{text}"
    );
}

#[test]
fn check_takes_lists_and_reports_duplicates_and_what_cannot_be_read() {
    let function = json!({"apiVersion": "serverless.kyma-project.io/v1alpha1", "kind": "Function", "metadata": {"name": "a"}, "spec": {"source": "x"}});
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [function, function]});
    let (code, text, _) = piped(&["check", "-"], &format!("{list:#}"));
    let expected = "\
Function default/a  CREATE  patched   -:4
Function default/a  CREATE  refused   -:14
    line 18: metadata.name: Duplicate value: \"a\"
2 objects: 0 allowed, 1 patched, 1 refused
";
    assert_eq!((code, text.as_str()), (1, expected));
    let (code, text, _) = piped(&["check", "-"], "kind: [\n---\nkind: Pod\n");
    assert_eq!(
        (code, text.lines().last().unwrap()),
        (2, "0 objects: 0 allowed, 0 patched, 0 refused, 1 unreadable, 1 of other kinds skipped")
    );
    let (code, text, _) = run(&["check", "no-such-file.yaml"]);
    let expected = "no-such-file.yaml:1: No such file or directory (os error 2)\n0 objects: 0 allowed, 0 patched, 0 refused, 1 unreadable\n";
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
    let summary = json!({"allowed": 0, "patched": 0, "refused": 4, "error": 0, "unexpected": 0, "unreadable": 0, "skipped": 1});
    assert_eq!(report["summary"], summary);
    let finding = json!({"field": "spec.env[0].name", "line": 10, "reason": "FieldValueForbidden", "message": "Forbidden: \"FUNC_PORT\" is reserved for the runtime"});
    assert_eq!(report["items"][0]["findings"][4], finding);
    let (_, text, _) = run(&["check", "--output", "github", "fixtures/manifests/broken"]);
    let line = "::error file=fixtures/manifests/broken/many-mistakes.yaml,line=18,title=GitRepository default/with-credentials::spec.url: Invalid value: must not hold credentials: put them into a Secret and name it in spec.auth.secretName";
    assert!(text.lines().any(|known| known == line), "{text}");
    let (_, text, _) = run(&["check", "--output", "sarif", "fixtures/manifests/broken"]);
    let sarif: serde_sarif::sarif::Sarif = serde_json::from_str(&text).unwrap();
    assert_eq!(sarif.runs[0].results.as_ref().unwrap().len(), 11);
    let (_, text, _) = run(&["check", "--output", "junit", "fixtures/manifests/broken"]);
    let junit = quick_junit::Report::deserialize_from_str(&text).unwrap();
    assert_eq!((junit.test_suites[0].tests, junit.test_suites[0].failures), (4, 4));
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
