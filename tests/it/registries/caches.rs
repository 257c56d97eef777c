//! The controller runs pull-through caches, on a real control plane and with real upstreams: what they become, how their
//! credentials are proven and rotated, and how they end.

mod authorities;
mod availability;
mod cluster;
mod end;
mod in_place;
mod limits;
mod names;

use api::cache::must;
use serde_json::json;

use crate::harness::cluster::NOTHING;
use crate::harness::registry::{Auth, Registry};
use cluster::Cache;

#[test]
fn a_cache_becomes_pods_that_nodes_pull_from() {
    let upstream = Registry::start(Auth::Open, "");
    let cache = Cache::named("seed");
    cache.add_volumes(1);
    cache.apply(&upstream.address(), &json!({}));
    cache.awaits("Ready", "True Running 1/1 Pods are ready");
    assert_eq!(cache.condition("CredentialsValid"), "True Anonymous The cache pulls without credentials");
    cache.awaits("Serving", "True Running The cache gets images from the upstream");
    let expected = [
        "networkpolicy.networking.k8s.io/registry-seed-test",
        "persistentvolumeclaim/cache-volume-registry-seed-test-0",
        "secret/registry-seed-test",
        "secret/registry-seed-test-ca",
        "secret/registry-seed-test-tls",
        "service/registry-seed-test",
        "statefulset.apps/registry-seed-test",
    ];
    assert_eq!(cache.made(), expected);
    let address = cache.get("service registry-seed-test")["spec"]["clusterIP"].as_str().unwrap().to_owned();
    let endpoint = format!("https://{address}:5000");
    let status = cache.status();
    assert_eq!(status["endpoint"], endpoint);
    assert_eq!(status["remoteURL"], format!("http://{}", upstream.address()));
    assert_eq!(status["caSecretName"], "registry-seed-test-ca");
    assert_eq!(status["observedGeneration"], 1);
    // The Service is there before the certificate, which is for its address.
    let certificate = cache.certificate();
    assert_eq!(certificate.addresses(), [address.parse::<std::net::IpAddr>().unwrap()]);
    let names = ["registry-seed-test.kyma-system", "registry-seed-test.kyma-system.svc"];
    assert!(names.iter().all(|name| certificate.names().contains(&(*name).to_owned())));
    // Nodes learn of it, and keep their way to the upstream.
    cache.wait("nodes learn of it", || cache.of_nodes().contains(&format!("{address}:5000")));
    let values = cache.of_nodes();
    assert!(values.contains("seed.test") && values.contains("BEGIN CERTIFICATE"), "{values}");

    let patch = "patch registrycache seed --type=merge -p {\"spec\":{\"upstream\":\"other.test\"}}";
    let refused = cache.kubectl(patch, NOTHING);
    assert!(!refused.ok && refused.err.contains(must::UPSTREAM_STAYS), "{}", refused.err);

    // Kubernetes deletes what the cache owns, and the volumes of its Pods.
    cache.kubectl("delete registrycache seed", NOTHING).unwrap();
    cache.wait("all is gone", || cache.made().is_empty());
    cache.wait("nodes forget it", || !cache.of_nodes().contains("seed.test"));
}

/// Those of `rotation-v1` are in use.
fn wrong_credentials_stay_out_of_use(cache: &Cache) {
    // Its author has mistyped it.
    cache.add_credentials("rotation-v2", "mistyped");
    cache.patch(&json!({"secretReferenceName": "rotation-v2"}));
    let refused = "False CredentialsInvalid The upstream refuses the credentials of Secret kyma-system/rotation-v2 with status 401: create another Secret with new ones and name it in spec.secretReferenceName; those of Secret rotation-v1 stay in use";
    cache.awaits("CredentialsValid", refused);
    assert_eq!(cache.password_in_use(), "first");
    assert_eq!(cache.status()["provenCredentials"]["secretName"], "rotation-v1");
    assert!(cache.condition("Ready").starts_with("True"));
    assert_eq!(cache.users_of("rotation-v1"), "rotation");
    cache.wait("an Event tells", || !cache.events("CredentialsInvalid").is_empty());

    // It does not hold what it must.
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "rotation-v3"},
        "immutable": true,
        "stringData": {"username": "builder"},
    });
    cache.kubectl("create -f -", &secret).unwrap();
    cache.patch(&json!({"secretReferenceName": "rotation-v3"}));
    cache.awaits("CredentialsValid", "False CredentialsInvalid spec.secretReferenceName: Invalid value: ");
    assert!(cache.condition("CredentialsValid").ends_with("; those of Secret rotation-v1 stay in use"));
}

