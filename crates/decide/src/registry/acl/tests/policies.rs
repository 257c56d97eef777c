use rstest::rstest;

use super::{labels, may};
use crate::registry::acl::{Acl, Policy};
use crate::registry::labels::Labels;

/// What account of a kind may do, under a policy.
#[rstest]
#[case::pushes(Policy::Shared, "push", "repository:other/app:*", "pull,push")]
#[case::pulls(Policy::Shared, "pull", "repository:other/app:*", "pull")]
#[case::no_catalog(Policy::Shared, "push", "registry:catalog:*", "")]
#[case::no_mode(Policy::Shared, "", "repository:other/app:*", "")]
#[case::pushes_to_its_namespace(Policy::PerNamespace, "push", "repository:team/a/b:*", "pull,push")]
#[case::pulls_from_its_namespace(Policy::PerNamespace, "pull", "repository:team/a/b:*", "pull")]
#[case::pushes_nowhere_else(Policy::PerNamespace, "push", "repository:other/app:*", "")]
#[case::pulls_from_nowhere_else(Policy::PerNamespace, "pull", "repository:other/app:*", "")]
#[case::not_to_a_name_that_begins_so(Policy::PerNamespace, "push", "repository:teamwork/app:*", "")]
#[case::not_to_the_namespace_itself(Policy::PerNamespace, "push", "repository:team:*", "")]
fn a_policy_is_enforced(
    #[case] policy: Policy,
    #[case] mode: &str,
    #[case] scope: &str,
    #[case] allowed: &str,
) {
    let labels = labels(&[("origin", &["cr"]), ("accessMode", &[mode]), ("namespace", &["team"])]);
    assert_eq!(may(&policy.acl(), "push.team.web.1", &labels, None, scope), allowed);
}

#[rstest]
#[case::everything(Policy::Shared, "repository:other/app:*", "pull")]
#[case::no_catalog(Policy::Shared, "registry:catalog:*", "")]
#[case::of_its_namespace(Policy::PerNamespace, "repository:team/a/b:*", "pull")]
#[case::of_no_other(Policy::PerNamespace, "repository:other/app:*", "")]
fn a_service_account_pulls(#[case] policy: Policy, #[case] scope: &str, #[case] allowed: &str) {
    let labels = Labels::of_service_account("team", "web");
    assert_eq!(may(&policy.acl(), "serviceaccount", &labels, None, scope), allowed);
}

#[rstest]
#[case(Policy::Shared)]
#[case(Policy::PerNamespace)]
fn a_policy_allows_nothing_to_anybody_else(#[case] policy: Policy) {
    let forged = labels(&[("accessMode", &["push"]), ("namespace", &["team"])]);
    for account in ["", "admin"] {
        for labels in [&forged, &labels(&[])] {
            assert_eq!(may(&policy.acl(), account, labels, None, "repository:team/app:*"), "");
        }
    }
    assert!(policy.acl().anonymous().is_none());
}

#[rstest]
#[case(Policy::Shared)]
#[case(Policy::PerNamespace)]
fn a_policy_is_a_file_without_errors_and_warnings(#[case] policy: Policy) {
    let acl = Acl::read(policy.text()).unwrap();
    assert_eq!((acl.len(), acl.warnings()), (3, [].as_slice()));
}
