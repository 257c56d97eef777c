//! What nodes learn of a registry in the cluster: which authority signed its certificate, and where it is. Nodes do not
//! ask the DNS of the cluster, so they reach it by the address of its Service, if its certificate is for that address.

use std::net::IpAddr;

use policy::container_registries::{Address, Endpoint, Fallback, Host, Registries, Registry};

/// The registries of nodes for a registry; none if nodes know who has signed its certificate. `address` is that of its Service,
/// if the certificate is for it, and `authorities` are in PEM.
#[must_use]
pub fn of_registry(hostname: &str, address: Option<IpAddr>, authorities: &str) -> Registries {
    let endpoint = match address {
        Some(IpAddr::V6(address)) => format!("[{address}]"),
        Some(address) => address.to_string(),
        None => hostname.to_owned(),
    };
    let (Ok(host), Ok(endpoint)) = (Host::parse(hostname), Address::parse(&endpoint)) else {
        return Registries::default();
    };
    if authorities.is_empty() {
        return Registries::default();
    }
    // By its name nodes would not find it.
    let fallback = if address.is_some() { Fallback::None } else { Fallback::Upstream };
    let endpoint = Endpoint { ca: Some(authorities.to_owned()), ..Endpoint::at(endpoint) };
    Registries([(host, Registry { endpoints: vec![endpoint], fallback })].into())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::nodes::render::values;

    const AUTHORITY: &str = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";

    #[rstest]
    #[case::by_its_address(Some("10.96.0.17"), AUTHORITY, &["fallback: None", "- endpoint: \"10.96.0.17\""])]
    #[case::by_an_address_of_six(Some("fd00::11"), AUTHORITY, &["fallback: None", "- endpoint: \"[fd00::11]\""])]
    #[case::by_its_name(None, AUTHORITY, &["- endpoint: registry.infra.example.com"])]
    #[case::with_a_public_certificate(Some("10.96.0.17"), "", &[])]
    fn nodes_learn_where_a_registry_is_and_who_signed_it(
        #[case] address: Option<&str>,
        #[case] authorities: &str,
        #[case] expected: &[&str],
    ) {
        let address = address.map(|address| address.parse().unwrap());
        let registries = of_registry("registry.infra.example.com", address, authorities);
        let text = values::render(&registries);
        let lines: Vec<_> = text.reveal().lines().map(str::trim).collect();
        let found: Vec<_> = lines
            .iter()
            .copied()
            .filter(|line| line.contains("endpoint:") || line.contains("fallback"))
            .collect();
        assert_eq!(found, expected);
        assert_eq!(lines.iter().any(|line| line.contains("MA==")), !authorities.is_empty());
    }
}
