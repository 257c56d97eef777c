//! A Secret with credentials that is not immutable: admission refuses it, and it may be there all the same.

use serde_json::json;

use super::cluster::Cache;
use crate::harness::cluster::NOTHING;
use crate::harness::registry::{Auth, Registry};

#[test]
fn a_secret_that_changes_is_proven_again_before_it_is_used() {
    let upstream = Registry::start(Auth::Basic, "first");
    let cache = Cache::named("mutable");
    cache.add_volumes(1);
    let login = "--from-literal=username=builder --from-literal=password=first";
    cache.kubectl(&format!("create secret generic mutable-v1 {login}"), NOTHING).unwrap();
    cache.apply(&upstream.address(), &json!({"secretReferenceName": "mutable-v1"}));
    let proven =
        "True CredentialsProven The upstream accepts the credentials of Secret kyma-system/mutable-v1";
    cache.awaits("CredentialsValid", proven);
    cache.awaits("Ready", "True Running 1/1 Pods are ready");
    let before = cache.generation();

    let kept = "; those that it held before stay in use";
    cache.replace("mutable-v1", &[("password", Some("mistyped"))]);
    let refused = "False CredentialsInvalid The upstream refuses the credentials of Secret kyma-system/mutable-v1 with status 401: create another Secret with new ones and name it in spec.secretReferenceName";
    cache.awaits("CredentialsValid", &format!("{refused}{kept}"));
    assert_eq!(cache.password_in_use(), "first");
    cache.replace("mutable-v1", &[("password", None)]);
    cache.awaits("CredentialsValid", "False CredentialsInvalid spec.secretReferenceName: ");
    let condition = cache.condition("CredentialsValid");
    assert!(
        condition.contains("missing \"password\" data entry") && condition.ends_with(kept),
        "{condition}"
    );
    assert_eq!(cache.password_in_use(), "first");
    assert!(cache.condition("Ready").starts_with("True"));

    upstream.set_password("second");
    cache.replace("mutable-v1", &[("password", Some("second"))]);
    cache.awaits("CredentialsValid", proven);
    assert_eq!(cache.password_in_use(), "second");
    let told = "The changed credentials of Secret mutable-v1 are in use";
    cache.wait("an Event tells", || cache.events("CredentialsRotated") == [told]);
    cache.wait("the status names the version", || {
        let secret = cache.get("secret mutable-v1");
        cache.status()["provenCredentials"]["resourceVersion"] == secret["metadata"]["resourceVersion"]
    });
    assert_eq!(cache.generation(), before, "no Pod is replaced");
}
