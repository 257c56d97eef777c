//! A row per rule and boundary of an `ImageRegistry`, with exact texts and exact patches.

use rstest::rstest;
use serde_json::{Value as Json, json};

use super::*;
use crate::decode::decode;

mod updates;

#[allow(clippy::needless_pass_by_value, reason = "the callers are rows of tables")]
fn registry(name: &str, spec: Json) -> ImageRegistryObject {
    let object = json!({"metadata": {"name": name}, "spec": spec});
    decode(Box::leak(object.to_string().into_boxed_str())).unwrap()
}

fn texts(decision: &Decision) -> Vec<String> {
    decision.violations.iter().map(ToString::to_string).collect()
}

/// A volume of one gibibyte, and what a row adds to the specification.
#[allow(clippy::needless_pass_by_value, reason = "the callers are rows of tables")]
fn with(more: Json) -> Json {
    let mut spec = json!({"persistentVolumeClaim": {"resources": {"requests": {"storage": "1Gi"}}}});
    json_patch::merge(&mut spec, &more);
    spec
}

#[allow(clippy::needless_pass_by_value, reason = "the callers are rows of tables")]
fn in_bucket(more: Json) -> Json {
    let mut s3 = json!({"bucket": "my-images", "region": "eu-central-1", "secretName": "my-bucket"});
    json_patch::merge(&mut s3, &more);
    json!({"storage": {"s3": s3}})
}

