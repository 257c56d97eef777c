//! What of a registry a request is for, by its path as the registry reads it.

use std::borrow::Cow;

/// What a path names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Place {
    /// The registry itself.
    Root,
    /// A manifest, by tag or by digest.
    Manifest {
        /// The repository.
        repository: String,
        /// The tag or the digest.
        reference: String,
    },
    /// A layer or a configuration.
    Blob {
        /// Its digest.
        digest: String,
    },
    /// Something else.
    Other,
}

/// What a path names. The registry decodes it before it looks at its parts, so that is done here, too. A path that it
/// redirects to a cleaner one is [`Place::Other`].
#[must_use]
pub fn place(path: &str) -> Place {
    let path = decoded(path);
    let Some(rest) = path.strip_prefix("/v2/") else { return Place::Other };
    if rest.is_empty() {
        return Place::Root;
    }
    let is_clean = rest.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if !is_clean {
        return Place::Other;
    }
    let mut parts = rest.rsplitn(3, '/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(reference), Some("manifests"), Some(repository)) => {
            Place::Manifest { repository: repository.to_owned(), reference: reference.to_owned() }
        }
        (Some(digest), Some("blobs"), Some(_)) if is_digest(digest) => {
            Place::Blob { digest: digest.to_owned() }
        }
        _ => Place::Other,
    }
}

/// Whether a reference is a digest: no tag has a colon.
#[must_use]
pub fn is_digest(reference: &str) -> bool {
    reference.contains(':')
}

/// Without escapes. One that is broken stays: the registry refuses the path.
fn decoded(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let (mut bytes, mut rest) = (Vec::with_capacity(path.len()), path.as_bytes());
    while let Some((&byte, tail)) = rest.split_first() {
        let digit = |place: usize| tail.get(place).and_then(|digit| char::from(*digit).to_digit(16));
        let escaped = digit(0).zip(digit(1)).filter(|_| byte == b'%');
        let escaped = escaped.and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        bytes.push(escaped.unwrap_or(byte));
        rest = if escaped.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn manifest(repository: &str, reference: &str) -> Place {
        Place::Manifest { repository: repository.to_owned(), reference: reference.to_owned() }
    }

    #[rstest]
    #[case("/v2/", Place::Root)]
    #[case("/v2/app/manifests/latest", manifest("app", "latest"))]
    #[case("/v2/team/app/manifests/sha256:00", manifest("team/app", "sha256:00"))]
    #[case("/v2/team/app/manifests/sha256%3A00", manifest("team/app", "sha256:00"))]
    #[case("/v2/team/app/%6danifests/%6Catest", manifest("team/app", "latest"))]
    #[case("/v2/team%2Fapp/manifests%2flatest", manifest("team/app", "latest"))]
    #[case("/v2/manifests/manifests/manifests", manifest("manifests", "manifests"))]
    #[case("/v2/a/blobs/manifests/b", manifest("a/blobs", "b"))]
    #[case("/v2/a/blobs/sha256:00", Place::Blob { digest: "sha256:00".to_owned() })]
    #[case("/v2/a/blobs/uploads", Place::Other)]
    #[case("/v2/a/blobs/uploads/", Place::Other)]
    #[case("/v2/a/tags/list", Place::Other)]
    #[case("/v2/a/referrers/sha256:00", Place::Other)]
    #[case("/v2/_catalog", Place::Other)]
    #[case("/v2/a//manifests/b", Place::Other)]
    #[case("/v2/a/../manifests/b", Place::Other)]
    #[case("/v2/a/%2e%2e/manifests/b", Place::Other)]
    #[case("/v2/a/manifests/b/", Place::Other)]
    #[case("/v2/manifests/b", Place::Other)]
    #[case("/v2", Place::Other)]
    #[case("/other", Place::Other)]
    #[case("/v2/a/manifests/%zz%4", manifest("a", "%zz%4"))]
    fn a_path_is_read_as_the_registry_reads_it(#[case] path: &str, #[case] expected: Place) {
        assert_eq!(place(path), expected);
    }

    #[test]
    fn a_digest_is_no_tag() {
        assert!(is_digest("sha256:00") && !is_digest("latest"));
    }

    proptest! {
        #[test]
        fn any_path_is_read(path in "(/v2/)?[a-z%/.:0-9A-F]{0,40}") {
            if let Place::Manifest { repository, reference } = place(&path) {
                prop_assert!(!repository.is_empty() && !reference.is_empty() && !reference.contains('/'));
            }
        }

        #[test]
        fn an_escaped_path_is_the_same_path(path in "/v2/[a-z]{1,5}/(manifests|blobs)/[a-z:0-9]{1,9}") {
            let escaped = path.bytes().skip(4).fold(String::new(), |text, byte| format!("{text}%{byte:02x}"));
            prop_assert_eq!(place(&format!("/v2/{escaped}")), place(&path));
        }
    }
}
