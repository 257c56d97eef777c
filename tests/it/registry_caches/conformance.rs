//! The conformance suite of OCI for registries, where nothing can be pushed: what a cache gives is what its upstream gives.

use serde_json::Value;

use crate::harness::cached::{Cached, Setup};
use crate::harness::command::piped;
use crate::harness::registry::{Auth, Registry, crane, push};

/// Runs the suite. Returns how many tests passed and what failed.
fn run(registry: &str, more: &[(&str, &str)], image: &Image) -> (usize, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new(testenv::built("clients").unwrap().join("conformance"));
    command.current_dir(&folder).env("OCI_VERSION", "1.1").env("OCI_REGISTRY", registry);
    command.env("OCI_REPO1", "app").env("OCI_REPO2", "app").envs(more.iter().copied());
    for api in ["PUSH", "BLOBS_DELETE", "MANIFESTS_DELETE", "TAGS_DELETE", "BLOBS_UPLOAD_CANCEL"] {
        command.env(format!("OCI_API_{api}"), "false");
    }
    command.env("OCI_RO_DATA_TAGS", "1").env("OCI_RO_DATA_MANIFESTS", &image.manifest);
    command.env("OCI_RO_DATA_BLOBS", image.blobs.join(" "));
    let printed = piped(command, "");
    let printed = printed.out + &printed.err;
    let (tests, _) = printed.split_once("\nConfiguration:\n").unwrap_or_else(|| panic!("{printed}"));
    let tests = tests.lines().filter_map(|line| line.trim_start().strip_prefix("OCI Conformance Test/"));
    let (failed, others): (Vec<_>, Vec<_>) = tests.partition(|line| line.ends_with(": FAIL"));
    let passed = others.iter().filter(|line| line.ends_with(": Pass")).count();
    (passed, failed.into_iter().map(str::to_owned).collect())
}

struct Image {
    manifest: String,
    blobs: Vec<String>,
}

#[test]
fn a_cache_conforms_as_far_as_one_can_read() {
    let upstream = Registry::start(Auth::Open, "");
    let name = format!("{}/app:1", upstream.address());
    push("{}", &name, "x").unwrap();
    let ask = |arguments: &[&str]| crane("{}", arguments).unwrap().trim().to_owned();
    let manifest: Value = serde_json::from_str(&ask(&["manifest", "--insecure", &name])).unwrap();
    let layers = manifest["layers"].as_array().unwrap().iter();
    let blobs = std::iter::once(&manifest["config"]).chain(layers);
    let blobs = blobs.map(|blob| blob["digest"].as_str().unwrap().to_owned()).collect();
    let image = Image { manifest: ask(&["digest", "--insecure", &name]), blobs };

    let cached =
        Cached::start(&Setup { authorize: Some(&[]), ..Setup::of(format!("http://{}", upstream.address())) });
    let authority = cached.authority_file();
    // Without a login, the suite sends an empty one. The upstream has no logins, so every other one may pull.
    let login = [("OCI_USERNAME", "reader"), ("OCI_PASSWORD", "any")];
    let tls = [("OCI_TLS", "enabled"), ("SSL_CERT_FILE", authority.to_str().unwrap())];
    let through = [login, tls].concat();
    let alone = run(&upstream.address(), &[("OCI_TLS", "disabled")], &image);
    let (passed, failed) = run(&format!("localhost:{}", cached.port), &through, &image);
    assert!(passed > 10, "only {passed} tests, {failed:?}");
    assert_eq!((passed, failed), alone);
}
