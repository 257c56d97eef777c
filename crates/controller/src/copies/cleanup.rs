//! Removes what the controller leaves in a cluster when it is uninstalled: finalizers on Secrets of the base namespace and on
//! push and pull secrets, which would keep their namespaces for ever, the copies in all other namespaces, and what it
//! composed for nodes. The controller must have stopped, because it would restore them.

mod composed;
mod lease;
mod marks;
mod options;
mod report;

use api::names::cache::USED_BY;
use api::names::copy_mark::{COPIED_FROM, FINALIZER, KEPT_BY_USER};
use api::names::owned_label::MANAGED_BY;
use api::names::registry::ACCOUNTS_FINALIZER;
use decide::Kind;
use decide::copies::CopiedKind;
use futures::{StreamExt as _, stream};
use kube::api::{DeleteParams, DynamicObject, ListParams, ObjectMeta, Preconditions};
use kube::{Api, Client};

use marks::{Marked, Marks};
pub use options::Options;
use options::PAGE;
pub use report::{Error, Report};

/// How many deletions are sent at the same time.
const AT_ONCE: usize = 16;

/// Waits until the controller has stopped, then removes finalizers and copies. An error does not hold up the rest.
///
/// # Errors
/// If the controller does not stop, or something cannot be listed.
pub async fn run(client: &Client, options: &Options) -> Result<Report, Error> {
    if !options.dry_run {
        lease::wait_for_the_end(client, options).await?;
    }
    let mut report = Report::default();
    for marked in marked(&options.base_namespace) {
        marked.release(client, options, &mut report).await?;
    }
    if !options.finalizers_only {
        for kind in CopiedKind::ALL.into_iter().rev() {
            delete_copies(client, options, kind, &mut report).await?;
        }
        composed::delete(client, options, &mut report).await?;
    }
    Ok(report)
}

/// What nobody removes marks from any more: finalizers, and the names of caches that use a Secret. Accounts and Secrets of push
/// and pull secrets stay until they expire: what runs goes on, and a controller that is installed again takes them over.
fn marked(base_namespace: &str) -> [Marked; 3] {
    let of_accounts = |kind| {
        let marks = Marks { finalizer: ACCOUNTS_FINALIZER, annotation: None };
        Marked { kind, namespace: None, marks }
    };
    let namespace = Some(base_namespace.to_owned());
    let marks = Marks { finalizer: FINALIZER, annotation: Some(USED_BY) };
    [
        Marked { kind: Kind::Secret, namespace, marks },
        of_accounts(Kind::ImagePushSecret),
        of_accounts(Kind::ImagePullSecret),
    ]
}

/// Deletes the copies of a kind.
async fn delete_copies(
    client: &Client,
    options: &Options,
    kind: CopiedKind,
    report: &mut Report,
) -> Result<(), Error> {
    let resource = kind.kind().resource();
    let all = Api::<DynamicObject>::all_with(client.clone(), &resource);
    let (label, value) = kind.label();
    let mut page = ListParams::default().labels(&format!("{label}={value}")).limit(PAGE);
    loop {
        let listed = all.list_metadata(&page).await;
        let listed = listed.map_err(|source| Error::Read { what: resource.plural.clone(), source })?;
        let copies = listed.items.into_iter().map(|object| object.metadata);
        let copies = copies.filter(|metadata| is_copy(metadata, &options.base_namespace));
        let mut deletions = stream::iter(copies)
            .map(async |metadata: ObjectMeta| {
                let namespace = metadata.namespace.unwrap_or_default();
                let name = metadata.name.unwrap_or_default();
                let object = format!("{} {namespace}/{name}", resource.kind);
                if options.dry_run {
                    return (object, Ok(()));
                }
                // Its users may have taken it over since it was listed.
                let preconditions =
                    Preconditions { uid: metadata.uid, resource_version: metadata.resource_version };
                let params = DeleteParams::default().preconditions(preconditions);
                let copies = Api::<DynamicObject>::namespaced_with(client.clone(), &namespace, &resource);
                (object, copies.delete(&name, &params).await.map(drop))
            })
            .buffer_unordered(AT_ONCE);
        while let Some((object, deleted)) = deletions.next().await {
            report.note(object, deleted);
        }
        drop(deletions);
        match listed.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => return Ok(()),
        }
    }
}

/// Whether an object is a copy of this installation that its users have not taken over.
fn is_copy(metadata: &ObjectMeta, base_namespace: &str) -> bool {
    let origin = metadata.annotations.as_ref().and_then(|all| all.get(COPIED_FROM));
    let manager = metadata.labels.as_ref().and_then(|all| all.get(MANAGED_BY));
    metadata.namespace.as_deref() != Some(base_namespace)
        && origin.is_some_and(|origin| origin == base_namespace)
        && manager.is_none_or(|manager| manager != KEPT_BY_USER)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn metadata(namespace: &str, annotations: &Value, labels: &Value) -> ObjectMeta {
        serde_json::from_value(json!({"namespace": namespace, "annotations": annotations, "labels": labels}))
            .unwrap()
    }

    #[rstest]
    #[case::a_copy("team", json!({(COPIED_FROM): "kyma-system"}), json!({}), true)]
    #[case::of_another_installation("team", json!({(COPIED_FROM): "other"}), json!({}), false)]
    #[case::no_copy("team", json!({}), json!({}), false)]
    #[case::in_the_base_namespace("kyma-system", json!({(COPIED_FROM): "kyma-system"}), json!({}), false)]
    #[case::kept_by_its_users("team", json!({(COPIED_FROM): "kyma-system"}), json!({(MANAGED_BY): "user"}), false)]
    fn copies_of_this_installation_are_deleted(
        #[case] namespace: &str,
        #[case] annotations: Value,
        #[case] labels: Value,
        #[case] expected: bool,
    ) {
        assert_eq!(is_copy(&metadata(namespace, &annotations, &labels), "kyma-system"), expected);
    }
}
