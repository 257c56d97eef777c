//! The steps of a look: what is observed, and each write.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::names::registry::{ACCOUNTS_FINALIZER, secret_key};
use api::registry::{ImageRegistryAccount, ImageSecretStatus};
use cluster::reconcile::Action;
use cluster::{Error, InNamespace, Object};
use decide::plan::Wanted;
use decide::registry::rotation::Cause;
use decide::registry::secret::account::OwnAccount;
use decide::registry::secret::stored::Stored;
use decide::registry::secret::{Authority, Leftover, Observed, Registry, Request};
use decide::{Key, Kind, finalizers};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Api;
use kube::api::ListParams;
use policy::registries::docker_config::wipe;
use serde_json::Value;
use zeroize::Zeroize as _;

use super::Secrets;
use super::cached::{CachedAccount, Labels};
use super::held::Held;
use super::own_secret::OwnSecret;
use super::passwords::Passwords;
use super::reconciled::Reconciled;

/// How many accounts of a name that is taken are passed over.
const TAKEN_MAX: u64 = 16;

/// What is observed around a push or pull secret. The Secret is read anew at each look, and wiped.
pub(super) struct Around {
    registry: Option<Arc<InNamespace<Registry>>>,
    certificate: Certificate,
    labels: Arc<Labels>,
    accounts: Vec<OwnAccount>,
    leftovers: Vec<Leftover>,
    secret: Option<Secret>,
    stored: Stored,
}

enum Certificate {
    Public,
    Own(Vec<u8>),
    Unknown,
}

impl Around {
    pub(super) fn observed<'a>(
        &'a self,
        status: Option<&'a ImageSecretStatus>,
        held: Option<&'a Key>,
    ) -> Observed<'a> {
        Observed {
            registry: self.registry.as_ref().map(|registry| &registry.value),
            authority: match &self.certificate {
                Certificate::Public => Authority::Public,
                Certificate::Own(certificate) => Authority::Own(certificate),
                Certificate::Unknown => Authority::Unknown,
            },
            labels: &self.labels.0,
            accounts: &self.accounts,
            stored: &self.stored,
            leftovers: &self.leftovers,
            held,
            status,
        }
    }

    /// These accounts are deleted.
    pub(super) fn forget(&mut self, deleted: &[Key]) {
        self.accounts.retain(|own| !deleted.contains(&own.key()));
    }

    /// The Secret is written.
    pub(super) fn wrote(&mut self, request: &Request, written: &Object) -> Result<(), Error> {
        let secret: Secret = written.value().and_then(serde_json::from_value).map_err(Error::of_json)?;
        self.wipe();
        self.stored = request.stored(Some(&secret));
        self.secret = Some(secret);
        Ok(())
    }

    fn wipe(&mut self) {
        let data = self.secret.as_mut().and_then(|secret| secret.data.as_mut());
        data.into_iter().flatten().for_each(|(_, value)| value.0.zeroize());
    }
}

impl Drop for Around {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl<K: Reconciled> Secrets<K> {
    /// `None` if the namespace is not known: it has just been created, or is deleted.
    pub(super) async fn observe(&self, request: &Request) -> Result<Option<Around>, Error> {
        let key = (String::new(), request.namespace.clone());
        let Some(labels) = self.sources.namespaces.get(&key) else { return Ok(None) };
        let registry = self.sources.registries.get(&request.registry);
        let certificate = match registry.as_ref().and_then(|registry| registry.value.certificate.as_ref()) {
            None => Certificate::Public,
            Some(name) => self.certificate(&request.registry.0, name).await?,
        };
        let accounts = self.accounts.group(&request.account);
        let accounts = accounts.iter().filter_map(|(_, cached)| request.own_account(&cached.account));
        let accounts = accounts.collect();
        let leftovers = self.written.group(&request.account);
        let leftovers = leftovers.iter().filter_map(|(_, cached)| request.leftover(&cached.metadata));
        let leftovers = leftovers.collect();
        let secret = self.secret(&request.namespace, &request.secret).await?;
        let stored = request.stored(secret.as_ref());
        Ok(Some(Around { registry, certificate, labels, accounts, leftovers, secret, stored }))
    }

    async fn secret(&self, namespace: &str, name: &str) -> Result<Option<Secret>, Error> {
        let secrets = Api::<Secret>::namespaced(self.writer.client().clone(), namespace);
        self.writer.fenced(secrets.get_opt(name)).await
    }

    /// The certificate authority in the Secret of a registry. Without the key, everybody knows the authority.
    async fn certificate(&self, namespace: &str, name: &str) -> Result<Certificate, Error> {
        let Some(mut secret) = self.secret(namespace, name).await? else { return Ok(Certificate::Unknown) };
        let mut data: BTreeMap<_, _> = secret.data.take().unwrap_or_default();
        let certificate = data.remove(secret_key::CA);
        for value in data.values_mut() {
            value.0.zeroize();
        }
        Ok(certificate.map_or(Certificate::Public, |certificate| Certificate::Own(certificate.0)))
    }

    /// Deletes an account, if it is still one of this secret.
    pub(super) async fn delete(&self, request: &Request, (namespace, name): &Key) -> Result<(), Error> {
        let is_meant = |stored: &Value| {
            let account = serde_json::from_value::<ImageRegistryAccount>(stored.clone()).ok();
            account.is_some_and(|account| request.own_account(&account).is_some())
        };
        self.writer.delete_if(Kind::ImageRegistryAccount, namespace, name, is_meant).await
    }

