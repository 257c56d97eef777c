//! A row per message of the original about addresses and Secrets: in a Shoot with everything, each is of the field that is wrong.

use super::*;

const PORT: &str = "valid port must be in the range [1, 65535]";

/// A Shoot with a cache and a mirror, whose fields are merged in, and the Secrets that both refer to.
fn everything(cache: &Json, host: &Json) -> ShootObject {
    let mut caches = json!([{"upstream": "docker.io", "secretReferenceName": "login"}]);
    json_patch::merge(&mut caches[0], cache);
    let mut hosts = json!([{"host": "https://mirror.gcr.io", "caBundleSecretReferenceName": "ca"}]);
    json_patch::merge(&mut hosts[0], host);
    let extensions = json!([
        extension("registry-cache", &registry_config(&caches)),
        extension("registry-mirror", &mirror_config(&json!([{"upstream": "quay.io", "hosts": hosts}]))),
    ]);
    let resources = json!([
        {"name": "login", "resourceRef": {"apiVersion": "v1", "kind": "Secret", "name": "login-v1"}},
        {"name": "ca", "resourceRef": {"apiVersion": "v1", "kind": "Secret", "name": "ca-v1"}},
    ]);
    shoot(&extensions, &json!({"resources": resources}))
}

const LOGIN: Sample<'_> = ("login-v1", true, &[("username", "me"), ("password", "hush")]);
const CA: Sample<'_> = ("ca-v1", true, &[("bundle.crt", CERTIFICATE)]);