/// The example of the README of image-registry-operator.
#[test]
fn accepts_the_example_of_the_original() {
    let spec = json!({
        "replicas": 1,
        "tls": {},
        "persistentVolumeClaim": {
            "storageClassName": "standard",
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    });
    let registry = registry("registry", spec);
    assert_eq!(validate(&registry, None), Decision::allowed());
    assert_eq!(default(&registry, None), Decision::allowed());
}

#[rstest]
#[case::least(with(json!({})))]
#[case::none(with(json!({"replicas": 0})))]
#[case::shared(with(json!({"replicas": 3, "persistentVolumeClaim": {"accessModes": ["ReadWriteMany"]}})))]
#[case::size_as_a_number(with(json!({"persistentVolumeClaim": {"resources": {"requests": {"storage": 1_000_000}}}})))]
#[case::bucket(in_bucket(json!({})))]
#[case::bucket_of_many(json!({"replicas": 3, "storage": in_bucket(json!({}))["storage"]}))]
#[case::endpoint(in_bucket(json!({"endpoint": "https://s3.example.com"})))]
#[case::endpoint_with_slash(in_bucket(json!({"endpoint": "https://s3.example.com/"})))]
#[case::endpoint_in_the_cluster(in_bucket(json!({"endpoint": "http://minio:9000", "forcePathStyle": true})))]
#[case::issuer(with(json!({"tls": {"issuerRef": {"name": "letsencrypt", "kind": "ClusterIssuer"}}})))]
#[case::secret(with(json!({"tls": {"secretName": "my.tls"}})))]
#[case::acl(with(json!({"auth": {"configMapName": "acl", "ca": {"secretName": "ca"}}})))]
#[case::policy(with(json!({"auth": {"policy": "PerNamespace"}})))]
#[case::all_namespaces(with(json!({"auth": {"allowedNamespaces": {"push": {}}}})))]
#[case::namespaces(with(json!({"auth": {"allowedNamespaces": {"push": {"matchLabels": {"example.com/team": "a"}}, "pull": {"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["a"]}, {"key": "b", "operator": "Exists"}]}}}})))]
#[case::resources(with(json!({"resources": {"requests": {"cpu": "100m"}, "limits": {"cpu": "100m", "memory": "1Gi"}}})))]
#[case::tokens(with(json!({"tokenTTL": {"pull": "60s", "push": "1h"}})))]
fn accepts(#[case] spec: Json) {
    assert_eq!(validate(&registry("registry", spec), None), Decision::allowed());
}

#[rstest]
#[case::nothing(json!({}), &["spec.persistentVolumeClaim: Required value: the volume that holds the images, or storage.s3"])]
#[case::storage_without_bucket(json!({"storage": {}}), &["spec.persistentVolumeClaim: Required value: the volume that holds the images, or storage.s3"])]
#[case::both(with(in_bucket(json!({}))), &["spec.persistentVolumeClaim: Forbidden: must not be set with storage.s3, which holds the images: remove one of them"])]
#[case::no_size(json!({"persistentVolumeClaim": {}}), &["spec.persistentVolumeClaim.resources.requests.storage: Required value: the size of the volume, as requests.storage, such as 10Gi"])]
#[case::size_of_something_else(json!({"persistentVolumeClaim": {"resources": {"requests": {"memory": "1Gi"}, "limits": {"storage": "1Gi"}}}}), &["spec.persistentVolumeClaim.resources.requests.storage: Required value: the size of the volume, as requests.storage, such as 10Gi"])]
#[case::size(with(json!({"persistentVolumeClaim": {"resources": {"requests": {"storage": "10 GB"}}}})), &[r#"spec.persistentVolumeClaim.resources.requests.storage: Invalid value: "10 GB": must be a quantity such as 100m, 0.5, 64Mi or 1e3"#])]
#[case::size_zero(with(json!({"persistentVolumeClaim": {"resources": {"requests": {"storage": 0}}}})), &[r#"spec.persistentVolumeClaim.resources.requests.storage: Invalid value: "0": must be greater than 0"#])]
#[case::size_negative(with(json!({"persistentVolumeClaim": {"resources": {"requests": {"storage": "-1Gi"}}}})), &[r#"spec.persistentVolumeClaim.resources.requests.storage: Invalid value: "-1Gi": must be greater than 0"#])]
#[case::two_replicas(with(json!({"replicas": 2})), &[r#"spec.persistentVolumeClaim.accessModes: Invalid value: "": must hold ReadWriteMany if there is more than one replica, since they share the volume; or use storage.s3"#])]
#[case::two_replicas_once(with(json!({"replicas": 2, "persistentVolumeClaim": {"accessModes": ["ReadWriteOnce", "ReadWriteOncePod"]}})), &[r#"spec.persistentVolumeClaim.accessModes: Invalid value: "ReadWriteOnce, ReadWriteOncePod": must hold ReadWriteMany if there is more than one replica, since they share the volume; or use storage.s3"#])]
#[case::bucket_without_anything(json!({"storage": {"s3": {}}}), &["spec.storage.s3.bucket: Required value: the bucket that holds the images", "spec.storage.s3.region: Required value: the region of the bucket; stores without regions take any word", "spec.storage.s3.secretName: Required value: the Secret with accessKey and secretKey"])]
#[case::bucket(in_bucket(json!({"bucket": "My_Images"})), &[r#"spec.storage.s3.bucket: Invalid value: "My_Images": must be the name of a bucket: 3 to 63 lower-case letters, digits, '-' or '.', such as my-images"#])]
#[case::bucket_with_dots(in_bucket(json!({"bucket": "my..images"})), &[r#"spec.storage.s3.bucket: Invalid value: "my..images": must be the name of a bucket: 3 to 63 lower-case letters, digits, '-' or '.', such as my-images"#])]
#[case::endpoint_with_path(in_bucket(json!({"endpoint": "https://h/my-images"})), &["spec.storage.s3.endpoint: Invalid value: must be an address without a path, a query or credentials, such as https://s3.example.com"])]
#[case::endpoint_with_password(in_bucket(json!({"endpoint": "https://me:hush@h"})), &["spec.storage.s3.endpoint: Invalid value: must be an address without a path, a query or credentials, such as https://s3.example.com"])]
#[case::endpoint_without_scheme(in_bucket(json!({"endpoint": "h.example.com"})), &["spec.storage.s3.endpoint: Invalid value: must be an address without a path, a query or credentials, such as https://s3.example.com"])]
#[case::endpoint_without_host(in_bucket(json!({"endpoint": "https://:443"})), &["spec.storage.s3.endpoint: Invalid value: must be an address without a path, a query or credentials, such as https://s3.example.com"])]
#[case::issuer_without_anything(with(json!({"tls": {"issuerRef": {}}})), &["spec.tls.issuerRef.name: Required value: the issuer of cert-manager", "spec.tls.issuerRef.kind: Required value: Issuer or ClusterIssuer"])]
#[case::issuer_kind(with(json!({"tls": {"issuerRef": {"name": "a", "kind": "issuer"}}})), &[r#"spec.tls.issuerRef.kind: Unsupported value: "issuer": supported values: "Issuer", "ClusterIssuer""#])]
#[case::two_certificates(with(json!({"auth": {"ca": {"issuerRef": {"name": "a", "kind": "Issuer"}, "secretName": "b"}}})), &["spec.auth.ca.secretName: Forbidden: must not be set with issuerRef: remove one of them"])]
#[case::two_acls(with(json!({"auth": {"configMapName": "a", "policy": "Shared"}})), &["spec.auth.policy: Forbidden: must not be set with configMapName, whose access control list takes its place: remove one of them"])]
#[case::token_too_short(with(json!({"tokenTTL": {"pull": "59s", "push": "900"}})), &[r#"spec.tokenTTL.pull: Invalid value: "59s": must be a duration between 60s and 1h, such as 90s or 15m"#, r#"spec.tokenTTL.push: Invalid value: "900": must be a duration between 60s and 1h, such as 90s or 15m"#])]
#[case::token_too_long(with(json!({"tokenTTL": {"push": "1h1s"}})), &[r#"spec.tokenTTL.push: Invalid value: "1h1s": must be a duration between 60s and 1h, such as 90s or 15m"#])]
#[case::limit(with(json!({"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}})), &[r#"spec.resources.limits.cpu: Invalid value: "1": must be greater than or equal to the cpu request of 2"#])]
#[case::selector(with(json!({"auth": {"allowedNamespaces": {"push": {"matchLabels": {"a": "b c"}, "matchExpressions": [{"key": "c", "operator": "In"}, {"key": "d", "operator": "Exists", "values": ["e"]}, {"key": "f", "operator": "Is"}]}}}})), &[r#"spec.auth.allowedNamespaces.push.matchLabels[a]: Invalid value: "b c": a label value must be empty or consist of letters, digits, '-', '_' or '.', start and end with a letter or digit and be no longer than 63 characters (such as 'my_value' or '12345')"#, "spec.auth.allowedNamespaces.push.matchExpressions[0].values: Required value: In and NotIn need values", "spec.auth.allowedNamespaces.push.matchExpressions[1].values: Forbidden: Exists and DoesNotExist take no values", r#"spec.auth.allowedNamespaces.push.matchExpressions[2].operator: Unsupported value: "Is": supported values: "In", "NotIn", "Exists", "DoesNotExist""#])]
#[case::in_the_order_of_the_fields(json!({"auth": {"configMapName": "A"}, "tls": {"secretName": ""}, "tokenTTL": {"pull": "1s"}}), &["spec.persistentVolumeClaim: Required value: the volume that holds the images, or storage.s3", r#"spec.tls.secretName: Invalid value: "": must be a lower-case RFC 1123 subdomain: lower-case letters, digits, '-' or '.', starting and ending with a letter or digit, no longer than 253 characters (such as 'example.com')"#, r#"spec.auth.configMapName: Invalid value: "A": must be a lower-case RFC 1123 subdomain: lower-case letters, digits, '-' or '.', starting and ending with a letter or digit, no longer than 253 characters (such as 'example.com')"#, r#"spec.tokenTTL.pull: Invalid value: "1s": must be a duration between 60s and 1h, such as 90s or 15m"#])]
fn refuses(#[case] spec: Json, #[case] expected: &[&str]) {
    assert_eq!(texts(&validate(&registry("registry", spec), None)), expected);
}

#[rstest]
#[case::longest(&"a".repeat(49), None)]
#[case::too_long(&"a".repeat(50), Some("must be no longer than 49 characters: the Pods have the label app: imageregistry-<name>, which must not be longer than 63"))]
#[case::dot(
    "a.b",
    Some(
        "must be a DNS-1035 label: lower-case letters, digits or '-', starting with a letter and ending with a letter or digit (such as 'my-name' or 'abc-123')"
    )
)]
#[case::digit(
    "1a",
    Some(
        "must be a DNS-1035 label: lower-case letters, digits or '-', starting with a letter and ending with a letter or digit (such as 'my-name' or 'abc-123')"
    )
)]
fn a_name_is_that_of_a_service(#[case] name: &str, #[case] must: Option<&str>) {
    let expected = must.map(|must| format!("metadata.name: Invalid value: {name:?}: {must}"));
    let found = texts(&validate(&registry(name, with(json!({}))), None));
    assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
}

