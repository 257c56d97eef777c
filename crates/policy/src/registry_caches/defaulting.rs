//! What is filled in of a `RegistryCache`, as Gardener does: an UPDATE that leaves a field out asks for its default, too. If
//! the field cannot change, validation refuses that.

use serde_json::{Value, json};

use super::access::Access;
use super::changes::{SIZE, TTL};
use crate::decision::Decision;
use crate::object::RegistryCacheObject;
use crate::patch::Patch;

/// Fills in the size of the volume, the time after which images are deleted, TLS, and `access: Authorize` where it follows
/// from the credentials of the cache, or from `old`, the object before an UPDATE: images that were pulled with credentials
/// stay in the cache when those are removed. `Open` is not filled in, so a cache that gets credentials authorizes.
#[must_use]
pub fn default(new: &RegistryCacheObject, old: Option<&RegistryCacheObject>) -> Decision {
    let mut patch = Patch::default();
    if let Some(spec) = &new.spec {
        let volume = spec.volume.as_ref().map(|volume| volume.size.is_some());
        fill_in(&mut patch, ["volume", "size"], volume, json!(SIZE));
        let collection = spec.garbage_collection.as_ref().map(|collection| collection.ttl.is_some());
        fill_in(&mut patch, ["garbageCollection", "ttl"], collection, json!(TTL));
        let http = spec.http.as_ref().map(|http| http.tls.is_some());
        fill_in(&mut patch, ["http", "tls"], http, json!(true));
        let specs = [Some(spec), old.and_then(|old| old.spec.as_ref())];
        let authorizes = specs.into_iter().flatten().any(|spec| Access::of(spec) == Access::Authorize);
        if spec.access.is_none() && authorizes {
            patch.add(["access"], Access::AUTHORIZE);
        }
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
