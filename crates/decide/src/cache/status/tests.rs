#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use policy::registry_caches::Collision;
use rstest::rstest;
use serde_json::json;

use super::*;
use crate::cache::findings::Source;
use crate::cache::instance::Config;
use crate::cache::proof::Answer;

fn second(second: i64) -> Time {
    Time(jiff::Timestamp::from_second(second).unwrap())
}

fn findings(source: Source, answer: Option<Answer>) -> Findings {
    Findings { secret: "kyma-system/v1".to_owned(), source, in_use: None, answer }
}

fn rollout(asked: i64, updated: i64, ready: i64) -> Rollout {
    Rollout { asked, updated, ready, is_observed: true }
}

/// The conditions as `type status reason: message`, with the second of the last transition.
fn reported(outcome: Outcome, hibernated: bool) -> (Vec<String>, RegistryCacheStatus) {
    let cache = json!({
        "metadata": {"name": "hub", "uid": "u", "generation": 3},
        "spec": {"upstream": "docker.io"},
        "status": {"conditions": [
            {"type": "Ready", "status": "True", "lastTransitionTime": "1970-01-01T00:00:01Z"},
        ]},
    });
    let cache: RegistryCache = serde_json::from_value(cache).unwrap();
    let config = Config {
        namespace: "kyma-system".to_owned(),
        registry_image: "r".to_owned(),
        gateway_image: "g".to_owned(),
        hibernated,
    };
    let instance = Instance::of(&config, &cache).unwrap();
    let status = status(&instance, &cache, outcome, &second(2));
    let conditions = status.conditions.iter().flatten().map(|condition| {
        assert_eq!(condition.observed_generation, Some(3));
        let (reason, message) = (condition.reason.clone().unwrap(), condition.message.clone().unwrap());
        let since = condition.last_transition_time.as_ref().unwrap().0.as_second();
        format!("{} {} {reason}: {message} ({since})", condition.kind, condition.status)
    });
    (conditions.collect(), status)
}

#[rstest]
#[case::serves(
    rollout(2, 2, 2),
    "True Running: 2/2 Pods are ready (1)",
    "True Running: The cache gets images from the upstream (2)"
)]
#[case::one_is_old(
    rollout(2, 1, 2),
    "False Updating: 1/2 Pods are updated (2)",
    "True Running: The cache gets images from the upstream (2)"
)]
#[case::starts(
    rollout(1, 1, 0),
    "False Updating: 0/1 Pods are ready (2)",
    "False Updating: 0/1 Pods are ready (2)"
)]
#[case::wakes_up(
    rollout(0, 0, 0),
    "False Updating: 0/1 Pods are ready (2)",
    "False Updating: 0/1 Pods are ready (2)"
)]
fn a_cache_is_ready_when_all_pods_serve(
    #[case] rollout: Rollout,
    #[case] ready: &str,
    #[case] serving: &str,
) {
    let outcome = Outcome {
        rollout: Some(rollout),
        findings: Some(findings(Source::None, Some(Answer::Accepted))),
        endpoint: Some("https://10.0.0.1:5000".to_owned()),
        ..Outcome::default()
    };
    let (conditions, status) = reported(outcome, false);
    let expected = [
        format!("Ready {ready}"),
        "CredentialsValid True Anonymous: The cache pulls without credentials (2)".to_owned(),
        format!("Serving {serving}"),
    ];
    assert_eq!(conditions, expected);
    assert_eq!(status.endpoint.as_deref(), Some("https://10.0.0.1:5000"));
    assert_eq!(status.remote_url.as_deref(), Some("https://registry-1.docker.io"));
    assert_eq!(status.ca_secret_name.as_deref(), Some("registry-docker-io-ca"));
    assert_eq!(status.observed_generation, Some(3));
}

#[test]
fn a_cache_that_cannot_start_says_why() {
    let outcome = Outcome { findings: Some(findings(Source::Missing, None)), ..Outcome::default() };
    let missing = "False CredentialsMissing: Secret kyma-system/v1 does not exist: create it with username and password; the cache starts when the upstream has accepted some (2)";
    let expected = [
        format!("Ready {missing}"),
        format!("CredentialsValid {missing}"),
        "Serving False Updating: 0/1 Pods are updated (2)".to_owned(),
    ];
    let (conditions, status) = reported(outcome, false);
    assert_eq!(conditions, expected);
    assert_eq!(status.ca_secret_name, None);
}

