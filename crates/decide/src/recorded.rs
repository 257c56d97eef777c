//! What the tests of objects share: their types, and the files in which they are recorded.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Secret, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Kind;
use crate::plan::Wanted;

/// Nothing is lost in the type of an object: no field has a name or a form that Kubernetes does not know.
fn is_of_its_type(object: &Wanted) {
    fn same<T: DeserializeOwned + Serialize>(object: &Value) {
        let typed: T = serde_json::from_value(object.clone()).unwrap();
        assert_eq!(serde_json::to_value(typed).unwrap(), *object);
    }
    let same = match object.kind {
        Kind::ServiceAccount => same::<ServiceAccount>,
        Kind::Role => same::<Role>,
        Kind::RoleBinding => same::<RoleBinding>,
        Kind::Service => same::<Service>,
        Kind::Secret => same::<Secret>,
        Kind::NetworkPolicy => same::<NetworkPolicy>,
        Kind::PersistentVolumeClaim => same::<PersistentVolumeClaim>,
        Kind::PodDisruptionBudget => same::<PodDisruptionBudget>,
        Kind::ConfigMap => same::<ConfigMap>,
        Kind::StatefulSet => same::<StatefulSet>,
        // There is no type of cert-manager.
        Kind::Certificate => return,
        other => unreachable!("{other}"),
    };
    same(&object.object);
}

/// Holds that each case below a folder of `fixtures` becomes the objects that are recorded beside it: what is in `input`
/// becomes `objects.yaml`. The variable `record` records them instead. There are `at_least` so many cases.
pub(crate) fn hold<T: DeserializeOwned>(
    [folder, input, record]: [&str; 3],
    at_least: usize,
    objects: impl Fn(&T) -> Vec<Wanted>,
    shown: impl Fn(&Wanted) -> String,
) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(folder);
    let mut count = 0;
    for case in std::fs::read_dir(root).unwrap() {
        let case = case.unwrap().path();
        let input = std::fs::read_to_string(case.join(input)).unwrap();
        let objects = objects(&serde_saphyr::from_str(&input).unwrap());
        objects.iter().for_each(is_of_its_type);
        let made = format!("---\n{}", objects.iter().map(&shown).collect::<Vec<_>>().join("---\n"));
        let recorded = case.join("objects.yaml");
        if std::env::var_os(record).is_some() {
            std::fs::write(&recorded, &made).unwrap();
        }
        assert_eq!(made, std::fs::read_to_string(recorded).unwrap(), "{}", case.display());
        count += 1;
    }
    assert!(count >= at_least, "only {count} fixtures");
}
