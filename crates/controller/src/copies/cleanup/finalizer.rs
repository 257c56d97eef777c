//! Removes a finalizer from all objects of a kind.

use decide::Kind;
use kube::api::{DynamicObject, ListParams, ObjectMeta, Patch, PatchParams};
use kube::{Api, Client};
use serde_json::{Value, json};

use super::options::{Options, PAGE};
use super::report::{Error, Report};

/// What has a finalizer that nobody removes any more.
pub(super) struct Finalized {
    pub(super) kind: Kind,
    /// The one namespace of the objects; without it, they are in all.
    pub(super) namespace: Option<String>,
    pub(super) finalizer: &'static str,
}

impl Finalized {
    /// Removes the finalizer. A kind that the cluster does not have has no objects.
    pub(super) async fn release(
        &self,
        client: &Client,
        options: &Options,
        report: &mut Report,
    ) -> Result<(), Error> {
        let resource = self.kind.resource();
        let (listed_in, what) = match &self.namespace {
            Some(namespace) => (
                Api::<DynamicObject>::namespaced_with(client.clone(), namespace, &resource),
                format!("{}s of {namespace}", self.kind),
            ),
            None => (Api::all_with(client.clone(), &resource), resource.plural.clone()),
        };
        let mut page = ListParams::default().limit(PAGE);
        loop {
            let listed = match listed_in.list_metadata(&page).await {
                Ok(listed) => listed,
                Err(kube::Error::Api(status)) if status.code == 404 => return Ok(()),
                Err(source) => return Err(Error::Read { what, source }),
            };
            for object in listed.items {
                let Some(patch) = without_finalizer(&object.metadata, self.finalizer) else { continue };
                let name = object.metadata.name.unwrap_or_default();
                let namespace = object.metadata.namespace.unwrap_or_default();
                let object = format!("{} {namespace}/{name}", self.kind);
                if options.dry_run {
                    report.done.push(object);
                    continue;
                }
                let Ok(patch) = serde_json::from_value(patch) else { continue };
                let objects = Api::<DynamicObject>::namespaced_with(client.clone(), &namespace, &resource);
                let patch = Patch::Json::<()>(patch);
                let patched = objects.patch_metadata(&name, &PatchParams::default(), &patch).await;
                report.note(object, patched.map(drop));
            }
            match listed.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => page = page.continue_token(&token),
                None => return Ok(()),
            }
        }
    }
}

/// The JSON patch that removes a finalizer, and fails if another change of the list came first.
fn without_finalizer(metadata: &ObjectMeta, finalizer: &str) -> Option<Value> {
    let finalizers = metadata.finalizers.as_deref().unwrap_or_default();
    let path = format!("/metadata/finalizers/{}", finalizers.iter().position(|known| known == finalizer)?);
    Some(json!([{"op": "test", "path": path, "value": finalizer}, {"op": "remove", "path": path}]))
}

#[cfg(test)]
mod tests {
    use api::names::copy_mark::FINALIZER;

    use super::*;

    #[test]
    fn the_finalizers_of_others_stay() {
        let finalizers = |names: &[&str]| ObjectMeta {
            finalizers: Some(names.iter().map(|name| (*name).to_owned()).collect()),
            ..ObjectMeta::default()
        };
        assert_eq!(without_finalizer(&finalizers(&["a", "b"]), FINALIZER), None);
        let place = "/metadata/finalizers/1";
        let expected =
            json!([{"op": "test", "path": place, "value": FINALIZER}, {"op": "remove", "path": place}]);
        assert_eq!(without_finalizer(&finalizers(&["a", FINALIZER, "b"]), FINALIZER), Some(expected));
    }
}
