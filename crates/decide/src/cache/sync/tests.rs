#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use api::cache::RegistryCache;
use serde_json::json;

use super::*;
use crate::cache::instance::Config;
use crate::registry::certificates::ServerSecret;

fn config() -> Config {
    Config {
        namespace: "kyma-system".to_owned(),
        registry_image: "registry:3.1.2".to_owned(),
        gateway_image: "gateway".to_owned(),
        hibernated: false,
    }
}

fn cache(spec: &Value) -> RegistryCache {
    serde_json::from_value(json!({"metadata": {"name": "hub", "uid": "u"}, "spec": spec})).unwrap()
}

fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_hours(24 * 20_000)
}

fn life() -> Life {
    Life { made: start(), ends: start() + Duration::from_hours(24) }
}

/// The steps as `verb Kind/name`.
fn told(plan: &Plan) -> Vec<String> {
    let steps = plan.steps.iter().map(|step| match step {
        ObjectStep::Create(wanted) => format!("create {}/{}", wanted.kind, wanted.name),
        ObjectStep::Apply(wanted) => format!("apply {}/{}", wanted.kind, wanted.name),
        ObjectStep::Delete(kind, name) => format!("delete {kind}/{name}"),
        ObjectStep::Change { name, .. } => unreachable!("{name}"),
    });
    steps.collect()
}

/// With authorities and a certificate.
fn certified() -> Observed {
    let authority = AuthoritySecret { signs: Some(life()), trusted: 1, ..AuthoritySecret::default() };
    Observed {
        root: Own::Stored(authority.clone()),
        authorities: "ROOT".to_owned(),
        tls: Own::Stored(ServerSecret { serves: Some(life()), is_as_wanted: true, has_authorities: true }),
        tokens: Own::Stored(authority),
        trusted: "TOKENS".to_owned(),
        ..Observed::default()
    }
}

/// Everything that a plan writes is stored, and all Pods are ready.
fn carry_out(observed: &mut Observed, plan: &Plan) {
    for step in &plan.steps {
        match step {
            ObjectStep::Create(wanted) | ObjectStep::Apply(wanted) => {
                let mut stored = wanted.object.clone();
                if wanted.kind == Kind::StatefulSet {
                    let replicas = stored["spec"]["replicas"].clone();
                    stored["status"] = json!({"observedGeneration": 1, "updatedReplicas": replicas, "readyReplicas": replicas});
                }
                observed.stored.insert((wanted.kind, wanted.name.clone()), stored);
            }
            ObjectStep::Delete(kind, name) => drop(observed.stored.remove(&(*kind, name.clone()))),
            ObjectStep::Change { .. } => {}
        }
    }
}

#[test]
fn the_service_comes_first_then_certificates_then_pods() {
    let (config, cache) = (config(), cache(&json!({"upstream": "docker.io", "access": "Authorize"})));
    let instance = Instance::of(&config, &cache).unwrap();
    let mut observed = Observed::default();
    let plan = decide(&instance, &observed, start());
    assert_eq!(told(&plan), ["create Service/registry-docker-io"]);
    assert_eq!(plan.issues, [Issue::Root(Step::Make), Issue::Tokens(Step::Make)]);
    carry_out(&mut observed, &plan);
    observed.root = certified().root;
    observed.tokens = certified().tokens;
    let plan = decide(&instance, &observed, start());
    assert_eq!((told(&plan), plan.issues), (vec![], vec![Issue::Server]));
    observed = Observed { stored: observed.stored, ..certified() };
    let plan = decide(&instance, &observed, start());
    let config = plan.steps.iter().find_map(|step| match step {
        ObjectStep::Create(wanted) if wanted.name.contains("-config-") => Some(wanted.name.clone()),
        _ => None,
    });
    let config = format!("create Secret/{}", config.unwrap());
    let expected = [
        "create NetworkPolicy/registry-docker-io",
        "create Secret/registry-docker-io-ca",
        &config,
        "create StatefulSet/registry-docker-io",
    ];
    assert_eq!(told(&plan), expected);
    assert_eq!(plan.wake, Some(Duration::from_hours(18)));
    carry_out(&mut observed, &plan);
    assert_eq!(told(&decide(&instance, &observed, start())), [""; 0]);
}

#[test]
fn without_proven_credentials_there_are_no_pods() {
    let (config, cache) = (config(), cache(&json!({"upstream": "docker.io", "secretReferenceName": "v1"})));
    let instance = Instance::of(&config, &cache).unwrap();
    let has_pods = |observed: &Observed| {
        told(&decide(&instance, observed, start())).iter().any(|step| step.contains("StatefulSet"))
    };
    assert!(!has_pods(&certified()));
    assert!(!has_pods(&Observed { proven: Own::Foreign, ..certified() }));
    assert!(has_pods(&Observed { proven: Own::Stored(()), ..certified() }));
}

