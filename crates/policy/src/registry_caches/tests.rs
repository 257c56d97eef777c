//! A row per rule and boundary of a `RegistryCache`, with exact texts and exact patches.

use rstest::rstest;
use serde_json::{Value as Json, json};

use super::*;
use crate::decode::decode;

const SUBDOMAIN: &str = "must be a lower-case RFC 1123 subdomain: lower-case letters, digits, '-' or '.', starting and ending with a letter or digit, no longer than 253 characters (such as 'example.com')";

#[allow(clippy::needless_pass_by_value, reason = "the callers are rows of tables")]
fn cache(more: Json) -> RegistryCacheObject {
    let mut spec = json!({"upstream": "docker.io"});
    json_patch::merge(&mut spec, &more);
    let object = json!({"metadata": {"name": "hub"}, "spec": spec});
    decode(Box::leak(object.to_string().into_boxed_str())).unwrap()
}

fn texts(decision: &Decision) -> Vec<String> {
    decision.violations.iter().map(ToString::to_string).collect()
}

#[rstest]
#[case::upstream_alone(json!({}))]
#[case::port(json!({"upstream": "example.com:65535"}))]
#[case::numbers(json!({"upstream": "10.0.0.1:5000"}))]
#[case::one_label(json!({"upstream": "registry"}))]
#[case::longest(json!({"upstream": format!("{}a:65535", "a.".repeat(126))}))]
#[case::other_host(json!({"upstream": "quay.io", "remoteURL": "https://mirror-host.io:8443"}))]
#[case::slash(json!({"remoteURL": "http://mirror/"}))]
#[case::all(json!({"volume": {"size": "20Gi", "storageClassName": "fast"}, "garbageCollection": {"ttl": "0s"}, "proxy": {"httpProxy": "http://p:3128", "httpsProxy": "http://p:3128", "noProxy": "10.0.0.0/8, .example.com,[::1]"}, "http": {"tls": false}, "highAvailability": {"enabled": true}, "serviceNameSuffix": "hub", "registryVersion": "3.1.1"}))]
#[case::ttl_as_go_prints_it(json!({"garbageCollection": {"ttl": "168h0m0s"}}))]
#[case::ttl_without_a_unit(json!({"garbageCollection": {"ttl": "0"}}))]
#[case::longest_suffix(json!({"serviceNameSuffix": "a".repeat(54)}))]
#[case::version(json!({"registryVersion": "10.0.0"}))]
#[case::authorize(json!({"secretReferenceName": "hub", "access": "Authorize"}))]
#[case::authorize_by_default(json!({"secretReferenceName": "hub"}))]
#[case::ca_in_a_secret(json!({"remoteCA": {"secretName": "ca"}}))]
fn allows(#[case] spec: Json) {
    assert_eq!(validate(&cache(spec), None), Decision::allowed());
}

#[rstest]
#[case::empty("", "spec.upstream: Required value: the host in the names of the images, such as docker.io".to_owned())]
#[case::dot_at_the_end("docker.io.", format!(r#"spec.upstream: Invalid value: "docker.io.": {SUBDOMAIN}"#))]
#[case::dot_at_the_start(".docker.io", format!(r#"spec.upstream: Invalid value: ".docker.io": {SUBDOMAIN}"#))]
#[case::scheme("https://docker.io", format!(r#"spec.upstream: Invalid value: "https://docker.io": {SUBDOMAIN}"#))]
#[case::leading_zero("docker.io:0443", r#"spec.upstream: Invalid value: "docker.io:0443": port '0443' is not valid, valid port must be in the range [1, 65535]"#.to_owned())]
#[case::zero("example.com:0", r#"spec.upstream: Invalid value: "example.com:0": port '0' is not valid, valid port must be in the range [1, 65535]"#.to_owned())]
#[case::large("example.com:65536", r#"spec.upstream: Invalid value: "example.com:65536": port '65536' is not valid, valid port must be in the range [1, 65535]"#.to_owned())]
#[case::no_number("example.com:a", format!(r#"spec.upstream: Invalid value: "example.com:a": {SUBDOMAIN}"#))]
#[case::query("x?foo=bar", format!(r#"spec.upstream: Invalid value: "x?foo=bar": {SUBDOMAIN}"#))]
#[case::path("x/foo", format!(r#"spec.upstream: Invalid value: "x/foo": {SUBDOMAIN}"#))]
#[case::ipv6("[::1]:5000", format!(r#"spec.upstream: Invalid value: "[::1]:5000": {SUBDOMAIN}"#))]
#[case::too_long(&"a".repeat(254), format!(r#"spec.upstream: Invalid value: "{}…": {SUBDOMAIN}"#, "a".repeat(80)))]
fn an_upstream_is_a_host(#[case] upstream: &str, #[case] text: String) {
    assert_eq!(texts(&validate(&cache(json!({"upstream": upstream})), None)), [text]);
}

