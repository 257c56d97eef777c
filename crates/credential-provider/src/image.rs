//! The host in the name of an image.

use policy::container_registries::DOCKER_HUB;

/// The host that an image is of: `example.com:5000` of `example.com:5000/team/shop:1`, and `docker.io` of `busybox`.
pub(crate) fn host(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if is_host(host) => host,
        _ => DOCKER_HUB,
    }
}

/// Whether the first part of a name is a host, and not the name of a user of Docker Hub.
fn is_host(part: &str) -> bool {
    part == "localhost" || part.contains(['.', ':']) || part.contains(char::is_uppercase)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("quay.io/team/shop:1", "quay.io")]
    #[case::port("registry:5000/shop", "registry:5000")]
    #[case::ipv6("[2001:db8::1]:5000/shop", "[2001:db8::1]:5000")]
    #[case::localhost("localhost/shop", "localhost")]
    #[case::hub("docker.io/library/busybox", "docker.io")]
    #[case::hub_by_another_name("index.docker.io/library/busybox", "index.docker.io")]
    #[case::user_of_the_hub("team/shop", "docker.io")]
    #[case::official("busybox", "docker.io")]
    #[case::name_like_a_host("quay.io", "docker.io")]
    #[case::upper_case("QUAY/shop", "QUAY")]
    fn each_image_has_a_host(#[case] image: &str, #[case] expected: &str) {
        assert_eq!(host(image), expected);
    }
}
