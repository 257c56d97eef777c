//! From credentials in a Secret to a running image: webhook, controller, real registries, and a played kubelet that pushes
//! and pulls. The registry of a whole installation changes here, which the tests of the real node share.

use std::sync::Arc;

use controller::config::Config;
use controller::metrics::Metrics;
use controller::run::{Reconciler, lead};
use serde_json::{Value, json};
use testenv::{ControlPlane, Options};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::harness::cluster::{NOTHING, client, kubectl};
use crate::harness::controller::CLUSTER;
use crate::harness::installed::wait_until_called;
use crate::harness::namespace::Namespace;
use crate::harness::registry::{Auth, Node, Registry, on_loopback};
use crate::harness::server::{Limits, Server};
use crate::harness::wait::wait_until;

const OWN: &str = "serverless-registry-config";
const DEFAULT: &str = "serverless-registry-config-default";

/// A cluster with the whole product, in which Pods push and pull.
struct Cluster {
    _node: Node,
    stop: watch::Sender<bool>,
    control_plane: ControlPlane,
    _runtime: Runtime,
    _webhook: Server,
}

impl Cluster {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let mut control_plane =
            ControlPlane::start(&Options { controllers: true, ..Options::default() }).unwrap();
        control_plane.leave_pods_alone();
        testenv::install_crds(&control_plane).unwrap();
        let webhook = runtime.block_on(Server::start(Limits::default()));
        let url = format!("https://{}", webhook.address);
        let configurations =
            testenv::webhook_configurations(&url, Some(&webhook.certs.authority.certificate)).unwrap();
        testenv::install_webhooks(&control_plane, &configurations).unwrap();
        wait_until_called(&control_plane);

        kubectl(&control_plane, "create namespace kyma-system", NOTHING).unwrap();
        for file in ["manifests/controller/accounts.yaml", "manifests/runtimes/runtimes.yaml"] {
            let file = testenv::root().join(file);
            kubectl(&control_plane, &format!("apply -n kyma-system -f {}", file.display()), NOTHING).unwrap();
        }
        let (stop, stopping) = watch::channel(false);
        let kubeconfig = control_plane.kubeconfig();
        runtime.spawn(async move {
            let client = client(&kubeconfig).await;
            let config = Config { registries: on_loopback(), ..Config::default() };
            lead(&client, &config, &Reconciler::ALL, None, &Arc::new(Metrics::new()), stopping).await;
        });
        let node = Node::start(&control_plane);
        Self { _node: node, stop, control_plane, _runtime: runtime, _webhook: webhook }
    }

    /// Applies a registry Secret without a docker configuration: the webhook writes that.
    fn apply_secret(&self, namespace: &str, name: &str, texts: &Value, labels: &Value) {
        let mut all = json!({"serverless.kyma-project.io/remote-registry": "config"});
        all.as_object_mut().unwrap().extend(labels.as_object().unwrap().clone());
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
            "metadata": {"name": name, "labels": all},
            "stringData": texts,
        });
        kubectl(&self.control_plane, &format!("apply -n {namespace} -f -"), &secret).unwrap();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

fn for_all() -> Value {
    json!({"serverless.kyma-project.io/config": "credentials"})
}

/// Waits until `demo` runs an image that really exists in a registry. Returns the image.
#[track_caller]
fn await_image(namespace: &Namespace<'_>, registry: &Registry, not: &str) -> String {
    let prefix = format!("{}/functions/", registry.address());
    let mut image = String::new();
    namespace.wait(&format!("an image of {prefix} runs"), || {
        let deployments = namespace.list("deployments");
        let container =
            deployments.first().map(|found| found["spec"]["template"]["spec"]["containers"][0].clone());
        container.unwrap_or_default()["image"].as_str().unwrap_or_default().clone_into(&mut image);
        image.starts_with(&prefix)
            && image != not
            && namespace.condition("demo", "Running").starts_with("True DeploymentReady")
    });
    assert!(registry.has(&image), "{image} was not pushed");
    image
}

/// The result of the check in the registry Secret of a namespace.
fn check_of(namespace: &Namespace<'_>) -> String {
    let annotations = namespace.get(&format!("secret {OWN}"))["metadata"]["annotations"].clone();
    let check =
        annotations["serverless.kyma-project.io/registry-check"].as_str().unwrap_or_default().to_owned();
    check.split_once(' ').map(|(_, verdict)| verdict.to_owned()).unwrap_or_default()
}

/// The Events of the registry Secret of a namespace.
fn events_of(namespace: &Namespace<'_>) -> Vec<String> {
    let of_secret = format!("events --field-selector involvedObject.kind=Secret,involvedObject.name={OWN}");
    let events = namespace.list(&of_secret);
    let line = |event: &Value| format!("{} {} {}", event["type"], event["reason"], event["message"]);
    events.iter().map(|event| line(event).replace('"', "")).collect()
}

