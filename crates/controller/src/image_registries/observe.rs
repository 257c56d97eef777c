//! What is read of a registry, and what it means for decisions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use api::names::image_registry::certificate_key::TRUSTED;
use api::names::image_registry::{config_key, shared_keys};
use api::names::registry::ROOT_CA;
use cluster::Error;
use decide::Kind;
use decide::owner::is_owned;
use decide::registry::certificates::{AuthoritySecret, ServerSecret};
use decide::registry::instance::{Instance, Source};
use decide::registry::observed::{Certified, GivenSecret, Observed, Own};
use decide::registry::secrets::is_root;
use decide::registry::sync;
use process::certificates::Certificate;
use serde::Deserialize as _;
use serde_json::Value;

use super::registries::ImageRegistries;
use super::stored_secret::{StoredSecret, life};

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
            Source::Own => self.root().await?,
            Source::Issuer(_) | Source::Given(_) => Own::Missing,
        };
        observed.root = mapped(&root, StoredSecret::authority);
        let tls = self.secret(instance, &instance.tls_secret()).await?;
        observed.tls = match instance.tls() {
            Source::Own => {
                let root = if let Own::Stored(root) = &root { Some(root) } else { None };
                let names = instance.served(observed.stored.get(&(Kind::Service, instance.name.to_owned())));
                let server = |secret: &StoredSecret| server(&names, secret, root, now);
                Certified::Own(mapped(&own(instance, tls), server))
            }
            Source::Issuer(_) | Source::Given(_) => Certified::Given(tls.as_ref().map(given)),
        };
        let tokens = self.secret(instance, &instance.authority_secret()).await?;
        (observed.tokens, observed.trusted) = token_authority(instance, tokens);
        let keys = self.secret(instance, &shared_keys(instance.name)).await?;
        let has = |secret: &StoredSecret, key: &str| secret.text(key).is_some_and(|text| !text.is_empty());
        observed.keys = mapped(&own(instance, keys), |secret| {
            has(secret, config_key::UPLOADS) && has(secret, config_key::REFRESH)
        });
        if let Some(map) = instance.rules_map() {
            observed.rules = self.rules(instance, map).await?;
        }
        Ok(observed)
    }

    /// The Secret of the authority of the installation.
    pub(super) async fn root(&self) -> Result<Own<StoredSecret>, Error> {
        let stored = self.writer.get(Kind::Secret, &self.namespace, ROOT_CA).await?;
        Ok(match stored {
            None => Own::Missing,
            Some(stored) if is_root(&stored) => Own::Stored(StoredSecret::of(&stored)),
            Some(_) => Own::Foreign,
        })
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

/// A Secret that a registry owns, or not.
fn own(instance: &Instance<'_>, stored: Option<Value>) -> Own<StoredSecret> {
    match stored {
        None => Own::Missing,
        Some(stored) if is_owned(&stored, instance.uid) => Own::Stored(StoredSecret::of(&stored)),
        Some(_) => Own::Foreign,
    }
}

fn mapped<T>(own: &Own<StoredSecret>, read: impl FnOnce(&StoredSecret) -> T) -> Own<T> {
    match own {
        Own::Missing => Own::Missing,
        Own::Foreign => Own::Foreign,
        Own::Stored(secret) => Own::Stored(read(secret)),
    }
}

fn given(stored: &Value) -> GivenSecret {
    StoredSecret::of(stored).given()
}

/// The token authority, and the certificates that the registry trusts.
fn token_authority(instance: &Instance<'_>, stored: Option<Value>) -> (Certified<AuthoritySecret>, String) {
    match instance.token_authority() {
        Source::Own => {
            let own = own(instance, stored);
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

fn server(
    names: &[String],
    secret: &StoredSecret,
    root: Option<&StoredSecret>,
    now: SystemTime,
) -> ServerSecret {
    let (serves, signs) = (secret.signs(), root.and_then(StoredSecret::signs));
    let is_as_wanted = serves.as_ref().zip(signs.as_ref()).is_some_and(|(server, root)| {
        let (wanted, found): (BTreeSet<_>, BTreeSet<_>) =
            (names.iter().cloned().collect(), found(&server.certificate).collect());
        wanted == found && server.serves(&root.certificate, names, now)
    });
    ServerSecret {
        serves: serves.map(|server| life(&server.certificate)),
        is_as_wanted,
        has_authorities: secret.text(TRUSTED) == root.and_then(|root| root.text(TRUSTED)),
    }
}

/// The names and the addresses that a certificate is for.
fn found(certificate: &Certificate) -> impl Iterator<Item = String> {
    let addresses = certificate.addresses().into_iter().map(|address| address.to_string());
    certificate.names().into_iter().chain(addresses)
}
