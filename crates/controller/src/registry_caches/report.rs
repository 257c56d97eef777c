//! Writes the status of a cache, and Events for what people should know.

use api::Condition;
use api::cache::{CacheConditionType, CacheReason, ProvenCredentials, RegistryCache, RegistryCacheStatus};
use cluster::{Error, Note};
use decide::cache::rotation;
use decide::registry::conditions::is_news;
use jiff::Timestamp;
use kube::{Api, Resource as _};
use serde_json::{Value, json};

use super::caches::RegistryCaches;

/// The fields of a status that may go. A merge patch keeps what it does not name.
const OPTIONAL: [&str; 4] = ["caSecretName", "endpoint", "provenCredentials", "remoteURL"];

impl RegistryCaches {
    /// Writes the status, unless the cache has it. `same` is where the credentials in use were from before, if they are the
    /// same.
    pub(super) async fn report(
        &self,
        caches: &Api<RegistryCache>,
        cache: &RegistryCache,
        status: &RegistryCacheStatus,
        same: Option<&ProvenCredentials>,
    ) -> Result<(), Error> {
        let reported = cache.status.as_ref().and_then(|status| status.proven_credentials.as_ref());
        // Before the status: once that is written, nobody knows that they are new.
        if let Some((reason, text)) = rotation::event(reported, status.proven_credentials.as_ref(), same) {
            self.note(cache, "RotateCredentials", reason, &text, false).await?;
        }
        if cache.status.as_ref() != Some(status) {
            let mut fields = json!(status);
            for field in OPTIONAL {
                if let Some(fields) = fields.as_object_mut() {
                    fields.entry(field).or_insert(Value::Null);
                }
            }
            // Not to another cache that has the same name by now.
            let patch = json!({"metadata": {"uid": cache.metadata.uid}, "status": fields});
            let name = cache.metadata.name.as_deref().unwrap_or_default();
            self.writer.patch_status(caches, name, patch).await?;
        }
        let before = cache.status.as_ref().and_then(|status| status.conditions.as_deref());
        for condition in status.conditions.iter().flatten() {
            if is_news(condition, before.unwrap_or_default()) {
                self.tell(cache, condition).await?;
            }
        }
        Ok(())
    }

    /// An Event for a new state.
    async fn tell(&self, cache: &RegistryCache, condition: &Condition) -> Result<(), Error> {
        let reason = condition.reason.as_deref().unwrap_or_default();
        let is_false = condition.status == "False";
        let action = match CacheConditionType::ALL.iter().find(|kind| kind.as_str() == condition.kind) {
            Some(CacheConditionType::Ready) => "RunCache",
            // Another Event tells that they are accepted, when they come into use.
            Some(CacheConditionType::CredentialsValid) if is_false => "ProveCredentials",
            _ => return Ok(()),
        };
        let is_quiet = [CacheReason::Updating, CacheReason::Hibernated];
        let is_warning = is_false && !is_quiet.iter().any(|quiet| quiet.as_str() == reason);
        self.note(cache, action, reason, condition.message.as_deref().unwrap_or_default(), is_warning).await
    }

    async fn note(
        &self,
        cache: &RegistryCache,
        action: &str,
        reason: &str,
        text: &str,
        is_warning: bool,
    ) -> Result<(), Error> {
        let regarding = cache.object_ref(&());
        let time = Timestamp::now();
        self.writer.note(&Note { regarding, time, action, reason, note: text, is_warning }).await
    }
}
