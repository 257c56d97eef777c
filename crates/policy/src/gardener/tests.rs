//! A row per message of the original and boundary, of documents in extensions of a Shoot.

mod made;
mod messages;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rstest::rstest;
use serde_json::{Map, Value as Json, json};

use super::*;
use crate::decode::decode;
use crate::object::ShootObject;

const SUBDOMAIN: &str = "must be a lower-case RFC 1123 subdomain: lower-case letters, digits, '-' or '.', starting and ending with a letter or digit, no longer than 253 characters (such as 'example.com')";
/// The path of the document of the first extension.
const AT: &str = "spec.extensions[0].providerConfig";

fn registry_config(caches: &Json) -> Json {
    json!({"apiVersion": "registry.extensions.gardener.cloud/v1alpha3", "kind": "RegistryConfig", "caches": caches})
}

fn mirror_config(mirrors: &Json) -> Json {
    json!({"apiVersion": "mirror.extensions.gardener.cloud/v1alpha1", "kind": "MirrorConfig", "mirrors": mirrors})
}

fn extension(kind: &str, document: &Json) -> Json {
    json!({"type": kind, "providerConfig": document})
}

/// A Shoot in garden-dev.
fn shoot(extensions: &Json, more: &Json) -> ShootObject {
    let mut spec = json!({"extensions": extensions});
    json_patch::merge(&mut spec, more);
    let text = json!({"metadata": {"name": "demo", "namespace": "garden-dev"}, "spec": spec}).to_string();
    decode(&text).unwrap()
}

fn with_caches(caches: &Json) -> ShootObject {
    shoot(&json!([extension("registry-cache", &registry_config(caches))]), &json!({}))
}

fn with_mirrors(mirrors: &Json) -> ShootObject {
    shoot(&json!([extension("registry-mirror", &mirror_config(mirrors))]), &json!({}))
}

fn texts(decision: &Decision) -> Vec<String> {
    decision.violations.iter().map(ToString::to_string).collect()
}

fn warnings(decision: &Decision) -> Vec<&str> {
    decision.warnings.iter().map(|warning| warning.text.as_str()).collect()
}

/// The texts without the path of the document.
#[track_caller]
fn below(at: &str, decision: &Decision) -> Vec<String> {
    let text = |text: String| text.strip_prefix(at).unwrap_or_else(|| panic!("{text}")).to_owned();
    texts(decision).into_iter().map(text).collect()
}

#[rstest]
#[case::upstream_alone(json!([{"upstream": "docker.io"}]))]
#[case::every_field(json!([{"upstream": "quay.io:443", "remoteURL": "https://mirror-host.io:8443", "volume": {"size": "20Gi", "storageClassName": "fast"}, "garbageCollection": {"ttl": "0s"}, "proxy": {"httpProxy": "http://p:3128", "httpsProxy": "http://p:3128"}, "http": {"tls": false}, "highAvailability": {"enabled": true}, "serviceNameSuffix": "quay"}]))]
#[case::go_reads_it(json!([{"upstream": "docker.io", "garbageCollection": {"ttl": "+1.5h"}}]))]
#[case::nulls(json!([{"upstream": "docker.io", "volume": null, "http": null, "proxy": null}]))]
fn caches_are_allowed(#[case] caches: Json) {
    assert_eq!(validate_shoot(&with_caches(&caches), None, None), Decision::allowed());
    assert_eq!(validate_registry_config(&registry_config(&caches)), Decision::allowed());
}

