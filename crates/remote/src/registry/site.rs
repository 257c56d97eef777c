//! Which token servers belong to a registry. One answer of a registry, or of whoever answers in its place, could otherwise
//! collect logins. The rule is that of distribution since 3.1.1 (CVE-2026-33540).

use reqwest::Url;

/// Whether a token server is at the address of a registry, or has a name in the same registrable domain.
pub(super) fn is_same_site(registry: &Url, server: &Url) -> bool {
    let address = |url: &Url| (url.host_str().map(str::to_owned), url.port_or_known_default());
    address(registry) == address(server)
        || domain(registry).is_some_and(|domain_of_registry| Some(domain_of_registry) == domain(server))
}

/// The domain that somebody has registered; addresses have none, and neither have public suffixes.
fn domain(url: &Url) -> Option<&str> {
    psl::domain_str(url.domain()?.trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::same("https://r.example.com", "https://r.example.com/token", true)]
    #[case::docker_hub("https://registry-1.docker.io", "https://auth.docker.io/token", true)]
    #[case::parent("https://registry.gitlab.com", "https://gitlab.com/jwt/auth", true)]
    #[case::other_port("https://r.example.com", "https://r.example.com:5001/token", true)]
    #[case::service("https://r.infra.svc.cluster.local", "https://auth.infra.svc.cluster.local", true)]
    #[case::same_address("http://192.0.2.1:5000", "http://192.0.2.1:5000/token", true)]
    #[case::other_domain("https://r.example.com", "https://evil.example/token", false)]
    #[case::looks_alike("https://r.example.com", "https://r.example.com.evil.example", false)]
    #[case::public_suffix("https://a.co.uk", "https://b.co.uk", false)]
    #[case::private_suffix("https://me.github.io", "https://you.github.io", false)]
    #[case::suffix_itself("https://r.example.com", "https://com", false)]
    #[case::other_port_of_an_address("http://192.0.2.1:5000", "http://192.0.2.1:5001/token", false)]
    #[case::address("https://r.example.com", "https://192.0.2.1/token", false)]
    #[case::single_label("https://registry", "https://auth", false)]
    fn logins_go_to_hosts_of_the_registry_alone(
        #[case] registry: &str,
        #[case] server: &str,
        #[case] expected: bool,
    ) {
        let url = |text| Url::parse(text).unwrap();
        assert_eq!(is_same_site(&url(registry), &url(server)), expected);
    }
}
