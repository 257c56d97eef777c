//! Makes certificates of caches, and writes them into Secrets.

use std::time::SystemTime;

use api::names::cache::{tls, token_authority};
use cluster::Error;
use decide::Kind;
use decide::cache::instance::Instance;
use decide::cache::secrets;
use decide::cache::sync::Issue;
use decide::owner::is_owned;
use decide::registry::secrets::{Data, TLS};
use serde_json::Value;

use super::caches::RegistryCaches;
use crate::certificates::tokens;
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
                let stored = self.writer.get(Kind::Secret, namespace, &secret).await?;
                let data = tokens(step, &secret, namespace, stored.as_ref(), now)?;
                self.store_secret(instance, secret, &data).await
            }
            Issue::Server => {
                let service = self.writer.get(Kind::Service, namespace, &instance.service).await?;
                let Some(data) = self.root.sign(instance.served(service.as_ref()), now).await? else {
                    return Ok(());
                };
                self.store_secret(instance, tls(upstream), &data).await
            }
        }
    }

    async fn store_secret(&self, instance: &Instance<'_>, name: String, data: &Data) -> Result<(), Error> {
        let wanted = secrets::of_cache(instance, name, TLS, data);
        let is_ours = |stored: &Value| is_owned(stored, instance.uid);
        self.writer.create(&Owned { wanted: &wanted, is_ours: &is_ours }).await?;
        Ok(())
    }
}
