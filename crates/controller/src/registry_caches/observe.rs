//! What is read of a cache, and what it means for decisions.

use std::time::SystemTime;

use api::names::cache::{authority, proven, tls, token_authority};
use api::names::image_registry::certificate_key::TRUSTED;
use cluster::Error;
use decide::Kind;
use decide::cache::instance::Instance;
use decide::cache::observed::{Observed, RemoteCa};
use decide::cache::sync;
use decide::registry::observed::Own;
use kube::ResourceExt as _;
use kube::api::ListParams;
use process::certificates::Certificate;

use super::caches::RegistryCaches;
use crate::certificates::{StoredSecret, mapped, own, server};

impl RegistryCaches {
    /// Reads all that a decision needs.
    pub(super) async fn observe(
        &self,
        instance: &Instance<'_>,
        remote_ca: RemoteCa,
        now: SystemTime,
    ) -> Result<Observed, Error> {
        let namespace = instance.namespace();
        let mut observed = Observed { remote_ca, ..Observed::default() };
        let labels: Vec<_> =
            instance.selector().into_iter().map(|(key, value)| format!("{key}={value}")).collect();
        let params = ListParams::default().labels(&labels.join(","));
        for kind in [Kind::Service, Kind::Secret] {
            let found = self.writer.fenced(self.writer.api(kind, namespace).list(&params)).await?;
            for object in found {
                let value = object.value().map_err(Error::of_json)?;
                observed.stored.insert((kind, object.name_any()), value);
            }
        }
        let upstream = &instance.spec.upstream;
        // Those of somebody else may have no labels.
        let secrets = [tls(upstream), authority(upstream), token_authority(upstream), proven(upstream)];
        let secrets = secrets.map(|name| (Kind::Secret, name));
        for (kind, name) in sync::names(instance).into_iter().chain(secrets.clone()) {
            if observed.stored.contains_key(&(kind, name.clone())) {
                continue;
            }
            if let Some(stored) = self.writer.get(kind, namespace, &name).await? {
                observed.stored.insert((kind, name), stored);
            }
        }
        let [tls, _, tokens, proven] =
            secrets.map(|key| own(instance.uid, observed.stored.get(&key).cloned()));
        observed.proven = mapped(&proven, |_| ());
        if let Own::Stored(tokens) = &tokens {
            observed.trusted = tokens.text(TRUSTED).unwrap_or_default().to_owned();
        }
        observed.tokens = mapped(&tokens, StoredSecret::authority);
        if instance.has_tls() {
            let root = self.root.stored().await?;
            observed.root = self.root.observed(&root).await?;
            let root = if let Own::Stored(root) = &root { Some(root) } else { None };
            let trusted = root.and_then(|root| root.text(TRUSTED));
            trusted.unwrap_or_default().clone_into(&mut observed.authorities);
            let service = observed.stored.get(&(Kind::Service, instance.service.clone()));
            let names = instance.served(service);
            observed.tls = mapped(&tls, |secret| server(&names, secret, root, now));
        }
        Ok(observed)
    }

    /// The authority of the upstream.
    pub(super) async fn remote_ca(&self, instance: &Instance<'_>) -> Result<RemoteCa, Error> {
        if let Some(pem) = instance.spec.remote_ca.as_ref().and_then(|ca| ca.pem.clone()) {
            return Ok(RemoteCa::Pem(pem));
        }
        let Some(name) = instance.remote_ca_secret() else { return Ok(RemoteCa::Public) };
        let stored = self.writer.get(Kind::Secret, instance.namespace(), name).await?;
        let secret = stored.as_ref().map(StoredSecret::of);
        let text = secret.as_ref().and_then(|secret| secret.text(TRUSTED)).unwrap_or_default();
        // Only whole certificates: nothing else of a Secret comes into the configuration.
        let pem: String = Certificate::all(text.as_bytes()).iter().map(Certificate::to_pem).collect();
        Ok(if pem.is_empty() { RemoteCa::Missing } else { RemoteCa::Pem(pem) })
    }
}
