//! Names of caches: another suffix for the Service, names that two caches want, and objects of others.

use serde_json::{Value, json};

use super::cluster::Cache;
use crate::harness::cluster::NOTHING;
use crate::harness::registry::{Auth, Registry};

/// The name of the cache that an object belongs to.
fn owner_of(cache: &Cache<'_>, what: &str) -> Value {
    let found = cache.kubectl(&format!("get {what} -o json"), NOTHING);
    if !found.ok {
        return Value::Null;
    }
    let object: Value = serde_json::from_str(&found.out).unwrap();
    object["metadata"]["ownerReferences"][0]["name"].clone()
}

fn address_of(cache: &Cache<'_>, service: &str) -> String {
    cache.get(&format!("service {service}"))["spec"]["clusterIP"].as_str().unwrap().to_owned()
}

/// Names in the certificate of a cache for a Service.
fn certified(cache: &Cache<'_>, service: &str) -> usize {
    let certificate = cache.certificate();
    certificate.names().iter().filter(|name| name.split('.').next() == Some(service)).count()
}

#[test]
fn with_another_suffix_the_service_moves_and_all_that_names_it_follows() {
    let upstream = Registry::start(Auth::Open, "");
    let cache = Cache::named("moved");
    cache.add_volumes(1);
    let spec = json!({"serviceNameSuffix": "moved-one", "access": "Authorize"});
    cache.apply(&upstream.address(), &spec);
    cache.awaits("Ready", "True Running 1/1 Pods are ready");
    let before = address_of(&cache, "registry-moved-one");
    assert_eq!(cache.status()["endpoint"], format!("https://{before}:5000"));
    cache.wait("nodes learn of it", || cache.of_nodes().contains(&before));
    assert_eq!(certified(&cache, "registry-moved-one"), 3);

    cache.patch(&json!({"serviceNameSuffix": "moved-two"}));
    cache
        .wait("the old Service is gone", || !cache.made().contains(&"service/registry-moved-one".to_owned()));
    cache.awaits("Ready", "True Running 1/1 Pods are ready");
    let after = address_of(&cache, "registry-moved-two");
    assert_eq!(cache.status()["endpoint"], format!("https://{after}:5000"));
    assert_eq!((certified(&cache, "registry-moved-one"), certified(&cache, "registry-moved-two")), (0, 3));
    assert_eq!(cache.certificate().addresses(), [after.parse::<std::net::IpAddr>().unwrap()]);
    let configuration = cache.text(&cache.configuration(), "config.yml");
    let realm = "https://registry-moved-two.kyma-system.svc:5000/auth/token";
    assert!(configuration.contains(realm), "{configuration}");
    cache.wait("nodes follow", || {
        let values = cache.of_nodes();
        values.contains(&format!("{after}:5000")) && !values.contains(&format!("{before}:5000"))
    });
}

#[test]
fn an_older_cache_gets_the_name_that_a_younger_one_had_and_gives_it_back() {
    let upstream = Registry::start(Auth::Open, "");
    let (older, younger) = (Cache::named("elder"), Cache::named("junior"));
    for cache in [&older, &younger] {
        cache.add_volumes(1);
    }
    older.apply(&upstream.address(), &json!({}));
    older.awaits("Ready", "True Running 1/1 Pods are ready");
    // Times have seconds.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    younger.apply(&upstream.address(), &json!({"serviceNameSuffix": "wanted"}));
    younger.awaits("Ready", "True Running 1/1 Pods are ready");
    younger.wait("nodes learn of it", || younger.of_nodes().contains("junior.test"));
    let pods = || younger.stateful_set()["metadata"]["uid"].clone();
    let before = pods();

    older.patch(&json!({"serviceNameSuffix": "wanted"}));
    let collision = "False NameCollision RegistryCache elder is older, and its Service has the same name, registry-wanted: change spec.serviceNameSuffix of one of the two";
    younger.awaits("Ready", collision);
    older.wait("it has the Service", || owner_of(&older, "service registry-wanted") == "elder");
    let endpoint = || older.status()["endpoint"].clone();
    let expected = format!("https://{}:5000", address_of(&older, "registry-wanted"));
    older.wait("nodes are sent there", || endpoint() == expected);
    older.awaits("Ready", "True Running 1/1 Pods are ready");
    assert!(younger.status()["endpoint"].is_null());
    younger.wait("nodes forget it", || !younger.of_nodes().contains("junior.test"));
    // What it has cached is there when its name is free again.
    assert_eq!(pods(), before);

    older.patch(&json!({"serviceNameSuffix": null}));
    younger.awaits("Ready", "True Running 1/1 Pods are ready");
    assert_eq!(owner_of(&younger, "service registry-wanted"), "junior");
    assert_eq!(pods(), before);
    older.awaits("Ready", "True Running 1/1 Pods are ready");
    assert_eq!(owner_of(&older, "service registry-elder-test"), "elder");
}

