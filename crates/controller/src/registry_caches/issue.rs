//! Makes certificates of caches, and writes them into Secrets.

use std::time::SystemTime;

use api::names::cache::{tls, token_authority};
use api::names::image_registry::certificate_key::TRUSTED;
use cluster::Error;
use decide::Kind;
use decide::cache::instance::Instance;
use decide::cache::secrets;
use decide::cache::sync::{Issue, is_ours};
use decide::registry::certificates::{AUTHORITY_LIFE, SERVER_LIFE};
use decide::registry::observed::Own;
use decide::registry::secrets::{Data, TLS};
use process::certificates;
use serde_json::Value;

use super::caches::RegistryCaches;
use crate::certificates::{StoredSecret, authority, bytes, pair, step_of, unmade};
use crate::owned::Owned;

impl RegistryCaches {
    /// Makes what a decision asks for.
    pub(super) async fn issue(
        &self,
        instance: &Instance<'_>,
        issue: Issue,
        now: SystemTime,
    ) -> Result<(), Error> {
        let (namespace, name) = (instance.namespace(), instance.name);
        tracing::info!(name, ?issue, "making certificates of a cache");
        let upstream = &instance.spec.upstream;
        match issue {
            Issue::Root(step) => self.root.take(step, now).await,
            Issue::Tokens(step) => {
                let secret = token_authority(upstream);
                let known = self.writer.get(Kind::Secret, namespace, &secret).await?;
                let known = known.as_ref().map(StoredSecret::of).unwrap_or_default();
                let made = || authority(&secret, namespace, now, now + AUTHORITY_LIFE);
                let data = step_of(step, &known, made, now)?;
                self.store_secret(instance, secret.clone(), &data).await
            }
            Issue::Server => {
                let Own::Stored(root) = self.root.stored().await? else { return Ok(()) };
                let Some(signs) = root.signs() else { return Ok(()) };
                let service = self.writer.get(Kind::Service, namespace, &instance.service).await?;
                let names = instance.served(service.as_ref());
                let ends = (now + SERVER_LIFE).min(signs.certificate.not_after());
                let made =
                    certificates::server(&signs.pair, names, now, ends).map_err(|error| unmade(&error))?;
                let mut data = pair(&made);
                data.insert(TRUSTED, bytes(root.text(TRUSTED).unwrap_or_default()));
                self.store_secret(instance, tls(upstream), &data).await
            }
        }
    }

    async fn store_secret(&self, instance: &Instance<'_>, name: String, data: &Data) -> Result<(), Error> {
        let wanted = secrets::of_cache(instance, name, TLS, data);
        let is_ours = |stored: &Value| is_ours(instance, stored);
        self.writer.create(&Owned { wanted: &wanted, is_ours: &is_ours }).await?;
        Ok(())
    }
}
