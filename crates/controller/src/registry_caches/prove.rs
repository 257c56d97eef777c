//! Proves the credentials of a cache against its upstream, and writes those that are accepted to where the cache reads them.

use std::time::Duration;

use api::cache::ProvenCredentials;
use api::names::cache::{proven as proven_name, proven_annotation};
use cluster::Error;
use decide::Kind;
use decide::cache::findings::{Findings, Source};
use decide::cache::instance::Instance;
use decide::cache::observed::RemoteCa;
use decide::cache::proof::Answer;
use decide::cache::secrets;
use decide::owner::is_owned;
use k8s_openapi::api::core::v1::Secret;
use remote::registry::{self as upstream, Proxies, Upstream, UpstreamError};
use serde::Deserialize as _;
use serde_json::Value;

use super::caches::RegistryCaches;
use super::source::{Credentials, SourceSecret};
use crate::owned::Owned;
use crate::secrets::fingerprint_of;

/// What is known of the credentials of a cache.
pub(super) struct Proof {
    pub(super) findings: Findings,
    pub(super) proven: Option<ProvenCredentials>,
    /// Where the credentials in use were from before, if they are the same.
    pub(super) same: Option<ProvenCredentials>,
    /// When the upstream is asked again.
    pub(super) wake: Option<Duration>,
}

impl RegistryCaches {
    /// Asks the upstream if it is time.
    pub(super) async fn prove(&self, instance: &Instance<'_>, remote_ca: &RemoteCa) -> Result<Proof, Error> {
        let Some(name) = instance.secret() else {
            let (answer, wake) = self.answer(instance, remote_ca, None).await;
            let findings = Findings { secret: String::new(), source: Source::None, in_use: None, answer };
            return Ok(Proof { findings, proven: None, same: None, wake });
        };
        let namespace = instance.namespace();
        let secret = format!("{namespace}/{name}");
        let stored = self.writer.get(Kind::Secret, namespace, &proven_name(&instance.spec.upstream)).await?;
        let mut in_use =
            stored.filter(|stored| is_owned(stored, instance.uid)).map(|stored| InUse::of(&stored));
        let source = self.writer.get(Kind::Secret, namespace, name).await?;
        let mut same = in_use.as_ref().map(|known| known.from.clone());
        let source = source.map(|source| SourceSecret::of(source, name, &secret)).transpose()?;
        let held = if let Some(SourceSecret::Held(held)) = &source { Some(held) } else { None };
        // Without credentials to prove, the upstream is asked whether it is there.
        let (answer, wake) = self.answer(instance, remote_ca, held).await;
        let source = match source {
            None => Source::Missing,
            Some(SourceSecret::Malformed(why)) => Source::Malformed(why),
            Some(SourceSecret::Held(held)) => {
                let is_known = in_use.as_ref().is_some_and(|known| known.holds(&held));
                let is_proven = is_known || answer == Some(Answer::Accepted);
                if is_proven {
                    same = same.filter(|_| is_known);
                    in_use = Some(self.put_in_use(instance, name, &held, same.as_ref()).await?);
                }
                Source::Held { is_proven }
            }
        };
        let proven = in_use.map(|known| known.from);
        let in_use = proven.as_ref().map(|proven| proven.secret_name.clone());
        Ok(Proof { findings: Findings { secret, source, in_use, answer }, proven, same, wake })
    }

    /// Writes proven credentials to where the cache reads them, unless they are there; `same` is where those in use are from, if
    /// they are the same. Returns what is in use now.
    async fn put_in_use(
        &self,
        instance: &Instance<'_>,
        name: &str,
        held: &Credentials,
        same: Option<&ProvenCredentials>,
    ) -> Result<InUse, Error> {
        let from = ProvenCredentials { secret_name: name.to_owned(), resource_version: held.version.clone() };
        if same != Some(&from) {
            let source = [from.secret_name.as_str(), from.resource_version.as_str()];
            let wanted = secrets::proven(instance, source, &held.data);
            let is_ours = |stored: &Value| is_owned(stored, instance.uid);
            self.writer.create(&Owned { wanted: &wanted, is_ours: &is_ours }).await?;
        }
        Ok(InUse { from, secret: Secret::default() })
    }

