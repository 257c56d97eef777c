//! What a real API server refuses because of the CRDs alone, without the webhook.

use std::path::Path;

use rstest::rstest;
use serde_json::{Value, json};
use serverless_webhook::admission::routes::ENDPOINTS;

use crate::harness::cluster::{BARE, function, kubectl, repository};

const CREATE: &str = "create --dry-run=server -o name -f -";

/// The message that the API server adds if it does not reach the rules.
const UNCHECKED: &str = "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

#[track_caller]
fn refused(manifest: &Value, texts: &[&str]) {
    let printed = kubectl(&BARE, CREATE, manifest);
    let said = printed.err.split_once(" is invalid: ").unwrap_or_else(|| panic!("{printed:?}"));
    let (kind, name) = (manifest["kind"].as_str().unwrap(), manifest["metadata"]["name"].as_str().unwrap());
    assert_eq!(said.0, format!("The {kind} \"{name}\""));
    // The API server checks fields in no certain order.
    let mut said: Vec<_> = said.1.trim().trim_start_matches("* ").split("\n* ").collect();
    let mut expected = texts.to_vec();
    said.sort_unstable();
    expected.sort_unstable();
    assert_eq!(said, expected);
}

#[rstest]
#[case::blank_source(json!({"source": " \n"}), &["spec.source: Required value: the source code of the Function, or the name of a GitRepository if type is git"])]
#[case::no_source(json!({}), &["spec.source: Required value", UNCHECKED])]
#[case::null_source(json!({"source": null}), &["spec.source: Required value", UNCHECKED])]
#[case::unknown_type(json!({"source": "x", "type": "svn"}), &["spec.type: Unsupported value: \"svn\": supported values: \"\", \"inline\", \"git\"", UNCHECKED])]
#[case::replicas_below_1(json!({"source": "x", "minReplicas": 0, "maxReplicas": -1}), &["spec.minReplicas: Invalid value: 0: spec.minReplicas in body should be greater than or equal to 1", "spec.maxReplicas: Invalid value: -1: spec.maxReplicas in body should be greater than or equal to 1", "spec.maxReplicas: Invalid value: must be greater than or equal to minReplicas"])]
#[case::replicas_out_of_order(json!({"source": "x", "minReplicas": 3, "maxReplicas": 2}), &["spec.maxReplicas: Invalid value: must be greater than or equal to minReplicas"])]
#[case::git_without_its_fields(json!({"source": "x", "type": "git"}), &["spec.baseDir: Required value: the directory of the repository that holds the Function; \"/\" is its root", "spec.reference: Required value: the branch, tag or commit to build"])]
#[case::git_with_blank_fields(json!({"source": " ", "type": "git", "baseDir": " ", "reference": "\t"}), &["spec.baseDir: Required value: the directory of the repository that holds the Function; \"/\" is its root", "spec.reference: Required value: the branch, tag or commit to build", "spec.source: Required value: the source code of the Function, or the name of a GitRepository if type is git"])]
#[case::git_source_is_no_name(json!({"source": "Not a name", "type": "git", "baseDir": "/", "reference": "main"}), &["spec.source: Invalid value: the source of a git Function names a GitRepository: must be a lower-case RFC 1123 subdomain: lower-case letters, digits, '-' or '.', starting and ending with a letter or digit, no longer than 253 characters (such as 'example.com')"])]
#[case::git_leaves_the_repository(json!({"source": "r", "type": "git", "baseDir": "a/../../b", "reference": "main"}), &["spec.baseDir: Invalid value: must not leave the repository: no \"..\""])]
#[case::git_leaves_with_backslashes(json!({"source": "r", "type": "git", "baseDir": "a\\..", "reference": "main"}), &["spec.baseDir: Invalid value: must not leave the repository: no \"..\""])]
#[case::env_name(json!({"source": "x", "env": [{"name": "1A"}, {"name": ".."}, {"name": "..a"}, {"name": "."}]}), &["spec.env[0].name: Invalid value: \"1A\": spec.env[0].name in body should match '^([-_a-zA-Z]|[.][-_a-zA-Z0-9])[-._a-zA-Z0-9]*$'", "spec.env[1].name: Invalid value: \"..\": spec.env[1].name in body should match '^([-_a-zA-Z]|[.][-_a-zA-Z0-9])[-._a-zA-Z0-9]*$'", "spec.env[2].name: Invalid value: \"..a\": spec.env[2].name in body should match '^([-_a-zA-Z]|[.][-_a-zA-Z0-9])[-._a-zA-Z0-9]*$'", "spec.env[3].name: Invalid value: \".\": spec.env[3].name in body should match '^([-_a-zA-Z]|[.][-_a-zA-Z0-9])[-._a-zA-Z0-9]*$'"])]
#[case::env_without_name(json!({"source": "x", "env": [{"value": "a"}]}), &["spec.env[0].name: Required value", UNCHECKED])]
#[case::env_twice(json!({"source": "x", "env": [{"name": "A"}, {"name": "A"}]}), &["spec.env[1]: Duplicate value: {\"name\":\"A\"}"])]
#[case::env_with_two_values(json!({"source": "x", "env": [{"name": "A", "value": "hush", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}), &["spec.env[0]: Invalid value: must not set both value and valueFrom"])]
#[case::env_without_source(json!({"source": "x", "env": [{"name": "A", "valueFrom": {}}]}), &["spec.env[0].valueFrom: Invalid value: must have one source: configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef or fileKeyRef"])]
#[case::env_with_two_sources(json!({"source": "x", "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}, "secretKeyRef": {"name": "s", "key": "k"}}}]}), &["spec.env[0].valueFrom: Invalid value: must have one source: configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef or fileKeyRef"])]
#[case::env_without_key(json!({"source": "x", "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "redis"}}}]}), &["spec.env[0].valueFrom.secretKeyRef.key: Required value", UNCHECKED])]
#[case::env_with_blank_name(json!({"source": "x", "env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "", "key": "k"}}}]}), &["spec.env[0].valueFrom.configMapKeyRef.name: Invalid value: \"\": spec.env[0].valueFrom.configMapKeyRef.name in body should be at least 1 chars long"])]
#[case::labels_of_the_controller(json!({"source": "x", "labels": {"serverless.kyma-project.io/uuid": "1"}}), &["spec.labels: Forbidden: the controller sets labels of serverless.kyma-project.io itself: function-name, managed-by, resource and uuid"])]
#[case::label_key(json!({"source": "x", "labels": {"a b": "1"}}), &["spec.labels: Invalid value: keys must be label keys, such as 'app' or 'example.com/app'"])]
#[case::label_value(json!({"source": "x", "labels": {"a": "b c"}}), &["spec.labels.a: Invalid value: \"b c\": spec.labels.a in body should match '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$'"])]
#[case::long_label_value(json!({"source": "x", "labels": {"a": "b".repeat(64)}}), &["spec.labels.a: Too long: may not be more than 63 bytes", UNCHECKED])]
#[case::quantity(json!({"source": "x", "resources": {"requests": {"cpu": "1 core"}}}), &["spec.resources.requests.cpu: Invalid value: \"1 core\": spec.resources.requests.cpu in body should match '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$'"])]
#[case::negative_quantity(json!({"source": "x", "resources": {"requests": {"cpu": "-1", "memory": -1}}, "buildResources": {"limits": {"memory": "-1Mi"}}}), &["spec.buildResources.limits: Invalid value: quantities must not be negative", "spec.resources.requests: Invalid value: quantities must not be negative"])]
#[case::request_above_limit(json!({"source": "x", "resources": {"requests": {"cpu": "101m"}, "limits": {"cpu": "0.1"}}, "buildResources": {"requests": {"memory": "1025Mi"}, "limits": {"memory": "1Gi"}}}), &["spec.buildResources.limits: Invalid value: must be greater than or equal to requests", "spec.resources.limits: Invalid value: must be greater than or equal to requests"])]
fn a_function_is_refused(#[case] spec: Value, #[case] texts: &[&str]) {
    refused(&function("demo", &spec), texts);
}

