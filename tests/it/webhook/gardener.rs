//! Documents of Gardener, and the Secrets and caches that belong together: `check` over folders.

use std::fs::{read_to_string, write};
use std::path::Path;

use tempfile::tempdir;

use crate::harness::cli::{piped, run};

const FOLDER: &str = "fixtures/manifests/gardener";

/// `check` of a folder; the output has `DIR` in place of its path.
fn check(folder: &Path, flags: &[&str]) -> (i32, String) {
    let path = folder.to_str().unwrap();
    let (code, text, _) = run(&[&["check", path], flags].concat());
    (code, text.replace(path, "DIR"))
}

#[test]
fn a_shoot_is_judged_with_the_secrets_beside_it() {
    let expected = "Shoot garden-dev/crazy-botany  CREATE  allowed   fixtures/manifests/gardener/shoot.yaml:2\n1 object: accepted, 2 of other kinds skipped\n";
    let (code, text, err) = run(&["check", "--strict", FOLDER]);
    assert_eq!((code, text.as_str(), err.as_str()), (0, expected, ""));
}

/// The Secret is in a file that is read after the Shoot.
#[test]
fn a_bad_secret_is_found_from_the_shoot() {
    let folder = tempdir().unwrap();
    let shoot = read_to_string(Path::new(FOLDER).join("shoot.yaml")).unwrap();
    write(folder.path().join("a.yaml"), shoot).unwrap();
    let secrets = read_to_string(Path::new(FOLDER).join("secrets.yaml")).unwrap();
    let secrets = secrets
        .replace("immutable: true\nstringData:\n  username: my-user", "stringData:\n  username: my user");
    write(folder.path().join("b.yaml"), secrets.split("---").next().unwrap()).unwrap();
    let (code, text) = check(folder.path(), &[]);
    let expected = r#"Shoot garden-dev/crazy-botany  CREATE  refused   DIR/a.yaml:2
    line 17: spec.extensions[0].providerConfig.caches[0].secretReferenceName: Invalid value: "docker-secret": the referenced secret "garden-dev/ro-docker-secret-v1" should be immutable
    line 17: spec.extensions[0].providerConfig.caches[0].secretReferenceName: Invalid value: "docker-secret": the data entry "username" in the referenced secret "garden-dev/ro-docker-secret-v1" contains whitespace
    warning: spec.extensions[1].providerConfig.mirrors[0].hosts[0].caBundleSecretReferenceName: failed to get secret garden-dev/mirror-ca-v1 for caBundleSecretReferenceName mirror-ca: it is not among these manifests
1 object: refused, 1 of another kind skipped
"#;
    assert_eq!((code, text.as_str()), (1, expected));
}

#[test]
fn a_document_by_itself_is_judged() {
    let text = "apiVersion: registry.extensions.gardener.cloud/v1alpha3\nkind: RegistryConfig\ncaches:\n- upstream: docker.io\n  remoteUrl: https://a\n- upstream: docker.io\n";
    let (code, out, _) = piped(&["check", "-"], text);
    let expected = r#"RegistryConfig  CREATE  refused   -:1
    line 5: caches[0].remoteUrl: Invalid value: strict decoding error: unknown field "caches[0].remoteUrl"
    line 6: caches[1].upstream: Duplicate value: "docker.io"
1 object: refused
"#;
    assert_eq!((code, out.as_str()), (1, expected));
    // What is of Gardener and holds no caches is none of ours.
    let shoot = "apiVersion: core.gardener.cloud/v1beta1\nkind: Shoot\nmetadata: {name: a}\nspec: {extensions: [{type: shoot-dns-service}]}\n";
    assert_eq!(piped(&["check", "-"], shoot).0, 2);
}

fn cache(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: serverless.kyma-project.io/v1alpha1\nkind: RegistryCache\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n---\n"
    )
}

#[test]
fn caches_with_the_same_names_are_refused() {
    let folder = tempdir().unwrap();
    write(folder.path().join("a.yaml"), cache("one", "upstream: \"a.b:5000\"")).unwrap();
    let others = [
        cache("two", "upstream: a-b-5000"),
        cache("three", "upstream: c.d, serviceNameSuffix: a-b-5000"),
        cache("four", "upstream: e.f, serviceNameSuffix: x"),
        cache("one", "upstream: \"a.b:5000\""),
    ];
    write(folder.path().join("b.yaml"), others.concat()).unwrap();
    let (code, text) = check(folder.path(), &[]);
    let findings: Vec<_> = text.lines().filter(|line| line.starts_with("    ")).collect();
    let expected = [
        r#"    line 4: spec.upstream: Invalid value: "a-b-5000": cannot collide with RegistryCache one in DIR/a.yaml:1: the objects of both would be named registry-a-b-5000"#,
        r#"    line 9: spec.serviceNameSuffix: Invalid value: "a-b-5000": cannot collide with RegistryCache one in DIR/a.yaml:1: the Services of both would be named registry-a-b-5000"#,
        "    warning: the same object is in DIR/a.yaml:1",
    ];
    assert_eq!((code, findings), (1, expected.to_vec()));
}

#[test]
fn the_secret_of_a_cache_is_judged_without_a_label() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: hub-v1, namespace: kyma-system}\nstringData: {username: me, password: hush-hush}\n";
    let text = cache("hub", "upstream: docker.io, secretReferenceName: hub-v1") + secret;
    let (code, out, _) = piped(&["check", "-"], &text);
    let finding = r#"    line 4: spec.secretReferenceName: Invalid value: "hub-v1": the referenced secret "kyma-system/hub-v1" should be immutable"#;
    assert!(code == 1 && out.lines().any(|line| line == finding) && !out.contains("hush"), "{out}");
}
