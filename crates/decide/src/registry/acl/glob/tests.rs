use rstest::rstest;

use super::*;
use crate::registry::acl::template::{self, Field};

fn matches(pattern: &str, text: &str) -> bool {
    let glob = Glob::parse(&template::parse(pattern).unwrap()).unwrap();
    let values = Values { fields: ["me", "repository", "", "s"], captures: &Default::default(), labels: &[] };
    assert_eq!(values.field(Field::Account), "me");
    glob.matches(text, &values)
}

#[rstest]
#[case::empty("", "", true)]
#[case::empty_and_text("", "a", false)]
#[case::text("a/b", "a/b", true)]
#[case::star_at_the_end("a*", "abc", true)]
#[case::star_matches_nothing("a*", "a", true)]
#[case::star_stops("a*", "ab/c", false)]
#[case::star_between("a*/c", "ab/c", true)]
#[case::stars("a*b*c", "axxbyyc", true)]
#[case::stars_and_parts("*/*/*", "a/b/c", true)]
#[case::too_few_parts("*/*/*", "a/b", false)]
#[case::two_stars_between("a/**/z", "a/b/c/z", true)]
#[case::two_stars_and_a_star("**/*-dev", "a/b/c-dev", true)]
#[case::three_stars("***", "a/b", true)]
#[case::one("a?c", "abc", true)]
#[case::one_is_no_slash("a?c", "a/c", false)]
#[case::one_of_two_bytes("a?c", "aéc", true)]
#[case::class("[a-c]x", "bx", true)]
#[case::class_outside("[a-c]x", "dx", false)]
#[case::class_negated("[^a-c]x", "dx", true)]
#[case::class_with_an_exclamation_mark("[!a]x", "ax", true)]
#[case::class_negated_is_no_slash("[^a]b", "/b", false)]
#[case::class_of_ranges("[a-cx]", "x", true)]
#[case::class_with_bracket("[\\]]", "]", true)]
#[case::escaped("a\\*", "a*", true)]
#[case::escaped_means_itself("a\\*", "ab", false)]
#[case::variable("${account}/*", "me/app", true)]
#[case::variable_of_another("${account}/*", "you/app", false)]
#[case::variable_twice("${account}-${account}", "me-me", true)]
#[case::empty_variable("${name}*", "anything", false)]
fn matches_as_written(#[case] pattern: &str, #[case] text: &str, #[case] is_match: bool) {
    assert_eq!(matches(pattern, text), is_match);
}

#[rstest]
#[case("[")]
#[case("[a")]
#[case("[]")]
#[case("[^]")]
#[case("[-a]")]
#[case("[b-a]")]
#[case("[a-]")]
#[case("[a\\")]
fn classes_are_complete(#[case] pattern: &str) {
    assert_eq!(Glob::parse(&template::parse(pattern).unwrap()), Err(PatternError::Class));
}
