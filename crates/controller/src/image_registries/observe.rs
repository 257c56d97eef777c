//! What is read of a registry, and what it means for decisions.

use std::collections::BTreeMap;
use std::time::SystemTime;

use api::names::image_registry::certificate_key::TRUSTED;
use api::names::image_registry::{config_key, shared_keys};
use cluster::Error;
use decide::Kind;
use decide::registry::certificates::AuthoritySecret;
use decide::registry::instance::{Instance, Source};
use decide::registry::observed::{Certified, GivenSecret, Observed, Own};
use decide::registry::sync;
use serde::Deserialize as _;
use serde_json::Value;

use super::registries::ImageRegistries;
use crate::certificates::{StoredSecret, mapped, own, server};

impl ImageRegistries {
    /// Reads all that a decision needs.
    pub(super) async fn observe(&self, instance: &Instance<'_>, now: SystemTime) -> Result<Observed, Error> {
        let mut observed = Observed::default();
        for (kind, name) in sync::names(instance) {
            if let Some(stored) = self.writer.get(kind, instance.namespace, &name).await? {
                observed.stored.insert((kind, name), stored);
            }
        }
        let root = match instance.tls() {
            Source::Own => self.root.stored().await?,
            Source::Issuer(_) | Source::Given(_) => Own::Missing,
        };
        observed.root = self.root.observed(&root).await?;
        let tls = self.secret(instance, &instance.tls_secret()).await?;
        observed.tls = match instance.tls() {
            Source::Own => {
                let root = if let Own::Stored(root) = &root { Some(root) } else { None };
                let names = instance.served(observed.stored.get(&(Kind::Service, instance.name.to_owned())));
                let server = |secret: &StoredSecret| server(&names, secret, root, now);
                Certified::Own(mapped(&own(instance.uid, tls), server))
            }
            Source::Issuer(_) | Source::Given(_) => Certified::Given(tls.as_ref().map(given)),
        };
        let tokens = self.secret(instance, &instance.authority_secret()).await?;
        (observed.tokens, observed.trusted) = token_authority(instance, tokens);
        let keys = self.secret(instance, &shared_keys(instance.name)).await?;
        let has = |secret: &StoredSecret, key: &str| secret.text(key).is_some_and(|text| !text.is_empty());
        observed.keys = mapped(&own(instance.uid, keys), |secret| {
            has(secret, config_key::UPLOADS) && has(secret, config_key::REFRESH)
        });
        if let Some(map) = instance.rules_map() {
            observed.rules = self.rules(instance, map).await?;
        }
        Ok(observed)
    }

    /// A Secret of the namespace of a registry.
    pub(super) async fn secret(&self, instance: &Instance<'_>, name: &str) -> Result<Option<Value>, Error> {
        self.writer.get(Kind::Secret, instance.namespace, name).await
    }

    async fn rules(
        &self,
        instance: &Instance<'_>,
        map: &str,
    ) -> Result<Option<BTreeMap<String, String>>, Error> {
        let stored = self.writer.get(Kind::ConfigMap, instance.namespace, map).await?;
        Ok(stored.map(|stored| {
            let data = stored.get("data").unwrap_or(&Value::Null);
            Option::deserialize(data).ok().flatten().unwrap_or_default()
        }))
    }
}

fn given(stored: &Value) -> GivenSecret {
    StoredSecret::of(stored).given()
}

/// The token authority, and the certificates that the registry trusts.
fn token_authority(instance: &Instance<'_>, stored: Option<Value>) -> (Certified<AuthoritySecret>, String) {
    match instance.token_authority() {
        Source::Own => {
            let own = own(instance.uid, stored);
            let trusted = if let Own::Stored(secret) = &own { secret.text(TRUSTED) } else { None };
            let trusted = trusted.unwrap_or_default().to_owned();
            (Certified::Own(mapped(&own, StoredSecret::authority)), trusted)
        }
        // Who signed it is not trusted: that one may sign others, too.
        Source::Issuer(_) | Source::Given(_) => {
            let secret = stored.as_ref().map(StoredSecret::of);
            let signs = secret.as_ref().and_then(StoredSecret::signs);
            let trusted = signs.map(|signs| signs.certificate.to_pem()).unwrap_or_default();
            (Certified::Given(secret.as_ref().map(StoredSecret::given)), trusted)
        }
    }
}
