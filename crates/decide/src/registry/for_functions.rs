//! Which namespaces get credentials of the registry of Functions: those with Functions that have no registry of their own.
//! They get an `ImagePushSecret`, and lose it when they no longer need it.

use std::collections::BTreeMap;

use api::names::image_registry::managed_label;
use api::names::registry::PUSH_SECRET_OF_FUNCTIONS;
use api::names::{copy_mark, owned_label, registry_secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use crate::plan::Wanted;
use crate::{Key, Kind, drift};

/// A push secret of a namespace.
#[derive(Clone, Debug, PartialEq)]
pub struct PushSecret {
    /// Its name.
    pub name: String,
    /// Whether Functions use it.
    pub for_functions: bool,
    /// What is stored of it.
    pub stored: Value,
}

/// What is known of a namespace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// Whether it has Functions.
    pub has_functions: bool,
    /// Whether it has a registry Secret that somebody else has made.
    pub has_secret: bool,
    /// Its push secrets.
    pub push_secrets: Vec<PushSecret>,
}

/// What is done in a namespace.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// Nothing.
    Nothing,
    /// Create or change the push secret.
    Write(Wanted),
    /// Delete it: the namespace has another registry.
    Delete,
    /// Delete it once no Pod pulls with its Secret: the namespace has no Functions.
    DeleteUnused,
    /// A push secret of somebody else has the name, and stays as it is.
    Conflict,
}

/// Decides.
#[must_use]
pub fn decide(registry: &Key, namespace: &str, observed: &Observed) -> Plan {
    let (own, others): (Vec<_>, Vec<_>) =
        observed.push_secrets.iter().partition(|secret| is_made(secret.name.as_str(), &secret.stored));
    let own = own.first();
    if observed.has_secret || others.iter().any(|secret| secret.for_functions) {
        return own.map_or(Plan::Nothing, |_| Plan::Delete);
    }
    if !observed.has_functions {
        return own.map_or(Plan::Nothing, |_| Plan::DeleteUnused);
    }
    if others.iter().any(|secret| secret.name == PUSH_SECRET_OF_FUNCTIONS) {
        return Plan::Conflict;
    }
    let wanted = push_secret(registry, namespace);
    match own {
        Some(own) if drift::is_stored(&wanted.object, &own.stored) => Plan::Nothing,
        _ => Plan::Write(wanted),
    }
}

/// Whether a stored object is one that the controller made for Functions, and not one of somebody else.
#[must_use]
pub fn is_made(name: &str, stored: &Value) -> bool {
    name == PUSH_SECRET_OF_FUNCTIONS && is_managed(stored)
}

/// Whether the controller manages a stored object.
#[must_use]
pub fn is_managed(stored: &Value) -> bool {
    let label = stored.pointer("/metadata/labels").and_then(|labels| labels.get(managed_label::KEY));
    label.and_then(Value::as_str) == Some(managed_label::VALUE)
}

/// Whether a Secret is a registry that somebody has chosen for its namespace: neither that of our push secret, nor a copy of
/// that of the installation.
#[must_use]
pub fn is_chosen(secret: &ObjectMeta) -> bool {
    let has = |map: &Option<BTreeMap<String, String>>, key: &str, value: Option<&str>| {
        let found = map.as_ref().and_then(|map| map.get(key));
        found.is_some_and(|found| value.is_none_or(|value| found == value))
    };
    match secret.name.as_deref() {
        Some(registry_secret::NAME) => {
            let mut owners = secret.owner_references.iter().flatten();
            !owners.any(|owner| {
                owner.controller == Some(true)
                    && owner.kind == Kind::ImagePushSecret.as_str()
                    && owner.name == PUSH_SECRET_OF_FUNCTIONS
            })
        }
        Some(registry_secret::DEFAULT_NAME) => {
            !has(&secret.annotations, copy_mark::COPIED_FROM, None)
                || has(&secret.labels, owned_label::MANAGED_BY, Some(copy_mark::KEPT_BY_USER))
        }
        _ => false,
    }
}

/// The push secret of a namespace.
fn push_secret((of, registry): &Key, namespace: &str) -> Wanted {
    let spec = json!({"registryRef": {"name": registry, "namespace": of}, "forFunctions": true});
    managed(Kind::ImagePushSecret, namespace, PUSH_SECRET_OF_FUNCTIONS, &spec)
}

/// The registry of Functions that the controller creates.
#[must_use]
pub fn registry((namespace, name): &Key, spec: &Value) -> Wanted {
    managed(Kind::ImageRegistry, namespace, name, spec)
}

