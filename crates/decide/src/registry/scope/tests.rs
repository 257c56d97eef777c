use proptest::prelude::*;
use rstest::rstest;

use super::Action::{All, Delete, Pull, Push};
use super::*;

fn repository(name: &str, actions: &[Action]) -> Scope {
    Scope { kind: ResourceType::Repository, class: None, name: name.to_owned(), actions: actions.to_vec() }
}

#[rstest]
#[case::pull("repository:team/app:pull", repository("team/app", &[Pull]))]
#[case::as_docker_pushes("repository:app:push,pull", repository("app", &[Push, Pull]))]
#[case::delete("repository:app:delete", repository("app", &[Delete]))]
#[case::everything("repository:app:*", repository("app", &[All]))]
#[case::twice("repository:app:pull,pull", repository("app", &[Pull]))]
#[case::unknown_action("repository:app:metadata_read,pull", repository("app", &[Pull]))]
#[case::no_action("repository:app:", repository("app", &[]))]
#[case::class("repository(plugin):app:pull", Scope { class: Some("plugin".into()), ..repository("app", &[Pull]) })]
#[case::catalog("registry:catalog:*", Scope { kind: ResourceType::Registry, ..repository("catalog", &[All]) })]
fn reads_a_scope(#[case] text: &str, #[case] scope: Scope) {
    assert_eq!(Scope::parse(text), Ok(scope));
}

#[rstest]
#[case::one_part("repository", ScopeError::Form)]
#[case::two_parts("repository:app", ScopeError::Form)]
#[case::open_class("repository(plugin:app:pull", ScopeError::Form)]
#[case::empty_class("repository():app:pull", ScopeError::Form)]
#[case::class_that_is_no_word("repository(a b):app:pull", ScopeError::Form)]
#[case::type_of_another("artifact:app:pull", ScopeError::Type)]
#[case::upper_case_type("Repository:app:pull", ScopeError::Type)]
#[case::registry_with_another_name("registry:app:*", ScopeError::Type)]
#[case::empty_name("repository::pull", ScopeError::Name)]
#[case::parent("repository:a/../b:pull", ScopeError::Name)]
#[case::port("repository:localhost:5000/app:pull", ScopeError::Name)]
#[case::glob("repository:team/*:pull", ScopeError::Name)]
#[case::name_with_scope("repository:a:pull:push", ScopeError::Name)]
#[case::upper_case_action("repository:app:Pull", ScopeError::Action)]
#[case::action_with_star("repository:app:pull*", ScopeError::Action)]
fn refuses_a_scope(#[case] text: &str, #[case] error: ScopeError) {
    assert_eq!(Scope::parse(text), Err(error));
}

#[test]
fn a_name_has_at_most_255_bytes_and_a_scope_512() {
    let name = "a".repeat(255);
    assert_eq!(Scope::parse(&format!("repository:{name}:pull")), Ok(repository(&name, &[Pull])));
    assert_eq!(Scope::parse(&format!("repository:{name}a:pull")), Err(ScopeError::Name));
    let actions = "x".repeat(LENGTH_MAX - "repository:app:".len());
    assert_eq!(Scope::parse(&format!("repository:app:{actions}")), Ok(repository("app", &[])));
    assert_eq!(Scope::parse(&format!("repository:app:{actions}x")), Err(ScopeError::Length));
}

#[test]
fn scopes_are_repeated_or_separated_by_spaces() {
    let two = vec![repository("a", &[Pull]), repository("b", &[Push])];
    assert_eq!(parse_all(["repository:a:pull repository:b:push"]), Ok(two.clone()));
    assert_eq!(parse_all(["repository:a:pull", " repository:b:push "]), Ok(two));
    assert_eq!(parse_all([""]), Ok(Vec::new()));
    assert_eq!(parse_all(["repository:a:pull "]), Ok(vec![repository("a", &[Pull])]));
}

#[test]
fn there_are_at_most_32_scopes() {
    let text = "repository:a:pull ".repeat(COUNT_MAX);
    assert_eq!(parse_all([text.as_str()]).map(|scopes| scopes.len()), Ok(COUNT_MAX));
    assert_eq!(parse_all([text.as_str(), "repository:a:pull"]), Err(ScopeError::Count));
}

#[test]
fn errors_say_what_a_scope_must_be() {
    let texts =
        [ScopeError::Count, ScopeError::Length, ScopeError::Form, ScopeError::Type, ScopeError::Action];
    assert_eq!(
        texts.map(|error| error.to_string()),
        [
            "there may be at most 32 scopes",
            "a scope may have at most 512 bytes",
            "a scope must have the form type:name:actions, such as repository:team/app:pull,push",
            "the type of a scope must be repository, or registry with the name catalog",
            "an action must be a word of lower-case letters, or *",
        ]
    );
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,64}") {
        if let Ok(scope) = Scope::parse(&text) {
            prop_assert!(scope.name == CATALOG || is_repository_name(&scope.name));
        }
    }
}
