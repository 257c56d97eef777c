//! The volume with the images. It outlives the registry unless its author says otherwise.

use api::names::registry::{OF_REGISTRY, volume_claim as name};
use serde_json::{Value, json};

use crate::Kind;
use crate::object::wanted;
use crate::plan::Wanted;
use crate::registry::instance::Instance;
use crate::resources::quantities;

/// A volume of this mode can do whatever is asked of one.
const MOST: &str = "ReadWriteMany";

/// The claim; `None` if images are in a bucket. Access modes cannot change: a stored claim keeps those that can do all that is
/// asked. image-registry-operator asks for them where nobody says otherwise.
pub(in super::super) fn volume_claim(instance: &Instance<'_>, stored: Option<&Value>) -> Option<Wanted> {
    let claim = instance.spec.persistent_volume_claim.as_ref()?;
    let name = name(instance.name);
    let is_deleted = claim.delete_claim == Some(true);
    let mut metadata = if is_deleted { instance.metadata(name) } else { instance.unowned(name) };
    metadata.annotations = Some([(OF_REGISTRY.to_owned(), of(instance))].into());
    let default = if instance.replicas() > 1 { MOST } else { "ReadWriteOnce" };
    let kept = stored.and_then(|stored| stored.pointer("/spec/accessModes")?.as_array());
    let kept = kept.filter(|modes| modes.iter().any(|mode| mode == MOST)).map(|modes| json!(modes));
    let asked = || json!(claim.access_modes.clone().unwrap_or_else(|| vec![default.to_owned()]));
    let resources = claim.resources.as_ref();
    let spec = json!({
        "accessModes": kept.unwrap_or_else(asked),
        "resources": {
            "limits": resources.and_then(|resources| quantities(resources.limits.as_ref())),
            "requests": resources.and_then(|resources| quantities(resources.requests.as_ref())),
        },
        "storageClassName": claim.storage_class_name,
    });
    Some(wanted(Kind::PersistentVolumeClaim, &metadata, json!({"spec": without_nulls(spec)})))
}

/// Whether a stored claim is that of this registry, or of one that had its name, by the annotation of whoever writes the claim.
pub(in super::super) fn is_of(instance: &Instance<'_>, stored: &Value) -> bool {
    let annotations = stored.pointer("/metadata/annotations");
    annotations.and_then(|annotations| annotations.get(OF_REGISTRY)?.as_str()) == Some(&of(instance))
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
