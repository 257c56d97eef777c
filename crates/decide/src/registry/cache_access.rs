//! What a Pod may pull from a pull-through cache with access `Authorize`: what its own login may pull from the upstream.
//!
//! [`repositories`] says what the upstream is asked about. What it answers is a [`Finding`], [`permission()`] what follows
//! from it, and [`access`] what the token allows. [`place()`] says what of the cache a request is for.

mod permission;
mod place;

use std::collections::BTreeSet;
use std::time::Duration;

use super::scope::{Action, ResourceType, Scope};
use super::token::{Access, Refusal};

pub use permission::{Failover, Finding, Permission, permission};
pub use place::{Place, is_digest, place};

/// How long a token is valid: clients use one for that long without asking again. An authority that has signed tokens stays
/// trusted until they have ended.
pub const TOKEN_LIFE: Duration = Duration::from_mins(1);

/// The repositories that a client wants to pull from.
#[must_use]
pub fn repositories(scopes: &[Scope]) -> BTreeSet<&str> {
    scopes.iter().filter(|scope| is_pull(scope)).map(|scope| scope.name.as_str()).collect()
}

/// What a token allows: pulls of repositories, and nothing else. Whether it is for known images alone is said, too.
///
/// # Errors
/// The client wants to pull, and may pull nothing of that.
pub fn access(
    scopes: &[Scope],
    permission: impl Fn(&str) -> Permission,
) -> Result<(Vec<Access>, bool), Refusal> {
    let (mut allowed, mut refusal, mut is_limited) = (Vec::with_capacity(scopes.len()), None, false);
    for scope in scopes {
        let permission = if is_pull(scope) { permission(&scope.name) } else { Permission::Nothing };
        let mut actions = Vec::new();
        match permission {
            Permission::Nothing => {}
            Permission::Refused(why) => refusal = refusal.or(Some(why)),
            Permission::Everything | Permission::KnownImages => {
                actions.push(Action::Pull);
                is_limited |= permission == Permission::KnownImages;
            }
        }
        allowed.push(Access {
            kind: scope.kind,
            class: scope.class.clone(),
            name: scope.name.clone(),
            actions,
        });
    }
    match refusal {
        Some(refusal) if allowed.iter().all(|access| access.actions.is_empty()) => Err(refusal),
        _ => Ok((allowed, is_limited)),
    }
}

/// Whether a pull is among what a client wants.
fn is_pull(scope: &Scope) -> bool {
    let wants = scope.actions.iter().any(|action| matches!(action, Action::Pull | Action::All));
    scope.kind == ResourceType::Repository && wants
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::registry::scope::parse_all;

    fn decided(scopes: &str, permission: impl Fn(&str) -> Permission) -> Result<(String, bool), Refusal> {
        let scopes = parse_all([scopes]).unwrap();
        let (access, is_limited) = access(&scopes, permission)?;
        Ok((serde_json::to_string(&access).unwrap(), is_limited))
    }

    #[rstest]
    #[case::pull("repository:a/b:pull", r#"[{"type":"repository","name":"a/b","actions":["pull"]}]"#)]
    #[case::push("repository:a/b:pull,push", r#"[{"type":"repository","name":"a/b","actions":["pull"]}]"#)]
    #[case::everything("repository:a/b:*", r#"[{"type":"repository","name":"a/b","actions":["pull"]}]"#)]
    #[case::delete("repository:a/b:delete", r#"[{"type":"repository","name":"a/b","actions":[]}]"#)]
    #[case::push_alone("repository:a/b:push", r#"[{"type":"repository","name":"a/b","actions":[]}]"#)]
    #[case::catalog("registry:catalog:*", r#"[{"type":"registry","name":"catalog","actions":[]}]"#)]
    #[case::nothing("", "[]")]
    fn nothing_but_pulls_is_ever_granted(#[case] scopes: &str, #[case] expected: &str) {
        assert_eq!(decided(scopes, |_| Permission::Everything), Ok((expected.to_owned(), false)));
    }

    #[test]
    fn each_repository_has_an_answer_of_its_own() {
        let permission = |name: &str| match name {
            "a" => Permission::Everything,
            "b" => Permission::KnownImages,
            _ => Permission::Refused(Refusal::NotPermitted),
        };
        let granted = decided("repository:c:pull repository:a:pull", permission).unwrap();
        let names = r#"[{"type":"repository","name":"c","actions":[]},{"type":"repository","name":"a","actions":["pull"]}]"#;
        assert_eq!(granted, (names.to_owned(), false));
        assert!(decided("repository:a:pull repository:b:pull", permission).unwrap().1);
        assert_eq!(decided("repository:c:pull repository:d:pull", permission), Err(Refusal::NotPermitted));
        // The answer names the first reason.
        let first = |name: &str| {
            Permission::Refused(if name == "a" { Refusal::Login } else { Refusal::NotPermitted })
        };
        assert_eq!(decided("repository:a:pull repository:b:pull", first), Err(Refusal::Login));
    }

    #[test]
    fn the_upstream_is_asked_once_for_each_repository_that_is_pulled() {
        let scopes =
            "repository:b:pull repository:a:* repository:b:pull,push repository:c:push registry:catalog:*";
        let scopes = parse_all([scopes]).unwrap();
        assert_eq!(repositories(&scopes).into_iter().collect::<Vec<_>>(), ["a", "b"]);
    }
}