#[rstest]
#[case::control("https://a\u{7}", &[r#""https://a\u{7}": failed to parse url: invalid control character in URL"#])]
#[case::no_scheme("://a", &[r#""://a": failed to parse url: missing protocol scheme"#])]
#[case::space("https://a b", &[r#""https://a b": failed to parse url: invalid character " " in host name"#])]
#[case::escape("https://a/%zz", &[r#""https://a/%zz": failed to parse url: invalid URL escape"#])]
#[case::scheme("mirror.io", &[r#""mirror.io": url must start with 'http://' or 'https://' scheme"#])]
#[case::another_scheme("ftp://mirror.io", &[r#""ftp://mirror.io": url must start with 'http://' or 'https://' scheme"#])]
#[case::no_host("https://", &[r#""https://": must be a lower-case RFC 1123 subdomain: lower-case letters, digits, '-' or '.', starting and ending with a letter or digit, no longer than 253 characters (such as 'example.com')"#])]
#[case::port("https://a:0", &[r#""https://a:0": port '0' is not valid, valid port must be in the range [1, 65535]"#])]
#[case::path("https://a/v2", &[r#""https://a/v2": url must not contain a path"#])]
#[case::query("https://a?b=c", &[r#""https://a?b=c": url must not contain query parameters"#])]
#[case::fragment("https://a#b", &[r#""https://a#b": url must not contain a fragment"#])]
#[case::credentials("https://me:hush@a", &["url must not contain user info"])]
#[case::everything("https://me:hush@a/b?c#d", &["url must not contain a path", "url must not contain user info", "url must not contain query parameters", "url must not contain a fragment"])]
fn an_address_is_a_scheme_and_a_host(#[case] url: &str, #[case] problems: &[&str]) {
    for (field, spec) in [
        ("spec.remoteURL", json!({"remoteURL": url})),
        ("spec.proxy.httpProxy", json!({"proxy": {"httpProxy": url}})),
        ("spec.proxy.httpsProxy", json!({"proxy": {"httpsProxy": url}})),
    ] {
        let expected: Vec<_> =
            problems.iter().map(|problem| format!("{field}: Invalid value: {problem}")).collect();
        assert_eq!(texts(&validate(&cache(spec), None)), expected);
    }
}

