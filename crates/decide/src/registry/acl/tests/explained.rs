use rstest::rstest;

use super::{acl, labels};
use crate::registry::acl::{Deciding, Explanation, Request};
use crate::registry::labels::Labels;
use crate::registry::scope::{Action, ResourceType};

const RULES: &str = "
- {match: {account: admin}, actions: ['*'], comment: the administrator}
- {match: {account: ''}, actions: []}
- {match: {name: public/**}, actions: [pull]}
";

fn asked<'a>(account: &'a str, name: &'a str, labels: &'a Labels) -> Request<'a> {
    Request { account, labels, address: None, service: "s", kind: ResourceType::Repository, name }
}

fn deciding(index: usize, comment: Option<&str>) -> Deciding<'_> {
    Deciding { index, comment, is_not_for_anonymous: false }
}

#[rstest]
#[case::admin("admin", "app", Some(deciding(0, Some("the administrator"))), &[Action::Pull, Action::Push])]
#[case::anonymous("", "public/app", Some(deciding(1, None)), &[])]
#[case::reader("anna", "public/app", Some(deciding(2, None)), &[Action::Pull])]
#[case::nobody("anna", "app", None, &[])]
fn the_rule_that_decides_is_named(
    #[case] account: &str,
    #[case] name: &str,
    #[case] rule: Option<Deciding<'_>>,
    #[case] allowed: &[Action],
) {
    let (acl, labels) = (acl(RULES), labels(&[]));
    let explained = acl.explain(&asked(account, name, &labels), &[Action::Pull, Action::Push]);
    assert_eq!(explained, Explanation { rule, allowed: allowed.to_vec() });
}

#[test]
fn a_rule_for_everybody_is_not_for_anonymous() {
    let (acl, labels) = (acl("- {match: {name: public/**}, actions: [pull]}"), labels(&[]));
    let explained = acl.explain(&asked("", "public/app", &labels), &[Action::Pull]);
    let rule = Some(Deciding { index: 0, comment: None, is_not_for_anonymous: true });
    assert_eq!(explained, Explanation { rule, allowed: Vec::new() });
}
