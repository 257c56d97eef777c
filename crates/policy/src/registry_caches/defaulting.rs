//! What is filled in of a `RegistryCache`. What an UPDATE leaves out and cannot change stays as it was.

use api::cache::RegistryCacheSpec;
use serde_json::{Value, json};

use super::changes::{SIZE, TTL};
use crate::decision::Decision;
use crate::object::RegistryCacheObject;
use crate::patch::Patch;

/// Fills in the size of the volume, the time after which images are deleted, and TLS; `old` is the object before an UPDATE.
#[must_use]
pub fn default(new: &RegistryCacheObject, old: Option<&RegistryCacheObject>) -> Decision {
    let mut patch = Patch::default();
    if let Some(spec) = &new.spec {
        let old = old.and_then(|old| old.spec.as_ref());
        let size = old.and_then(size_of).unwrap_or_else(|| json!(SIZE));
        let volume = spec.volume.as_ref().map(|volume| volume.size.is_some());
        fill_in(&mut patch, ["volume", "size"], volume, size);
        let ttl = old.and_then(ttl_of).unwrap_or(TTL);
        let collection = spec.garbage_collection.as_ref().map(|collection| collection.ttl.is_some());
        fill_in(&mut patch, ["garbageCollection", "ttl"], collection, json!(ttl));
        let http = spec.http.as_ref().map(|http| http.tls.is_some());
        fill_in(&mut patch, ["http", "tls"], http, json!(true));
    }
    Decision { patch: patch.into_operations(), ..Decision::default() }
}

/// Adds a member of an object, with the object if there is none. `has` is whether the object has the member.
fn fill_in(patch: &mut Patch, [object, member]: [&str; 2], has: Option<bool>, value: Value) {
    match has {
        None => patch.add([object], json!({(member): value})),
        Some(false) => patch.add([object, member], value),
        Some(true) => {}
    }
}

fn size_of(spec: &RegistryCacheSpec) -> Option<Value> {
    Some(json!(spec.volume.as_ref()?.size.as_ref()?))
}

fn ttl_of(spec: &RegistryCacheSpec) -> Option<&str> {
    spec.garbage_collection.as_ref()?.ttl.as_deref()
}