#[rstest]
#[case::digit("1a", &["metadata.name: Invalid value: must be a DNS-1035 label: lower-case letters, digits or '-', starting with a letter and ending with a letter or digit (such as 'my-name' or 'abc-123')"])]
#[case::dot("a.b", &["metadata.name: Invalid value: must be a DNS-1035 label: lower-case letters, digits or '-', starting with a letter and ending with a letter or digit (such as 'my-name' or 'abc-123')"])]
#[case::long(&"a".repeat(52), &["metadata.name: Invalid value: must be no longer than 51 characters: the build Job is named <name>-build-xxxxx, which must not be longer than 63"])]
fn a_name_of_a_function_is_refused(#[case] name: &str, #[case] texts: &[&str]) {
    refused(&function(name, &json!({"source": "x"})), texts);
}

#[rstest]
#[case::no_url(json!({}), &["spec.url: Required value", UNCHECKED])]
#[case::blank_url(json!({"url": " "}), &["spec.url: Required value: the address of the repository"])]
#[case::unprintable(json!({"url": "https://h/a b.git"}), &["spec.url: Invalid value: must not hold spaces or control characters"])]
#[case::no_scheme(json!({"url": "some_url"}), &["spec.url: Invalid value: must start with http://, https://, git://, ssh:// or git+ssh://, or have the form user@host:path"])]
#[case::file(json!({"url": "file:///etc/passwd"}), &["spec.url: Invalid value: must start with http://, https://, git://, ssh:// or git+ssh://, or have the form user@host:path"])]
#[case::ext(json!({"url": "ext::sh"}), &["spec.url: Invalid value: must start with http://, https://, git://, ssh:// or git+ssh://, or have the form user@host:path"])]
#[case::credentials(json!({"url": "https://user:hush-hush@h/r.git"}), &["spec.url: Invalid value: must not hold credentials: put them into a Secret and name it in spec.auth.secretName"])]
#[case::option_as_host(json!({"url": "git@-oProxyCommand=id:r.git", "auth": {"type": "key", "secretName": "s"}}), &["spec.url: Invalid value: host, user and path must not start with '-'"])]
#[case::option_as_path(json!({"url": "https://h/-o.git"}), &["spec.url: Invalid value: host, user and path must not start with '-'"])]
#[case::token_as_user(json!({"url": "https://ghp_hush@github.com/o/r.git"}), &["spec.url: Invalid value: must not hold credentials: put them into a Secret and name it in spec.auth.secretName"])]
#[case::encoded_password(json!({"url": "ssh://user%3apw@h/r.git", "auth": {"type": "key", "secretName": "s"}}), &["spec.url: Invalid value: must not hold credentials: put them into a Secret and name it in spec.auth.secretName"])]
#[case::encoded_password_over_http(json!({"url": "https://user%3apw@h/r.git"}), &["spec.url: Invalid value: must not hold credentials: put them into a Secret and name it in spec.auth.secretName"])]
#[case::user_over_git(json!({"url": "git://hush@h/r.git"}), &["spec.url: Invalid value: must not hold credentials: put them into a Secret and name it in spec.auth.secretName"])]
#[case::port(json!({"url": "http://h:99999/x"}), &["spec.url: Invalid value: must name a host, with a port between 1 and 65535 if any, as in ssh://git@host:22/path.git or git@host:path.git"])]
#[case::port_zero(json!({"url": "ssh://git@h:0/x.git", "auth": {"type": "key", "secretName": "s"}}), &["spec.url: Invalid value: must name a host, with a port between 1 and 65535 if any, as in ssh://git@host:22/path.git or git@host:path.git"])]
#[case::no_path(json!({"url": "https://h/"}), &["spec.url: Invalid value: must name the path of a repository"])]
#[case::query(json!({"url": "https://h/any/path?q=1&y="}), &["spec.url: Invalid value: must not have a query or a fragment: put credentials into a Secret and name it in spec.auth.secretName"])]
#[case::fragment(json!({"url": "https://h/r.git#hush"}), &["spec.url: Invalid value: must not have a query or a fragment: put credentials into a Secret and name it in spec.auth.secretName"])]
#[case::parent(json!({"url": "https://h/a/%2e%2E/r.git"}), &["spec.url: Invalid value: must not hold \"..\" in its path"])]
#[case::encoded_newline(json!({"url": "https://h/a%0ab.git"}), &["spec.url: Invalid value: must not hold spaces or control characters"])]
#[case::encoded_option_as_user(json!({"url": "ssh://%2doProxyCommand=id@h/r.git", "auth": {"type": "key", "secretName": "s"}}), &["spec.url: Invalid value: host, user and path must not start with '-'"])]
#[case::encoded_option_as_path(json!({"url": "ssh://git@h/%2d%2dx.git", "auth": {"type": "key", "secretName": "s"}}), &["spec.url: Invalid value: host, user and path must not start with '-'"])]
#[case::long_url(json!({"url": format!("https://h/{}.git", "a".repeat(2035))}), &["spec.url: Too long: may not be more than 2048 bytes", UNCHECKED])]
#[case::registry_secret(json!({"url": "http://127.0.0.1:29600/x.git", "auth": {"type": "basic", "secretName": "serverless-registry-config-default"}}), &["spec.auth.secretName: Forbidden: a registry Secret would send push credentials to any server: use a Secret that is for this repository alone"])]
#[case::ssh_without_auth(json!({"url": "git@h:o/r.git"}), &["spec.auth: Required value: a repository over SSH is read with auth of type \"key\" and a secretName"])]
#[case::ssh_with_basic(json!({"url": "ssh://git@h/o/r.git", "auth": {"type": "basic", "secretName": "s"}}), &["spec.auth.type: Invalid value: a repository over SSH is read with a key"])]
#[case::git_with_auth(json!({"url": "git://h/r.git", "auth": {"type": "basic", "secretName": "s"}}), &["spec.auth: Forbidden: git:// cannot carry credentials: use https:// or SSH"])]
#[case::auth_without_its_fields(json!({"url": "https://h/r.git", "auth": {}}), &["spec.auth.secretName: Required value", "spec.auth.type: Required value", UNCHECKED])]
#[case::auth_with_bad_fields(json!({"url": "https://h/r.git", "auth": {"type": "token", "secretName": " "}}), &["spec.auth.type: Unsupported value: \"token\": supported values: \"basic\", \"key\"", UNCHECKED])]
#[case::secret_name(json!({"url": "https://h/r.git", "auth": {"type": "basic", "secretName": "S"}}), &["spec.auth.secretName: Invalid value: \"S\": must be a lower-case RFC 1123 subdomain: lower-case letters, digits, '-' or '.', starting and ending with a letter or digit, no longer than 253 characters (such as 'example.com')"])]
fn a_git_repository_is_refused(#[case] spec: Value, #[case] texts: &[&str]) {
    refused(&repository("demo", &spec), texts);
}