#[rstest]
#[case::prefix("a-", 44, None)]
#[case::too_long(
    "a-",
    45,
    Some(
        "must be no longer than 49 characters: the Pods have the label app: imageregistry-<name>, which must not be longer than 63"
    )
)]
fn a_generated_name_is_judged_by_its_prefix(
    #[case] start: &str,
    #[case] length: usize,
    #[case] must: Option<&str>,
) {
    let prefix = format!("{start:b<length$}");
    let object = json!({"metadata": {"generateName": prefix}, "spec": with(json!({}))}).to_string();
    let expected = must.map(|must| format!("metadata.generateName: Invalid value: {prefix:?}: {must}"));
    let found = texts(&validate(&decode(&object).unwrap(), None));
    assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
}

#[test]
fn a_specification_is_needed() {
    let object = decode(r#"{"metadata": {"name": "registry"}}"#).unwrap();
    assert_eq!(texts(&validate(&object, None)), ["spec: Required value"]);
    assert_eq!(default(&object, None), Decision::allowed());
}

#[rstest]
#[case::absent(with(json!({})), true)]
#[case::null(with(json!({"replicas": null})), true)]
#[case::one(with(json!({"replicas": 1})), true)]
#[case::none(with(json!({"replicas": 0})), true)]
#[case::empty(with(json!({"persistentVolumeClaim": {"accessModes": []}})), true)]
#[case::set(with(json!({"persistentVolumeClaim": {"accessModes": ["ReadWriteMany"]}})), false)]
#[case::two_replicas(with(json!({"replicas": 2})), false)]
#[case::bucket(in_bucket(json!({})), false)]
fn access_modes_are_filled_in_for_one_replica(#[case] spec: Json, #[case] fills_in: bool) {
    let added =
        json!([{"op": "add", "path": "/spec/persistentVolumeClaim/accessModes", "value": ["ReadWriteOnce"]}]);
    let patch = serde_json::to_value(default(&registry("registry", spec), None).patch).unwrap();
    assert_eq!(patch, if fills_in { added } else { json!([]) });
}