#[test]
fn credentials_arrive_switch_and_rotate_and_images_are_really_pushed_and_pulled() {
    let cluster = Cluster::start();
    let (first, second) = (Registry::start(Auth::Basic, "one"), Registry::start(Auth::Token, "two"));
    cluster.apply_secret("kyma-system", DEFAULT, &first.secret("one"), &for_all());

    // A new namespace gets everything that it needs; until then the Function reports what it waits for.
    kubectl(&cluster.control_plane, "create namespace shop", NOTHING).unwrap();
    let shop = Namespace::existing(&cluster.control_plane, "shop");
    shop.apply("demo", &json!({"source": "1"}));
    let by_default = await_image(&shop, &first, "");

    // A registry of the namespace's own, in place of the installation's. The old image runs until the new one is built.
    cluster.apply_secret("shop", OWN, &second.secret("two"), &json!({}));
    let own = await_image(&shop, &second, "");
    let tag = |image: &str| image.split('@').next().unwrap().rsplit_once(':').unwrap().1.to_owned();
    assert_eq!(tag(&by_default), tag(&own), "the source is the same");

    // Wrong credentials: the Function keeps running, and the next build reports what is wrong.
    cluster.apply_secret("shop", OWN, &second.secret("wrong"), &json!({}));
    shop.apply("demo", &json!({"source": "2"}));
    let refused = "(the registry refuses the credentials of Secret serverless-registry-config: correct its username and password)";
    shop.wait("the refusal is told", || {
        let told = shop.condition("demo", "BuildReady");
        told.starts_with("False JobFailed") && told.ends_with(refused)
    });
    // The Secret reports it, too, to its author.
    let unauthorized = "refused: it answers 401 Unauthorized";
    shop.wait("the credentials were tried", || check_of(&shop) == unauthorized);
    let told = events_of(&shop);
    let expected = [
        "Warning RegistryCheckFailed The registry refuses these credentials: it answers 401 Unauthorized",
        "Normal RegistryCheckSucceeded The registry accepts these credentials",
    ];
    assert!(expected.iter().all(|expected| told.iter().any(|told| told == expected)), "{told:?}");
    assert_eq!(shop.image(), own);
    assert!(shop.condition("demo", "Running").starts_with("True DeploymentReady"));

    // The right credentials again: the failed build is retried.
    cluster.apply_secret("shop", OWN, &second.secret("two"), &json!({}));
    let corrected = await_image(&shop, &second, &own);
    shop.wait("the right credentials were tried", || check_of(&shop) == "accepted");
    // Copies are not verified, because their base Secrets are.
    let copy = shop.get(&format!("secret {DEFAULT}"));
    assert_eq!(copy["metadata"]["annotations"]["serverless.kyma-project.io/registry-check"], Value::Null);

    // Rotation, first at the registry: the old credentials are refused, the new ones work.
    second.set_password("three");
    shop.apply("demo", &json!({"source": "3"}));
    shop.await_condition("demo", "BuildReady", "False JobFailed");
    cluster.apply_secret("shop", OWN, &second.secret("three"), &json!({}));
    let rotated = await_image(&shop, &second, &corrected);

    // Neither labels nor other credentials alone cause a build.
    let jobs = shop.list("jobs").len();
    cluster.apply_secret("shop", OWN, &second.secret("three"), &json!({"team": "a"}));
    second.set_password("four");
    cluster.apply_secret("shop", OWN, &second.secret("four"), &json!({}));
    // Long enough for a Job, which must not be created.
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert_eq!((shop.list("jobs").len(), shop.image()), (jobs, rotated));

    // Without its own registry, the namespace uses that of the installation, and back again.
    shop.kubectl(&format!("delete secret {OWN}"), NOTHING).unwrap();
    await_image(&shop, &first, "");

    // A registry for the whole cluster replaces that of the installation, and is removed again.
    cluster.apply_secret("kyma-system", OWN, &second.secret("four"), &for_all());
    await_image(&shop, &second, "");
    kubectl(&cluster.control_plane, &format!("delete secret {OWN} -n kyma-system"), NOTHING).unwrap();
    wait_until("the copy is gone", || {
        shop.kubectl(&format!("get secret {OWN}"), NOTHING).err.contains("NotFound")
    });
    await_image(&shop, &first, "");
    drop(cluster);
}

#[test]
fn service_accounts_are_waited_for_since_pods_would_not_start_without() {
    let namespace = Namespace::new(&CLUSTER.control_plane, "accounts");
    let account = |verb: &str| {
        namespace.kubectl(&format!("{verb} serviceaccount serverless-build"), NOTHING).unwrap();
    };
    account("delete");
    namespace.apply("demo", &json!({}));
    let missing =
        "ServiceAccount serverless-build, which builds or pulls images, is not in namespace accounts";
    namespace.await_condition(
        "demo",
        "ConfigurationReady",
        &format!("False RegistryConfigMissing {missing}"),
    );
    assert_eq!(namespace.made(), [""; 0]);
    namespace.seen_at_once(&|| account("create"), "ConfigurationReady", "True ConfigMapCreated");
    namespace.await_condition("demo", "Running", "True");
}