#[test]
fn nulls_and_one_mebibyte_of_source_are_accepted() {
    let nulls = json!({"source": "x", "deps": null, "env": null, "labels": null, "maxReplicas": null, "resources": {"limits": null}});
    for spec in [nulls, json!({"source": "x".repeat(1 << 20)})] {
        let printed = kubectl(&BARE, CREATE, &function("demo", &spec));
        assert_eq!(printed.unwrap(), "function.serverless.kyma-project.io/demo\n");
    }
}

/// Valid addresses that look wrong and that a rule of the CRD could refuse.
#[test]
fn odd_addresses_are_accepted() {
    let urls = [
        "git@h:a@b.git",
        "git@h:a@-b.git",
        "git@h:a:-b.git",
        "git@h:../r.git",
        "git@h:%2d.git",
        "git@[2001:db8::1]:o/r.git",
        "ssh://me%40example.com@h:22/r.git",
        "ssh://git@[::1]:0022/~me/r.git",
        "https://[::1]:65535/r.git/",
        "https://example.com/a@b:c/..d/e../r.git",
        "https://dev.azure.com/o/My%20Project/C%23/_git/r",
        "https://h/100%.git",
    ];
    for url in urls {
        let mut spec = json!({"url": url});
        if !url.starts_with("https") {
            spec["auth"] = json!({"type": "key", "secretName": "s"});
        }
        let printed = kubectl(&BARE, CREATE, &repository("demo", &spec));
        assert_eq!((printed.err.as_str(), printed.ok), ("", true), "{url}");
        assert!(policy::git_url::address(url).is_ok(), "{url}");
    }
}

