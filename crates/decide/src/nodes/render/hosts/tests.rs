use rstest::rstest;

use super::*;
use crate::nodes::examples::{all, basic, endpoint, registry, seed, without_fallback};

fn options(version: &str) -> Options {
    Options { version: version.parse().unwrap(), credentials: true, owned: false }
}

/// The text of the one `hosts.toml`.
fn text(registries: &Registries, options: Options) -> String {
    let rendered = render(registries, options);
    let files = rendered.files.0.iter();
    let texts: Vec<_> = files.filter(|(path, _)| path.ends_with("/hosts.toml")).collect();
    let [(_, text)] = texts[..] else { panic!("{texts:?}") };
    text.reveal().to_owned()
}

#[test]
fn the_seed_is_as_containerd_reads_it() {
    let expected = r#"server = "https://registry-1.docker.io"

[host."https://registry-1.docker.io"]
capabilities = ["pull", "resolve"]

[host."https://registry-1.docker.io".header]
Authorization = ["Basic bXlfdXNlcl9uYW1lOm15X3Bhc3N3b3Jk"]

[host."https://my-mirror-registry.mydomain.io"]
capabilities = ["pull", "resolve"]
"#;
    assert_eq!(text(&seed(), Options::default()), expected);
    assert_eq!(render(&seed(), Options::default()).losses, Vec::<String>::new());
}

#[test]
fn what_the_agent_owns_is_marked() {
    let options = Options { owned: true, ..Options::default() };
    let rendered = render(&all(), options);
    assert!(rendered.files.0.len() > 2);
    assert!(rendered.files.0.values().all(|text| text.reveal().starts_with(&format!("{MARKER}\n"))));
}

#[test]
fn without_credentials_there_is_no_header() {
    let options = Options { credentials: false, ..Options::default() };
    let text = text(&seed(), options);
    assert!(!text.contains("header") && !text.contains("Basic"), "{text}");
}

#[test]
fn each_host_has_a_folder_with_its_authorities() {
    let paths: Vec<_> = render(&all(), Options::default()).files.0.into_keys().collect();
    let expected = [
        "_default/ca-7d40fc39.pem",
        "_default/hosts.toml",
        "docker.io/ca-7d40fc39.pem",
        "docker.io/hosts.toml",
        "registry.example.com:5000/hosts.toml",
    ];
    assert_eq!(paths, expected);
}

#[rstest]
#[case::hub("docker.io", "mirror.example.com", Some("https://registry-1.docker.io"))]
#[case::port("example.com:5000", "mirror.example.com", Some("https://example.com:5000"))]
#[case::any("_default", "mirror.example.com", None)]
fn the_server_is_the_registry_itself(#[case] host: &str, #[case] mirror: &str, #[case] server: Option<&str>) {
    let text = text(&registry(host, vec![endpoint(mirror)]), Options::default());
    let document: DocumentMut = text.parse().unwrap();
    assert_eq!(document.get("server").and_then(Item::as_str), server);
}

#[test]
fn the_server_is_spoken_to_as_the_endpoint_for_it_is_but_without_its_login() {
    let upstream = Endpoint {
        skip_verify: true,
        credentials: Some(basic("me", "secret")),
        ..endpoint("example.com:5000")
    };
    let expected = r#"server = "https://example.com:5000"
skip_verify = true

[host."https://example.com:5000"]
"#;
    let text_of = |upstream| text(&registry("example.com:5000", vec![upstream]), Options::default());
    let text = text_of(upstream);
    assert!(text.starts_with(expected), "{text}");
    let plain = Endpoint { scheme: Scheme::Http, ..endpoint("example.com:5000") };
    let text = text_of(plain);
    assert!(text.starts_with("server = \"http://example.com:5000\"\n\n[host"), "{text}");
}

#[test]
fn without_fallback_the_last_endpoint_is_the_server() {
    let last = Endpoint {
        credentials: Some(basic("me", "secret")),
        override_path: true,
        ca: Some("PEM".into()),
        ..endpoint("example.com/v2/hub")
    };
    let registries = without_fallback("docker.io", vec![endpoint("mirror.example.com"), last]);
    let expected = r#"server = "https://example.com/v2/hub"
capabilities = ["pull", "resolve"]
override_path = true
ca = "ca-384fb9a4.pem"

[header]
Authorization = ["Basic bWU6c2VjcmV0"]

[host."https://mirror.example.com"]
capabilities = ["pull", "resolve"]
"#;
    assert_eq!(text(&registries, Options::default()), expected);
}

#[rstest]
#[case::now("1.7.0", "server = \"https://example.com\"\ncapabilities = [\"pull\", \"resolve\"]\n")]
#[case::before(
    "1.6.20",
    "server = \"https://example.com\"\ncapabilities = [\"pull\", \"resolve\"]\n\n[host.\"https://example.com\"]\ncapabilities = [\"pull\", \"resolve\"]\n"
)]
fn one_endpoint_without_fallback_needs_no_table(#[case] version: &str, #[case] expected: &str) {
    let registries = without_fallback("docker.io", vec![endpoint("example.com")]);
    assert_eq!(text(&registries, options(version)), expected);
}

#[test]
fn what_a_version_does_not_know_is_lost_and_said() {
    let timeout = std::time::Duration::from_secs(1);
    let mirror = Endpoint {
        dial_timeout: Some(timeout),
        credentials: Some(basic("me", "secret")),
        ..endpoint("example.com")
    };
    let registries = registry("docker.io", vec![endpoint("[::1]:5000"), mirror]);
    let expected = r#"server = "https://registry-1.docker.io"

[host."https://example.com"]
capabilities = ["pull", "resolve"]

[host."https://example.com".header]
Authorization = ["Basic bWU6c2VjcmV0"]
"#;
    assert_eq!(text(&registries, options("1.7.35")), expected);
    let losses = [
        "docker.io[0].endpoint: containerd 1.7.35 ignores a file with an IPv6 address in a table, so it is left out",
        "docker.io[1].dialTimeout: containerd 1.7.35 has no such key",
        "docker.io[1].credentials: containerd 1.7.35 sends the header to no token server, so a registry with one refuses the login",
    ];
    assert_eq!(render(&registries, options("1.7.35")).losses, losses);
    let text = text(&registries, options("2.1.0"));
    assert!(
        text.contains("[host.\"https://[::1]:5000\"]") && text.contains("dial_timeout = \"1s\""),
        "{text}"
    );
    assert_eq!(render(&registries, options("2.1.0")).losses, Vec::<String>::new());
}
