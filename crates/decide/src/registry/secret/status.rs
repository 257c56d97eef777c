//! The status of a push or pull secret.

use api::Condition;
use api::registry::{ImageSecretStatus, RegistryConditionType, RegistryReason, UsedRegistry};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::account::OwnAccount;
use super::request::Request;
use crate::registry::conditions::{condition, is_news};

/// The number of the last rotation that a status reports.
pub(super) fn rotation(status: Option<&ImageSecretStatus>) -> u64 {
    status.and_then(|status| u64::try_from(status.rotation?).ok()).unwrap_or_default()
}

/// The Secret holds valid credentials, until the first of both times. They are replaced at the second.
pub(super) fn ready(
    request: &Request,
    before: ImageSecretStatus,
    current: &OwnAccount,
    (valid_until, due): (Timestamp, Timestamp),
    now: Timestamp,
) -> ImageSecretStatus {
    let (namespace, name) = request.registry.clone();
    let message = format!("Secret {} has the credentials of account {}", request.secret, current.name);
    let why = (RegistryReason::Synced, message);
    let (conditions, _) = with_ready(before.conditions, request.generation, true, why, now);
    ImageSecretStatus {
        observed_generation: request.generation,
        conditions,
        rotation: i64::try_from(current.number).ok(),
        rotation_date: Some(Time(current.created)),
        valid_until: Some(Time(in_seconds(valid_until))),
        next_rotation: Some(Time(in_seconds(due))),
        registry: Some(UsedRegistry { name: Some(name), namespace: Some(namespace) }),
    }
}

/// Something keeps the credentials from being renewed. Also returns whether the previous status does not say so.
#[must_use]
pub fn failed(
    before: ImageSecretStatus,
    generation: Option<i64>,
    reason: RegistryReason,
    message: String,
    now: Timestamp,
) -> (ImageSecretStatus, bool) {
    let (conditions, is_new) =
        with_ready(before.conditions.clone(), generation, false, (reason, message), now);
    let status = ImageSecretStatus { observed_generation: generation, conditions, ..before };
    (status, is_new)
}

/// The conditions, with `Ready`. Also returns whether it is news.
fn with_ready(
    before: Option<Vec<Condition>>,
    generation: Option<i64>,
    is_true: bool,
    (reason, message): (RegistryReason, String),
    now: Timestamp,
) -> (Option<Vec<Condition>>, bool) {
    let mut conditions = before.unwrap_or_default();
    let (kind, now) = (RegistryConditionType::Ready, Time(in_seconds(now)));
    let ready = condition(kind, is_true, (reason, message), generation, &conditions, now);
    let is_new = is_news(&ready, &conditions);
    conditions.retain(|known| known.kind != kind.as_str());
    conditions.push(ready);
    (Some(conditions), is_new)
}

/// As the API server stores times.
fn in_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