#[rstest]
#[case::size(json!({"volume": {"size": 0}}), r#"spec.volume.size: Invalid value: "0": must be greater than 0"#)]
#[case::negative_size(json!({"volume": {"size": "-1Gi"}}), r#"spec.volume.size: Invalid value: "-1Gi": must be greater than 0"#)]
#[case::class(json!({"volume": {"storageClassName": "A"}}), &format!(r#"spec.volume.storageClassName: Invalid value: "A": {SUBDOMAIN}"#))]
#[case::negative_ttl(json!({"garbageCollection": {"ttl": "-1h"}}), r#"spec.garbageCollection.ttl: Invalid value: "-1h": ttl must be a non-negative duration"#)]
#[case::no_duration(json!({"garbageCollection": {"ttl": "7d"}}), r#"spec.garbageCollection.ttl: Invalid value: "7d": ttl must be a non-negative duration"#)]
#[case::beyond_go(json!({"garbageCollection": {"ttl": "999999h999999h999999h"}}), r#"spec.garbageCollection.ttl: Invalid value: "999999h999999h999999h": ttl must be a non-negative duration"#)]
#[case::secret(json!({"secretReferenceName": "A"}), &format!(r#"spec.secretReferenceName: Invalid value: "A": {SUBDOMAIN}"#))]
#[case::no_proxy(json!({"proxy": {"noProxy": "a;b"}}), r#"spec.proxy.noProxy: Invalid value: "a;b": must be hosts, domains or networks with commas between them, such as 10.0.0.0/8,.example.com"#)]
#[case::suffix_with_dots(json!({"serviceNameSuffix": "a.b"}), r#"spec.serviceNameSuffix: Invalid value: "a.b": must not contain dots"#)]
#[case::suffix(json!({"serviceNameSuffix": "A"}), r#"spec.serviceNameSuffix: Invalid value: "A": must be a DNS label: lower-case letters, digits or '-', starting and ending with a letter or digit, no longer than 54 characters"#)]
#[case::long_suffix(json!({"serviceNameSuffix": "a".repeat(55)}), "spec.serviceNameSuffix: Too long: may not be more than 54 bytes")]
#[case::authorize(json!({"access": "Authorize", "http": {"tls": false}}), "spec.access: Forbidden: Authorize needs http.tls: Pods send the credentials of the upstream to the cache")]
#[case::old_version(json!({"registryVersion": "3.1.0"}), r#"spec.registryVersion: Invalid value: "3.1.0": must be a version of distribution, 3.1.1 or later, such as 3.1.2: older ones send the credentials to other hosts"#)]
#[case::no_version(json!({"registryVersion": "latest"}), r#"spec.registryVersion: Invalid value: "latest": must be a version of distribution, 3.1.1 or later, such as 3.1.2: older ones send the credentials to other hosts"#)]
#[case::no_ca(json!({"remoteCA": {}}), "spec.remoteCA.pem: Required value: the certificates of the authority, or secretName")]
#[case::two_cas(json!({"remoteCA": {"pem": "x", "secretName": "y"}}), "spec.remoteCA.secretName: Forbidden: must not be set with pem: remove one of them")]
#[case::ca(json!({"remoteCA": {"pem": "hush-hush"}}), "spec.remoteCA.pem: Invalid value: must hold certificates in PEM")]
#[case::resources(json!({"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}}), r#"spec.resources.limits.cpu: Invalid value: "1": must be greater than or equal to the cpu request of 2"#)]
fn refuses(#[case] spec: Json, #[case] text: &str) {
    assert_eq!(texts(&validate(&cache(spec), None)), [text]);
}

#[rstest]
#[case::upstream(json!({}), json!({"upstream": "quay.io"}), &[r#"spec.upstream: Invalid value: "quay.io": must not change: create another RegistryCache for another upstream"#])]
#[case::size(json!({"volume": {"size": "10Gi"}}), json!({"volume": {"size": "16Gi"}}), &[r#"spec.volume.size: Invalid value: "16Gi": field is immutable"#])]
#[case::size_of_the_default(json!({}), json!({"volume": {"size": "9Gi"}}), &[r#"spec.volume.size: Invalid value: "9Gi": field is immutable"#])]
#[case::the_same_size(json!({"volume": {"size": "1Gi"}}), json!({"volume": {"size": "1024Mi"}}), &[])]
#[case::class(json!({"volume": {"storageClassName": "a"}}), json!({"volume": {"storageClassName": "b"}}), &[r#"spec.volume.storageClassName: Invalid value: "b": field is immutable"#])]
#[case::class_added(json!({}), json!({"volume": {"storageClassName": "b"}}), &[r#"spec.volume.storageClassName: Invalid value: "b": field is immutable"#])]
#[case::class_removed(json!({"volume": {"storageClassName": "a"}}), json!({"volume": {}}), &[r#"spec.volume.storageClassName: Invalid value: "": field is immutable"#])]
#[case::on_again(json!({"garbageCollection": {"ttl": "0s"}}), json!({"garbageCollection": {"ttl": "1h"}}), &[r#"spec.garbageCollection.ttl: Invalid value: "1h": garbage collection cannot be enabled (ttl > 0) once it is disabled (ttl = 0)"#])]
#[case::off(json!({"garbageCollection": {"ttl": "1h"}}), json!({"garbageCollection": {"ttl": "0s"}}), &[])]
#[case::tls(json!({}), json!({"http": {"tls": false}}), &[])]
fn an_update_is_refused_if(#[case] old: Json, #[case] new: Json, #[case] expected: &[&str]) {
    assert_eq!(texts(&validate(&cache(new), Some(&cache(old)))), expected);
}