#[rstest]
#[case::none(json!([]), &[".caches: Required value: at least one cache must be provided".to_owned()])]
#[case::null(json!(null), &[".caches: Required value: at least one cache must be provided".to_owned()])]
#[case::no_upstream(json!([{}]), &[format!(r#".caches[0].upstream: Invalid value: "": {SUBDOMAIN}"#)])]
#[case::dot(json!([{"upstream": "docker.io."}]), &[format!(r#".caches[0].upstream: Invalid value: "docker.io.": {SUBDOMAIN}"#)])]
#[case::port(json!([{"upstream": "docker.io:0443"}]), &[r#".caches[0].upstream: Invalid value: "docker.io:0443": port '0443' is not valid, valid port must be in the range [1, 65535]"#.to_owned()])]
#[case::duplicate(json!([{"upstream": "docker.io"}, {"upstream": "docker.io"}]), &[r#".caches[1].upstream: Duplicate value: "docker.io""#.to_owned()])]
#[case::scheme(json!([{"upstream": "docker.io", "remoteURL": "docker.io"}]), &[r#".caches[0].remoteURL: Invalid value: "docker.io": url must start with 'http://' or 'https://' scheme"#.to_owned()])]
#[case::path(json!([{"upstream": "docker.io", "remoteURL": "https://docker.io/v2"}]), &[r#".caches[0].remoteURL: Invalid value: "https://docker.io/v2": url must not contain a path"#.to_owned()])]
#[case::user_info(json!([{"upstream": "docker.io", "remoteURL": "https://me:hush@docker.io"}]), &[".caches[0].remoteURL: Invalid value: url must not contain user info".to_owned()])]
#[case::proxies(json!([{"upstream": "docker.io", "proxy": {"httpProxy": "a?b", "httpsProxy": "https://a?b=c#d"}}]), &[
    r#".caches[0].proxy.httpProxy: Invalid value: "a?b": url must start with 'http://' or 'https://' scheme"#.to_owned(),
    r#".caches[0].proxy.httpsProxy: Invalid value: "https://a?b=c#d": url must not contain query parameters"#.to_owned(),
    r#".caches[0].proxy.httpsProxy: Invalid value: "https://a?b=c#d": url must not contain a fragment"#.to_owned(),
])]
#[case::size(json!([{"upstream": "docker.io", "volume": {"size": "0"}}]), &[r#".caches[0].volume.size: Invalid value: "0": must be greater than 0"#.to_owned()])]
#[case::class(json!([{"upstream": "docker.io", "volume": {"storageClassName": "A"}}]), &[format!(r#".caches[0].volume.storageClassName: Invalid value: "A": {SUBDOMAIN}"#)])]
#[case::negative(json!([{"upstream": "docker.io", "garbageCollection": {"ttl": "-1h"}}]), &[r#".caches[0].garbageCollection.ttl: Invalid value: "-1h0m0s": ttl must be a non-negative duration"#.to_owned()])]
#[case::no_duration(json!([{"upstream": "docker.io", "garbageCollection": {"ttl": "7d"}}]), &[r#".caches[0].garbageCollection.ttl: Invalid value: failed to decode providerConfig: time: invalid duration "7d""#.to_owned()])]
#[case::suffix_with_dots(json!([{"upstream": "docker.io", "serviceNameSuffix": "a.b"}]), &[r#".caches[0].serviceNameSuffix: Invalid value: "a.b": must not contain dots"#.to_owned()])]
#[case::long_suffix(json!([{"upstream": "docker.io", "serviceNameSuffix": "a".repeat(55)}]), &[".caches[0].serviceNameSuffix: Too long: may not be more than 54 bytes".to_owned()])]
#[case::two_suffixes(json!([{"upstream": "docker.io", "serviceNameSuffix": "x"}, {"upstream": "quay.io", "serviceNameSuffix": "x"}]), &[r#".caches[1].serviceNameSuffix: Duplicate value: "x""#.to_owned()])]
#[case::suffix_of_a_name(json!([{"upstream": "a.b", "serviceNameSuffix": "docker-io"}, {"upstream": "docker.io"}]), &[r#".caches[0].serviceNameSuffix: Invalid value: "docker-io": cannot collide with "docker.io" upstream"#.to_owned()])]
#[case::names(json!([{"upstream": "a.b:5000"}, {"upstream": "a-b-5000", "serviceNameSuffix": "x"}]), &[r#".caches[1].upstream: Invalid value: "a-b-5000": cannot collide with "a.b:5000" upstream: the objects of both would be named registry-a-b-5000"#.to_owned()])]
#[case::unknown(json!([{"upstream": "docker.io", "remoteUrl": "https://a", "proxy": {"noProxy": "a"}}]), &[
    r#".caches[0].proxy.noProxy: Invalid value: failed to decode providerConfig: strict decoding error: unknown field "caches[0].proxy.noProxy""#.to_owned(),
    r#".caches[0].remoteUrl: Invalid value: failed to decode providerConfig: strict decoding error: unknown field "caches[0].remoteUrl""#.to_owned(),
])]
#[case::a_field_of_a_registry_cache(json!([{"upstream": "docker.io", "access": "Open"}]), &[r#".caches[0].access: Invalid value: failed to decode providerConfig: strict decoding error: unknown field "caches[0].access""#.to_owned()])]
#[case::no_list(json!({"upstream": "docker.io"}), &[r#".caches: Invalid value: "object": failed to decode providerConfig: must be a list"#.to_owned()])]
#[case::no_text(json!([{"upstream": 1}]), &[r#".caches[0].upstream: Invalid value: "integer": failed to decode providerConfig: must be a string"#.to_owned()])]
fn caches_are_refused(#[case] caches: Json, #[case] expected: &[String]) {
    let decision = validate_shoot(&with_caches(&caches), None, None);
    assert_eq!(below(AT, &decision), expected);
    assert!(!format!("{decision:?}").contains("hush"));
    // By itself, the document is judged alike, without a word of an extension.
    let by_itself = below("", &validate_registry_config(&registry_config(&caches)));
    let expected = expected.iter().map(|text| text[1..].replace("failed to decode providerConfig: ", ""));
    assert_eq!(by_itself, expected.collect::<Vec<_>>());
}