    /// The answer of the upstream, and when to ask again. Before that time the answer comes from memory. Without the authority
    /// that it should have, nobody is asked: the cache itself goes on with the one that it has.
    async fn answer(
        &self,
        instance: &Instance<'_>,
        remote_ca: &RemoteCa,
        credentials: Option<&Credentials>,
    ) -> (Option<Answer>, Option<Duration>) {
        let pem = match remote_ca {
            RemoteCa::Public => None,
            RemoteCa::Pem(pem) => Some(pem.as_str()),
            RemoteCa::Missing => return (None, None),
        };
        let proxies = instance.spec.proxy.as_ref();
        let parts = credentials.map(|held| (&held.uid, held.login()));
        let candidate = fingerprint_of(&(
            parts,
            instance.remote_url(),
            pem,
            proxies.map(|proxy| (&proxy.http_proxy, &proxy.https_proxy, &proxy.no_proxy)),
        ));
        let breaker = self.breaker(&instance.remote_url());
        let mut breaker = breaker.lock().await;
        let before = self.attempts().get(instance.uid).cloned().unwrap_or_default();
        let due = before.due(candidate, &breaker);
        let now = self.began.elapsed();
        if now < due {
            return (before.answer(candidate, &breaker, now), Some(due.saturating_sub(now)));
        }
        let answer = self.ask(instance, pem, credentials).await;
        self.metrics.cache_check(answer.word());
        let mut attempts = self.attempts();
        let attempts = attempts.entry(instance.uid.to_owned()).or_default();
        attempts.learn(candidate, answer.clone(), &mut breaker, self.began.elapsed());
        let pause = attempts.due(candidate, &breaker).saturating_sub(self.began.elapsed());
        (Some(answer), Some(pause))
    }

    async fn ask(
        &self,
        instance: &Instance<'_>,
        pem: Option<&str>,
        credentials: Option<&Credentials>,
    ) -> Answer {
        let proxy = instance.spec.proxy.clone().unwrap_or_default();
        let proxies = Proxies { http: proxy.http_proxy, https: proxy.https_proxy, none: proxy.no_proxy };
        let upstream = match Upstream::new(&instance.remote_url(), pem, &proxies, self.timeout) {
            Ok(upstream) => upstream,
            Err(error) => return Answer::NoRegistry(unusable(error)),
        };
        let answer = match credentials {
            Some(credentials) => upstream.ask(None, Some(credentials.login())).await,
            None => upstream.reach().await.map_or_else(|answer| answer, |()| upstream::Answer::Accepted),
        };
        match answer {
            upstream::Answer::Accepted | upstream::Answer::Public => Answer::Accepted,
            upstream::Answer::Refused { status, .. } => Answer::Refused(status),
            upstream::Answer::NotFound => Answer::NoRegistry("it answers 404".to_owned()),
            upstream::Answer::RateLimited { retry_after } => Answer::RateLimited(retry_after),
            upstream::Answer::Unreachable(why) => Answer::Unreachable(why),
            upstream::Answer::NoRegistry(why) => Answer::NoRegistry(why),
        }
    }
}

/// Why the upstream cannot be asked, with the field that is wrong.
fn unusable(error: UpstreamError) -> String {
    match error {
        UpstreamError::Address => format!("spec.remoteURL: {error}"),
        UpstreamError::Authorities => format!("spec.remoteCA: {error}"),
        UpstreamError::Proxy => format!("spec.proxy: {error}"),
        UpstreamError::Client(why) => why.to_owned(),
    }
}

/// The proven credentials that are stored.
struct InUse {
    from: ProvenCredentials,
    secret: Secret,
}

impl InUse {
    /// Whether they are the same as those of a Secret.
    fn holds(&self, held: &Credentials) -> bool {
        self.secret.data.as_ref().is_some_and(|data| {
            data.len() == held.data.len()
                && held.data.iter().all(|(key, value)| data.get(*key) == Some(value))
        })
    }

    fn of(stored: &Value) -> Self {
        let secret = Secret::deserialize(stored).unwrap_or_default();
        let annotation = |key: &str| {
            secret.metadata.annotations.as_ref().and_then(|all| all.get(key)).cloned().unwrap_or_default()
        };
        let from = ProvenCredentials {
            secret_name: annotation(proven_annotation::SECRET),
            resource_version: annotation(proven_annotation::VERSION),
        };
        Self { from, secret }
    }
}