#[rstest]
#[case::env(json!({"env": (0..1001).map(|index| json!({"name": format!("A{index}")})).collect::<Value>()}), "spec.env: Too many: 1001: must have at most 1000 items")]
#[case::labels(json!({"labels": many_members()}), "spec.labels: Too many: 1001: must have at most 1000 items")]
#[case::limits(json!({"resources": {"limits": many_members()}}), "spec.resources.limits: Too many: 1001: must have at most 1000 items")]
#[case::requests(json!({"buildResources": {"requests": many_members()}}), "spec.buildResources.requests: Too many: 1001: must have at most 1000 items")]
#[case::source(json!({"source": "x".repeat((1 << 20) + 1)}), "spec.source: Too long: may not be more than 1048576 bytes")]
#[case::deps(json!({"deps": "x".repeat((1 << 20) + 1)}), "spec.deps: Too long: may not be more than 1048576 bytes")]
#[case::base_dir(json!({"baseDir": "x".repeat(4097)}), "spec.baseDir: Too long: may not be more than 4096 bytes")]
fn what_is_too_much_is_refused_as_the_webhook_refuses_it(#[case] spec: Value, #[case] text: &str) {
    let mut spec = spec;
    spec.as_object_mut().unwrap().entry("source").or_insert_with(|| "x".into());
    let printed = kubectl(&BARE, CREATE, &function("demo", &spec));
    assert!(printed.err.contains(text), "{}", printed.err.chars().take(600).collect::<String>());
}

