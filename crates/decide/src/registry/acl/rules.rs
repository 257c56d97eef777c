//! Rules, compiled, and what they say about a request.

use std::collections::BTreeMap;

use super::error::Warning;
use super::request::{ANONYMOUS, Request};
use super::rule::Rule;
use super::user::User;
use crate::registry::labels::Labels;
use crate::registry::scope::Action;

/// Rules, and the users that are written beside them.
#[derive(Clone, Debug)]
pub struct Acl {
    pub(super) rules: Vec<Rule>,
    pub(super) users: BTreeMap<String, User>,
    pub(super) warnings: Vec<Warning>,
}

/// What decides about a request, and what of it is allowed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Explanation<'a> {
    /// The rule, if one matches.
    pub rule: Option<Deciding<'a>>,
    /// What of the question is allowed.
    pub allowed: Vec<Action>,
}

/// The rule that decides.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deciding<'a> {
    /// Its place in `acl`, from 0.
    pub index: usize,
    /// What its author says about it.
    pub comment: Option<&'a str>,
    /// Whether it allows nothing because the request is anonymous and its `account` is not `""`.
    pub is_not_for_anonymous: bool,
}

impl Acl {
    /// What of `asked` is allowed: nothing, if no rule matches.
    #[must_use]
    pub fn allowed(&self, request: &Request<'_>, asked: &[Action]) -> Vec<Action> {
        self.explain(request, asked).allowed
    }

    /// What of `asked` is allowed, and why.
    #[must_use]
    pub fn explain(&self, request: &Request<'_>, asked: &[Action]) -> Explanation<'_> {
        let found = self.rules.iter().enumerate().find(|(_, rule)| rule.matches(request));
        let Some((index, rule)) = found else { return Explanation { rule: None, allowed: Vec::new() } };
        // Also a rule for everybody gives nothing to those who have not logged in: only one that names them does.
        let is_not_for_anonymous = request.account == ANONYMOUS && !rule.is_for_anonymous();
        let allowed = if is_not_for_anonymous { Vec::new() } else { rule.allowed(request.kind, asked) };
        let rule = Deciding { index, comment: rule.comment.as_deref(), is_not_for_anonymous };
        Explanation { rule: Some(rule), allowed }
    }

    /// A user that is written beside the rules.
    #[must_use]
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.get(name).filter(|_| name != ANONYMOUS)
    }

    /// The labels of those who have not logged in, if they may have tokens: `users` names them, and a rule allows them
    /// something.
    #[must_use]
    pub fn anonymous(&self) -> Option<&Labels> {
        let user = self.users.get(ANONYMOUS)?;
        let allows = |rule: &Rule| rule.is_for_anonymous() && !rule.actions.is_empty();
        self.rules.iter().any(allows).then_some(&user.labels)
    }

    /// What its author should know.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// How many rules there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are no rules, so that nothing is allowed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}
