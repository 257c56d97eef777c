//! Makes certificates and keys, and writes them into Secrets.

use std::time::SystemTime;

use api::names::image_registry::certificate_key::{
    CERTIFICATE, KEY, NEXT_CERTIFICATE, NEXT_KEY, SINCE, TRUSTED,
};
use api::names::image_registry::{config_key, shared_keys};
use api::names::registry::ROOT_CA;
use cluster::Error;
use decide::Kind;
use decide::owner::is_owned;
use decide::registry::certificates::{AUTHORITY_LIFE, ROOT_LIFE, SERVER_LIFE, Step, authority_name};
use decide::registry::instance::Instance;
use decide::registry::observed::Own;
use decide::registry::secrets::{self, Data, OPAQUE, TLS, is_root};
use decide::registry::sync::Issue;
use jiff::Timestamp;
use k8s_openapi::ByteString;
use process::certificates::{self, Pair};

use super::registries::ImageRegistries;
use super::stored_secret::StoredSecret;
use super::write::OfRegistry;

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
            Issue::Root(step) => {
                let known =
                    if let Own::Stored(root) = self.root().await? { root } else { StoredSecret::default() };
                let made = || authority(ROOT_CA, &self.namespace, now, now + ROOT_LIFE);
                let data = step_of(step, &known, made, now)?;
                let wanted = secrets::root(&self.namespace, &data);
                self.writer.create(&OfRegistry { wanted: &wanted, is_ours: &is_root }).await?;
            }
            Issue::Tokens(step) => {
                let secret = instance.authority_secret();
                let known = self.secret(instance, &secret).await?;
                let known = known.as_ref().map(StoredSecret::of).unwrap_or_default();
                let made = || authority(&secret, instance.namespace, now, now + AUTHORITY_LIFE);
                let data = step_of(step, &known, made, now)?;
                let wanted = secrets::of_registry(instance, secret.clone(), TLS, &data);
                self.writer.create(&OfRegistry { wanted: &wanted, is_ours: &is_owned }).await?;
            }
            Issue::Server => {
                let Own::Stored(root) = self.root().await? else { return Ok(()) };
                let Some(signs) = root.signs() else { return Ok(()) };
                let service = self.writer.get(Kind::Service, namespace, name).await?;
                let names = instance.served(service.as_ref());
                let ends = (now + SERVER_LIFE).min(signs.certificate.not_after());
                let made =
                    certificates::server(&signs.pair, names, now, ends).map_err(|error| unmade(&error))?;
                let mut data = pair(&made);
                data.insert(TRUSTED, bytes(root.text(TRUSTED).unwrap_or_default()));
                let wanted = secrets::of_registry(instance, instance.tls_secret(), TLS, &data);
                self.writer.create(&OfRegistry { wanted: &wanted, is_ours: &is_owned }).await?;
            }
            Issue::Keys => {
                let key =
                    || certificates::random_key().map(|key| bytes(&key)).map_err(|error| unmade(&error));
                let data = Data::from([(config_key::UPLOADS, key()?), (config_key::REFRESH, key()?)]);
                let wanted = secrets::of_registry(instance, shared_keys(instance.name), OPAQUE, &data);
                self.writer.create(&OfRegistry { wanted: &wanted, is_ours: &is_owned }).await?;
            }
        }
        Ok(())
    }
}

fn authority(
    secret: &str,
    namespace: &str,
    now: SystemTime,
    not_after: SystemTime,
) -> Result<Pair, certificates::Error> {
    certificates::authority(&authority_name(secret, namespace, now), now, not_after)
}

/// What the Secret of an authority holds after a step.
fn step_of(
    step: Step,
    known: &StoredSecret,
    make: impl FnOnce() -> Result<Pair, certificates::Error>,
    now: SystemTime,
) -> Result<Data, Error> {
    let (signs, next) = (known.signs(), known.next());
    let old = signs.as_ref().map(|signs| signs.pair.certificate.clone()).unwrap_or_default();
    match step {
        Step::Make => {
            let new = make().map_err(|error| unmade(&error))?;
            Ok(trusting(pair(&new), &[&new.certificate]))
        }
        Step::Prepare => {
            let new = make().map_err(|error| unmade(&error))?;
            let mut data = signs.map(|signs| pair(&signs.pair)).unwrap_or_default();
            data.insert(NEXT_CERTIFICATE, bytes(&new.certificate));
            data.insert(NEXT_KEY, bytes(&new.key));
            Ok(trusting(data, &[&old, &new.certificate]))
        }
        Step::Promote => {
            let Some(next) = next else { return step_of(Step::Make, known, make, now) };
            let mut data = pair(&next.pair);
            let since = Timestamp::try_from(now).unwrap_or_default();
            data.insert(SINCE, bytes(&since.to_string()));
            // The order stays: a registry starts again when what it trusts changes.
            Ok(trusting(data, &[&old, &next.pair.certificate]))
        }
        Step::Forget => {
            let signs = signs.map(|signs| signs.pair);
            let data = signs.as_ref().map(pair).unwrap_or_default();
            Ok(trusting(data, &[&old]))
        }
    }
}

/// With the certificates that are trusted.
fn trusting(mut data: Data, certificates: &[&str]) -> Data {
    data.insert(TRUSTED, bytes(&certificates.concat()));
    data
}

fn pair(pair: &Pair) -> Data {
    Data::from([(CERTIFICATE, bytes(&pair.certificate)), (KEY, bytes(&pair.key))])
}

fn bytes(text: &str) -> ByteString {
    ByteString(text.as_bytes().to_vec())
}

fn unmade(error: &certificates::Error) -> Error {
    Error::Unmade(format!("a certificate or a key cannot be made: {error}"))
}
