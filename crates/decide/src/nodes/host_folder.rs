//! Which folder of `config_path` containerd reads for a host.

use policy::container_registries::Host;

/// The folder that containerd looks for before that with the name of the host: `example.com_5000_` for `example.com:5000`.
/// None if it looks for no other.
pub(super) fn first(host: &str) -> Option<String> {
    let (name, port) = host.rsplit_once(':').filter(|(name, _)| !name.is_empty())?;
    Some(format!("{name}_{port}_"))
}

/// The host that a folder is for: `example.com_5000_` is for `example.com:5000`, as `example.com:5000` is.
pub(super) fn host_of(folder: &str) -> String {
    let parts = folder.strip_suffix('_').and_then(|rest| rest.rsplit_once('_'));
    let host = parts.map(|(name, port)| format!("{name}:{port}"));
    host.filter(|host| Host::parse(host).is_ok()).unwrap_or_else(|| folder.to_owned())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("docker.io", "docker.io")]
    #[case::alias("index.docker.io", "index.docker.io")]
    #[case::colon("example.com:5000", "example.com:5000")]
    #[case::underscores("example.com_5000_", "example.com:5000")]
    #[case::ipv6("[2001:db8::1]_5000_", "[2001:db8::1]:5000")]
    #[case::ipv6_without_port("[2001:db8:_1]_", "[2001:db8::1]")]
    #[case::default("_default", "_default")]
    #[case::no_port("example_com_", "example_com_")]
    #[case::no_name("_5000_", "_5000_")]
    #[case::large_port("example.com_99999_", "example.com_99999_")]
    fn folders_are_for_hosts(#[case] folder: &str, #[case] host: &str) {
        assert_eq!(host_of(folder), host);
    }

    #[rstest]
    #[case::plain("docker.io", None)]
    #[case::default("_default", None)]
    #[case::port("example.com:5000", Some("example.com_5000_"))]
    #[case::ipv6("[2001:db8::1]:5000", Some("[2001:db8::1]_5000_"))]
    #[case::ipv6_without_port("[2001:db8::1]", Some("[2001:db8:_1]_"))]
    fn containerd_looks_for_underscores_first(#[case] host: &str, #[case] folder: Option<&str>) {
        assert_eq!(first(host).as_deref(), folder);
        assert_eq!(folder.map_or_else(|| host.to_owned(), host_of), host);
    }
}
