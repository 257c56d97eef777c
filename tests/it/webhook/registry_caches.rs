//! `RegistryCache` on a real API server: what the CRD refuses by itself, and what is filled in.

use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::cluster::{BARE, kubectl};
use crate::harness::installed::INSTALLED;

const CREATE: &str = "create --dry-run=server -o name -f -";

fn cache(name: &str, more: &Value) -> Value {
    let mut spec = json!({"upstream": "docker.io"});
    json_patch::merge(&mut spec, more);
    json!({
        "apiVersion": "serverless.kyma-project.io/v1alpha1",
        "kind": "RegistryCache",
        "metadata": {"name": name},
        "spec": spec,
    })
}

/// What is wrong by the CRD alone, sorted: the API server checks fields in no certain order.
#[track_caller]
fn refusal(command: &str, manifest: &Value) -> Vec<String> {
    let printed = kubectl(&BARE, command, manifest);
    let (_, said) = printed.err.split_once(" is invalid: ").unwrap_or_else(|| panic!("{printed:?}"));
    let mut said: Vec<_> = said.trim().trim_start_matches("* ").split("\n* ").map(str::to_owned).collect();
    said.sort_unstable();
    said
}

#[rstest]
#[case::upstream(json!({"upstream": "https://a"}), &["spec.upstream: Invalid value: must be a host with or without a port, such as docker.io or example.com:5000"])]
#[case::port(json!({"upstream": "a:0443"}), &["spec.upstream: Invalid value: must be a host with or without a port, such as docker.io or example.com:5000"])]
#[case::password(json!({"remoteURL": "https://me:hush-hush@a"}), &["spec.remoteURL: Invalid value: must be an address with http:// or https:// and without a path, a query or credentials, such as https://mirror.example.com:5000"])]
#[case::proxies(json!({"proxy": {"httpProxy": "a", "httpsProxy": "b"}}), &["spec.proxy.httpProxy: Invalid value: must be an address with http:// or https:// and without a path, a query or credentials, such as https://mirror.example.com:5000", "spec.proxy.httpsProxy: Invalid value: must be an address with http:// or https:// and without a path, a query or credentials, such as https://mirror.example.com:5000"])]
#[case::no_proxy(json!({"proxy": {"noProxy": "a;b"}}), &["spec.proxy.noProxy: Invalid value: \"a;b\": must be hosts, domains or networks with commas between them, such as 10.0.0.0/8,.example.com"])]
#[case::size(json!({"volume": {"size": 0}}), &["spec.volume.size: Invalid value: must be greater than 0"])]
#[case::ttl(json!({"garbageCollection": {"ttl": "-1h"}}), &["spec.garbageCollection.ttl: Invalid value: \"-1h\": ttl must be a non-negative duration"])]
#[case::suffix(json!({"serviceNameSuffix": "a.b"}), &["spec.serviceNameSuffix: Invalid value: \"a.b\": must be a DNS label: lower-case letters, digits or '-', starting and ending with a letter or digit, no longer than 54 characters"])]
#[case::authorize(json!({"access": "Authorize", "http": {"tls": false}}), &["spec.access: Forbidden: Authorize needs http.tls: Pods send the credentials of the upstream to the cache"])]
#[case::version(json!({"registryVersion": "3.1.0"}), &["spec.registryVersion: Invalid value: \"3.1.0\": must be a version of distribution, 3.1.1 or later, such as 3.1.2: older ones send the credentials to other hosts"])]
#[case::no_authority(json!({"remoteCA": {}}), &["spec.remoteCA.pem: Required value: the certificates of the authority, or secretName"])]
#[case::two_authorities(json!({"remoteCA": {"pem": "a", "secretName": "b"}}), &["spec.remoteCA.secretName: Forbidden: must not be set with pem: remove one of them"])]
fn is_refused_by_the_crd_alone(#[case] spec: Value, #[case] texts: &[&str]) {
    assert_eq!(refusal(CREATE, &cache("refused", &spec)), texts);
}

#[test]
fn what_cannot_change_is_refused_by_the_crd_alone() {
    let spec = json!({"volume": {"size": "10Gi"}, "garbageCollection": {"ttl": "0s"}});
    kubectl(&BARE, "create -f -", &cache("fixed", &spec)).unwrap();
    let with = |more: Value| {
        let mut spec = spec.clone();
        json_patch::merge(&mut spec, &more);
        cache("fixed", &spec)
    };
    let replace = "replace --dry-run=server -f -";
    for (spec, text) in [
        (
            json!({"upstream": "quay.io"}),
            "spec.upstream: Invalid value: must not change: create another RegistryCache for another upstream",
        ),
        (json!({"volume": {"size": "11Gi"}}), "spec.volume.size: Invalid value: field is immutable"),
        (
            json!({"volume": {"storageClassName": "a"}}),
            "spec.volume.storageClassName: Invalid value: field is immutable",
        ),
        (
            json!({"garbageCollection": {"ttl": "1h"}}),
            "spec.garbageCollection.ttl: Invalid value: garbage collection cannot be enabled (ttl > 0) once it is disabled (ttl = 0)",
        ),
    ] {
        assert_eq!(refusal(replace, &with(spec)), [text]);
    }
    kubectl(&BARE, replace, &with(json!({"volume": {"size": "10240Mi"}}))).unwrap();
}

#[test]
fn the_webhook_fills_in_what_the_original_does() {
    let command = "create --dry-run=server -o json -f -";
    let printed = kubectl(&INSTALLED.control_plane, command, &cache("filled-in", &json!({})));
    let stored: Value = serde_json::from_str(&printed.out).unwrap();
    let expected = json!({
        "upstream": "docker.io",
        "volume": {"size": "10Gi"},
        "garbageCollection": {"ttl": "168h"},
        "http": {"tls": true},
        "failover": "Deny",
        "staleTags": "Serve",
    });
    assert_eq!(stored["spec"], expected, "{}", printed.err);
}

#[test]
fn credentials_that_caches_use_are_deleted_with_a_warning() {
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "hub-in-use",
            "labels": {"serverless.kyma-project.io/upstream-credentials": "config"},
            "annotations": {"serverless.kyma-project.io/used-by-caches": "docker-hub,quay"},
        },
        "immutable": true,
        "stringData": {"username": "me", "password": "hush-hush"},
    });
    kubectl(&INSTALLED.control_plane, "create -f -", &secret).unwrap();
    let printed = kubectl(&INSTALLED.control_plane, "delete -f -", &secret);
    let warning = "Warning: RegistryCaches use this Secret (docker-hub, quay): they go on with the credentials that were proven last. Name another Secret in their spec.secretReferenceName\n";
    assert_eq!((printed.ok, printed.err.as_str()), (true, warning));
}