#[test]
fn what_an_update_leaves_alone_is_not_judged() {
    let bad = || cache(json!({"upstream": "A", "access": "Open", "secretReferenceName": "a"}));
    assert_eq!(validate(&bad(), Some(&bad())), Decision::allowed());
}

const OPEN: &str = "spec.access: everything in the cluster can pull the images that the credentials of the cache can pull: set access: Authorize with http.tls";

#[rstest]
#[case::open(json!({"secretReferenceName": "hub", "access": "Open"}), &[OPEN])]
#[case::without_tls(json!({"secretReferenceName": "hub", "http": {"tls": false}}), &[OPEN])]
#[case::plain(json!({"secretReferenceName": "hub", "remoteURL": "http://a"}), &["spec.remoteURL: the cache sends its credentials and the logins of Pods without encryption: use https://"])]
#[case::plain_and_open(json!({"secretReferenceName": "hub", "access": "Open", "remoteURL": "http://a"}), &[OPEN, "spec.remoteURL: the cache sends its credentials without encryption: use https://"])]
#[case::plain_for_pods(json!({"access": "Authorize", "remoteURL": "http://a"}), &["spec.remoteURL: the cache sends the logins of Pods without encryption: use https://"])]
#[case::without_credentials(json!({"access": "Open", "remoteURL": "http://a"}), &[])]
fn warns_of_credentials_that_others_can_use(#[case] spec: Json, #[case] expected: &[&str]) {
    let warnings = validate(&cache(spec), None).warnings;
    let texts: Vec<_> = warnings.iter().map(|warning| warning.text.as_str()).collect();
    assert_eq!(texts, expected);
}

#[rstest]
#[case::nothing(json!({}), json!([
    {"op": "add", "path": "/spec/volume", "value": {"size": "10Gi"}},
    {"op": "add", "path": "/spec/garbageCollection", "value": {"ttl": "168h"}},
    {"op": "add", "path": "/spec/http", "value": {"tls": true}},
]))]
#[case::parts(json!({"volume": {"storageClassName": "a"}, "garbageCollection": {}, "http": {}}), json!([
    {"op": "add", "path": "/spec/volume/size", "value": "10Gi"},
    {"op": "add", "path": "/spec/garbageCollection/ttl", "value": "168h"},
    {"op": "add", "path": "/spec/http/tls", "value": true},
]))]
#[case::credentials(json!({"secretReferenceName": "hub", "volume": {"size": 1}, "garbageCollection": {"ttl": "0s"}}), json!([
    {"op": "add", "path": "/spec/http", "value": {"tls": true}},
    {"op": "add", "path": "/spec/access", "value": "Authorize"},
]))]
#[case::everything(json!({"volume": {"size": 1}, "garbageCollection": {"ttl": "0s"}, "http": {"tls": false}}), json!([]))]
fn fills_in(#[case] spec: Json, #[case] expected: Json) {
    assert_eq!(serde_json::to_value(default(&cache(spec), None).patch).unwrap(), expected);
}