fn many_members() -> Value {
    (0..1001).map(|index| (format!("a{index}"), json!("1"))).collect::<serde_json::Map<_, _>>().into()
}

#[test]
fn an_address_that_is_too_long_is_refused_as_the_webhook_refuses_it() {
    let url = format!("https://h/{}.git", "a".repeat(2049 - 14));
    let printed = kubectl(&BARE, CREATE, &repository("demo", &json!({"url": url})));
    let text = "spec.url: Too long: may not be more than 2048 bytes";
    assert!(printed.err.contains(text), "{}", printed.err);
}

/// The CRDs accept everything that the webhook accepts under any configuration.
#[test]
fn the_crds_are_never_stricter_than_the_webhook() {
    let mut accepted = Vec::new();
    let endpoints = ENDPOINTS.iter().filter(|endpoint| !endpoint.mutating && endpoint.opt_in.is_none());
    for endpoint in endpoints.map(|endpoint| endpoint.label) {
        for case in std::fs::read_dir(Path::new("fixtures/admission").join(endpoint)).unwrap() {
            let read = |file: &str| -> Value {
                serde_json::from_slice(&std::fs::read(case.as_ref().unwrap().path().join(file)).unwrap())
                    .unwrap()
            };
            let request = &read("request.json")["request"];
            if request["operation"] == "CREATE" && read("response.json")["response"]["allowed"] == true {
                let metadata = &request["object"]["metadata"];
                let mut object = request["object"].clone();
                object["metadata"] =
                    json!({"name": metadata["name"], "generateName": metadata["generateName"]});
                accepted.push(object);
            }
        }
    }
    assert!(accepted.len() >= 55, "only {}", accepted.len());
    let list = json!({"apiVersion": "v1", "kind": "List", "items": accepted});
    let printed = kubectl(&BARE, CREATE, &list);
    assert_eq!(printed.err, "");
    assert_eq!(printed.out.lines().count(), accepted.len());
}
