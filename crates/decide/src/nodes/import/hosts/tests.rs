use policy::container_registries::HiddenText;
use rstest::rstest;

use super::*;
use crate::nodes::examples::{all, basic, endpoint, registry, seed, without_fallback};
use crate::nodes::render::hosts::{Options, render};

fn import_files<const N: usize>(files: [(&str, &str); N]) -> Imported {
    import(&Files(files.map(|(path, text)| (path.to_owned(), HiddenText::new(text))).into()))
}

fn import_text(text: &str) -> Imported {
    import_files([("docker.io/hosts.toml", text)])
}

#[rstest]
#[case::plain(false)]
#[case::marked(true)]
fn what_is_rendered_is_read_back(#[case] owned: bool) {
    for registries in [seed(), all()] {
        let rendered = render(&registries, Options { owned, ..Options::default() });
        assert_eq!(import(&rendered.files), Imported { registries, ..Imported::default() });
    }
}

#[test]
fn the_server_without_settings_is_the_fallback() {
    let text = "server = 'https://docker.io'\n[host.'https://mirror.example.com']\ncapabilities = ['pull', 'resolve']\n";
    let expected = registry("docker.io", vec![endpoint("mirror.example.com")]);
    assert_eq!(import_text(text), Imported { registries: expected, ..Imported::default() });
}

#[test]
fn any_other_server_is_the_last_endpoint() {
    let text = "server = 'last.example.com'\ncapabilities = ['pull', 'resolve']\n[header]\nauthorization = 'basic bWU6c2VjcmV0'\n[host.'https://mirror.example.com']\ncapabilities = ['Pull', 'RESOLVE']\n";
    let last = Endpoint { credentials: Some(basic("me", "secret")), ..endpoint("last.example.com") };
    let expected = without_fallback("docker.io", vec![endpoint("mirror.example.com"), last]);
    assert_eq!(import_text(text), Imported { registries: expected, ..Imported::default() });
}

#[rstest]
#[case::alike("capabilities = ['pull', 'resolve']", &[])]
#[case::with_other_settings(
    "capabilities = ['pull']",
    &["docker.io/hosts.toml: server: it is one of the hosts, whose settings are kept"]
)]
fn a_server_that_is_one_of_the_hosts_is_there_once(#[case] settings: &str, #[case] left_out: &[&str]) {
    let host = |name: &str| format!("[host.'https://{name}']\ncapabilities = ['pull', 'resolve']\n");
    let hosts = host("a.example.com") + &host("b.example.com") + &host("a.example.com:443");
    let imported = import_text(&format!("server = 'https://b.example.com'\n{settings}\n{hosts}"));
    let endpoints = vec![endpoint("a.example.com"), endpoint("b.example.com")];
    assert_eq!(imported.registries, without_fallback("docker.io", endpoints));
    let mut expected = vec!["docker.io/hosts.toml: host[https://a.example.com:443]: it is there already"];
    expected.extend(left_out);
    assert_eq!(imported.left_out, expected);
}

#[test]
fn trust_means_nothing_without_tls() {
    let text = "[host.'http://mirror.example.com']\ncapabilities = ['pull', 'resolve']\nskip_verify = true\nca = 'ca.pem'\n";
    let ca = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
    let imported = import_files([("docker.io/hosts.toml", text), ("docker.io/ca.pem", ca)]);
    let mirror = Endpoint { scheme: Scheme::Http, ..endpoint("mirror.example.com") };
    assert_eq!(imported.registries, registry("docker.io", vec![mirror]));
    let expected = ["skip_verify", "ca"]
        .map(|key| format!("docker.io/hosts.toml: host[http://mirror.example.com].{key}: there is no TLS"));
    assert_eq!(imported.left_out, expected);
}

#[test]
fn without_capabilities_a_host_has_all() {
    let text = "[host.'https://mirror.example.com']\n";
    let mirror = Endpoint { capabilities: Capability::ALL.into(), ..endpoint("mirror.example.com") };
    let expected = registry("docker.io", vec![mirror]);
    assert_eq!(import_text(text), Imported { registries: expected, ..Imported::default() });
}

