#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use rstest::rstest;

use super::*;

const LONG: &str = "no registry: it sends for a token to an address that is too long";
const OPEN: &str = "no registry: it sends for a token without TLS";
const BARE: &str = "no registry: it sends for a token to a bare address, which is not followed";
const LOGIN: &str = "no registry: it sends for a token to an address with a login or a fragment";

#[rstest]
#[case::other_host(
    "https://auth.example.com/token?a=b",
    Ok("https://auth.example.com/token?a=b&service=s&scope=repository%3Ar%3Apull%2Cpush")
)]
#[case::without_tls("http://auth.example.com/token", Err(OPEN))]
#[case::same_host_without_tls("http://registry.example.com/token", Err(OPEN))]
#[case::file("file:///etc/passwd", Err(OPEN))]
#[case::no_address("token", Err("no registry: it sends for a token to what is no address"))]
#[case::bare_address("https://10.0.0.1/token", Err(BARE))]
#[case::decimal_address("https://167772161/token", Err(BARE))]
#[case::link_local("https://[fe80::1]/token", Err(BARE))]
#[case::login("https://u:p@auth.example.com/token", Err(LOGIN))]
#[case::fragment("https://auth.example.com/token#x", Err(LOGIN))]
#[case::long(&format!("https://auth.example.com/{}", "x".repeat(2048)), Err(LONG))]
fn a_token_is_asked_for_where_credentials_may_go(#[case] realm: &str, #[case] expected: Result<&str, &str>) {
    let told = asked("https://registry.example.com/v2/", realm);
    assert_eq!(told, expected.map(str::to_owned).map_err(str::to_owned));
}

fn asked(base: &str, realm: &str) -> Result<String, String> {
    let account = Account {
        url: String::new(),
        is_plain: false,
        repository: "r".to_owned(),
        username: "u".to_owned(),
        password: zeroize::Zeroizing::new("p".to_owned()),
        authorities: None,
    };
    let config = RegistryConfig {
        plain_http: ["tokens.example.com:5001".to_owned()].into(),
        ..RegistryConfig::default()
    };
    let url = token_url(&Url::parse(base).unwrap(), realm, Some("s"), &account, &config);
    url.map(|url| url.to_string()).map_err(|verdict| verdict.to_string())
}

/// If the registry has no TLS, its own host and the hosts in the configuration need none either.
#[rstest]
#[case::same_host("http://registry.example.com:99/token", true)]
#[case::named("http://tokens.example.com:5001/token", true)]
#[case::other_port("http://tokens.example.com:5002/token", false)]
#[case::service_of_the_cluster("http://secrets.victim.svc.cluster.local/any/path?x=y", false)]
fn a_registry_without_tls_may_send_to_a_few_others(#[case] realm: &str, #[case] expected: bool) {
    let told = asked("http://registry.example.com/v2/", realm);
    assert_eq!(told.is_ok(), expected, "{told:?}");
}
