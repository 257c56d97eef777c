//! A volume claim that was there before the registry.

use rstest::rstest;
use serde_json::json;

use super::super::*;
use super::world::{World, volume};

/// Access modes of a claim cannot change, and image-registry-operator asks for others.
#[rstest]
#[case::that_can_do_more("ReadWriteMany", "ReadWriteMany")]
#[case::that_can_do_less("ReadOnlyMany", "ReadWriteOnce")]
fn a_claim_that_names_the_registry_is_taken_over(#[case] stored: &str, #[case] expected: &str) {
    let mut world = World::new(&volume());
    let name = "imageregistry-registry-pvc";
    let annotations = json!({"registry.mgoltzsche.github.com/imageregistry": "registry.infra"});
    let metadata = json!({"name": name, "annotations": annotations});
    let claim = json!({"metadata": metadata, "spec": {"accessModes": [stored]}});
    world.store(Kind::PersistentVolumeClaim, name, claim);
    assert!(world.settle().contains(&format!("apply PersistentVolumeClaim {name}")));
    let claim = &world.observed.stored[&(Kind::PersistentVolumeClaim, name.to_owned())];
    assert_eq!(claim["spec"]["accessModes"], json!([expected]));
    assert!(world.observed.stored.contains_key(&(Kind::StatefulSet, "registry".to_owned())));
    assert_eq!(world.settle(), [""; 0]);
}