fn managed(kind: Kind, namespace: &str, name: &str, spec: &Value) -> Wanted {
    let object = json!({
        "apiVersion": kind.api_version(),
        "kind": kind.as_str(),
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {(managed_label::KEY): managed_label::VALUE},
        },
        "spec": spec,
    });
    let object = drift::marked(&object);
    Wanted { kind, namespace: namespace.to_owned(), name: name.to_owned(), object }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use rstest::rstest;

    use super::*;

    fn registry_key() -> Key {
        ("kyma-system".to_owned(), "registry".to_owned())
    }

    fn made() -> PushSecret {
        let stored = push_secret(&registry_key(), "shop").object;
        PushSecret { name: PUSH_SECRET_OF_FUNCTIONS.to_owned(), for_functions: true, stored }
    }

    /// One that somebody else wrote.
    fn other(name: &str, for_functions: bool) -> PushSecret {
        PushSecret { name: name.to_owned(), for_functions, stored: json!({"metadata": {}}) }
    }

    fn of_another_registry() -> PushSecret {
        let key = ("infra".to_owned(), "old".to_owned());
        PushSecret { stored: push_secret(&key, "shop").object, ..made() }
    }

    #[rstest]
    #[case::nobody_needs_it(false, false, &[], "nothing")]
    #[case::functions(true, false, &[], "write")]
    #[case::up_to_date(true, false, &[made()], "nothing")]
    #[case::another_registry_is_configured(true, false, &[of_another_registry()], "write")]
    #[case::a_secret_of_its_own(true, true, &[], "nothing")]
    #[case::a_secret_of_its_own_later(true, true, &[made()], "delete")]
    #[case::a_push_secret_of_its_own(true, false, &[other("mine", true)], "nothing")]
    #[case::a_push_secret_of_its_own_later(true, false, &[made(), other("mine", true)], "delete")]
    #[case::a_push_secret_for_something_else(true, false, &[other("mine", false)], "write")]
    #[case::the_name_is_taken(true, false, &[other("serverless-functions", false)], "conflict")]
    #[case::the_name_is_taken_for_functions(true, false, &[other("serverless-functions", true)], "nothing")]
    #[case::the_name_is_taken_in_vain(false, false, &[other("serverless-functions", false)], "nothing")]
    #[case::the_last_function_is_gone(false, false, &[made()], "delete unused")]
    #[case::both_are_gone(false, true, &[made()], "delete")]
    fn a_namespace_with_functions_has_a_registry(
        #[case] has_functions: bool,
        #[case] has_secret: bool,
        #[case] push_secrets: &[PushSecret],
        #[case] expected: &str,
    ) {
        let observed = Observed { has_functions, has_secret, push_secrets: push_secrets.to_vec() };
        let plan = match decide(&registry_key(), "shop", &observed) {
            Plan::Nothing => "nothing",
            Plan::Write(_) => "write",
            Plan::Delete => "delete",
            Plan::DeleteUnused => "delete unused",
            Plan::Conflict => "conflict",
        };
        assert_eq!(plan, expected);
    }

    #[test]
    fn the_push_secret_names_the_registry() {
        let observed = Observed { has_functions: true, ..Observed::default() };
        let Plan::Write(wanted) = decide(&registry_key(), "shop", &observed) else {
            panic!("no push secret")
        };
        let mut object = wanted.object;
        let metadata = object.get_mut("metadata").unwrap().as_object_mut().unwrap();
        assert!(metadata.remove("annotations").is_some());
        let expected = json!({
            "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
            "kind": "ImagePushSecret",
            "metadata": {
                "name": "serverless-functions",
                "namespace": "shop",
                "labels": {"app.kubernetes.io/managed-by": "serverless-controller"},
            },
            "spec": {"registryRef": {"name": "registry", "namespace": "kyma-system"}, "forFunctions": true},
        });
        assert_eq!(object, expected);
    }

    #[rstest]
    #[case::somebody_wrote_it(json!({"name": "serverless-registry-config"}), true)]
    #[case::of_our_push_secret(
        json!({"name": "serverless-registry-config", "ownerReferences": [{"kind": "ImagePushSecret", "name": "serverless-functions", "controller": true, "apiVersion": "", "uid": "u"}]}),
        false
    )]
    #[case::of_another_push_secret(
        json!({"name": "serverless-registry-config", "ownerReferences": [{"kind": "ImagePushSecret", "name": "mine", "controller": true, "apiVersion": "", "uid": "u"}]}),
        true
    )]
    #[case::a_copy(
        json!({"name": "serverless-registry-config-default", "annotations": {"serverless.kyma-project.io/copied-from": "kyma-system"}}),
        false
    )]
    #[case::a_copy_that_users_took_over(
        json!({"name": "serverless-registry-config-default", "annotations": {"serverless.kyma-project.io/copied-from": "kyma-system"}, "labels": {"serverless.kyma-project.io/managed-by": "user"}}),
        true
    )]
    #[case::a_default_of_its_own(json!({"name": "serverless-registry-config-default"}), true)]
    #[case::of_another_name(json!({"name": "other"}), false)]
    fn a_registry_is_chosen_by_a_secret_that_is_no_copy(#[case] metadata: Value, #[case] expected: bool) {
        assert_eq!(is_chosen(&serde_json::from_value(metadata).unwrap()), expected);
    }
}
