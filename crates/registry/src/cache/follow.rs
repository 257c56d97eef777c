//! The Secret with the credentials for the upstream, followed by a watch. The controller writes it once credentials are
//! proven. Whatever happens to the Secret or to the API server, the last ones stay in use.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::runtime::watcher::{Config, Event};

use super::credentials::{Credentials, Login};
use crate::watch;

/// Follows a Secret, without an end.
pub async fn secret(api: Api<Secret>, name: String, credentials: Arc<Credentials>) {
    // With a name, the identity of the gateway needs no right to other Secrets.
    let config = Config::default().fields(&format!("metadata.name={name}"));
    watch::follow(api, config, "the credentials", |event| match event {
        Some(Event::InitApply(secret) | Event::Apply(secret)) => {
            match Login::of(secret.data.unwrap_or_default()) {
                Some(login) => credentials.put(login),
                None => {
                    tracing::error!("the Secret holds no username and password: the last ones stay in use");
                }
            }
        }
        Some(Event::Delete(_)) => {
            tracing::warn!("the Secret with the credentials was deleted: the last ones stay in use");
        }
        Some(Event::InitDone) if credentials.get().is_none() => {
            tracing::warn!("there are no credentials for the upstream yet: nothing is served before");
        }
        Some(Event::Init | Event::InitDone) | None => {}
    })
    .await;
}
