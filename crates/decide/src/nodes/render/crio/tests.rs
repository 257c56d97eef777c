//! What CRI-O gets, word for word.

use rstest::rstest;

use super::*;
use crate::nodes::examples::{all, endpoint, registry, seed, without_fallback};

fn text<'a>(rendered: &'a Rendered, path: &str) -> &'a str {
    rendered.files.0.get(path).unwrap().reveal()
}

#[test]
fn the_seed_becomes_mirrors_and_a_login() {
    let expected = r#"[[registry]]
prefix = "docker.io"
location = "docker.io"

[[registry.mirror]]
location = "docker.io"

[[registry.mirror]]
location = "my-mirror-registry.mydomain.io"
"#;
    let rendered = render(&seed());
    assert_eq!(text(&rendered, CONFIG), expected);
    let expected = r#"{
  "auths": {
    "docker.io": {
      "auth": "bXlfdXNlcl9uYW1lOm15X3Bhc3N3b3Jk"
    }
  }
}
"#;
    assert_eq!(text(&rendered, AUTH), expected);
    assert_eq!(rendered.losses, Vec::<String>::new());
}

#[test]
fn without_fallback_the_last_endpoint_takes_the_place_of_the_registry() {
    let digests = Endpoint { capabilities: [Capability::Pull].into(), ..endpoint("mirror.example.com") };
    let registries = without_fallback("quay.io", vec![digests, endpoint("last.example.com:5000")]);
    let expected = r#"[[registry]]
prefix = "quay.io"
location = "last.example.com:5000"

[[registry.mirror]]
location = "mirror.example.com"
pull-from-mirror = "digest-only"
"#;
    let rendered = render(&registries);
    assert_eq!(text(&rendered, CONFIG), expected);
    assert_eq!(rendered.losses, Vec::<String>::new());
}

#[test]
fn what_it_cannot_express_is_lost_and_said() {
    let rendered = render(&all());
    let expected = r#"{
  "auths": {
    "cache.example.com:5000/docker": {
      "auth": "PHRva2VuPjo=",
      "identitytoken": "to\"ken"
    },
    "registry.example.com:5000": {
      "auth": "bWU6KnA6ICd3IiAjw6k="
    }
  }
}
"#;
    assert_eq!(text(&rendered, AUTH), expected);
    let losses = [
        "_default: the format has no mirrors for all other hosts, so they are left out",
        "docker.io[1].endpoint: CRI-O asks for names of images below /v2/ alone, so the endpoint is left out",
        "docker.io[0].dialTimeout: the format has none",
        "docker.io[0].capabilities: mirrors are used for pull alone, or for pull and resolve",
        "registry.example.com:5000[0].skipVerify: insecure allows plain HTTP, too",
    ];
    assert_eq!(rendered.losses, losses);
}

#[rstest]
#[case::other_path("example.com/artifactory/api")]
#[case::no_part_of_a_name("example.com/v2/a~b")]
#[case::account_of_docker_hub("zot/v2/a")]
#[case::ipv6("[2001:db8::1]:5000/v2")]
fn an_endpoint_that_is_no_part_of_a_name_is_left_out(#[case] address: &str) {
    let odd = Endpoint { override_path: true, ..endpoint(address) };
    let rendered = render(&registry("quay.io", vec![odd]));
    let loss =
        "quay.io[0].endpoint: CRI-O asks for names of images below /v2/ alone, so the endpoint is left out";
    assert_eq!(rendered.losses, [loss]);
    assert!(!text(&rendered, CONFIG).contains("mirror"));
}

#[test]
fn without_fallback_and_any_endpoint_nothing_is_pulled() {
    let odd = Endpoint { override_path: true, ..endpoint("example.com/artifactory/api") };
    let rendered = render(&without_fallback("quay.io", vec![odd]));
    let blocked = "[[registry]]\nprefix = \"quay.io\"\nlocation = \"blocked.invalid\"\nblocked = true\n";
    assert_eq!(text(&rendered, CONFIG), blocked);
}

#[test]
fn a_registry_is_as_safe_as_its_safest_use() {
    let plain = Endpoint { scheme: Scheme::Http, ..endpoint("last.example.com") };
    let mut registries = without_fallback("a.example.com", vec![plain]);
    registries.0.extend(without_fallback("b.example.com", vec![endpoint("last.example.com")]).0);
    let rendered = render(&registries);
    assert!(!text(&rendered, CONFIG).contains("insecure"), "{}", text(&rendered, CONFIG));
    let loss = "a.example.com: CRI-O knows last.example.com by one setting, and others need TLS with its certificate verified, so it does";
    assert_eq!(rendered.losses, [loss]);
}
