//! One rule: what a request must be, and what it may do then.

use super::network::Network;
use super::pattern::Pattern;
use super::request::Request;
use super::template::{Field, Values};
use crate::registry::scope::{Action, ResourceType};

/// A rule.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// The pattern of each field, in the order of [`Field::ALL`].
    pub(super) fields: [Option<Pattern>; 4],
    pub(super) network: Option<Network>,
    /// Labels of the account, each with what one of its values must be.
    pub(super) labels: Vec<(String, Pattern)>,
    pub(super) actions: Vec<Action>,
    pub(super) comment: Option<String>,
}

/// No groups, for rules that use none.
const NO_CAPTURES: [Vec<Option<&str>>; 4] = [const { Vec::new() }; 4];

impl Rule {
    /// Whether the rule is the one for a request, if none before it is.
    pub(super) fn matches(&self, request: &Request<'_>) -> bool {
        if let Some(network) = self.network
            && !request.address.is_some_and(|address| network.contains(address))
        {
            return false;
        }
        let fields = [request.account, request.kind.as_str(), request.name, request.service];
        let captures = if self.uses_captures() { self.captures(fields) } else { NO_CAPTURES };
        let values = Values { fields, captures: &captures, labels: &[] };
        let is_field = |(pattern, field): (&Option<Pattern>, Field)| {
            pattern.as_ref().is_none_or(|pattern| any_label(pattern, values.field(field), request, &values))
        };
        self.fields.iter().zip(Field::ALL).all(is_field)
            && self.labels.iter().all(|(name, pattern)| {
                let known = request.labels.values(name);
                known.iter().any(|value| any_label(pattern, value, request, &values))
            })
    }

    fn uses_captures(&self) -> bool {
        self.patterns().any(|pattern| !pattern.uses().is_empty())
    }

    fn captures<'a>(&self, fields: [&'a str; 4]) -> [Vec<Option<&'a str>>; 4] {
        let [account, kind, name, service] = &self.fields;
        let [of_account, of_kind, of_name, of_service] = fields;
        let pairs = [(account, of_account), (kind, of_kind), (name, of_name), (service, of_service)];
        pairs.map(|(pattern, text)| pattern.as_ref().map_or_else(Vec::new, |pattern| pattern.captures(text)))
    }

    /// All patterns of the rule.
    pub(super) fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        self.fields.iter().flatten().chain(self.labels.iter().map(|(_, pattern)| pattern))
    }

    /// What of `asked` the rule allows, each action once, in the order of the question.
    ///
    /// `*` in a rule is pull and push, and the catalog. Deletions are allowed only where `delete` is written: who may push
    /// can add to a repository, and who may delete can take away what others run. `*` in a question asks for everything
    /// and gets what is allowed, by name.
    pub(super) fn allowed(&self, kind: ResourceType, asked: &[Action]) -> Vec<Action> {
        let is_written = |action| self.actions.contains(&action);
        let is_allowed = |action: &Action| match (kind, action) {
            (ResourceType::Registry, Action::All) => is_written(Action::All),
            (ResourceType::Registry, _) | (ResourceType::Repository, Action::All) => false,
            (ResourceType::Repository, Action::Delete) => is_written(Action::Delete),
            (ResourceType::Repository, Action::Pull | Action::Push) => {
                is_written(*action) || is_written(Action::All)
            }
        };
        let mut allowed = Vec::new();
        for action in asked {
            let meant =
                if *action == Action::All { Action::ALL.as_slice() } else { std::slice::from_ref(action) };
            for action in meant {
                if is_allowed(action) && !allowed.contains(action) {
                    allowed.push(*action);
                }
            }
        }
        allowed
    }

    pub(super) fn pattern(&self, field: Field) -> Option<&Pattern> {
        self.fields
            .iter()
            .zip(Field::ALL)
            .find(|(_, known)| *known == field)
            .and_then(|(pattern, _)| pattern.as_ref())
    }

    /// Whether the rule names those who have not logged in.
    pub(super) fn is_for_anonymous(&self) -> bool {
        self.pattern(Field::Account).and_then(Pattern::literal) == Some("")
    }

    /// Whether the rule asks nothing of the account.
    pub(super) fn is_for_everybody(&self) -> bool {
        self.network.is_none()
            && self.labels.is_empty()
            && self.pattern(Field::Account).is_none_or(|account| account.is_any() || account.source() == "*")
    }

    /// Whether the rule matches all that `later` matches, as far as the texts show it.
    pub(super) fn covers(&self, later: &Self) -> bool {
        let is_same =
            |field| self.pattern(field).map(Pattern::source) == later.pattern(field).map(Pattern::source);
        // Groups are the same only if what they are taken from is.
        let covers = |pattern: &Pattern, other: &Pattern| {
            pattern.covers(other) && pattern.uses().iter().all(|(field, _)| is_same(*field))
        };
        let network = match (&self.network, &later.network) {
            (None, _) => true,
            (Some(network), Some(other)) => network.covers(other),
            (Some(_), None) => false,
        };
        network
            && self.fields.iter().zip(&later.fields).all(|pair| match pair {
                (None, _) => true,
                (Some(pattern), Some(other)) => covers(pattern, other),
                (Some(_), None) => false,
            })
            && self.labels.iter().all(|(name, pattern)| {
                later.labels.iter().any(|(other, asked)| name == other && covers(pattern, asked))
            })
    }
}

/// Whether a text has the form with any values of the labels that the pattern uses.
fn any_label(pattern: &Pattern, text: &str, request: &Request<'_>, values: &Values<'_>) -> bool {
    let with = |labels: &[(&str, &str)]| pattern.matches(text, &Values { labels, ..*values });
    let values_of = |name: &str| request.labels.values(name);
    match pattern.labels() {
        [] => pattern.matches(text, values),
        [one] => values_of(one).iter().any(|value| with(&[(one, value)])),
        [one, other] => values_of(one)
            .iter()
            .any(|first| values_of(other).iter().any(|second| with(&[(one, first), (other, second)]))),
        // No pattern uses more.
        _ => false,
    }
}
