//! Requests in, answers out: each to the byte.

use std::fs;

use rstest::rstest;

use super::*;

const FILE: &str = r#"{"registries": {
  "docker.io": {"username": "hub", "password": "p\"w"},
  "example.com:5000": {"username": "me", "password": "secret"}
}}"#;

/// The exit code, what was printed and the error, where FILE is the path of the file.
fn asked(file: &str, request: &str) -> (String, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logins.json");
    fs::write(&path, file).unwrap();
    let arguments = [OsString::from("--file"), path.clone().into_os_string()];
    let (code, out, err) = called(&arguments, request);
    (code, out, err.replace(path.to_str().unwrap(), "FILE"))
}

fn called(arguments: &[OsString], request: &str) -> (String, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = run(arguments.iter().cloned(), &mut request.as_bytes(), &mut out, &mut err);
    (format!("{code:?}"), String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

fn request(image: &str) -> String {
    format!(
        r#"{{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"{image}"}}"#
    )
}

fn response(auth: &str) -> String {
    let start = r#"{"apiVersion":"credentialprovider.kubelet.k8s.io/v1","kind":"CredentialProviderResponse","cacheKeyType":"Registry","cacheDuration":"0s""#;
    format!("{start},\"auth\":{{{auth}}}}}\n")
}

fn ok() -> String {
    format!("{:?}", ExitCode::SUCCESS)
}

#[rstest]
#[case::port(
    "example.com:5000/team/shop@sha256:0",
    r#""example.com:5000":{"username":"me","password":"secret"}"#
)]
#[case::hub("docker.io/library/busybox:1", r#""docker.io":{"username":"hub","password":"p\"w"}"#)]
#[case::hub_by_another_name(
    "index.docker.io/library/busybox",
    r#""index.docker.io":{"username":"hub","password":"p\"w"}"#
)]
#[case::hub_by_its_api(
    "registry-1.docker.io/library/busybox",
    r#""registry-1.docker.io":{"username":"hub","password":"p\"w"}"#
)]
#[case::no_host("busybox", r#""docker.io":{"username":"hub","password":"p\"w"}"#)]
#[case::no_port("example.com/team/shop", "")]
#[case::other_port("example.com:5001/team/shop", "")]
#[case::longer_host("my.example.com:5000/team/shop", "")]
#[case::no_name_of_a_host("UPPER_case/shop", "")]
fn the_login_of_the_host_is_the_answer(#[case] image: &str, #[case] auth: &str) {
    assert_eq!(asked(FILE, &request(image)), (ok(), response(auth), String::new()));
}

#[test]
fn what_else_the_kubelet_says_changes_nothing() {
    let request = request("docker.io/a")
        .replace('}', r#","serviceAccountToken":"t","serviceAccountAnnotations":{"a":"b"}}"#);
    assert_eq!(asked(r#"{"registries":{}}"#, &request), (ok(), response(""), String::new()));
}

#[rstest]
#[case::token(
    r#","serviceAccountToken":"t.o.k","serviceAccountAnnotations":{"a":"b"}"#,
    r#""registry.infra.svc.cluster.local":{"username":"serviceaccount","password":"t.o.k"}"#
)]
#[case::no_service_account("", "")]
fn the_token_of_the_service_account_is_the_login(#[case] more: &str, #[case] auth: &str) {
    let request = request("registry.infra.svc.cluster.local/team/web:1").replace('}', &format!("{more}}}"));
    let found = called(&["--service-account".into()], &request);
    assert_eq!(found, (ok(), response(auth), String::new()));
}

fn unreadable() -> String {
    format!("{:?}", ExitCode::from(2))
}

#[rstest]
#[case::empty("", "the standard input holds no CredentialProviderRequest as JSON (line 1, column 0)")]
#[case::text(
    "{\"serviceAccountToken\": secret}",
    "the standard input holds no CredentialProviderRequest as JSON (line 1, column 25)"
)]
#[case::other_version(&request("a").replace("/v1", "/v1beta1"), "the request is no CredentialProviderRequest of credentialprovider.kubelet.k8s.io/v1, which is all that this program answers")]
#[case::other_kind(&request("a").replace("Request", "Response"), "the request is no CredentialProviderRequest of credentialprovider.kubelet.k8s.io/v1, which is all that this program answers")]
#[case::no_image(&request(""), "the request names no image")]
#[case::too_large(&request(&"a".repeat(1 << 20)), "the request is larger than 1048576 bytes")]
fn a_request_that_cannot_be_answered(#[case] request: &str, #[case] error: &str) {
    assert_eq!(asked(FILE, request), (unreadable(), String::new(), format!("error: {error}\n")));
}

#[rstest]
#[case::empty("", "FILE holds no logins of registries (line 1)")]
#[case::half(
    "{\"registries\": {\n\"docker.io\": {\"username\": \"a\", \"password\": \"sec",
    "FILE holds no logins of registries (line 2)"
)]
#[case::type_of_password(
    "{\"registries\": {\"docker.io\": \"secret\"}}",
    "FILE holds no logins of registries (line 1)"
)]
#[case::unknown_key("{\"registries\": {}, \"secret\": 1}", "FILE holds no logins of registries (line 1)")]
#[case::too_large(&" ".repeat((2 << 20) + 1), "FILE is larger than 2097152 bytes")]
fn a_file_that_cannot_be_used(#[case] file: &str, #[case] error: &str) {
    assert_eq!(
        asked(file, &request("docker.io/a")),
        (unreadable(), String::new(), format!("error: {error}\n"))
    );
}

#[test]
fn a_file_that_is_not_there() {
    let found = called(&["--file=/nowhere/a".into()], &request("docker.io/a"));
    let error = "error: /nowhere/a cannot be read: No such file or directory (os error 2)\n";
    assert_eq!(found, (unreadable(), String::new(), error.to_owned()));
}

#[test]
fn help_and_wrong_use() {
    assert_eq!(called(&["--help".into()], ""), (ok(), HELP.to_owned(), String::new()));
    assert_eq!(called(&["-V".into()], ""), (ok(), VERSION.to_owned(), String::new()));
    let error = "error: unknown argument --files: --help prints what there is\n".to_owned();
    let usage = format!("{:?}", ExitCode::from(64));
    assert_eq!(called(&["--files".into()], ""), (usage, String::new(), error));
}
