//! The rules that `docker_auth` explains, in our words.

use rstest::rstest;

use super::{acl, labels, may};

/// An administrator, a tester, logged-in users with a namespace each, partners by mail, and the public.
const REFERENCE: &str = r#"
- {match: {account: admin}, actions: ["*"], comment: the administrator may everything but delete}
- {match: {account: test, name: "test-*"}, actions: ["*"]}
- {match: {account: test}, actions: []}
- {match: {account: "/^(.+)@example.com$/", name: "${account:1}/*"}, actions: [pull, push]}
- {match: {account: "/.+/", name: "${account}/*"}, actions: ["*", delete]}
- {match: {account: "/.+/", ip: 172.16.0.0/12, name: "internal/**"}, actions: [pull]}
- {match: {labels: {group: VIP}, name: "vip/*"}, actions: [push]}
- {match: {name: "${labels:team}/shared-*"}, actions: [pull]}
- {match: {labels: {level: "/^(gold|silver)$/"}, type: repository, name: "metal/?"}, actions: [pull]}
- {match: {account: "", name: hello-world}, actions: [pull]}
"#;

#[rstest]
#[case::admin("admin", "repository:any/thing:pull,push", "pull,push")]
#[case::admin_does_not_delete("admin", "repository:any/thing:delete", "")]
#[case::admin_asks_for_all("admin", "repository:any/thing:*", "pull,push")]
#[case::admin_sees_the_catalog("admin", "registry:catalog:*", "*")]
#[case::tester("test", "repository:test-one:push", "push")]
#[case::tester_in_a_namespace("test", "repository:test-one/two:push", "")]
#[case::tester_denied_before_a_rule_for_all("test", "repository:test/app:pull", "")]
#[case::part_of_a_mail_address("anna@example.com", "repository:anna/app:pull,push,delete", "pull,push")]
#[case::part_of_another_mail_address("anna@example.org", "repository:anna/app:pull", "")]
#[case::mail_address_with_more_behind("anna@example.com.evil", "repository:anna/app:pull", "")]
#[case::own_namespace("bob", "repository:bob/app:*", "pull,push,delete")]
#[case::one_level_only("bob", "repository:bob/a/b:pull", "")]
#[case::namespace_of_another("bob", "repository:anna/app:pull", "")]
#[case::not_the_catalog("bob", "registry:catalog:*", "")]
#[case::label("victor", "repository:vip/app:pull,push", "push")]
#[case::label_of_the_team("team", "repository:blue/shared-app:pull", "pull")]
#[case::second_label_of_the_team("team", "repository:red/shared-app:pull", "pull")]
#[case::label_of_no_team("team", "repository:green/shared-app:pull", "")]
#[case::regular_expression_for_a_label("gold", "repository:metal/a:pull", "pull")]
#[case::regular_expression_is_anchored("marigold", "repository:metal/a:pull", "")]
#[case::one_character("gold", "repository:metal/ab:pull", "")]
#[case::anonymous("", "repository:hello-world:pull,push", "pull")]
#[case::anonymous_elsewhere("", "repository:bob/app:pull", "")]
#[case::anonymous_by_a_rule_without_account("", "repository:vip/app:push", "")]
fn rules_mean_what_is_documented(#[case] account: &str, #[case] scope: &str, #[case] allowed: &str) {
    let labels = match account {
        "victor" => labels(&[("group", &["other", "VIP"])]),
        "team" => labels(&[("team", &["blue", "red"])]),
        "gold" => labels(&[("level", &["gold"])]),
        "marigold" => labels(&[("level", &["marigold"])]),
        _ => labels(&[]),
    };
    assert_eq!(may(&acl(REFERENCE), account, &labels, None, scope), allowed);
}

