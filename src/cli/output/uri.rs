//! The path of a file as a URI reference (RFC 3986).

use std::fmt::Write as _;

/// What a path may hold as it is. A `:` could end a scheme.
const AS_IT_IS: &[u8] = b"-._~/!$&'()*+,;=@";

/// A reference from the current folder, or from the root of the file system.
pub(super) fn reference(path: &str) -> String {
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || AS_IT_IS.contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::reference;

    #[rstest]
    #[case::plain("manifests/a.yaml", "manifests/a.yaml")]
    #[case::absolute("/work/a.yaml", "file:///work/a.yaml")]
    #[case::space("a b/c.yaml", "a%20b/c.yaml")]
    #[case::fragment_and_query("a#b?c.yaml", "a%23b%3Fc.yaml")]
    #[case::percent("100%25.yaml", "100%2525.yaml")]
    #[case::colon("c:a.yaml", "c%3Aa.yaml")]
    #[case::not_ascii("é.yaml", "%C3%A9.yaml")]
    #[case::standard_input("-", "-")]
    fn encodes_what_would_have_a_meaning(#[case] path: &str, #[case] uri: &str) {
        assert_eq!(reference(path), uri);
    }
}