/// Step by step as the documentation of the original has it, and what can go wrong on the way.
#[test]
fn credentials_are_rotated_without_a_restart() {
    let upstream = Registry::start(Auth::Basic, "first");
    let cache = Cache::named("rotation");
    cache.add_volumes(1);
    cache.apply(&upstream.address(), &json!({"secretReferenceName": "rotation-v1"}));
    let missing = "False CredentialsMissing Secret kyma-system/rotation-v1 does not exist: create it with username and password; the cache starts when the upstream has accepted some";
    cache.awaits("CredentialsValid", missing);
    cache.awaits("Ready", missing);
    assert!(!cache.made().contains(&"statefulset.apps/registry-rotation-test".to_owned()));
    cache.add_credentials("rotation-v1", "first");
    let proven =
        "True CredentialsProven The upstream accepts the credentials of Secret kyma-system/rotation-";
    cache.awaits("CredentialsValid", &format!("{proven}v1"));
    cache.awaits("Ready", "True Running 1/1 Pods are ready");
    cache.wait("the Secret says who uses it", || cache.users_of("rotation-v1") == "rotation");
    assert_eq!(cache.password_in_use(), "first");
    let before = cache.generation();

    wrong_credentials_stay_out_of_use(&cache);

    // The upstream is away while the right ones come.
    upstream.set_password("second");
    upstream.stop();
    cache.add_credentials("rotation-v4", "second");
    cache.patch(&json!({"secretReferenceName": "rotation-v4"}));
    let away = "False UpstreamUnreachable The upstream cannot be reached, so the credentials of Secret kyma-system/rotation-v4 are not proven yet: ";
    cache.awaits("CredentialsValid", away);
    cache.awaits(
        "Serving",
        "False UpstreamUnreachable The upstream cannot be reached; what is cached is served: ",
    );
    assert_eq!(cache.password_in_use(), "first");
    upstream.resume();
    cache.awaits("CredentialsValid", &format!("{proven}v4"));
    assert_eq!(cache.password_in_use(), "second");
    assert_eq!(cache.status()["provenCredentials"]["secretName"], "rotation-v4");
    let told = "The credentials of Secret rotation-v4 are in use: those of Secret rotation-v1 can be revoked";
    cache.wait("an Event tells", || cache.events("CredentialsRotated") == [told]);
    cache.wait("the old Secret is free", || cache.users_of("rotation-v1").is_null());
    assert_eq!(cache.users_of("rotation-v4"), "rotation");
    assert_eq!(cache.generation(), before, "no Pod is replaced");

    // Somebody deletes the Secret in use.
    cache.kubectl("delete secret rotation-v4", NOTHING).unwrap();
    let gone = "False CredentialsMissing Secret kyma-system/rotation-v4 does not exist: create it with username and password; those that it held before stay in use";
    cache.awaits("CredentialsValid", gone);
    assert_eq!(cache.password_in_use(), "second");
    assert!(cache.condition("Ready").starts_with("True"));
    // The gateway of the cache reads its own Secret, and nothing else.
    let may = |what: &str| {
        let account = "--as=system:serviceaccount:kyma-system:registry-rotation-test";
        cache.kubectl(&format!("auth can-i {what} {account}"), NOTHING).out.trim() == "yes"
    };
    assert!(may("watch secret/registry-rotation-test-credentials"));
    assert!(!may("get secrets") && !may("get secret/rotation-v1"));
}

#[test]
fn of_two_caches_with_the_same_names_the_older_one_stays() {
    let upstream = Registry::start(Auth::Open, "");
    let (older, younger) = (Cache::named("twins.a"), Cache::named("twins-a"));
    older.add_volumes(1);
    let create = |cache: &Cache<'_>, created_first: bool| {
        cache.apply(&upstream.address(), &json!({}));
        if created_first {
            cache.awaits("Ready", "True Running 1/1 Pods are ready");
            // Times have seconds.
            std::thread::sleep(std::time::Duration::from_millis(1100));
        }
    };
    create(&older, true);
    create(&younger, false);
    let collision = "False NameCollision RegistryCache twins.a is older, and its objects have the same name, registry-twins-a-test: delete one of the two";
    younger.awaits("Ready", collision);
    assert!(younger.status()["endpoint"].is_null());
    assert!(older.condition("Ready").starts_with("True"));
    older.kubectl("delete registrycache twins.a", NOTHING).unwrap();
    younger.wait("it has the names now", || !younger.condition("Ready").contains("NameCollision"));
    younger.wait("its objects are made", || {
        younger.made().contains(&"statefulset.apps/registry-twins-a-test".to_owned())
    });
}
