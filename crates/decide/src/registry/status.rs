//! What is reported of a registry.

use api::registry::{ImageRegistry, ImageRegistryStatus, RegistryConditionType, RegistryReason};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::conditions::condition;
use super::instance::Instance;
use super::observed::Rollout;
use super::problem::Problem;

/// The status: `problems` are all that are known, the most important first, and `rollout` is that of the Pods, if there are
/// any.
#[must_use]
pub fn status(
    instance: &Instance<'_>,
    registry: &ImageRegistry,
    problems: &[Problem],
    rollout: Option<Rollout>,
    now: &Time,
) -> ImageRegistryStatus {
    let before = registry.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let generation = registry.metadata.generation;
    let condition = |kind, why: (RegistryReason, String)| {
        condition(kind, why.0 == RegistryReason::Synced, why, generation, before, now.clone())
    };
    let unwritten = |problem: &&Problem| {
        matches!(problem.reason, RegistryReason::FailedSync | RegistryReason::NameConflict)
    };
    let synced = match problems.iter().find(unwritten) {
        Some(problem) => (problem.reason, problem.message.clone()),
        None => (RegistryReason::Synced, "All objects are written".to_owned()),
    };
    let ready = match problems.first() {
        Some(problem) => (problem.reason, problem.message.clone()),
        None => serves(rollout.unwrap_or_default()),
    };
    // Without the certificate that is asked for, Pods stay as they are, with the one that they have.
    let is_uncertified = problems.iter().any(|problem| problem.reason == RegistryReason::CertificateMissing);
    let served = registry.status.as_ref().and_then(|status| status.tls_secret_name.clone());
    ImageRegistryStatus {
        observed_generation: generation,
        conditions: Some(vec![
            condition(RegistryConditionType::Ready, ready),
            condition(RegistryConditionType::Synced, synced),
        ]),
        hostname: Some(instance.hostname()),
        tls_secret_name: served.filter(|_| is_uncertified).or_else(|| Some(instance.tls_secret())),
    }
}

fn serves(rollout: Rollout) -> (RegistryReason, String) {
    let Rollout { asked, updated, ready, is_observed } = rollout;
    if rollout.is_complete() {
        (RegistryReason::Synced, format!("{ready}/{asked} Pods are ready"))
    } else if !is_observed || updated < asked {
        let updated = if is_observed { updated } else { 0 };
        (RegistryReason::Updating, format!("{updated}/{asked} Pods are updated"))
    } else {
        (RegistryReason::Updating, format!("{ready}/{asked} Pods are ready"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::registry::instance::Config;

    fn config() -> Config {
        Config {
            zone: "svc.cluster.local".to_owned(),
            registry_image: "r".to_owned(),
            gateway_image: "g".to_owned(),
        }
    }

    fn second(second: i64) -> Time {
        Time(jiff::Timestamp::from_second(second).unwrap())
    }

    /// The conditions as `type status reason: message`, with the second of the last transition.
    fn reported(problems: &[Problem], rollout: Rollout) -> Vec<String> {
        let registry = json!({
            "metadata": {"name": "registry", "namespace": "infra", "uid": "u", "generation": 3},
            "spec": {},
            "status": {"conditions": [
                {"type": "Ready", "status": "True", "lastTransitionTime": "1970-01-01T00:00:01Z"},
                {"type": "Synced", "status": "True", "lastTransitionTime": "1970-01-01T00:00:01Z"},
            ]},
        });
        let registry: ImageRegistry = serde_json::from_value(registry).unwrap();
        let config = config();
        let instance = Instance::of(&config, &registry).unwrap();
        let status = status(&instance, &registry, problems, Some(rollout), &second(2));
        assert_eq!(status.hostname.as_deref(), Some("registry.infra.svc.cluster.local"));
        assert_eq!(status.tls_secret_name.as_deref(), Some("imageregistry-registry-selfsigned-tls"));
        assert_eq!(status.observed_generation, Some(3));
        let conditions = status.conditions.unwrap().into_iter().map(|condition| {
            assert_eq!(condition.observed_generation, Some(3));
            let since = condition.last_transition_time.unwrap().0.as_second();
            let reason = condition.reason.unwrap_or_default();
            format!(
                "{} {} {reason}: {} ({since})",
                condition.kind,
                condition.status,
                condition.message.unwrap()
            )
        });
        conditions.collect()
    }

    fn rollout(asked: i64, updated: i64, ready: i64) -> Rollout {
        Rollout { asked, updated, ready, is_observed: true }
    }

    #[rstest]
    #[case::serves(rollout(2, 2, 2), "True Synced: 2/2 Pods are ready (1)")]
    #[case::not_wanted(rollout(0, 0, 0), "True Synced: 0/0 Pods are ready (1)")]
    #[case::one_is_old(rollout(2, 1, 2), "False Updating: 1/2 Pods are updated (2)")]
    #[case::one_starts(rollout(2, 2, 1), "False Updating: 1/2 Pods are ready (2)")]
    #[case::not_seen(
        Rollout { asked: 2, updated: 2, ready: 2, is_observed: false },
        "False Updating: 0/2 Pods are updated (2)"
    )]
    fn a_registry_is_ready_when_all_pods_serve(#[case] rollout: Rollout, #[case] expected: &str) {
        let expected =
            [format!("Ready {expected}"), "Synced True Synced: All objects are written (1)".to_owned()];
        assert_eq!(reported(&[], rollout), expected);
    }

    #[rstest]
    #[case::is_there(None, "new")]
    #[case::is_not_there(Some(Problem::certificate("Secret new does not exist".to_owned())), "old")]
    #[case::something_else(Some(Problem::refused(crate::Kind::Service, "b", "no")), "new")]
    fn the_certificate_that_is_served_is_reported(#[case] problem: Option<Problem>, #[case] expected: &str) {
        let registry = json!({
            "metadata": {"name": "registry", "namespace": "infra", "uid": "u"},
            "spec": {"tls": {"secretName": "new"}},
            "status": {"tlsSecretName": "old"},
        });
        let registry: ImageRegistry = serde_json::from_value(registry).unwrap();
        let config = config();
        let instance = Instance::of(&config, &registry).unwrap();
        let problems: Vec<_> = problem.into_iter().collect();
        let status = status(&instance, &registry, &problems, None, &second(2));
        assert_eq!(status.tls_secret_name.as_deref(), Some(expected));
    }

    #[test]
    fn the_first_problem_is_reported() {
        let missing = Problem::certificate("Secret a does not exist".to_owned());
        let refused = Problem::refused(crate::Kind::Service, "b", "no");
        let expected = [
            "Ready False CertificateMissing: Secret a does not exist (2)",
            "Synced False FailedSync: Service b was refused: no (2)",
        ];
        assert_eq!(reported(&[missing, refused], rollout(1, 1, 1)), expected);
    }
}
