//! The rules that a registry has if nobody writes others.

use super::read::Reading;
use super::rules::Acl;

/// Which rules a registry has without a file.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Policy {
    /// Accounts for pushes push and pull everything, accounts for pulls and service accounts pull everything.
    #[default]
    Shared,
    /// Accounts push to and pull from `<namespace>/…` alone, the namespace being that of their object, and service accounts
    /// pull from it. A namespace reads nothing of another one: its images may hold what their Secrets protect.
    PerNamespace,
}

const SHARED: &str = "\
acl:
- match: {type: repository, labels: {origin: cr, accessMode: push}}
  actions: [pull, push]
  comment: accounts for pushes push and pull
- match: {type: repository, labels: {origin: cr, accessMode: pull}}
  actions: [pull]
  comment: accounts for pulls pull
- match: {type: repository, labels: {origin: serviceaccount}}
  actions: [pull]
  comment: service accounts pull
";

const PER_NAMESPACE: &str = "\
acl:
- match: {type: repository, name: '${labels:namespace}/**', labels: {origin: cr, accessMode: push}}
  actions: [pull, push]
  comment: accounts for pushes push and pull below the name of their namespace
- match: {type: repository, name: '${labels:namespace}/**', labels: {origin: cr, accessMode: pull}}
  actions: [pull]
  comment: accounts for pulls pull below the name of their namespace
- match: {type: repository, name: '${labels:namespace}/**', labels: {origin: serviceaccount}}
  actions: [pull]
  comment: service accounts pull below the name of their namespace
";

impl Policy {
    /// The rules, as a file says them.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Shared => SHARED,
            Self::PerNamespace => PER_NAMESPACE,
        }
    }

    /// The rules.
    #[must_use]
    pub fn acl(self) -> Acl {
        // A test holds that both are read without an error.
        Reading::of(self.text()).acl
    }
}
