//! Rules as a whole: what `docker_auth` documents, the policies, and what nobody gets around.

mod documented;
mod explained;
mod hostile;
mod policies;
mod warned;

use std::collections::BTreeMap;

use super::*;
use crate::registry::labels::Labels;
use crate::registry::scope::{Action, Scope};

pub(super) fn acl(rules: &str) -> Acl {
    Acl::read(&format!("acl:\n{rules}")).unwrap_or_else(|errors| panic!("{errors}\n{rules}"))
}

pub(super) fn labels(labels: &[(&str, &[&str])]) -> Labels {
    let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    let labels: BTreeMap<_, _> =
        labels.iter().map(|(name, values)| ((*name).to_owned(), owned(values))).collect();
    Labels::new(labels).unwrap()
}

/// What an account may do with a scope, as tokens spell it.
pub(super) fn may(acl: &Acl, account: &str, labels: &Labels, address: Option<&str>, scope: &str) -> String {
    let scope = Scope::parse(scope).unwrap();
    let address = address.map(|address| address.parse().unwrap());
    let request =
        Request { account, labels, address, service: "registry.example.com", kind: scope.kind, name: "" };
    let allowed = acl.allowed(&request.about(&scope), &scope.actions);
    allowed.into_iter().map(Action::as_str).collect::<Vec<_>>().join(",")
}