#[rstest]
#[case::size(json!({}), json!({"volume": {"size": "16Gi"}}), &[r#".volume.size: Invalid value: "16Gi": field is immutable"#])]
#[case::size_left_out(json!({"volume": {"size": "20Gi"}}), json!({}), &[r#".volume.size: Invalid value: "10Gi": field is immutable"#])]
#[case::same_size(json!({"volume": {"size": "10Gi"}}), json!({"volume": {"size": "10240Mi"}}), &[])]
#[case::class(json!({"volume": {"storageClassName": "a"}}), json!({"volume": {"storageClassName": "b"}}), &[r#".volume.storageClassName: Invalid value: "b": field is immutable"#])]
#[case::on_again(json!({"garbageCollection": {"ttl": "0s"}}), json!({"garbageCollection": {"ttl": "1h"}}), &[r#".garbageCollection.ttl: Invalid value: "1h0m0s": garbage collection cannot be enabled (ttl > 0) once it is disabled (ttl = 0)"#])]
#[case::on_by_default(json!({"garbageCollection": {}}), json!({}), &[r#".garbageCollection.ttl: Invalid value: "168h": garbage collection cannot be enabled (ttl > 0) once it is disabled (ttl = 0)"#])]
#[case::off(json!({}), json!({"garbageCollection": {"ttl": "0s"}}), &[])]
#[case::tls(json!({}), json!({"http": {"tls": false}}), &[])]
fn an_update_of_a_cache(#[case] old: Json, #[case] new: Json, #[case] expected: &[&str]) {
    let caches = |first: &str, mut cache: Json| {
        cache["upstream"] = "docker.io".into();
        with_caches(&json!([{"upstream": first}, cache]))
    };
    // The upstream of the other cache changes: caches are compared by upstream.
    let decision = validate_shoot(&caches("quay.io", new), Some(&caches("ghcr.io", old)), None);
    assert_eq!(below(&format!("{AT}.caches[1]"), &decision), expected);
}

#[rstest]
#[case::runtime(json!([extension("registry-cache", &registry_config(&json!([{"upstream": "docker.io"}])))]), json!({"provider": {"workers": [{"name": "a"}, {"name": "b", "cri": {"name": "containerd"}}, {"name": "c", "cri": {"name": "docker"}}]}}), &[r#"spec.provider.workers[2].cri.name: Invalid value: "docker": container runtime needs to be containerd when the registry-cache extension is enabled"#])]
#[case::no_document(json!([{"type": "other"}, {"type": "registry-cache"}, {"type": "registry-mirror"}]), json!({}), &["spec.extensions[1].providerConfig: Required value: providerConfig is required for the registry-cache extension", "spec.extensions[2].providerConfig: Required value: providerConfig is required for the registry-mirror extension"])]
#[case::another_kind(json!([extension("registry-cache", &mirror_config(&json!([])))]), json!({}), &[r#"spec.extensions[0].providerConfig.kind: Invalid value: failed to decode providerConfig: no kind "MirrorConfig" is registered for version "mirror.extensions.gardener.cloud/v1alpha1": it must be RegistryConfig of registry.extensions.gardener.cloud/v1alpha3"#])]
#[case::no_kind(json!([extension("registry-cache", &json!({}))]), json!({}), &["spec.extensions[0].providerConfig.kind: Invalid value: failed to decode providerConfig: Object 'Kind' is missing"])]
#[case::no_version(json!([extension("registry-cache", &json!({"kind": "RegistryConfig"}))]), json!({}), &["spec.extensions[0].providerConfig.apiVersion: Invalid value: failed to decode providerConfig: Object 'apiVersion' is missing"])]
#[case::no_object(json!([extension("registry-cache", &json!("hush"))]), json!({}), &["spec.extensions[0].providerConfig: Invalid value: failed to decode providerConfig: must be an object"])]
#[case::cache_and_mirror(json!([extension("registry-mirror", &mirror_config(&json!([{"upstream": "docker.io", "hosts": [{"host": "https://a"}]}]))), extension("registry-cache", &registry_config(&json!([{"upstream": "docker.io"}])))]), json!({}), &[r#"spec.extensions[0].providerConfig.mirrors[0].upstream: Invalid value: "docker.io": upstream host 'docker.io' is also configured as a registry cache upstream"#])]
fn a_shoot_is_refused(#[case] extensions: Json, #[case] more: Json, #[case] expected: &[&str]) {
    assert_eq!(texts(&validate_shoot(&shoot(&extensions, &more), None, None)), expected);
}

