//! Any scopes: those that are read ask for names that registries have, and are read again from what they say.
#![no_main]

use decide::registry::scope::{CATALOG, COUNT_MAX, ResourceType, Scope, parse_all};
use libfuzzer_sys::fuzz_target;
use policy::registries::is_repository_name;

fuzz_target!(|input: &str| {
    let Ok(scopes) = parse_all(input.split('\u{0}')) else { return };
    assert!(scopes.len() <= COUNT_MAX);
    for scope in scopes {
        match scope.kind {
            ResourceType::Repository => assert!(is_repository_name(&scope.name)),
            ResourceType::Registry => assert_eq!(scope.name, CATALOG),
        }
        let class = scope.class.as_ref().map(|class| format!("({class})")).unwrap_or_default();
        let actions: Vec<_> = scope.actions.iter().map(|action| action.as_str()).collect();
        let text = format!("{}{class}:{}:{}", scope.kind.as_str(), scope.name, actions.join(","));
        assert_eq!(Scope::parse(&text), Ok(scope));
    }
});
