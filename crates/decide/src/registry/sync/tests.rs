//! A registry on a simulated cluster: from nothing to its Pods, and what happens when something is missing or wrong.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod claims;
mod world;

use rstest::rstest;
use serde_json::json;

use super::*;
use world::{DAY, World, life, now, problems, volume, words};

#[test]
fn from_nothing_to_pods_and_then_no_step() {
    let mut world = World::new(&volume());
    let expected = [
        "create ServiceAccount imageregistry-registry",
        "create Role imageregistry-registry",
        "create RoleBinding imageregistry-registry",
        "create Service registry",
        "create NetworkPolicy imageregistry-registry",
        "create PersistentVolumeClaim imageregistry-registry-pvc",
        "create ConfigMap imageregistry-registry",
        "create StatefulSet registry",
    ];
    assert_eq!(world.settle(), expected);
    let plan = world.plan();
    assert_eq!((plan.steps.len(), problems(&plan).len()), (0, 0));
    // After three quarters of 90 days, the certificate is due first.
    assert_eq!(plan.wake, Some(DAY * 135 / 2));
}

#[test]
fn what_is_looked_up_is_all_that_is_made() {
    let mut world = World::new(&json!({
        "replicas": 2,
        "tls": {"issuerRef": {"name": "a", "kind": "Issuer"}},
        "auth": {"ca": {"issuerRef": {"name": "a", "kind": "Issuer"}}},
        "persistentVolumeClaim": {"resources": {"requests": {"storage": "1Gi"}}},
    }));
    let certificate = Some(GivenSecret { certificate: Some(life(90)), is_authority: true });
    world.observed.tls = Certified::Given(certificate);
    world.observed.tokens = Certified::Given(certificate);
    world.settle();
    let instance = Instance::of(&world.config, &world.registry).unwrap();
    let looked_up: std::collections::BTreeSet<_> = names(&instance).into_iter().collect();
    assert_eq!(looked_up, world.observed.stored.keys().cloned().collect());
}

#[test]
fn a_service_and_certificates_are_made_before_anything_else() {
    let mut world = World::new(&volume());
    world.observed = Observed {
        root: Own::Missing,
        tls: Certified::default(),
        tokens: Certified::default(),
        ..Observed::default()
    };
    let plan = world.plan();
    assert_eq!(plan.issues, [Issue::Root(Step::Make), Issue::Tokens(Step::Make), Issue::Keys]);
    let steps = |plan: &Plan| plan.steps.iter().map(words).collect::<Vec<_>>();
    assert_eq!(steps(&plan), ["create Service registry"], "the certificate is for its address");
    world.observed.root = World::new(&volume()).observed.root;
    let plan = world.plan();
    assert_eq!(plan.issues, [Issue::Server, Issue::Tokens(Step::Make), Issue::Keys]);
    assert_eq!(steps(&plan), ["create Service registry"]);
    let service = json!({"metadata": {"name": "registry"}});
    world.store(Kind::Service, "registry", service);
    assert_eq!(
        world.plan().steps,
        [],
        "one of somebody else, or one that has to change, holds up no certificate"
    );
}

/// Only who looks after the installation can help: it is not in the namespace of the registry.
#[test]
fn a_root_authority_of_somebody_else_signs_nothing() {
    let mut world = World::new(&volume());
    (world.observed.root, world.observed.tls) = (Own::Foreign, Certified::default());
    let plan = world.plan();
    assert_eq!(
        problems(&plan),
        [
            "NameConflict: Secret image-registry-root-ca in the namespace of the controller was not made by it, so no certificate can be signed: an administrator of the installation has to look"
        ]
    );
    assert_eq!(plan.issues, []);
}

#[test]
fn another_token_authority_signs_when_all_pods_trust_it() {
    let mut world = World::new(&volume());
    world.settle();
    let next = AuthoritySecret {
        signs: Some(Life { made: now() - DAY * 75, ends: now() + DAY * 25 }),
        next: Some(life(1825)),
        trusted: 2,
        ..AuthoritySecret::default()
    };
    world.observed.tokens = Certified::Own(Own::Stored(next));
    world.observed.trusted = "PEM of both".to_owned();
    assert_eq!(
        world.settle(),
        ["apply ConfigMap imageregistry-registry", "apply StatefulSet registry"],
        "the registry reads whom it trusts when it starts"
    );
    assert_eq!(world.plan().issues, [Issue::Tokens(Step::Promote)]);
    let pods = world.observed.stored.get_mut(&(Kind::StatefulSet, "registry".to_owned())).unwrap();
    pods["status"]["readyReplicas"] = json!(0);
    assert_eq!(world.plan().issues, []);
}

