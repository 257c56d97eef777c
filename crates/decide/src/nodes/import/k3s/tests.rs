use policy::container_registries::{Endpoint, HiddenText};

use super::*;
use crate::nodes::examples::{basic, endpoint, registry, seed};
use crate::nodes::render;

fn import_text(text: &str) -> Imported {
    let ca = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";
    let files = [("k3s/registries.yaml", text), ("k3s/ca.pem", ca)];
    let files = files.map(|(path, text)| (path.to_owned(), HiddenText::new(text)));
    import("k3s/registries.yaml", &Files(files.into()))
}

#[test]
fn what_is_rendered_is_read_back() {
    let rendered = render::k3s::render(&seed());
    let imported = import("registries.yaml", &rendered.files);
    assert_eq!(imported, Imported { registries: seed(), ..Imported::default() });
}

#[test]
fn an_address_with_settings_is_a_host_of_its_own() {
    let imported = import_text(
        r#"
mirrors:
  docker.io:
    endpoint: ["https://mirror.example.com/v2/hub"]
configs:
  mirror.example.com:
    auth: {auth: bWU6c2VjcmV0}
    tls: {ca_file: /etc/rancher/k3s/ca.pem}
"#,
    );
    let settings = |address| Endpoint {
        credentials: Some(basic("me", "secret")),
        ca: Some("-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n".into()),
        ..endpoint(address)
    };
    let mirror = Endpoint { override_path: true, ..settings("mirror.example.com/v2/hub") };
    let mut expected = registry("docker.io", vec![mirror]);
    expected.0.extend(registry("mirror.example.com", vec![settings("mirror.example.com")]).0);
    assert_eq!(imported, Imported { registries: expected, ..Imported::default() });
}

#[test]
fn what_cannot_be_kept_is_said() {
    let imported = import_text(
        r#"
mirrors:
  docker.io:
    endpoint: [https://mirror.example.com, "https://mirror.example.com/v2"]
    rewrite: {"^(.*)$": "hub/$1"}
  quay.io: {}
configs:
  mirror.example.com:
    auth: {username: me, password: secret, auth: bWU6c2VjcmV0, email: me@example.com}
    tls: {cert_file: a, key_file: b, ca_file: c}
auths: {}
other: 1
"#,
    );
    let left_out = [
        "k3s/registries.yaml: other: this key is not known",
        "k3s/registries.yaml: mirrors[docker.io].rewrite: names of images cannot be rewritten",
        "k3s/registries.yaml: mirrors[docker.io].endpoint[1]: it is there already",
        "k3s/registries.yaml: mirrors[quay.io]: there is no endpoint",
        "k3s/registries.yaml: configs[mirror.example.com].auth.email: this key is not known",
        "k3s/registries.yaml: configs[mirror.example.com].auth.auth: username is used instead",
        "k3s/registries.yaml: configs[mirror.example.com].tls.cert_file: certificates of clients cannot be kept",
        "k3s/registries.yaml: configs[mirror.example.com].tls.key_file: certificates of clients cannot be kept",
        "k3s/registries.yaml: configs[mirror.example.com].tls.ca_file: no file with certificates of this name was given",
        "k3s/registries.yaml: auths: it is deprecated: write logins to configs",
    ];
    assert_eq!(imported.left_out, left_out);
    assert_eq!(imported.errors, Vec::<String>::new());
}

#[test]
fn what_is_wrong_is_named_without_a_credential() {
    let imported = import_text(
        r#"
mirrors:
  docker.io: {endpoint: ["https://me:s3cret@mirror.example.com", 5]}
  "me:s3cret@quay.io": {endpoint: [https://mirror.example.com]}
  ghcr.io: {endpoint: ["ftp://me:s3cret@mirror.example.com"]}
configs:
  mirror.example.com: {auth: {auth: s3cret}, tls: {insecure_skip_verify: "yes"}}
  other.example.com: {auth: {username: me}}
"#,
    );
    let errors = [
        "k3s/registries.yaml: mirrors[docker.io].endpoint: must be a list of texts",
        "k3s/registries.yaml: mirrors[(hidden)]: must have the form host[:port], such as example.com:5000: no user, quote, space or control character",
        "k3s/registries.yaml: mirrors[ghcr.io].endpoint[0]: must have no scheme, such as example.com:5000: `insecure: true` is for plain HTTP",
        "k3s/registries.yaml: configs[mirror.example.com].auth.auth: must be base64 of user:password",
        "k3s/registries.yaml: configs[mirror.example.com].tls.insecure_skip_verify: must be true or false",
        "k3s/registries.yaml: configs[other.example.com].auth.password: must be there: username needs it",
    ];
    assert_eq!(imported.errors, errors);
    let imported = import_text("mirrors:\n  docker.io:\n   endpoint: [s3cret\n");
    assert_eq!(imported.errors, ["k3s/registries.yaml:3: must be YAML"]);
    assert_eq!(import_text("[]").errors, ["k3s/registries.yaml: must be a map"]);
}