#[rstest]
#[case::any("_default", "_default")]
#[case::port("example.com:5000", "example.com:5000")]
#[case::port_as_containerd_prefers_it("example.com_5000_", "example.com:5000")]
#[case::ipv6("[::1]_5000_", "[::1]:5000")]
#[case::below_a_folder("etc/certs.d/quay.io", "quay.io")]
fn folders_are_named_after_hosts(#[case] folder: &str, #[case] host: &str) {
    let imported = import_files([(&format!("{folder}/hosts.toml"), "[host.'https://mirror.example.com']")]);
    let hosts: Vec<_> = imported.registries.0.keys().map(Host::as_str).collect();
    assert_eq!((hosts, imported.errors), (vec![host], Vec::new()));
}

#[test]
fn what_cannot_be_kept_is_said() {
    let text = r#"
server = "https://registry-1.docker.io"
unknown = 1
[host."https://mirror.example.com"]
capabilities = ["pull", "referrers"]
ca = ["/etc/ssl/ca.pem"]
client = [["a.cert", "a.key"]]
dial_timeout = "1h"
override = true
[host."https://mirror.example.com".header]
X-Meta = "s3cret"
Authorization = ["Digest s3cret"]
"#;
    let imported = import_files([
        ("docker.io/hosts.toml", text),
        ("ghcr.io/hosts.toml", "server = 'https://ghcr.io'"),
        ("k8s.io/client.cert", ""),
        ("quay.io/hosts.toml", "\n"),
    ]);
    let left_out = [
        "docker.io/hosts.toml: unknown: this key is not known",
        "docker.io/hosts.toml: host[https://mirror.example.com].override: this key is not known",
        "docker.io/hosts.toml: host[https://mirror.example.com].client: certificates of clients cannot be kept",
        "docker.io/hosts.toml: host[https://mirror.example.com].header[X-Meta]: only a login with Basic or Bearer can be kept",
        "docker.io/hosts.toml: host[https://mirror.example.com].header[Authorization]: only a login with Basic or Bearer can be kept",
        "docker.io/hosts.toml: host[https://mirror.example.com].ca: no file with certificates of this name was given",
        "docker.io/hosts.toml: host[https://mirror.example.com].capabilities: referrers cannot be kept",
        "docker.io/hosts.toml: host[https://mirror.example.com].dial_timeout: it is no duration from 1ms to 10m",
        "ghcr.io/hosts.toml: host: there is no endpoint but the registry itself",
        "k8s.io/client.cert: folders in the form of Docker are not read",
        "quay.io/hosts.toml: it is empty, so containerd ignores it",
    ];
    assert_eq!((imported.left_out, imported.errors), (left_out.map(str::to_owned).into(), Vec::new()));
}

#[test]
fn what_is_wrong_is_named_without_a_credential() {
    let wrong = "[host.\"https://me:s3cret@mirror.example.com\"]\n[host.\"https://b.example.com\"]\ncapabilities = [\"fetch\"]\nskip_verify = \"s3cret\"\n";
    let imported = import_files([
        ("docker.io/hosts.toml", wrong),
        ("ghcr.io/hosts.toml", "server = 'ghcr.io'\n[host.'https://a']\n[host.'https://a']\n"),
        ("k8s io/hosts.toml", "server = 'a'"),
        ("quay.io/hosts.toml", "password = s3cret"),
    ]);
    let errors = [
        "docker.io/hosts.toml: host[(hidden)]: must have the form host[:port], such as example.com:5000: no user, quote, space or control character",
        "docker.io/hosts.toml: host[https://b.example.com].skip_verify: must be true or false",
        "docker.io/hosts.toml: host[https://b.example.com].capabilities: must be pull, resolve, push or referrers",
        "ghcr.io/hosts.toml:3: must not hold a key or a table twice",
        "k8s io/hosts.toml: the name of its folder must have the form host[:port], such as example.com:5000: no user, quote, space or control character",
        "quay.io/hosts.toml:1: must be TOML",
    ];
    assert_eq!(imported.errors, errors);
}