fn judged(shoot: &ShootObject, samples: &[Sample<'_>]) -> Decision {
    let decision = validate_shoot(shoot, None, Some(&secrets(samples)));
    assert!(!format!("{decision:?}").contains("hush"), "{decision:?}");
    decision
}

#[test]
fn everything_is_allowed() {
    assert_eq!(judged(&everything(&json!({}), &json!({})), &[LOGIN, CA]), Decision::allowed());
}

#[rstest]
#[case::empty("", SUBDOMAIN)]
#[case::dot_at_the_end("docker.io.", SUBDOMAIN)]
#[case::dot_at_the_start(".docker.io", SUBDOMAIN)]
#[case::scheme("https://docker.io", SUBDOMAIN)]
#[case::query("x?foo=bar", SUBDOMAIN)]
#[case::path("x/foo", SUBDOMAIN)]
#[case::no_number("docker.io:a", SUBDOMAIN)]
#[case::ipv6("[::1]:5000", SUBDOMAIN)]
#[case::long(&"a".repeat(254), SUBDOMAIN)]
#[case::leading_zero("docker.io:0443", &format!("port '0443' is not valid, {PORT}"))]
#[case::port_zero("example.com:0", &format!("port '0' is not valid, {PORT}"))]
#[case::large_port("example.com:65536", &format!("port '65536' is not valid, {PORT}"))]
fn an_upstream_is_a_host(#[case] upstream: &str, #[case] must: &str) {
    let shown = if upstream.len() > 80 { format!("{}…", &upstream[..80]) } else { upstream.to_owned() };
    let of = |field: &str| [format!(r#"{AT}.{field}: Invalid value: "{shown}": {must}"#)];
    let caches = with_caches(&json!([{"upstream": upstream}]));
    assert_eq!(texts(&judged(&caches, &[])), of("caches[0].upstream"));
    let mirrors = with_mirrors(&json!([{"upstream": upstream, "hosts": [{"host": "https://a"}]}]));
    assert_eq!(texts(&judged(&mirrors, &[])), of("mirrors[0].upstream"));
}

#[rstest]
#[case::unreadable("https://a/%zz", "failed to parse url: invalid URL escape")]
#[case::scheme("mirror.io", "url must start with 'http://' or 'https://' scheme")]
#[case::host("https://A", SUBDOMAIN)]
#[case::port("https://a:0", &format!("port '0' is not valid, {PORT}"))]
#[case::query("https://a?b=c", "url must not contain query parameters")]
#[case::fragment("https://a#b", "url must not contain a fragment")]
fn an_address_is_one_of_a_host(#[case] url: &str, #[case] must: &str) {
    let path = "spec.extensions[0].providerConfig.caches[0]";
    let host = "spec.extensions[1].providerConfig.mirrors[0].hosts[0].host";
    for (field, cache, mirror) in [
        (format!("{path}.remoteURL"), json!({"remoteURL": url}), json!({})),
        (format!("{path}.proxy.httpProxy"), json!({"proxy": {"httpProxy": url}}), json!({})),
        (format!("{path}.proxy.httpsProxy"), json!({"proxy": {"httpsProxy": url}}), json!({})),
        (host.to_owned(), json!({}), json!({"host": url})),
    ] {
        let decision = judged(&everything(&cache, &mirror), &[LOGIN, CA]);
        assert_eq!(texts(&decision), [format!(r#"{field}: Invalid value: "{url}": {must}"#)]);
    }
}

/// A path is wrong for a cache, and only that of another folder for a mirror.
#[rstest]
#[case::path("https://a/b", Some("url must not contain a path"), None)]
#[case::slash("https://a/", None, None)]
#[case::up("https://a/..", Some("url must not contain a path"), Some("url path must not contain '..'"))]
#[case::here("https://a/%2E", Some("url must not contain a path"), Some("url path must not contain '.'"))]
fn an_address_has_a_path(#[case] url: &str, #[case] of_cache: Option<&str>, #[case] of_mirror: Option<&str>) {
    let text = |field: &str, must: Option<&str>| -> Vec<String> {
        must.map(|must| format!(r#"{field}: Invalid value: "{url}": {must}"#)).into_iter().collect()
    };
    let cache = judged(&everything(&json!({"remoteURL": url}), &json!({})), &[LOGIN, CA]);
    assert_eq!(texts(&cache), text("spec.extensions[0].providerConfig.caches[0].remoteURL", of_cache));
    let mirror = judged(&everything(&json!({}), &json!({"host": url})), &[LOGIN, CA]);
    let field = "spec.extensions[1].providerConfig.mirrors[0].hosts[0].host";
    assert_eq!(texts(&mirror), text(field, of_mirror));
}

#[rstest]
#[case::label(
    "A",
    "must be a DNS label: lower-case letters, digits or '-', starting and ending with a letter or digit, no longer than 54 characters"
)]
#[case::dots("a.b", "must not contain dots")]
#[case::upstream("docker-io", r#"cannot collide with "docker.io" upstream"#)]
fn a_suffix_is_a_label(#[case] suffix: &str, #[case] must: &str) {
    let caches = json!([{"upstream": "docker.io"}, {"upstream": "a.b", "serviceNameSuffix": suffix}]);
    let field = format!("{AT}.caches[1].serviceNameSuffix");
    let expected = format!(r#"{field}: Invalid value: "{suffix}": {must}"#);
    assert_eq!(texts(&judged(&with_caches(&caches), &[])), [expected]);
}

#[rstest]
#[case::mutable(false, &[("username", "me"), ("password", "hush")], &[r#"the referenced secret "garden-dev/login-v1" should be immutable"#])]
#[case::three(true, &[("username", "me"), ("password", "hush"), ("x", "y")], &[r#"the referenced secret "garden-dev/login-v1" should have only two data entries"#])]
#[case::no_username(true, &[("user", "me"), ("password", "hush")], &[r#"missing "username" data entry in the referenced secret "garden-dev/login-v1""#])]
#[case::no_password(true, &[("username", "me"), ("pass", "hush")], &[r#"missing "password" data entry in the referenced secret "garden-dev/login-v1""#])]
#[case::empty_username(true, &[("username", ""), ("password", "hush")], &[r#"the data entry "username" in the referenced secret "garden-dev/login-v1" is empty"#])]
#[case::empty_password(true, &[("username", "me"), ("password", "")], &[r#"the data entry "password" in the referenced secret "garden-dev/login-v1" is empty"#])]
#[case::whitespace(true, &[("username", "me too"), ("password", "hush")], &[r#"the data entry "username" in the referenced secret "garden-dev/login-v1" contains whitespace"#])]
#[case::no_json(true, &[("username", "_json_key"), ("password", "hush")], &[r#"failed to unmarshal ServiceAccount json from the password data entry in the referenced secret "garden-dev/login-v1": not a JSON object of strings"#])]
#[case::forbidden(true, &[("username", "_json_key"), ("password", r#"{"type": "hush", "token_url": "hush"}"#)], &[r#"forbidden ServiceAccount field "token_url" present in the password data entry in the referenced secret "garden-dev/login-v1""#])]
#[case::newline(true, &[("username", "me"), ("password", "hush\n")], &[r#"the data entry "password" in the referenced secret "garden-dev/login-v1" ends with a newline"#])]
#[case::every_field_of_a_key(true, &[("username", "_json_key"), ("password", r#"{"type": "", "project_id": "", "client_email": "", "universe_domain": "", "auth_uri": "", "auth_provider_x509_cert_url": "", "client_x509_cert_url": "", "client_id": "", "private_key_id": "", "private_key": "", "token_uri": ""}"#)], &[])]
fn credentials_of_a_cache(#[case] immutable: bool, #[case] data: &[(&str, &str)], #[case] expected: &[&str]) {
    let shoot = everything(&json!({}), &json!({}));
    let decision = judged(&shoot, &[("login-v1", immutable, data), CA]);
    let expected = expected.iter().map(|text| format!(r#"{REFERENCE}: Invalid value: "login": {text}"#));
    assert_eq!(texts(&decision), expected.collect::<Vec<_>>());
}

/// Nothing of that name is among the resources, or the Secret is not among the manifests.
#[test]
fn what_is_referred_to_is_missing() {
    let ca = "spec.extensions[1].providerConfig.mirrors[0].hosts[0].caBundleSecretReferenceName";
    let unknown = everything(
        &json!({"secretReferenceName": "other"}),
        &json!({"caBundleSecretReferenceName": "other"}),
    );
    let not_found = "failed to find referenced resource with name other and kind Secret";
    let expected = [REFERENCE, ca].map(|field| format!(r#"{field}: Invalid value: "other": {not_found}"#));
    assert_eq!(texts(&judged(&unknown, &[LOGIN, CA])), expected);
    let missing = judged(&everything(&json!({}), &json!({})), &[]);
    let expected = [
        format!(
            "{REFERENCE}: failed to get secret garden-dev/login-v1 for secretReferenceName login: it is not among these manifests"
        ),
        format!(
            "{ca}: failed to get secret garden-dev/ca-v1 for caBundleSecretReferenceName ca: it is not among these manifests"
        ),
    ];
    assert_eq!(
        (texts(&missing), warnings(&missing)),
        (vec![], expected.iter().map(String::as_str).collect())
    );
}