#[test]
fn a_cache_that_is_cut_off_serves_what_it_has() {
    let away = Answer::Unreachable("the connection was refused".to_owned());
    let outcome = Outcome {
        rollout: Some(rollout(1, 1, 1)),
        findings: Some(findings(Source::None, Some(away))),
        ..Outcome::default()
    };
    let (conditions, _) = reported(outcome, false);
    assert_eq!(conditions[0], "Ready True Running: 1/1 Pods are ready (1)");
    assert_eq!(
        conditions[2],
        "Serving False UpstreamUnreachable: The upstream cannot be reached; what is cached is served: the connection was refused; check spec.remoteURL, spec.proxy and spec.remoteCA (2)"
    );
}

#[test]
fn a_collision_and_hibernation_are_told() {
    for (collision, ready) in [
        (
            Collision::Objects("registry-a-b".to_owned()),
            "Ready False NameCollision: RegistryCache old is older, and its objects have the same name, registry-a-b: delete one of the two (2)",
        ),
        (
            Collision::Service("registry-x".to_owned()),
            "Ready False NameCollision: RegistryCache old is older, and its Service has the same name, registry-x: change spec.serviceNameSuffix of one of the two (2)",
        ),
    ] {
        let problems = vec![Problem::collision("old", &collision)];
        let (conditions, _) = reported(Outcome { problems, ..Outcome::default() }, false);
        assert_eq!(conditions, [ready, "Serving False Updating: 0/1 Pods are updated (2)"]);
    }
    let asleep = "False Hibernated: All caches hibernate: caches.hibernated in the configuration of the controller (2)";
    let outcome = Outcome { rollout: Some(rollout(0, 0, 0)), ..Outcome::default() };
    let (conditions, _) = reported(outcome, true);
    assert_eq!(conditions, [format!("Ready {asleep}"), format!("Serving {asleep}")]);
}

#[test]
fn a_refusal_takes_nothing_from_a_cache_that_serves() {
    let serving = json!({
        "observedGeneration": 2,
        "conditions": [
            {"type": "Ready", "status": "True", "lastTransitionTime": "1970-01-01T00:00:01Z"},
            {"type": "CredentialsValid", "status": "True", "reason": "CredentialsProven"},
            {"type": "Serving", "status": "True", "reason": "Running"},
        ],
        "endpoint": "https://10.0.0.1:5000",
        "caSecretName": "registry-docker-io-ca",
        "remoteURL": "https://registry-1.docker.io",
        "provenCredentials": {"secretName": "v1", "resourceVersion": "7"},
    });
    let spec = json!({"upstream": "docker.io", "secretReferenceName": "v2"});
    let metadata = json!({"name": "hub", "uid": "u", "generation": 3});
    let cache = json!({"metadata": metadata, "spec": spec, "status": serving});
    let cache: RegistryCache = serde_json::from_value(cache).unwrap();
    let problem = Problem::refused(crate::Kind::Service, "registry-docker-io", "exceeded quota");
    let status = stopped(&cache, &problem, &second(2));
    let mut expected = serving;
    expected["observedGeneration"] = json!(3);
    expected["conditions"][0] = json!({
        "type": "Ready",
        "status": "False",
        "reason": "FailedSync",
        "message": "Service registry-docker-io was refused: exceeded quota",
        "observedGeneration": 3,
        "lastTransitionTime": "1970-01-01T00:00:02Z",
    });
    assert_eq!(serde_json::to_value(&status).unwrap(), expected);
    // Nodes keep it, and so does the Secret in use.
    let published = crate::nodes::of_cache::published(&status).unwrap();
    assert_eq!((published.endpoint.as_str(), published.is_ready), ("https://10.0.0.1:5000", false));
    let stopped_cache = std::sync::Arc::new(RegistryCache { status: Some(status), ..cache });
    let uses: Vec<_> = crate::cache::uses::of_secrets(&[stopped_cache]).into_keys().collect();
    assert_eq!(uses, ["v1", "v2"]);
}

#[test]
fn a_refusal_of_a_new_cache_is_all_that_is_reported() {
    let cache = json!({"metadata": {"name": "hub", "generation": 1}, "spec": {"upstream": "docker.io"}});
    let cache: RegistryCache = serde_json::from_value(cache).unwrap();
    let problem = Problem::taken(crate::Kind::Secret, "registry-docker-io-tls");
    let status = stopped(&cache, &problem, &second(2));
    let kinds: Vec<_> = status.conditions.iter().flatten().map(|condition| condition.kind.as_str()).collect();
    assert_eq!((kinds, &status.endpoint), (vec!["Ready"], &None));
}
