//! Makes certificates and keys, and writes them into Secrets.

use std::time::SystemTime;

use api::names::image_registry::{config_key, shared_keys};
use cluster::Error;
use decide::Kind;
use decide::owner::is_owned;
use decide::registry::instance::Instance;
use decide::registry::secrets::{self, Data, OPAQUE, TLS};
use decide::registry::sync::Issue;
use process::certificates;
use serde_json::Value;

use super::registries::ImageRegistries;
use crate::certificates::{bytes, tokens, unmade};
use crate::owned::Owned;

impl ImageRegistries {
    /// Makes what a decision asks for.
    pub(super) async fn issue(
        &self,
        instance: &Instance<'_>,
        issue: Issue,
        now: SystemTime,
    ) -> Result<(), Error> {
        let (namespace, name) = (instance.namespace, instance.name);
        tracing::info!(namespace, name, ?issue, "making certificates or keys of a registry");
        match issue {
            Issue::Root(step) => self.root.take(step, now).await,
            Issue::Tokens(step) => {
                let secret = instance.authority_secret();
                let stored = self.secret(instance, &secret).await?;
                let data = tokens(step, &secret, namespace, stored.as_ref(), now)?;
                self.store_secret(instance, secret, TLS, &data).await
            }
            Issue::Server => {
                let service = self.writer.get(Kind::Service, namespace, name).await?;
                let Some(data) = self.root.sign(instance.served(service.as_ref()), now).await? else {
                    return Ok(());
                };
                self.store_secret(instance, instance.tls_secret(), TLS, &data).await
            }
            Issue::Keys => {
                let key =
                    || certificates::random_key().map(|key| bytes(&key)).map_err(|error| unmade(&error));
                let data = Data::from([(config_key::UPLOADS, key()?), (config_key::REFRESH, key()?)]);
                self.store_secret(instance, shared_keys(instance.name), OPAQUE, &data).await
            }
        }
    }

    async fn store_secret(
        &self,
        instance: &Instance<'_>,
        name: String,
        secret_type: &str,
        data: &Data,
    ) -> Result<(), Error> {
        let wanted = secrets::of_registry(instance, name, secret_type, data);
        let is_ours = |stored: &Value| is_owned(stored, instance.uid);
        self.writer.create(&Owned { wanted: &wanted, is_ours: &is_ours }).await?;
        Ok(())
    }
}