/// Whichever is reconciled first.
#[test]
fn of_two_caches_that_are_created_at_once_one_gets_all_names() {
    let upstream = Registry::start(Auth::Open, "");
    let caches = [Cache::named("at.once"), Cache::named("at-once")];
    let manifests = caches.each_ref().map(|cache| cache.manifest(&upstream.address(), &json!({})));
    let list = json!({"apiVersion": "v1", "kind": "List", "items": manifests});
    caches[0].kubectl("create -f -", &list).unwrap();
    let age = |cache: &Cache<'_>| {
        let metadata = cache.get(&format!("registrycache {}", cache.name))["metadata"].clone();
        (metadata["creationTimestamp"].as_str().unwrap().to_owned(), cache.name)
    };
    let [one, other] = &caches;
    let (older, younger) = if age(one) < age(other) { (one, other) } else { (other, one) };
    younger.awaits("Ready", &format!("False NameCollision RegistryCache {} is older, ", older.name));
    for kind in ["service", "statefulset", "networkpolicy", "secret"] {
        let name = if kind == "secret" { "registry-at-once-test-tls" } else { "registry-at-once-test" };
        older.wait("all is its own", || owner_of(older, &format!("{kind} {name}")) == older.name);
    }
    older.awaits("Ready", "False Updating ");
}

#[test]
fn objects_of_others_stay_as_they_are_and_are_waited_for() {
    let upstream = Registry::start(Auth::Open, "");
    let cache = Cache::named("taken");
    cache.add_volumes(1);
    let labels = json!({"app": "registry-taken-test", "upstream-host": "taken.test", "app.kubernetes.io/managed-by": "serverless-controller"});
    let foreign = |api_version: &str, kind: &str, name: &str, more: Value| {
        let mut object =
            json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "labels": labels}});
        object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        object
    };
    let name = cache.resource();
    let template =
        json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}});
    let pods = json!({"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": template});
    // In the order in which the cache needs them.
    let objects = [
        foreign("v1", "Service", &name, json!({"spec": {"ports": [{"port": 80}]}})),
        foreign("v1", "Secret", &format!("{name}-tls"), json!({"stringData": {"tls.key": "mine"}})),
        foreign("networking.k8s.io/v1", "NetworkPolicy", &name, json!({"spec": {"podSelector": {}}})),
        foreign("apps/v1", "StatefulSet", &name, json!({"spec": pods})),
    ];
    for object in &objects {
        cache.kubectl("create -f -", object).unwrap();
    }
    cache.apply(&upstream.address(), &json!({}));
    for object in &objects {
        let (kind, name) = (object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap());
        let conflict = format!(
            "False NameConflict {kind} {name} exists and does not belong to this RegistryCache: delete it, or rename it"
        );
        cache.awaits("Ready", &conflict);
        assert_eq!(owner_of(&cache, &format!("{kind} {name}")), Value::Null);
        let stored = cache.get(&format!("{kind} {name}"))["metadata"].clone();
        assert_eq!(stored["labels"], labels);
        let managers = stored["managedFields"].as_array().cloned().unwrap_or_default();
        assert!(managers.iter().all(|manager| manager["manager"] != "serverless-controller"), "{managers:?}");
        cache.kubectl(&format!("delete {kind} {name}"), NOTHING).unwrap();
    }
    cache.awaits("Ready", "True Running 1/1 Pods are ready");
}
