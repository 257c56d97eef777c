//! Whatever accounts, labels and names hold, they mean themselves alone.

use proptest::prelude::*;
use rstest::rstest;

use super::{acl, labels, may};

#[rstest]
#[case("*")]
#[case("**")]
#[case("*/*")]
#[case("?")]
#[case("[a-z]")]
#[case("a|b")]
#[case(".*")]
#[case("(.*)")]
#[case(".*\\z|")]
#[case(")|(?:.*")]
#[case("${name}")]
#[case("${account}")]
#[case("a\nb")]
#[case("(?s).*")]
#[case("/.*/")]
#[case("")]
#[case("\\")]
fn a_value_is_no_pattern(#[case] value: &str) {
    for pattern in [
        "${labels:team}/*",
        "${labels:team}*",
        "${account}/**",
        "/${labels:team}.*/",
        "/(?i)${account}/",
        "/(${labels:team}|${account})+/",
        "/${labels:team}?/",
    ] {
        let acl = acl(&format!("- {{match: {{name: '{pattern}'}}, actions: [pull]}}"));
        let allowed = may(&acl, value, &labels(&[("team", &[value])]), None, "repository:ab/app:pull");
        assert_eq!(allowed, "", "{pattern} {value:?}");
    }
}

#[rstest]
#[case::suffix("/team/", "team-of-others")]
#[case::prefix("/team/", "my-team")]
#[case::alternatives("/a|b/", "bc")]
#[case::alternatives_with_anchors("/^a$|^b/", "bc")]
#[case::newline("/(?m)^a$/", "a\nb")]
fn a_regular_expression_is_about_the_whole_value(#[case] pattern: &str, #[case] value: &str) {
    let acl = acl(&format!("- {{match: {{labels: {{team: '{pattern}'}}}}, actions: [pull]}}"));
    assert_eq!(may(&acl, "a", &labels(&[("team", &[value])]), None, "repository:app:pull"), "");
}

#[test]
fn a_value_that_is_repeated_is_repeated_as_a_whole() {
    let acl = acl("- {match: {name: '/${account}+/'}, actions: [pull]}");
    for (name, allowed) in [("ab", "pull"), ("abab", "pull"), ("abb", "")] {
        assert_eq!(may(&acl, "ab", &labels(&[]), None, &format!("repository:{name}:pull")), allowed);
    }
}

#[rstest]
#[case::regular_expression("/.+/")]
#[case::glob("*")]
#[case::beginning("/bad.*/")]
fn no_newline_gets_around_a_denial(#[case] pattern: &str) {
    let acl = acl(&format!(
        "- {{match: {{labels: {{team: '{pattern}'}}}}, actions: []}}\n- {{match: {{}}, actions: [pull]}}"
    ));
    for team in ["bad", "bad\n", "bad\nteam"] {
        assert_eq!(
            may(&acl, "a", &labels(&[("team", &[team])]), None, "repository:app:pull"),
            "",
            "{team:?}"
        );
    }
    assert_eq!(may(&acl, "a", &labels(&[]), None, "repository:app:pull"), "pull");
}

#[test]
fn a_denial_holds_for_everybody() {
    let acl = acl("- {match: {name: 'secret/**'}, actions: []}\n- {match: {account: ''}, actions: [pull]}");
    assert_eq!(may(&acl, "", &labels(&[]), None, "repository:secret/app:pull"), "");
    assert_eq!(may(&acl, "", &labels(&[]), None, "repository:app:pull"), "pull");
}

#[test]
fn many_values_and_stars_end_in_time() {
    let acl =
        acl("- {match: {name: '${labels:a}**${labels:b}**a**a**a**a**a**a**a**a**b'}, actions: [pull]}");
    let values: Vec<_> = (0..64).map(|number| "a".repeat(number % 8 + 1)).collect();
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let labels = labels(&[("a", &values), ("b", &values)]);
    let scope = format!("repository:{}:pull", "a".repeat(255));
    assert_eq!(may(&acl, "a", &labels, None, &scope), "");
}

fn component() -> impl Strategy<Value = String> {
    "[a-z0-9]{1,6}"
}

proptest! {
    /// Nobody leaves the namespace of a label, whatever the label holds.
    #[test]
    fn nobody_leaves_a_namespace(
        value in prop_oneof![
            "\\PC{0,12}",
            "[*?/|.()\\[\\]{}$^\\\\a\\n-]{0,12}",
            component(),
        ],
        name in proptest::collection::vec(component(), 1..4),
    ) {
        let name = name.join("/");
        let labels = labels(&[("namespace", &[&value])]);
        for pattern in ["${labels:namespace}/**", "/${labels:namespace}\\/.*/"] {
            let acl = acl(&format!("- {{match: {{name: '{pattern}'}}, actions: [pull]}}"));
            let allowed = may(&acl, "a", &labels, None, &format!("repository:{name}:pull")) == "pull";
            let is_inside = !value.is_empty() && name.starts_with(&format!("{value}/"));
            prop_assert_eq!(allowed, is_inside, "{} {:?} {}", pattern, value, name);
        }
    }

    /// A value that is inserted into a regular expression matches itself and nothing else.
    #[test]
    fn a_value_matches_itself(value in "\\PC{1,20}", other in "\\PC{1,20}") {
        let acl = acl("- {match: {labels: {team: '/${account}/'}}, actions: [pull]}");
        for team in [&value, &other] {
            let allowed = may(&acl, &value, &labels(&[("team", &[team])]), None, "repository:app:pull");
            prop_assert_eq!(allowed == "pull", *team == value);
        }
    }

    /// Only what is asked for and allowed is granted.
    #[test]
    fn nothing_is_granted_that_nobody_asked_for(
        written in proptest::sample::subsequence(vec!["pull", "push", "delete", "'*'"], 0..=4),
        asked in proptest::sample::subsequence(vec!["pull", "push", "delete"], 0..=3),
    ) {
        let acl = acl(&format!("- {{match: {{account: a}}, actions: [{}]}}", written.join(",")));
        let scope = format!("repository:app:{}", asked.join(","));
        let is_allowed = |action: &&&str| {
            written.contains(*action) || (**action != "delete" && written.contains(&"'*'"))
        };
        let expected: Vec<&str> = asked.iter().filter(is_allowed).copied().collect();
        prop_assert_eq!(may(&acl, "a", &labels(&[]), None, &scope), expected.join(","));
    }
}