/// Images that were pulled with credentials stay in the cache.
#[rstest]
#[case::credentials_removed(json!({"secretReferenceName": "hub"}), json!({}), Some("Authorize"))]
#[case::left_out(json!({"access": "Authorize"}), json!({}), Some("Authorize"))]
#[case::without_tls(json!({"secretReferenceName": "hub"}), json!({"http": {"tls": false}}), Some("Authorize"))]
#[case::credentials_added(json!({}), json!({"secretReferenceName": "hub"}), Some("Authorize"))]
#[case::not_open_any_more(json!({"secretReferenceName": "hub", "access": "Open"}), json!({"secretReferenceName": "hub"}), Some("Authorize"))]
#[case::opened(json!({"secretReferenceName": "hub"}), json!({"secretReferenceName": "hub", "access": "Open"}), None)]
#[case::open(json!({}), json!({}), None)]
#[case::open_without_tls(json!({}), json!({"secretReferenceName": "hub", "http": {"tls": false}}), None)]
fn access_opens_only_if_that_is_asked_for(
    #[case] old: Json,
    #[case] new: Json,
    #[case] filled_in: Option<&str>,
) {
    let patch = serde_json::to_value(default(&cache(new), Some(&cache(old))).patch).unwrap();
    let operations = patch.as_array().unwrap().iter();
    let added: Vec<_> = operations.filter(|operation| operation["path"] == "/spec/access").collect();
    let expected = filled_in.map(|access| json!({"op": "add", "path": "/spec/access", "value": access}));
    assert_eq!(added, expected.iter().collect::<Vec<_>>());
}

const OPENED: &str = "spec.access: everything in the cluster can pull the images that are in the cache, private ones, too: set access: Authorize, or delete the RegistryCache and create it again to empty it";
const MOVED: &str = "spec.remoteURL: images from the address before stay in the cache and are served: if the new one has others, delete the RegistryCache and create it again to empty it";

#[rstest]
#[case::opened(json!({"access": "Authorize"}), json!({"access": "Open"}), &[OPENED])]
#[case::opened_with_credentials(json!({"secretReferenceName": "hub"}), json!({"secretReferenceName": "hub", "access": "Open"}), &[OPEN, OPENED])]
#[case::opened_without_credentials(json!({"secretReferenceName": "hub"}), json!({"access": "Open"}), &[OPENED])]
#[case::open_before(json!({"access": "Open"}), json!({"access": "Open", "staleTags": "Deny"}), &[])]
#[case::closed(json!({"access": "Open"}), json!({"access": "Authorize"}), &[])]
#[case::moved(json!({"remoteURL": "https://a"}), json!({"remoteURL": "https://b"}), &[MOVED])]
#[case::moved_from_the_default(json!({}), json!({"remoteURL": "https://b"}), &[MOVED])]
#[case::moved_to_the_default(json!({"remoteURL": "https://a"}), json!({}), &[MOVED])]
#[case::another_upstream(json!({}), json!({"upstream": "quay.io"}), &[])]
#[case::the_default_named(json!({}), json!({"remoteURL": "https://registry-1.docker.io"}), &[])]
fn an_update_warns_of_images_that_stay(#[case] old: Json, #[case] new: Json, #[case] expected: &[&str]) {
    let warnings = validate(&cache(new), Some(&cache(old))).warnings;
    let texts: Vec<_> = warnings.iter().map(|warning| warning.text.as_str()).collect();
    assert_eq!(texts, expected);
}

/// What an update leaves out is filled in, and is then a change as any other.
#[rstest]
#[case::size(json!({"volume": {"size": "20Gi"}}), &[r#"spec.volume.size: Invalid value: "10Gi": field is immutable"#])]
#[case::off(json!({"garbageCollection": {"ttl": "0s"}}), &[r#"spec.garbageCollection.ttl: Invalid value: "168h": garbage collection cannot be enabled (ttl > 0) once it is disabled (ttl = 0)"#])]
#[case::ttl(json!({"garbageCollection": {"ttl": "24h"}}), &[])]
#[case::size_of_the_default(json!({"volume": {"size": "10240Mi"}}), &[])]
fn what_an_update_leaves_out_gets_its_default(#[case] old: Json, #[case] expected: &[&str]) {
    let left_out = cache(json!({}));
    let mut filled_in = serde_json::json!({"metadata": {"name": "hub"}, "spec": {"upstream": "docker.io"}});
    json_patch::patch(&mut filled_in, &default(&left_out, Some(&cache(old.clone()))).patch).unwrap();
    let filled_in = filled_in.to_string();
    assert_eq!(texts(&validate(&decode(&filled_in).unwrap(), Some(&cache(old)))), expected);
}
