//! What documents become.

use super::*;

#[rstest]
#[case::defaults(json!({"upstream": "docker.io"}), "registry-docker-io", json!({"upstream": "docker.io", "volume": {"size": "10Gi"}, "garbageCollection": {"ttl": "168h"}, "http": {"tls": true}}))]
#[case::zero_values(json!({"upstream": "a:5000", "volume": {}, "garbageCollection": {}, "http": {}, "highAvailability": {}}), "registry-a-5000", json!({"upstream": "a:5000", "volume": {"size": "10Gi"}, "garbageCollection": {"ttl": "0s"}, "http": {"tls": false}}))]
#[case::every_field(
    json!({"upstream": "quay.io", "remoteURL": "https://m", "volume": {"size": "20Gi", "storageClassName": "fast"}, "garbageCollection": {"ttl": "+1.5h"}, "secretReferenceName": "docker-secret", "proxy": {"httpProxy": "http://p", "httpsProxy": "http://q"}, "http": {"tls": true}, "highAvailability": {"enabled": true}, "serviceNameSuffix": "quay"}),
    "registry-quay-io",
    json!({"upstream": "quay.io", "remoteURL": "https://m", "volume": {"size": "20Gi", "storageClassName": "fast"}, "garbageCollection": {"ttl": "1h30m0s"}, "secretReferenceName": "docker-secret", "proxy": {"httpProxy": "http://p", "httpsProxy": "http://q"}, "http": {"tls": true}, "highAvailability": {"enabled": true}, "serviceNameSuffix": "quay"})
)]
fn a_cache_becomes_a_registry_cache(#[case] cache: Json, #[case] name: &str, #[case] spec: Json) {
    let made = made(&registry_config(&json!([cache])), "", &Secrets::default());
    let expected = json!({"apiVersion": "serverless.kyma-project.io/v1alpha1", "kind": "RegistryCache", "metadata": {"name": name}, "spec": spec});
    assert_eq!(made, std::slice::from_ref(&expected));
    let object = decode(&expected.to_string()).unwrap();
    assert_eq!(crate::registry_caches::validate(&object, None).violations, []);
}

#[test]
fn a_shoot_becomes_caches_and_registries_of_nodes() {
    let hosts = json!([{"host": "https://mirror.gcr.io/"}, {"host": "http://10.0.0.1:5000/a", "capabilities": ["pull", "resolve"], "overridePath": true}, {"host": "https://b", "caBundleSecretReferenceName": "ca"}]);
    let document = json!({"apiVersion": "core.gardener.cloud/v1beta1", "kind": "Shoot", "metadata": {"name": "demo"}, "spec": {
        "extensions": [
            extension("registry-cache", &registry_config(&json!([{"upstream": "quay.io", "secretReferenceName": "quay"}]))),
            extension("registry-mirror", &mirror_config(&json!([{"upstream": "docker.io", "hosts": hosts}]))),
        ],
        "resources": [
            {"name": "quay", "resourceRef": {"kind": "Secret", "name": "quay-v1"}},
            {"name": "ca", "resourceRef": {"kind": "Secret", "name": "ca-v1"}},
        ],
    }});
    let made = made(&document, "garden-dev", &secrets(&[("ca-v1", true, &[("bundle.crt", CERTIFICATE)])]));
    assert_eq!(made.len(), 2);
    assert_eq!(made[0]["spec"]["secretReferenceName"], "quay-v1");
    let values = made[1]["stringData"]["values"].as_str().unwrap();
    let expected = json!({"containerRegistries": {"docker.io": [
        {"endpoint": "mirror.gcr.io", "capabilities": ["pull"]},
        {"endpoint": "10.0.0.1:5000/a", "capabilities": ["pull", "resolve"], "insecure": true, "overridePath": true},
        {"endpoint": "b", "capabilities": ["pull"], "ca": CERTIFICATE},
    ]}});
    assert_eq!(serde_json::from_str::<Json>(values).unwrap(), expected);
    let reading = crate::container_registries::read(values, jiff::Timestamp::UNIX_EPOCH);
    assert_eq!(reading.violations, []);
}
