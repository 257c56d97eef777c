//! Which Secrets do not hold the next authority of the installation yet, although they hold the one that signs. Some hold
//! certificates as they are, and some in the middle of another text.

use std::collections::BTreeMap;

use api::names::registry::{OF_PULL_SECRET, OF_PUSH_SECRET};
use k8s_openapi::ByteString;

use super::secrets::MADE;

/// The labels of Secrets that hold authorities: of registries and caches, and of push and pull secrets.
pub const HOLDERS: [&str; 3] = [MADE, OF_PUSH_SECRET, OF_PULL_SECRET];

/// How long the lines of a certificate in PEM are, except the last one.
const LINE: usize = 64;

/// Whether the data of a Secret hold an authority, and not the next one. Both are in PEM.
#[must_use]
pub fn lacks_next(data: &BTreeMap<String, ByteString>, signs: &str, next: &str) -> bool {
    let (Some(signs), Some(next)) = (mark(signs), mark(next)) else { return true };
    let holds =
        |value: &ByteString, mark: &str| value.0.windows(mark.len()).any(|part| part == mark.as_bytes());
    data.values().any(|value| holds(value, signs) && !holds(value, next))
}

/// The last whole line of a certificate: a part of its signature, which no other one has.
fn mark(pem: &str) -> Option<&str> {
    pem.lines().rfind(|line| line.len() == LINE)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// A certificate in PEM, whose first line is that of others, too.
    fn pem(letter: &str) -> String {
        let (same, own) = ("M".repeat(LINE), letter.repeat(LINE));
        format!("-----BEGIN CERTIFICATE-----\n{same}\n{own}\nMA==\n-----END CERTIFICATE-----\n")
    }

    #[rstest]
    #[case::neither("", false)]
    #[case::another_one(&pem("c"), false)]
    #[case::the_old_one(&pem("a"), true)]
    #[case::both(&[pem("a"), pem("b")].concat(), false)]
    #[case::the_next_one(&pem("b"), false)]
    #[case::the_old_one_inside(&format!("ca: {:?}", pem("a")), true)]
    #[case::both_inside(&format!("ca: {:?}", [pem("a"), pem("b")].concat()), false)]
    fn a_secret_lacks_the_next_authority(#[case] value: &str, #[case] expected: bool) {
        let data = [("other", "x"), ("ca.crt", value)];
        let data = data.map(|(key, text)| (key.to_owned(), ByteString(text.as_bytes().to_vec())));
        assert_eq!(lacks_next(&data.into(), &pem("a"), &pem("b")), expected);
    }

    #[test]
    fn what_is_no_certificate_is_nowhere() {
        assert!(lacks_next(&BTreeMap::new(), "x", &pem("b")));
    }
}