#[test]
fn what_is_not_needed_any_more_goes_after_the_rollout() {
    let config = config();
    let before = json!({"upstream": "docker.io", "secretReferenceName": "v1", "serviceNameSuffix": "hub"});
    let cache_before = cache(&before);
    let instance = Instance::of(&config, &cache_before).unwrap();
    let mut observed = Observed { proven: Own::Stored(()), ..certified() };
    let plan = decide(&instance, &observed, start());
    carry_out(&mut observed, &plan);
    let old: Vec<_> = plan.steps.iter().filter(|step| format!("{step:?}").contains("-config-")).collect();
    assert!(!old.is_empty());
    let owner = json!([{"uid": "u", "controller": true}]);
    let proven_secret = json!({"metadata": {"ownerReferences": owner}});
    observed.stored.insert((Kind::Secret, "registry-docker-io-credentials".to_owned()), proven_secret);

    let cache = cache(&json!({"upstream": "docker.io"}));
    let instance = Instance::of(&config, &cache).unwrap();
    let plan = decide(&instance, &observed, start());
    assert!(!told(&plan).iter().any(|step| step.starts_with("delete")), "{:?}", told(&plan));
    carry_out(&mut observed, &plan);
    let deleted = told(&decide(&instance, &observed, start()));
    let kinds: Vec<_> = deleted.iter().map(|step| step.split("-config-").next().unwrap()).collect();
    let expected = [
        "delete RoleBinding/registry-docker-io",
        "delete Secret/registry-docker-io",
        "delete Secret/registry-docker-io-credentials",
        "delete Service/registry-hub",
    ];
    assert_eq!(kinds, expected);
}

/// Its Service has the name that an older cache wants, or all of its objects have.
#[test]
fn names_of_an_older_cache_are_given_up_and_nothing_of_others() {
    let config = config();
    let cache = cache(&json!({"upstream": "docker.io", "serviceNameSuffix": "hub"}));
    let instance = Instance::of(&config, &cache).unwrap();
    let mut observed = certified();
    let plan = decide(&instance, &observed, start());
    carry_out(&mut observed, &plan);
    observed.stored.insert((Kind::Secret, "registry-docker-io-tls".to_owned()), json!({"metadata": {}}));
    let given_up = |collision: Collision| {
        let steps = given_up(&instance, &observed, &collision);
        let told = told(&Plan { steps, ..Plan::default() }).into_iter();
        told.map(|step| step.split("-config-").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(given_up(Collision::Service("registry-hub".to_owned())), ["delete Service/registry-hub"]);
    let all = [
        "delete NetworkPolicy/registry-docker-io",
        "delete Secret/registry-docker-io-ca",
        "delete Secret/registry-docker-io",
        "delete Service/registry-hub",
        "delete StatefulSet/registry-docker-io",
    ];
    let mut found = given_up(Collision::Objects("registry-docker-io".to_owned()));
    found.sort();
    let mut all = all.map(str::to_owned);
    all.sort();
    assert_eq!(found, all);
}

/// A token lives for a minute, registries accept it for another, and gateways have the next key after five.
#[test]
fn an_old_token_authority_is_kept_for_as_long_as_its_tokens_live() {
    let (config, cache) = (config(), cache(&json!({"upstream": "docker.io", "access": "Authorize"})));
    let instance = Instance::of(&config, &cache).unwrap();
    let mut observed = certified();
    if let Own::Stored(tokens) = &mut observed.tokens {
        *tokens = AuthoritySecret { trusted: 2, since: Some(start()), ..tokens.clone() };
    }
    let plan = decide(&instance, &observed, start());
    carry_out(&mut observed, &plan);
    let minutes = Duration::from_mins(7);
    assert_eq!(decide(&instance, &observed, start()).wake, Some(minutes));
    assert!(decide(&instance, &observed, start() + minutes - Duration::from_secs(1)).issues.is_empty());
    assert_eq!(decide(&instance, &observed, start() + minutes).issues, [Issue::Tokens(Step::Forget)]);
}

#[test]
fn what_belongs_to_others_stays_and_stops_what_needs_it() {
    let (config, cache) = (config(), cache(&json!({"upstream": "docker.io"})));
    let instance = Instance::of(&config, &cache).unwrap();
    let mut observed = certified();
    let foreign = json!({"metadata": {"name": "registry-docker-io"}});
    observed.stored.insert((Kind::Service, "registry-docker-io".to_owned()), foreign.clone());
    let plan = decide(&instance, &observed, start());
    assert_eq!(told(&plan), [""; 0]);
    let message = "Service registry-docker-io exists and does not belong to this RegistryCache: delete it, or rename it";
    assert_eq!(plan.problems[0].message, message);

    let mut observed = certified();
    observed.stored.insert((Kind::NetworkPolicy, "registry-docker-io".to_owned()), foreign);
    let plan = decide(&instance, &observed, start());
    assert_eq!(plan.problems[0].reason, api::cache::CacheReason::NameConflict);
    assert!(!told(&plan).iter().any(|step| step.contains("StatefulSet")));
}

#[test]
fn a_missing_authority_of_the_upstream_leaves_pods_as_they_are() {
    let spec = json!({"upstream": "docker.io", "remoteCA": {"secretName": "ca"}});
    let (config, cache) = (config(), cache(&spec));
    let instance = Instance::of(&config, &cache).unwrap();
    let observed = Observed { remote_ca: RemoteCa::Missing, ..certified() };
    let plan = decide(&instance, &observed, start());
    let message = "Secret kyma-system/ca must hold the authority of the upstream in ca.crt, in PEM: remoteCA.secretName refers to it";
    assert_eq!(plan.problems[0].message, message);
    assert!(!told(&plan).iter().any(|step| step.contains("StatefulSet")));
    let observed = Observed { remote_ca: RemoteCa::Pem("PEM".to_owned()), ..certified() };
    assert!(
        told(&decide(&instance, &observed, start()))
            .contains(&"create StatefulSet/registry-docker-io".to_owned())
    );
}

#[test]
fn a_cache_without_tls_needs_no_certificate() {
    let (config, cache) = (config(), cache(&json!({"upstream": "docker.io", "http": {"tls": false}})));
    let instance = Instance::of(&config, &cache).unwrap();
    let plan = decide(&instance, &Observed::default(), start());
    assert_eq!((plan.issues, plan.wake), (vec![], None));
    assert!(plan.problems.is_empty());
}
