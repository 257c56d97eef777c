//! The volume with the images. It outlives the registry unless its author says otherwise.

use api::names::image_registry::managed_label;
use api::names::registry::{OF_REGISTRY, volume_claim as name};
use serde_json::{Value, json};

use crate::Kind;
use crate::object::wanted;
use crate::plan::Wanted;
use crate::registry::instance::Instance;
use crate::resources::quantities;

/// The claim; `None` if images are in a bucket.
pub(in super::super) fn volume_claim(instance: &Instance<'_>) -> Option<Wanted> {
    let claim = instance.spec.persistent_volume_claim.as_ref()?;
    let name = name(instance.name);
    let is_deleted = claim.delete_claim == Some(true);
    let mut metadata = if is_deleted { instance.metadata(name) } else { instance.unowned(name) };
    metadata.annotations = Some([(OF_REGISTRY.to_owned(), of(instance))].into());
    let default = if instance.replicas() > 1 { "ReadWriteMany" } else { "ReadWriteOnce" };
    let resources = claim.resources.as_ref();
    let spec = json!({
        "accessModes": claim.access_modes.clone().unwrap_or_else(|| vec![default.to_owned()]),
        "resources": {
            "limits": resources.and_then(|resources| quantities(resources.limits.as_ref())),
            "requests": resources.and_then(|resources| quantities(resources.requests.as_ref())),
        },
        "storageClassName": claim.storage_class_name,
    });
    Some(wanted(Kind::PersistentVolumeClaim, &metadata, json!({"spec": without_nulls(spec)})))
}

/// Whether a stored claim is that of this registry, or of one that had its name.
pub(in super::super) fn is_of(instance: &Instance<'_>, stored: &Value) -> bool {
    let text = |part: &str, key: &str| stored.get("metadata")?.get(part)?.get(key)?.as_str();
    text("labels", managed_label::KEY) == Some(managed_label::VALUE)
        && text("annotations", OF_REGISTRY) == Some(&of(instance))
}

fn of(instance: &Instance<'_>) -> String {
    format!("{}.{}", instance.name, instance.namespace)
}

/// Server-side apply stores no null.
fn without_nulls(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, field| !field.is_null());
        for field in fields.values_mut() {
            *field = without_nulls(field.take());
        }
    }
    value
}
