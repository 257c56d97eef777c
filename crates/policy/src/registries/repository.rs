//! Names of repositories, as the distribution specification has them.

/// The longest address, in bytes: the longest name of a repository.
pub(super) const LENGTH_MAX: usize = 255;

/// Whether a text is the name of a repository within a registry.
#[must_use]
pub fn is_repository_name(text: &str) -> bool {
    text.len() <= LENGTH_MAX && text.split('/').all(is_path_component)
}

/// A part of the path of an image name: one `.`, one or two `_` or any number of `-` separate letters and digits.
pub(super) fn is_path_component(component: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    is_bounded_by(component, is_word)
        && component.split(|character: char| u8::try_from(character).is_ok_and(is_word)).all(|separator| {
            matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-')
        })
}

/// Whether the first and the last byte are such bytes.
pub(super) fn is_bounded_by(text: &str, is: impl Fn(u8) -> bool) -> bool {
    text.bytes().next().is_some_and(&is) && text.bytes().last().is_some_and(&is)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::one_part("team", true)]
    #[case::parts("my-team/a__b/c.d--e_f", true)]
    #[case::empty("", false)]
    #[case::empty_part("a//b", false)]
    #[case::parent("a/../b", false)]
    #[case::upper_case("Team/a", false)]
    #[case::port("example.com:5000/a", false)]
    #[case::pattern("*/*", false)]
    #[case::newline("a\n", false)]
    fn knows_names_of_repositories(#[case] text: &str, #[case] is_name: bool) {
        assert_eq!(is_repository_name(text), is_name);
    }

    #[test]
    fn names_of_repositories_have_at_most_255_bytes() {
        assert!(is_repository_name(&"a".repeat(255)));
        assert!(!is_repository_name(&"a".repeat(256)));
    }
}
