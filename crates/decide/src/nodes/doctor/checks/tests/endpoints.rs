//! How the servers of a `hosts.toml` are spoken to, and what is sent to them.

use rstest::rstest;

use super::*;

fn of(version: &str, folder: &str, text: &str) -> Vec<String> {
    let config = if version.starts_with('1') {
        "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/etc/containerd/certs.d\"\n"
    } else {
        CONFIG
    };
    let hosts = format!("certs.d/{folder}/hosts.toml");
    let found = examined(
        version,
        &[("config.toml", config), (&hosts, text), (&format!("certs.d/{folder}/ca.pem"), CA)],
    );
    found.into_iter().map(|text| text.replacen(&format!("{hosts}:"), "", 1)).collect()
}

#[test]
fn credentials_without_tls() {
    let text = format!(
        "[host.\"http://quay.io\"]\n[host.\"http://quay.io\".header]\nAuthorization = \"Basic {PASSWORD}\"\n"
    );
    let problem = "sends credentials to http://quay.io without TLS: anybody on the way can read them";
    let expected = format!("2 error: {problem} | use https, or delete the header");
    assert_eq!(of("2.4.2", "quay.io", &text), [expected]);
    assert_eq!(of("2.4.2", "quay.io", &text.replace("http:", "https:")), Vec::<String>::new());
}

#[rstest]
#[case::skip_verify("skip_verify = true\n", "skip_verify")]
#[case::false_is_a_setting("skip_verify = false\n", "skip_verify")]
#[case::ca("ca = \"ca.pem\"\n", "ca")]
fn plain_http_with_a_setting_of_tls(#[case] key: &str, #[case] name: &str) {
    let text = format!("[host.\"http://quay.io\"]\n{key}");
    let problem = format!("has `{name}` for http://quay.io: containerd tries https first");
    assert_eq!(
        of("2.4.2", "quay.io", &text),
        [format!("2 warning: {problem} | use https, or delete `{name}`")]
    );
    assert_eq!(of("2.4.2", "quay.io", &text.replace("http:", "https:")), Vec::<String>::new());
}

const TRUST: &str = "give it a `ca` or an Authorization header, or delete it if you do not trust it";

#[rstest]
#[case::host(
    "[host.\"https://a.example.com\"]\ndial_timeout = \"1s\"\n",
    "1 warning",
    "https://a.example.com if it answers 401"
)]
#[case::server(
    "dial_timeout = \"1s\"\nserver = \"a.example.com\"\n",
    "2 warning",
    "https://a.example.com if it answers 401"
)]
#[case::plain(
    "[host.\"http://a.example.com:5000/v2/x\"]\ndial_timeout = \"1s\"\n",
    "1 error",
    "http://a.example.com:5000/v2/x if it answers 401, without TLS"
)]
#[case::user(
    "[host.\"https://me:cGFzc3dvcmQ6c2VjcmV0@a.example.com\"]\ndial_timeout = \"1s\"\n",
    "1 warning",
    "https://a.example.com if it answers 401"
)]
fn a_stranger_that_gets_pull_secrets(#[case] text: &str, #[case] place: &str, #[case] to: &str) {
    let expected = format!("{place}: containerd sends the pull Secrets of Pods to {to} | {TRUST}");
    assert_eq!(of("2.4.2", "quay.io", text), [expected]);
}

#[rstest]
#[case::upstream("quay.io", "[host.\"https://quay.io\"]\n")]
#[case::hub("docker.io", "server = \"https://registry-1.docker.io\"\n")]
#[case::port("example.com_5000_", "[host.\"https://example.com:5000\"]\n")]
#[case::ca("quay.io", "[host.\"https://a.example.com\"]\ndial_timeout = \"1s\"\nca = \"ca.pem\"\n")]
#[case::header(
    "quay.io",
    "[host.\"https://a.example.com\"]\ndial_timeout = \"1s\"\n[host.\"https://a.example.com\".header]\nauthorization = \"Basic cGFzc3dvcmQ6c2VjcmV0\"\n"
)]
#[case::loopback("quay.io", "[host.\"http://127.0.0.1:30000\"]\ndial_timeout = \"1s\"\n")]
fn servers_that_may_get_pull_secrets(#[case] folder: &str, #[case] text: &str) {
    assert_eq!(of("2.4.2", folder, text), Vec::<String>::new());
}

#[rstest]
#[case::newest("2.4.2")]
#[case::backport("2.0.11")]
fn a_mirror_without_a_dial_timeout(#[case] version: &str) {
    let text = "server = \"https://quay.io\"\n[host.\"https://a.example.com\"]\nca = \"ca.pem\"\n";
    let problem = "has no `dial_timeout`: a pull waits 30s for https://a.example.com if it is down";
    assert_eq!(of(version, "quay.io", text), [format!("2 warning: {problem} | add `dial_timeout = \"1s\"`")]);
    assert_eq!(of("1.7.35", "quay.io", text), Vec::<String>::new());
}

#[test]
fn a_header_that_reaches_no_token_server() {
    let remedy = "use containerd 2.1, or the credential provider of the kubelet";
    let text = |server| {
        format!(
            "[host.\"https://{server}\"]\n[host.\"https://{server}\".header]\nAuthorization = \"Basic {PASSWORD}\"\n"
        )
    };
    let problem =
        "containerd 1.7.35 does not send the header to the token server of Docker Hub: pulls are anonymous";
    assert_eq!(
        of("1.7.35", "docker.io", &text("registry-1.docker.io")),
        [format!("2 error: {problem} | {remedy}")]
    );
    let problem = "containerd 2.0.11 does not send the header to a token server: pulls are anonymous if https://quay.io uses tokens";
    assert_eq!(of("2.0.11", "quay.io", &text("quay.io")), [format!("2 warning: {problem} | {remedy}")]);
    assert_eq!(of("2.1.0", "quay.io", &text("quay.io")), Vec::<String>::new());
}
