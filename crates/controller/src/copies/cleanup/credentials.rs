//! Push and pull secrets, whose finalizer nobody removes any more. Their accounts and Secrets stay until they expire: what
//! runs goes on, and a controller that is installed again takes them over.

use api::names::registry::ACCOUNTS_FINALIZER;
use decide::Kind;
use kube::api::{DynamicObject, ListParams, Patch, PatchParams};
use kube::{Api, Client};

use super::finalizer::without_finalizer;
use super::options::{Options, PAGE};
use super::report::{Error, Report};

/// Removes the finalizer from all of them, in all namespaces.
pub(super) async fn release(client: &Client, options: &Options, report: &mut Report) -> Result<(), Error> {
    for kind in [Kind::ImagePushSecret, Kind::ImagePullSecret] {
        release_all(client, options, kind, report).await?;
    }
    Ok(())
}

async fn release_all(
    client: &Client,
    options: &Options,
    kind: Kind,
    report: &mut Report,
) -> Result<(), Error> {
    let resource = kind.resource();
    let all = Api::<DynamicObject>::all_with(client.clone(), &resource);
    let mut page = ListParams::default().limit(PAGE);
    loop {
        let listed = match all.list_metadata(&page).await {
            Ok(listed) => listed,
            // The cluster does not have the kind.
            Err(kube::Error::Api(status)) if status.code == 404 => return Ok(()),
            Err(source) => return Err(Error::Read { what: resource.plural.clone(), source }),
        };
        for secret in listed.items {
            let Some(patch) = without_finalizer(&secret.metadata, ACCOUNTS_FINALIZER) else { continue };
            let name = secret.metadata.name.unwrap_or_default();
            let namespace = secret.metadata.namespace.unwrap_or_default();
            let object = format!("{kind} {namespace}/{name}");
            if options.dry_run {
                report.done.push(object);
                continue;
            }
            let Ok(patch) = serde_json::from_value(patch) else { continue };
            let secrets = Api::<DynamicObject>::namespaced_with(client.clone(), &namespace, &resource);
            let patch = Patch::Json::<()>(patch);
            let patched = secrets.patch_metadata(&name, &PatchParams::default(), &patch).await;
            report.note(object, patched.map(drop));
        }
        match listed.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => return Ok(()),
        }
    }
}
