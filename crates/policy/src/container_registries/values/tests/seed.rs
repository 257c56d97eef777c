//! The value as its authors publish it, and the caches that their chart knows beside it.

use super::*;

const EXAMPLE: &str = r#"connectivity:
  containerRegistries:
    docker.io:
      - endpoint: "registry-1.docker.io"
        credentials:
          username: "my_user_name"
          password: "my_password"
      - endpoint: "my-mirror-registry.mydomain.io"
"#;

/// The endpoints of a host, as URLs.
fn urls(text: &str, name: &str) -> Vec<String> {
    let reading = read(text, NOW);
    assert_eq!(violations(text), [""; 0]);
    reading
        .registries
        .0
        .get(&host(name))
        .map_or_else(Vec::new, |registry| registry.endpoints.iter().map(Endpoint::url).collect())
}

#[test]
fn the_example_is_read() {
    assert_eq!(
        urls(EXAMPLE, "docker.io"),
        ["https://registry-1.docker.io", "https://my-mirror-registry.mydomain.io"]
    );
    let reading = read(EXAMPLE, NOW);
    let endpoints = &reading.registries.0.get(&host("docker.io")).unwrap().endpoints;
    let password = HiddenText::new("my_password");
    let expected = Credentials::Basic { username: "my_user_name".to_owned(), password };
    assert_eq!(endpoints[0].credentials, Some(expected));
    assert_eq!(endpoints[1], Endpoint::at(Address::parse("my-mirror-registry.mydomain.io").unwrap()));
    assert_eq!(
        warnings(EXAMPLE),
        [
            "connectivity.containerRegistries: containerd sends the pull Secrets of Pods to a mirror that answers 401, unless it has credentials or a ca of its own: my-mirror-registry.mydomain.io of docker.io",
            "connectivity.containerRegistries: containerd before 2.1 does not send these credentials to the token server of a registry, so pulls are anonymous: use 2.1 or the credential provider: registry-1.docker.io of docker.io",
            "connectivity.containerRegistries: a pull waits 30s for a mirror that is down: set dialTimeout, such as 1s: my-mirror-registry.mydomain.io of docker.io",
        ]
    );
}

const CACHES: &str = "global:
  managementCluster: giantmc
  connectivity: {baseDomain: example.gigantic.io}
  components:
    containerd:
      debug: {level: info}
      localRegistryCache: {enabled: true, mirroredRegistries: [gsoci.azurecr.io, quay.io]}
      managementClusterRegistryCache: {}
      containerRegistries:
        gsoci.azurecr.io: [{endpoint: gsoci.azurecr.io}]
";

#[test]
fn caches_come_first_and_also_mirror_hosts_without_endpoints() {
    assert_eq!(
        urls(CACHES, "gsoci.azurecr.io"),
        ["http://127.0.0.1:32767", "https://zot.giantmc.example.gigantic.io", "https://gsoci.azurecr.io"]
    );
    assert_eq!(urls(CACHES, "quay.io"), ["http://127.0.0.1:32767"]);
    let endpoint = read(CACHES, NOW).registries.0.get(&host("quay.io")).unwrap().endpoints[0].clone();
    assert_eq!(endpoint.scheme, Scheme::Http);
}

#[rstest]
#[case::local("localRegistryCache: {mirroredRegistries: [quay.io]}")]
#[case::of_management_cluster(
    "managementClusterRegistryCache: {enabled: false, mirroredRegistries: [quay.io]}"
)]
fn a_cache_that_is_off_mirrors_nothing(#[case] text: &str) {
    assert_eq!(urls(text, "quay.io"), [""; 0]);
}

#[rstest]
#[case::port(
    "localRegistryCache: {enabled: true, port: 0}",
    &["localRegistryCache.port: Invalid value: must be a number between 1 and 65535"]
)]
#[case::port_as_text(
    "localRegistryCache: {enabled: true, port: '5000'}",
    &["localRegistryCache.port: Invalid value: must be a number between 1 and 65535"]
)]
#[case::host(
    "localRegistryCache: {enabled: true, mirroredRegistries: ['https://quay.io']}",
    &["localRegistryCache.mirroredRegistries[0]: Invalid value: must have no scheme, such as example.com:5000: `insecure: true` is for plain HTTP"]
)]
#[case::unknown_key(
    "managementClusterRegistryCache: {enabled: false, port: 5000}",
    &["managementClusterRegistryCache.port: Forbidden: there is no such key: the keys are enabled, mirroredRegistries"]
)]
#[case::no_names(
    "managementClusterRegistryCache: {}",
    &[
        "global.managementCluster: Required value: managementClusterRegistryCache is at zot.<managementCluster>.<baseDomain>",
        "global.connectivity.baseDomain: Required value: managementClusterRegistryCache is at zot.<managementCluster>.<baseDomain>",
    ]
)]
#[case::no_host(
    "managementClusterRegistryCache: {}\nglobal: {managementCluster: a/b, connectivity: {baseDomain: c}}",
    &["global.connectivity.baseDomain: Invalid value: must give the name of a host: zot.<managementCluster>.<baseDomain>"]
)]
fn refuses_a_cache(#[case] text: &str, #[case] expected: &[&str]) {
    assert_eq!(violations(text), expected);
}