#[rstest]
#[case::missing(None, "Secret given does not exist: create it with tls.crt, tls.key and ca.crt")]
#[case::unusable(
    Some(GivenSecret::default()),
    "Secret given must hold a certificate in tls.crt, and the key that belongs to it in tls.key"
)]
#[case::expired(
    Some(GivenSecret { certificate: Some(life(0)), is_authority: true }),
    "the certificate in Secret given has expired"
)]
#[case::no_authority(
    Some(GivenSecret { certificate: Some(life(90)), is_authority: false }),
    "the certificate in Secret given must be that of an authority: it signs the keys of tokens"
)]
fn a_given_authority_that_cannot_be_used_leaves_the_pods(
    #[case] given: Option<GivenSecret>,
    #[case] expected: &str,
) {
    let mut world = World::new(&volume());
    world.settle();
    world.change(&json!({"auth": {"ca": {"secretName": "given"}}, "replicas": 0}));
    world.observed.tokens = Certified::Given(given);
    world.observed.trusted = String::new();
    let plan = world.plan();
    assert_eq!(problems(&plan), [format!("CertificateMissing: {expected}")]);
    assert_eq!(plan.steps, []);
}

#[test]
fn cert_manager_is_asked_and_waited_for() {
    let mut world = World::new(&volume());
    world.change(&json!({"tls": {"issuerRef": {"name": "a", "kind": "Issuer"}}}));
    world.observed.tls = Certified::Given(None);
    let expected = "CertificateMissing: cert-manager has not written Secret imageregistry-registry-cm-tls yet: its Certificate says why";
    assert_eq!(problems(&world.plan()), [expected]);
    assert!(world.settle().contains(&"create Certificate imageregistry-registry-tls".to_owned()));
    let given = GivenSecret { certificate: Some(life(90)), is_authority: false };
    world.observed.tls = Certified::Given(Some(given));
    let expected = ["create ConfigMap imageregistry-registry", "create StatefulSet registry"];
    assert_eq!(world.settle(), expected);
    world.change(&json!({"tls": {"issuerRef": null}}));
    world.observed.tls = World::new(&volume()).observed.tls;
    let expected = ["delete Certificate imageregistry-registry-tls", "apply StatefulSet registry"];
    assert_eq!(world.settle(), expected);
}

#[test]
fn bad_rules_leave_the_last_good_ones_in_use() {
    let mut world = World::new(&volume());
    world.change(&json!({"auth": {"configMapName": "rules"}}));
    let expected =
        "AuthConfigInvalid: ConfigMap rules does not exist; the registry starts when there are good rules";
    assert_eq!(problems(&world.plan()), [expected]);
    assert!(
        !world.settle().contains(&"create StatefulSet registry".to_owned()),
        "no rules are no rules for all"
    );
    let rules = |text: &str| Some([("auth_config.yml".to_owned(), text.to_owned())].into());
    world.observed.rules = rules("acl: []");
    assert_eq!(world.settle(), ["create ConfigMap imageregistry-registry", "create StatefulSet registry"]);
    world.observed.rules = rules("acl: [{}]");
    let plan = world.plan();
    assert_eq!(plan.steps, []);
    assert!(problems(&plan)[0].ends_with("; the last good rules stay in use"), "{:?}", problems(&plan));
    // What else is asked for happens nevertheless.
    world.change(&json!({"replicas": 0}));
    assert_eq!(world.settle(), ["apply StatefulSet registry"]);
}

#[test]
fn objects_of_others_stay_as_they_are() {
    let mut world = World::new(&volume());
    for kind in [Kind::Service, Kind::PersistentVolumeClaim] {
        let (_, name) = names(&Instance::of(&world.config, &world.registry).unwrap())
            .into_iter()
            .find(|(known, _)| *known == kind)
            .unwrap();
        let labels =
            json!({"app": "imageregistry-registry", "app.kubernetes.io/managed-by": "serverless-controller"});
        world.store(kind, &name, json!({"metadata": {"name": name, "labels": labels}}));
    }
    let plan = world.plan();
    let expected = |kind, name| {
        format!(
            "NameConflict: {kind} {name} exists and does not belong to this ImageRegistry: delete it, or give the ImageRegistry another name"
        )
    };
    let conflicts =
        [expected("Service", "registry"), expected("PersistentVolumeClaim", "imageregistry-registry-pvc")];
    assert_eq!(problems(&plan), conflicts);
    let is_touched =
        |step: &ObjectStep| words(step).contains("Service registry") || words(step).contains("-pvc");
    assert!(!plan.steps.iter().any(is_touched));
    assert!(!plan.steps.iter().any(|step| words(step).contains("StatefulSet")), "Pods would use the volume");
}

