//! Users take over copies at the very moment at which the controller changes them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use controller::config::Config;
use controller::metrics::Metrics;
use futures::FutureExt as _;
use http::Method;
use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use kube::api::{Api, Patch, PatchParams};
use serde_json::{Value, json};
use testenv::{ControlPlane, Options};

use crate::harness::cluster::{NOTHING, client, kubectl};
use crate::harness::controller::shared;
use crate::harness::copies::secret;
use crate::harness::gate::{Before, Gate};
use crate::harness::wait::eventually;

/// Before the next request with this method, a user takes over the copy in this namespace.
type Claim = Arc<Mutex<Option<(Method, &'static str)>>>;

/// What the gate does before each request: the user's write, if the request is the claimed one.
fn claims(users: Client, claim: Claim) -> Before {
    Arc::new(move |request: &http::Request<kube::client::Body>| {
        let mut next = claim.lock().unwrap();
        let is_meant = |(method, namespace): &(Method, &str)| {
            request.method() == method
                && request.uri().path() == format!("/api/v1/namespaces/{namespace}/secrets/registry")
        };
        let Some((_, namespace)) = next.take_if(|claim| is_meant(claim)) else {
            return std::future::ready(()).boxed();
        };
        let secrets = Api::<Secret>::namespaced(users.clone(), namespace);
        async move {
            let labels = json!({"serverless.kyma-project.io/managed-by": "user"});
            let theirs = json!({"metadata": {"labels": labels}, "stringData": {"username": "theirs"}});
            secrets.patch("registry", &PatchParams::default(), &Patch::Merge(theirs)).await.unwrap();
        }
        .boxed()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_users_make_theirs_just_before_it_is_written_or_deleted_stays_theirs() {
    let control_plane = ControlPlane::start(&Options::default()).unwrap();
    let run = |words: &str, manifest: &Value| kubectl(&control_plane, words, manifest).unwrap();
    let users = client(&control_plane.kubeconfig()).await;
    let claim = Claim::default();
    let gate = Gate { before: Some(claims(users.clone(), Arc::clone(&claim))), ..Gate::default() };
    let controller = gate.client(&control_plane).await;
    let (config, metrics) = (Config::default(), Arc::<Metrics>::default());
    tokio::spawn(async move {
        let never = std::future::pending();
        controller::copies::run(&shared(controller, metrics), &config, never).await;
    });
    for namespace in ["kyma-system", "changed", "noted", "deleted", "plain"] {
        run(&format!("create namespace {namespace}"), NOTHING);
    }
    let username = async |namespace: &str| {
        let secrets = Api::<Secret>::namespaced(users.clone(), namespace);
        let found = secrets.get_opt("registry").await.unwrap()?;
        Some(String::from_utf8(found.data?.get("username")?.0.clone()).unwrap())
    };
    let arrives = async |expected: Option<&str>| {
        while username("plain").await.as_deref() != expected {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let within = |what| tokio::time::timeout(crate::harness::wait::PATIENCE, what);
    let change = |to: &str| {
        run("apply -n kyma-system -f -", &secret("registry", &json!({"username": to})));
    };
    let is_claimed = || claim.lock().unwrap().is_none();

    change("one");
    within(arrives(Some("one"))).await.unwrap();
    // Before the first change, the managed fields are written.
    *claim.lock().unwrap() = Some((Method::PATCH, "noted"));
    change("two");
    eventually("the first one is claimed", is_claimed).await;
    within(arrives(Some("two"))).await.unwrap();
    *claim.lock().unwrap() = Some((Method::PATCH, "changed"));
    change("three");
    eventually("the second one is claimed", is_claimed).await;
    within(arrives(Some("three"))).await.unwrap();
    *claim.lock().unwrap() = Some((Method::DELETE, "deleted"));
    run("delete secret registry -n kyma-system --wait=false", NOTHING);
    eventually("the third one is claimed", is_claimed).await;
    within(arrives(None)).await.unwrap();

    // Long enough for a second attempt, which must not happen.
    tokio::time::sleep(Duration::from_secs(3)).await;
    for namespace in ["noted", "changed", "deleted"] {
        assert_eq!(username(namespace).await.as_deref(), Some("theirs"), "in {namespace}");
    }
}
