//! The image of the registry of a cache, and the version of distribution that its tag names.

use api::cache::must::OLDEST_VERSION;

/// The first version of distribution.
const FIRST_VERSION: [u32; 3] = [2, 0, 0];

/// Whether the tag of an image names a version of distribution that caches must not have. A part that a tag leaves out is the
/// newest one: `3` and `3.1` are new enough. Nobody knows what is behind a digest alone, or behind a tag that is no version. The
/// versions of distribution begin with 2: a lower number is one of somebody who builds the image.
#[must_use]
pub fn is_too_old(image: &str) -> bool {
    let version = parts(image).1.and_then(version);
    version.is_some_and(|version| FIRST_VERSION <= version && version < OLDEST_VERSION)
}

/// The image with another tag.
pub(super) fn with_tag(image: &str, tag: &str) -> String {
    format!("{}:{tag}", parts(image).0)
}

/// The repository and the tag, without a digest.
fn parts(image: &str) -> (&str, Option<&str>) {
    let named = image.split_once('@').map_or(image, |(named, _)| named);
    match named.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (named, None),
    }
}

/// The numbers of a tag such as `3`, `v3.1` or `3.1.2-alpine`.
fn version(tag: &str) -> Option<[u32; 3]> {
    let tag = tag.strip_prefix('v').unwrap_or(tag);
    let numbers = tag.split_once(['-', '+', '_']).map_or(tag, |(numbers, _)| numbers);
    let mut version = [u32::MAX; 3];
    let mut places = version.iter_mut();
    for number in numbers.split('.') {
        *places.next()? = number.parse().ok()?;
    }
    Some(version)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::built_in("docker.io/library/registry:3.1.2", false)]
    #[case::oldest("registry:3.1.1", false)]
    #[case::before_the_oldest("registry:3.1.0", true)]
    #[case::candidate("registry:3.1.0-rc.1", true)]
    #[case::second("registry:2.8.3", true)]
    #[case::with_a_letter("registry:v2.8.3", true)]
    #[case::variant("registry:2.8.3-alpine", true)]
    #[case::newest_second("registry:2", true)]
    #[case::newest_3_0("registry:3.0", true)]
    #[case::newest_3_1("registry:3.1", false)]
    #[case::newest_third("registry:3", false)]
    #[case::later("registry:10.0.0", false)]
    #[case::port("mirror.example.com:5000/library/registry:2.8.3", true)]
    #[case::port_alone("mirror.example.com:2/registry", false)]
    #[case::version_with_digest("registry:2.8.3@sha256:00", true)]
    #[case::first("registry:2.0.0", true)]
    #[case::own_number("mirror.example.com/registry:1", false)]
    #[case::own_version("mirror.example.com/registry:1.4.0", false)]
    #[case::digest("registry@sha256:00", false)]
    #[case::no_tag("registry", false)]
    #[case::latest("registry:latest", false)]
    #[case::four_numbers("registry:2.8.3.1", false)]
    #[case::too_large("registry:99999999999", false)]
    fn a_version_is_known_by_its_tag(#[case] image: &str, #[case] expected: bool) {
        assert_eq!(is_too_old(image), expected);
    }
}