#[rstest]
#[case::one(json!([{"upstream": "docker.io", "hosts": [{"host": "https://mirror.gcr.io"}]}]), &[])]
#[case::every_field(json!([{"upstream": "quay.io:443", "hosts": [{"host": "http://10.0.0.1:5000/a%2Eb/", "capabilities": ["pull", "resolve"], "overridePath": true}]}]), &[])]
#[case::none(json!([]), &[".mirrors: Required value: at least one mirror must be provided".to_owned()])]
#[case::no_host(json!([{"upstream": "docker.io"}]), &[".mirrors[0].hosts: Required value: at least one host must be provided".to_owned()])]
#[case::upstream(json!([{"upstream": "A", "hosts": [{"host": "https://a"}]}]), &[format!(r#".mirrors[0].upstream: Invalid value: "A": {SUBDOMAIN}"#)])]
#[case::twice(json!([{"upstream": "a", "hosts": [{"host": "https://a"}, {"host": "https://a"}]}, {"upstream": "a", "hosts": [{"host": "https://a"}]}]), &[r#".mirrors[0].hosts[1].host: Duplicate value: "https://a""#.to_owned(), r#".mirrors[1].upstream: Duplicate value: "a""#.to_owned()])]
#[case::dots(json!([{"upstream": "a", "hosts": [{"host": "https://a/b/../c"}, {"host": "https://a/%2e/c"}]}]), &[r#".mirrors[0].hosts[0].host: Invalid value: "https://a/b/../c": url path must not contain '..'"#.to_owned(), r#".mirrors[0].hosts[1].host: Invalid value: "https://a/%2e/c": url path must not contain '.'"#.to_owned()])]
#[case::password(json!([{"upstream": "a", "hosts": [{"host": "https://me:hush@a"}, {"host": "https://me:hush@a"}]}]), &[".mirrors[0].hosts[0].host: Invalid value: url must not contain user info".to_owned(), ".mirrors[0].hosts[1].host: Invalid value: url must not contain user info".to_owned(), r#".mirrors[0].hosts[1].host: Duplicate value: "(withheld)""#.to_owned()])]
#[case::capabilities(json!([{"upstream": "a", "hosts": [{"host": "https://a", "capabilities": ["pull", "push", "pull"]}]}]), &[r#".mirrors[0].hosts[0].capabilities: Unsupported value: "push": supported values: "pull", "resolve""#.to_owned(), r#".mirrors[0].hosts[0].capabilities[2]: Duplicate value: "pull""#.to_owned()])]
#[case::unknown(json!([{"upstream": "a", "hosts": [{"host": "https://a", "ca": "x"}]}]), &[r#".mirrors[0].hosts[0].ca: Invalid value: failed to decode providerConfig: strict decoding error: unknown field "mirrors[0].hosts[0].ca""#.to_owned()])]
fn mirrors_are_judged(#[case] mirrors: Json, #[case] expected: &[String]) {
    let decision = validate_shoot(&with_mirrors(&mirrors), None, None);
    assert_eq!(below(AT, &decision), expected);
    assert!(!format!("{decision:?}").contains("hush"));
    let by_itself = below("", &validate_mirror_config(&mirror_config(&mirrors)));
    let expected = expected.iter().map(|text| text[1..].replace("failed to decode providerConfig: ", ""));
    assert_eq!(by_itself, expected.collect::<Vec<_>>());
}