/// Without rules of ours, a registry would be open to everybody.
#[test]
fn no_pods_start_with_a_configuration_of_somebody_else() {
    let mut world = World::new(&volume());
    let name = "imageregistry-registry";
    world.store(
        Kind::ConfigMap,
        name,
        json!({"metadata": {"name": name}, "data": {"config.yml": "version: 0.1"}}),
    );
    let plan = world.plan();
    let conflict = "NameConflict: ConfigMap imageregistry-registry exists and does not belong to this ImageRegistry: delete it, or give the ImageRegistry another name";
    assert_eq!(problems(&plan), [conflict]);
    assert!(!plan.steps.iter().any(|step| words(step).contains("StatefulSet")));
}

/// The gateway reads fewer forms than Go, and would not start.
#[rstest::rstest]
#[case("30s1m", "90s")]
#[case("1.5m30s", "120s")]
#[case("1h", "3600s")]
fn lives_of_tokens_are_written_in_seconds(#[case] given: &str, #[case] expected: &str) {
    let mut world = World::new(&volume());
    world.change(&json!({"tokenTTL": {"push": given}}));
    let plan = world.plan();
    let steps = plan.steps.iter().map(|step| format!("{step:?}"));
    assert_eq!(steps.filter(|step| step.contains(&format!("--token-push-ttl={expected}\""))).count(), 1);
}

#[test]
fn secrets_of_others_stay_as_they_are_and_nothing_starts() {
    let mut world = World::new(&volume());
    (world.observed.root, world.observed.keys) = (Own::Foreign, Own::Foreign);
    (world.observed.tls, world.observed.tokens) =
        (Certified::Own(Own::Foreign), Certified::Own(Own::Foreign));
    let plan = world.plan();
    let secrets = [
        "imageregistry-registry-selfsigned-tls",
        "imageregistry-registry-selfsigned-auth-ca",
        "imageregistry-registry-keys",
    ];
    let taken = secrets.iter().map(|name| Problem::taken(Kind::Secret, name));
    let expected: Vec<_> =
        std::iter::once(Problem::foreign_root("image-registry-root-ca")).chain(taken).collect();
    assert_eq!((&plan.problems, plan.issues.len()), (&expected, 0));
    assert!(!plan.steps.iter().any(|step| words(step).contains("StatefulSet")));
}

#[test]
fn a_volume_is_kept_unless_its_author_says_otherwise() {
    let mut world = World::new(&volume());
    world.settle();
    let claim = (Kind::PersistentVolumeClaim, "imageregistry-registry-pvc".to_owned());
    assert!(world.observed.stored[&claim]["metadata"].get("ownerReferences").is_none());
    // A registry of the same name takes the volume over.
    world.registry.metadata.uid = Some("another".to_owned());
    let plan = world.plan();
    assert!(!problems(&plan).iter().any(|problem| problem.contains("PersistentVolumeClaim")));
    world.registry.metadata.uid = Some("u".to_owned());
    world.change(&json!({"persistentVolumeClaim": {"deleteClaim": true}}));
    assert_eq!(world.settle(), ["apply PersistentVolumeClaim imageregistry-registry-pvc"]);
    assert_eq!(world.observed.stored[&claim]["metadata"]["ownerReferences"][0]["uid"], "u");
    // In a bucket: the volume stays, since it holds images.
    world.change(&json!({
        "persistentVolumeClaim": null,
        "storage": {"s3": {"bucket": "b", "region": "r", "secretName": "s"}},
    }));
    assert_eq!(world.settle(), ["apply ConfigMap imageregistry-registry", "apply StatefulSet registry"]);
}

#[test]
fn several_pods_have_a_budget() {
    let mut world = World::new(&volume());
    world.settle();
    world.change(&json!({"replicas": 2}));
    let budget = "PodDisruptionBudget imageregistry-registry";
    assert!(world.settle().contains(&format!("create {budget}")));
    world.change(&json!({"replicas": 1}));
    assert!(world.settle().contains(&format!("delete {budget}")));
}
