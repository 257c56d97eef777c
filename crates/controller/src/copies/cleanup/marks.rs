//! Removes what the controller has put on all objects of a kind: a finalizer, and an annotation.

use decide::Kind;
use kube::api::{DynamicObject, ListParams, ObjectMeta, Patch, PatchParams};
use kube::{Api, Client};
use serde_json::{Value, json};

use super::options::{Options, PAGE};
use super::report::{Error, Report};

/// What has marks that nobody removes any more.
pub(super) struct Marked {
    pub(super) kind: Kind,
    /// The one namespace of the objects; without it, they are in all.
    pub(super) namespace: Option<String>,
    pub(super) marks: Marks,
}

/// The marks.
#[derive(Clone, Copy)]
pub(super) struct Marks {
    pub(super) finalizer: &'static str,
    pub(super) annotation: Option<&'static str>,
}

impl Marked {
    /// Removes the marks. A kind that the cluster does not have has no objects.
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
                let Some(patch) = self.marks.removed(&object.metadata) else { continue };
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

impl Marks {
    /// The JSON patch that removes them, and fails if another change of the finalizers came first. `None` if there are none.
    fn removed(self, metadata: &ObjectMeta) -> Option<Value> {
        let mut operations = Vec::new();
        let mut finalizers = metadata.finalizers.iter().flatten();
        if let Some(place) = finalizers.position(|known| known == self.finalizer) {
            let path = format!("/metadata/finalizers/{place}");
            operations.push(json!({"op": "test", "path": path, "value": self.finalizer}));
            operations.push(json!({"op": "remove", "path": path}));
        }
        let mut annotations = metadata.annotations.iter().flat_map(|all| all.keys());
        if let Some(key) = annotations.find(|key| Some(key.as_str()) == self.annotation) {
            let path = format!("/metadata/annotations/{}", key.replace('~', "~0").replace('/', "~1"));
            operations.push(json!({"op": "remove", "path": path}));
        }
        (!operations.is_empty()).then_some(Value::Array(operations))
    }
}

#[cfg(test)]
mod tests {
    use api::names::cache::USED_BY;
    use api::names::copy_mark::FINALIZER;

    use super::*;

    const MARKS: Marks = Marks { finalizer: FINALIZER, annotation: Some(USED_BY) };

    fn metadata(finalizers: &[&str], annotations: &[&str]) -> ObjectMeta {
        let annotations = annotations.iter().map(|key| ((*key).to_owned(), "x".to_owned()));
        ObjectMeta {
            finalizers: Some(finalizers.iter().map(|name| (*name).to_owned()).collect()),
            annotations: Some(annotations.collect()),
            ..ObjectMeta::default()
        }
    }

    #[test]
    fn the_marks_of_others_stay() {
        assert_eq!(MARKS.removed(&ObjectMeta::default()), None);
        assert_eq!(MARKS.removed(&metadata(&["a", "b"], &["c"])), None);
        let place = "/metadata/finalizers/1";
        let finalizer = [
            json!({"op": "test", "path": place, "value": FINALIZER}),
            json!({"op": "remove", "path": place}),
        ];
        let held = metadata(&["a", FINALIZER, "b"], &["c"]);
        assert_eq!(MARKS.removed(&held), Some(json!(finalizer)));
        let place = "/metadata/annotations/serverless.kyma-project.io~1used-by-caches";
        let annotation = [json!({"op": "remove", "path": place})];
        assert_eq!(MARKS.removed(&metadata(&["a"], &["c", USED_BY])), Some(json!(annotation)));
        let both = [&finalizer[..], &annotation].concat();
        assert_eq!(MARKS.removed(&metadata(&["a", FINALIZER], &[USED_BY])), Some(json!(both)));
        let without = Marks { annotation: None, ..MARKS };
        assert_eq!(without.removed(&metadata(&[], &[USED_BY])), None);
    }
}