    /// Deletes a Secret of an earlier name, if it is still one.
    pub(super) async fn delete_leftover(&self, request: &Request, name: &str) -> Result<(), Error> {
        let is_meant = |metadata: &ObjectMeta| request.leftover(metadata).is_some();
        self.writer.delete_if_metadata(Kind::Secret, &request.namespace, name, is_meant).await
    }

    /// Creates an account, which is valid from now on, and holds its password.
    pub(super) async fn create(&self, request: &Request, number: u64) -> Result<Action, Error> {
        let turn = match self.passwords.turn(&request.namespace, &request.uid) {
            Ok(turn) => turn,
            Err(pause) => return Ok(Action::requeue(pause)),
        };
        let (password, hash) = Passwords::generate(turn).await?;
        let mut last = number;
        let created = loop {
            let mut wanted = request.account(last, &hash);
            let created = self.writer.create_only(&wanted).await;
            wipe(&mut wanted.object);
            match created {
                Err(error) if error.is_already_exists() && last < number.saturating_add(TAKEN_MAX) => {
                    last += 1;
                }
                created => break self.cache(request, &wanted, &created?)?,
            }
        };
        let key = (request.registry.0.clone(), request.numbered(last));
        self.held.keep(Held { request: request.clone(), key, created, password });
        let rest = self.held.rest(request, self.clock.now().await?);
        Ok(Action::requeue(rest.unwrap_or_default()))
    }

    /// Writes the credentials of an account into the Secret. Returns the Secret, if it is written.
    pub(super) async fn store(
        &self,
        object: &K,
        request: &Request,
        around: &Around,
        (number, cause): (u64, Cause),
    ) -> Result<Option<Object>, Error> {
        let Some(credentials) = self.held.credentials(request, number) else { return Ok(None) };
        let wanted = request.secret(&around.observed(object.status(), None), &credentials);
        let Some(wanted) = wanted else { return Ok(None) };
        let Some(written) = self.write(request, wanted, around.secret.is_some()).await? else {
            return Ok(None);
        };
        self.held.forget(&request.uid);
        self.metrics.rotated(K::KIND.as_str());
        let (secret, account) = (&request.secret, &credentials.username);
        let note = format!("Secret {secret} has the credentials of account {account}: {}", reason(cause));
        self.note(object, "Rotated", &note, false).await?;
        Ok(Some(written))
    }

    /// The account is known before the watch shows it. Returns when it was created.
    fn cache(&self, request: &Request, wanted: &Wanted, created: &Object) -> Result<Timestamp, Error> {
        let account = created.value().and_then(serde_json::from_value::<ImageRegistryAccount>);
        let account = account.map_err(Error::of_json)?;
        if let Some(cached) = CachedAccount::of(&account, request.access.label()) {
            let key = (wanted.namespace.clone(), wanted.name.clone());
            self.accounts.answered(key, account.metadata.resource_version.as_deref(), cached);
        }
        // The API server stamps all that it creates.
        Ok(account.metadata.creation_timestamp.map(|time| time.0).unwrap_or_default())
    }

    /// Writes the Secret with the credentials that it has. Returns it, if it is written.
    pub(super) async fn rewrite(
        &self,
        object: &K,
        request: &Request,
        around: &Around,
    ) -> Result<Option<Object>, Error> {
        let credentials = around.secret.as_ref().and_then(|secret| request.credentials(secret));
        let observed = around.observed(object.status(), None);
        match credentials.and_then(|credentials| request.secret(&observed, &credentials)) {
            Some(wanted) => self.write(request, wanted, true).await,
            None => Ok(None),
        }
    }

    /// The Secret, if it is written.
    async fn write(
        &self,
        request: &Request,
        wanted: Wanted,
        is_there: bool,
    ) -> Result<Option<Object>, Error> {
        let secret = OwnSecret::new(wanted, &request.uid);
        let written =
            if is_there { self.writer.update(&secret).await } else { self.writer.create(&secret).await };
        match written {
            // Somebody else has taken the name. The next round reports it.
            Err(Error::Taken { .. }) => Ok(None),
            written => written.map(Some),
        }
    }

    /// Deletes all accounts of the secret, and lets it go.
    pub(super) async fn release(&self, request: &Request, metadata: &ObjectMeta) -> Result<(), Error> {
        self.held.forget(&request.uid);
        let label = format!("{}={}", request.access.label(), request.account);
        let accounts = Api::<ImageRegistryAccount>::all(self.writer.client().clone());
        let listed = self.writer.fenced(accounts.list(&ListParams::default().labels(&label))).await?;
        for own in listed.items.iter().filter_map(|account| request.own_account(account)) {
            self.delete(request, &own.key()).await?;
        }
        let patch = finalizers::removed(metadata, ACCOUNTS_FINALIZER);
        match self.writer.patch(request.kind, &request.namespace, &request.name, patch).await {
            Err(error) if error.is_not_found() => Ok(()),
            patched => patched.map(drop),
        }
    }
}

/// Why there is another account, for people.
fn reason(cause: Cause) -> &'static str {
    match cause {
        Cause::NoSecret => "it had no valid ones",
        Cause::NoAccount => "the account before was deleted, or has expired",
        Cause::Due => "it was time",
        Cause::Requested => "the annotation asks for it",
        Cause::Ahead => "the clock was ahead when the account before was created",
    }
}
