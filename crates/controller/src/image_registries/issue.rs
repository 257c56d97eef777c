//! Makes certificates and keys, and writes them into Secrets.

use std::time::SystemTime;

use api::names::image_registry::certificate_key::TRUSTED;
use api::names::image_registry::{config_key, shared_keys};
use cluster::Error;
use decide::Kind;
use decide::owner::is_owned;
use decide::registry::certificates::{AUTHORITY_LIFE, SERVER_LIFE};
use decide::registry::instance::Instance;
use decide::registry::observed::Own;
use decide::registry::secrets::{self, Data, OPAQUE, TLS};
use decide::registry::sync::Issue;
use process::certificates;

use super::registries::ImageRegistries;
use crate::certificates::{StoredSecret, authority, bytes, pair, step_of, unmade};
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
        let is_owned = |stored: &serde_json::Value| is_owned(stored, instance.uid);
        match issue {
            Issue::Root(step) => self.root.take(step, now).await?,
            Issue::Tokens(step) => {
                let secret = instance.authority_secret();
                let known = self.secret(instance, &secret).await?;
                let known = known.as_ref().map(StoredSecret::of).unwrap_or_default();
                let made = || authority(&secret, instance.namespace, now, now + AUTHORITY_LIFE);
                let data = step_of(step, &known, made, now)?;
                let wanted = secrets::of_registry(instance, secret.clone(), TLS, &data);
                self.writer.create(&Owned { wanted: &wanted, is_ours: &is_owned }).await?;
            }
            Issue::Server => {
                let Own::Stored(root) = self.root.stored().await? else { return Ok(()) };
                let Some(signs) = root.signs() else { return Ok(()) };
                let service = self.writer.get(Kind::Service, namespace, name).await?;
                let names = instance.served(service.as_ref());
                let ends = (now + SERVER_LIFE).min(signs.certificate.not_after());
                let made =
                    certificates::server(&signs.pair, names, now, ends).map_err(|error| unmade(&error))?;
                let mut data = pair(&made);
                data.insert(TRUSTED, bytes(root.text(TRUSTED).unwrap_or_default()));
                let wanted = secrets::of_registry(instance, instance.tls_secret(), TLS, &data);
                self.writer.create(&Owned { wanted: &wanted, is_ours: &is_owned }).await?;
            }
            Issue::Keys => {
                let key =
                    || certificates::random_key().map(|key| bytes(&key)).map_err(|error| unmade(&error));
                let data = Data::from([(config_key::UPLOADS, key()?), (config_key::REFRESH, key()?)]);
                let wanted = secrets::of_registry(instance, shared_keys(instance.name), OPAQUE, &data);
                self.writer.create(&Owned { wanted: &wanted, is_ours: &is_owned }).await?;
            }
        }
        Ok(())
    }
}