#[rstest]
#[case::inside(Some("172.20.1.1"), "pull")]
#[case::outside(Some("192.0.2.1"), "")]
#[case::unknown(None, "")]
fn an_address_is_a_condition(#[case] address: Option<&str>, #[case] allowed: &str) {
    let scope = "repository:internal/a/b:pull";
    assert_eq!(may(&acl(REFERENCE), "bob", &labels(&[]), address, scope), allowed);
}

#[test]
fn all_labels_must_match() {
    let acl = acl("- {match: {labels: {origin: cr, accessMode: push}}, actions: [push]}");
    let scope = "repository:app:push";
    let both = labels(&[("origin", &["cr"]), ("accessMode", &["pull", "push"])]);
    assert_eq!(may(&acl, "a", &both, None, scope), "push");
    for one in [labels(&[("origin", &["cr"])]), labels(&[("accessMode", &["push"])]), labels(&[])] {
        assert_eq!(may(&acl, "a", &one, None, scope), "");
    }
}

#[test]
fn the_first_rule_that_matches_decides() {
    let closed = acl("- {match: {name: secret}, actions: []}\n- {match: {account: a}, actions: [pull]}");
    assert_eq!(may(&closed, "a", &labels(&[]), None, "repository:secret:pull"), "");
    assert_eq!(may(&closed, "a", &labels(&[]), None, "repository:other:pull"), "pull");
    let open = acl("- {match: {account: a}, actions: [pull]}\n- {match: {name: secret}, actions: []}");
    assert_eq!(may(&open, "a", &labels(&[]), None, "repository:secret:pull"), "pull");
}

#[test]
fn a_mount_needs_a_pull_of_its_source() {
    let acl = acl(
        "- {match: {name: mine/**}, actions: [pull, push]}\n- {match: {name: theirs/**}, actions: [push]}",
    );
    let scopes = ["repository:mine/app:pull,push", "repository:theirs/app:pull"];
    let allowed = scopes.map(|scope| may(&acl, "a", &labels(&[]), None, scope));
    assert_eq!(allowed, ["pull,push", ""]);
}

#[test]
fn two_stars_cross_parts_and_one_does_not() {
    for (pattern, name, is_allowed) in [
        ("team/*", "team/app", true),
        ("team/*", "team/a/b", false),
        ("team/**", "team/a/b", true),
        ("team/**", "team", false),
        ("team/**", "teamwork/a", false),
        ("**/app", "a/b/app", true),
        ("**", "a/b/c", true),
        ("*", "app", true),
        ("*", "a/b", false),
    ] {
        let acl = acl(&format!("- {{match: {{name: \"{pattern}\"}}, actions: [pull]}}"));
        let allowed = may(&acl, "a", &labels(&[]), None, &format!("repository:{name}:pull"));
        assert_eq!(allowed == "pull", is_allowed, "{pattern} {name}");
    }
}

#[test]
fn delete_is_apart_from_push() {
    for (written, allowed) in [
        ("push", "push"),
        ("\"*\"", "pull,push"),
        ("\"*\", delete", "pull,push,delete"),
        ("pull, push, delete", "pull,push,delete"),
        ("delete", "delete"),
    ] {
        let acl = acl(&format!("- {{match: {{account: a}}, actions: [{written}]}}"));
        assert_eq!(may(&acl, "a", &labels(&[]), None, "repository:app:*"), allowed, "{written}");
        assert_eq!(
            may(&acl, "a", &labels(&[]), None, "repository:app:pull,push,delete"),
            allowed,
            "{written}"
        );
    }
}

#[test]
fn the_catalog_is_a_type_of_its_own() {
    let scope = "registry:catalog:*";
    for (rule, allowed) in [
        ("{match: {type: registry, name: catalog}, actions: [\"*\"]}", "*"),
        ("{match: {type: registry}, actions: [pull, push, delete]}", ""),
        ("{match: {type: repository}, actions: [\"*\"]}", ""),
    ] {
        assert_eq!(may(&acl(&format!("- {rule}")), "a", &labels(&[]), None, scope), allowed, "{rule}");
    }
}
