use rstest::rstest;

use super::acl;

#[rstest]
#[case::apart("- {match: {account: a}, actions: [pull]}\n- {match: {account: b}, actions: [pull]}", &[])]
#[case::shadowed(
    "- {match: {account: 'a*'}, actions: [pull]}\n- {match: {account: ab}, actions: [push]}",
    &["acl[1]: never decides: acl[0] matches all that it matches"]
)]
#[case::shadowed_by_a_prefix(
    "- {match: {account: a, name: 'team/**'}, actions: [pull]}\n- {match: {account: a, name: 'team/app-*', ip: 10.0.0.0/8}, actions: [push]}",
    &["acl[1]: never decides: acl[0] matches all that it matches"]
)]
#[case::shadowed_by_labels(
    "- {match: {labels: {a: x}}, actions: [pull]}\n- {match: {labels: {b: v, a: x}}, actions: [push]}",
    &["acl[1]: never decides: acl[0] matches all that it matches"]
)]
#[case::more_labels_first("- {match: {labels: {a: x, b: v}}, actions: [pull]}\n- {match: {labels: {a: x}}, actions: [push]}", &[])]
#[case::same_text_with_a_variable(
    "- {match: {name: '${labels:a}/*'}, actions: []}\n- {match: {name: '${labels:a}/*', account: b}, actions: [push]}",
    &["acl[1]: never decides: acl[0] matches all that it matches"]
)]
#[case::same_text_with_another_group(
    "- {match: {account: '/(a.*)@x/', name: '${account:1}'}, actions: [pull]}\n- {match: {account: '/(b.*)@x/', name: '${account:1}'}, actions: [pull]}",
    &[]
)]
#[case::networks(
    "- {match: {ip: 10.0.0.0/8}, actions: [pull]}\n- {match: {ip: 10.1.0.0/16}, actions: [push]}",
    &["acl[1]: never decides: acl[0] matches all that it matches"]
)]
#[case::everybody("- {match: {}, actions: [pull]}", &["acl[0].match: matches every account: name an account, a label or a network"])]
#[case::everybody_by_a_pattern(
    "- {match: {account: /.+/, name: 'public/**'}, actions: [pull]}",
    &["acl[0].match: matches every account: name an account, a label or a network"]
)]
#[case::nobody("- {match: {}, actions: []}", &[])]
#[case::no_type(
    "- {match: {account: a, type: repo}, actions: [pull]}",
    &["acl[0].match.type: matches nothing: the types are repository and registry"]
)]
#[case::no_name(
    "- {match: {account: a, name: /app}, actions: [pull]}",
    &["acl[0].match.name: matches nothing: no repository has such a name"]
)]
fn authors_are_warned(#[case] rules: &str, #[case] warnings: &[&str]) {
    let shown: Vec<_> = acl(rules).warnings().iter().map(ToString::to_string).collect();
    assert_eq!(shown, warnings);
}