/// The name of a Secret, whether it is immutable, and its values.
type Sample<'a> = (&'a str, bool, &'a [(&'a str, &'a str)]);

fn secrets(secrets: &[Sample<'_>]) -> Secrets {
    let mut all = Secrets::default();
    for (name, immutable, data) in secrets {
        let data: Map<_, _> =
            data.iter().map(|(key, value)| ((*key).to_owned(), Json::from(BASE64.encode(value)))).collect();
        all.add("garden-dev", name, &json!({"immutable": immutable, "data": data}));
    }
    all
}

/// A Shoot whose cache refers to `docker-secret`, which is the Secret `name`.
fn referring(kind: &str, name: &str) -> ShootObject {
    let caches = json!([{"upstream": "docker.io", "secretReferenceName": "docker-secret"}]);
    let resources =
        json!([{"name": "docker-secret", "resourceRef": {"apiVersion": "v1", "kind": kind, "name": name}}]);
    let extensions = json!([extension("registry-cache", &registry_config(&caches))]);
    shoot(&extensions, &json!({"resources": resources}))
}

const REFERENCE: &str = "spec.extensions[0].providerConfig.caches[0].secretReferenceName";

#[rstest]
#[case::good("Secret", "good", &[], &[])]
#[case::kind("ConfigMap", "good", &["failed to find referenced resource with name docker-secret and kind Secret"], &[])]
#[case::mutable("Secret", "mutable", &[r#"the referenced secret "garden-dev/mutable" should be immutable"#], &[])]
#[case::no_password("Secret", "no-password", &[r#"the referenced secret "garden-dev/no-password" should have only two data entries"#, r#"missing "password" data entry in the referenced secret "garden-dev/no-password""#], &[])]
#[case::missing("Secret", "missing", &[], &["failed to get secret garden-dev/missing for secretReferenceName docker-secret: it is not among these manifests"])]
fn a_referenced_secret_is_judged(
    #[case] kind: &str,
    #[case] name: &str,
    #[case] refused: &[&str],
    #[case] warned: &[&str],
) {
    let secrets = secrets(&[
        ("good", true, &[("username", "me"), ("password", "hush")]),
        ("mutable", false, &[("username", "me"), ("password", "hush")]),
        ("no-password", true, &[("username", "me")]),
    ]);
    let decision = validate_shoot(&referring(kind, name), None, Some(&secrets));
    let refused =
        refused.iter().map(|text| format!(r#"{REFERENCE}: Invalid value: "docker-secret": {text}"#));
    assert_eq!(texts(&decision), refused.collect::<Vec<_>>());
    let warned = warned.iter().map(|text| format!("{REFERENCE}: {text}"));
    assert_eq!(warnings(&decision), warned.collect::<Vec<_>>());
    // The rotation of the original changes the resource alone: the second Secret is judged like the first.
    let rotated =
        validate_shoot(&referring(kind, name), Some(&referring("Secret", "earlier")), Some(&secrets));
    assert_eq!(rotated, decision);
}

#[test]
fn without_secrets_a_reference_is_looked_up_alone() {
    let unseen = format!(
        "{REFERENCE}: the Secret garden-dev/v2 is judged only with the label serverless.kyma-project.io/upstream-credentials: config"
    );
    let v2 = referring("Secret", "v2");
    for old in [None, Some(referring("Secret", "v1"))] {
        let decision = validate_shoot(&v2, old.as_ref(), None);
        assert_eq!((texts(&decision), warnings(&decision)), (vec![], vec![unseen.as_str()]));
    }
    assert_eq!(validate_shoot(&v2, Some(&v2), None), Decision::allowed());
    let gone = validate_shoot(&referring("ConfigMap", "v2"), Some(&v2), None);
    let refused = "failed to find referenced resource with name docker-secret and kind Secret";
    assert_eq!(texts(&gone), [format!(r#"{REFERENCE}: Invalid value: "docker-secret": {refused}"#)]);
}

#[rstest]
#[case::mutable(false, &[("bundle.crt", CERTIFICATE)], &[r#"the referenced CA bundle secret "garden-dev/ca" should be immutable"#])]
#[case::another_key(true, &[("ca.crt", CERTIFICATE)], &[r#"missing "bundle.crt" data entry in the referenced CA bundle secret "garden-dev/ca""#])]
#[case::two_keys(true, &[("bundle.crt", CERTIFICATE), ("ca.crt", "")], &[r#"the referenced CA bundle secret "garden-dev/ca" should only have a single data entry with key "bundle.crt""#])]
#[case::no_certificate(true, &[("bundle.crt", "hush")], &["the CA bundle is not a valid PEM-encoded certificate"])]
#[case::good(true, &[("bundle.crt", CERTIFICATE)], &[])]
fn the_authority_of_a_mirror_is_judged(
    #[case] immutable: bool,
    #[case] data: &[(&str, &str)],
    #[case] refused: &[&str],
) {
    let hosts = json!([{"host": "https://a", "caBundleSecretReferenceName": "ca"}]);
    let document = mirror_config(&json!([{"upstream": "docker.io", "hosts": hosts}]));
    let resources = json!([{"name": "ca", "resourceRef": {"kind": "Secret", "name": "ca"}}]);
    let shoot = shoot(&json!([extension("registry-mirror", &document)]), &json!({"resources": resources}));
    let decision = validate_shoot(&shoot, None, Some(&secrets(&[("ca", immutable, data)])));
    let field = format!("{AT}.mirrors[0].hosts[0].caBundleSecretReferenceName");
    let refused = refused.iter().map(|text| format!(r#"{field}: Invalid value: "ca": {text}"#));
    assert_eq!(texts(&decision), refused.collect::<Vec<_>>());
}

#[test]
fn what_an_update_leaves_alone_is_not_judged() {
    let bad = shoot(
        &json!([extension("registry-cache", &json!({"kind": "X"})), {"type": "registry-mirror"}]),
        &json!({"provider": {"workers": [{"cri": {"name": "docker"}}]}}),
    );
    assert!(!validate_shoot(&bad, None, None).is_allowed());
    assert_eq!(validate_shoot(&bad, Some(&bad), None), Decision::allowed());
    let text = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "spec": {"extensions": [{"type": "registry-cache"}]}});
    assert_eq!(validate_shoot(&decode(&text.to_string()).unwrap(), None, None), Decision::allowed());
}

#[test]
fn a_document_that_the_old_shoot_lacks_is_refused_as_in_the_original() {
    let old = shoot(&json!([{"type": "registry-cache"}]), &json!({}));
    let decision = validate_shoot(&with_caches(&json!([{"upstream": "docker.io"}])), Some(&old), None);
    assert_eq!(texts(&decision), [format!("{AT}: Forbidden: providerConfig is not available on old Shoot")]);
    // An old document that cannot be read does not block a better one.
    let old = shoot(&json!([extension("registry-cache", &json!({"kind": "X"}))]), &json!({}));
    let decision = validate_shoot(&with_caches(&json!([{"upstream": "docker.io"}])), Some(&old), None);
    assert_eq!(decision, Decision::allowed());
}

#[test]
fn members_that_go_reads_as_zero_are_warned_of() {
    let caches = json!([{"upstream": "docker.io", "garbageCollection": {}, "http": {}}]);
    let decision = validate_registry_config(&registry_config(&caches));
    let expected = [
        "caches[0].garbageCollection: without ttl, images are never deleted: the default applies only without garbageCollection",
        "caches[0].http: without tls, nodes reach the cache by HTTP: the default applies only without http",
    ];
    assert_eq!((texts(&decision), warnings(&decision)), (vec![], expected.to_vec()));
}

/// Of an authority; made with `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=a`.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMIIBcDCCARWgAwIBAgIUEo3AYa9jn6qEH15cRhU+4SaZ6ikwCgYIKoZIzj0EAwIw\nDDEKMAgGA1UEAwwBYTAgFw0yNjExMjcwOTU2MzlaGA8yMTI2MTEwMzA5NTYzOVow\nDDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABKGCL1nKG6f/\nINqqI2/OaBtxhCmlJyNCD6wHJB8RcIo5o678SAOZRIXd7O7Nt/RNrslV4KlMpjDZ\nSI6McLhcpNWjUzBRMB0GA1UdDgQWBBTjLov5b+umVuZ653jXTnorbDA4LDAfBgNV\nHSMEGDAWgBTjLov5b+umVuZ653jXTnorbDA4LDAPBgNVHRMBAf8EBTADAQH/MAoG\nCCqGSM49BAMCA0kAMEYCIQDSkx4jPJNY/5IbTyg0y+A0OpP2FNAZ24eU1UERzj6f\nsgIhAI41g2951/G0gyg5wcKyf+lklSRvIyM0bPXuiBkE3WCc\n-----END CERTIFICATE-----\n";
