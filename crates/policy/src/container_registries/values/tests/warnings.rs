//! What the author of a valid value should know, with exact texts.

use super::*;

#[test]
fn warns_only_if_nothing_is_wrong() {
    let text = "containerRegistries: {docker.io: [{endpoint: registry-1.docker.io, skipverify: true}]}";
    assert_eq!((violations(text).len(), warnings(text).len()), (1, 0));
}

#[rstest]
#[case::nothing_to_say(
    "containerRegistries: {a.b: [{endpoint: a.b}, {endpoint: '127.0.0.1:5000', insecure: true}]}",
    &[]
)]
#[case::mirror(
    "containerRegistries: {a.b: [{endpoint: m.b, dialTimeout: 1s}, {endpoint: a.b}]}",
    &["containerRegistries: containerd sends the pull Secrets of Pods to a mirror that answers 401, unless it has credentials or a ca of its own: m.b of a.b"]
)]
#[case::no_dial_timeout(
    "connectivity: {containerRegistries: {a.b: [{endpoint: m.b}]}}",
    &["connectivity.containerRegistries: containerd sends the pull Secrets of Pods to a mirror that answers 401, unless it has credentials or a ca of its own: m.b of a.b",
    "connectivity.containerRegistries: a pull waits 30s for a mirror that is down: set dialTimeout, such as 1s: m.b of a.b"]
)]
#[case::credentials(
    "containerRegistries: {a.b: [{endpoint: a.b, credentials: {auth: dTpo}}]}",
    &["containerRegistries: containerd before 2.1 does not send these credentials to the token server of a registry, so pulls are anonymous: use 2.1 or the credential provider: a.b of a.b"]
)]
#[case::port_of_https(
    "containerRegistries: {'a.b:443': [{endpoint: a.b}], a.b: [{endpoint: 'a.b:443'}], 'c.d:5000': [{endpoint: 'c.d:5000'}]}",
    &["containerRegistries: containerd uses these for images whose names have the port, not for those without it: a.b:443"]
)]
#[case::anonymous_hub(
    "containerRegistries: {docker.io: [{endpoint: docker.io}]}",
    &["containerRegistries[docker.io]: Docker Hub without credentials allows 100 pulls in six hours from one address: add registry-1.docker.io with credentials"]
)]
#[case::hub_as_fallback(
    "containerRegistries: {docker.io: [{endpoint: localhost, insecure: true, dialTimeout: 1s}]}",
    &["containerRegistries[docker.io]: Docker Hub without credentials allows 100 pulls in six hours from one address: add registry-1.docker.io with credentials"]
)]
#[case::hub_never_asked(
    "containerRegistries: {docker.io: {fallback: None, endpoints: [{endpoint: localhost, insecure: true, dialTimeout: 1s}]}}",
    &[]
)]
#[case::many(
    "containerRegistries: {a.b: [{endpoint: m1}, {endpoint: m2}, {endpoint: m3}, {endpoint: m4}, {endpoint: m5}, {endpoint: m6}, {endpoint: m7}]}",
    &[
        "containerRegistries: containerd sends the pull Secrets of Pods to a mirror that answers 401, unless it has credentials or a ca of its own: m1 of a.b, m2 of a.b, m3 of a.b, m4 of a.b, m5 of a.b, and 2 more",
        "containerRegistries: a pull waits 30s for a mirror that is down: set dialTimeout, such as 1s: m1 of a.b, m2 of a.b, m3 of a.b, m4 of a.b, m5 of a.b, and 2 more",
    ]
)]
fn warns(#[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(violations(text), [""; 0]);
    assert_eq!(warnings(text), expected);
}
