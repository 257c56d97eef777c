//! The registries of nodes that the controller composed.

use api::names::container_registries::OF_NODES;
use decide::owner::is_own;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, ListParams, ObjectMeta, Preconditions};
use kube::{Api, Client};

use super::options::Options;
use super::report::{Error, Report};

/// Deletes the Secret, unless it belongs to somebody else.
pub(super) async fn delete(client: &Client, options: &Options, report: &mut Report) -> Result<(), Error> {
    let secrets = Api::<Secret>::namespaced(client.clone(), &options.namespace);
    let object = format!("Secret {}/{OF_NODES}", options.namespace);
    let named = ListParams::default().fields(&format!("metadata.name={OF_NODES}"));
    let found = secrets.list_metadata(&named).await;
    let found = found.map_err(|source| Error::Read { what: object.clone(), source })?.items.pop();
    let is_ours = |metadata: &ObjectMeta| metadata.labels.as_ref().is_some_and(is_own);
    let Some(metadata) = found.map(|secret| secret.metadata).filter(is_ours) else { return Ok(()) };
    if options.dry_run {
        report.done.push(object);
        return Ok(());
    }
    let preconditions = Preconditions { uid: metadata.uid, resource_version: metadata.resource_version };
    let params = DeleteParams::default().preconditions(preconditions);
    report.note(object, secrets.delete(OF_NODES, &params).await.map(drop));
    Ok(())
}
