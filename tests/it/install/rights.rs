//! The rights of the controller, on a real control plane.

use std::collections::BTreeSet;
use std::time::Duration;

use russh::keys::Algorithm;
use serde_json::{Value, json};
use testenv::{ControlPlane, Options};
use tokio::runtime::Runtime;

use crate::harness::account::{Controller, USER, with_registry_of_functions};
use crate::harness::cert_manager;
use crate::harness::cluster::{NOTHING, kubectl};
use crate::harness::copies::bases;
use crate::harness::git::{new_key, text};
use crate::harness::git_servers::{Repository, Ssh};
use crate::harness::namespace::Namespace;
use crate::harness::rights::{Audit, Right, as_granted, granted};
use crate::harness::wait::wait_within;

/// Rights that are granted, but not used below.
const NOT_PROVOKED: [(&str, &str); 4] = [
    // An admission plugin of some clusters requires them from the controller.
    ("update", "functions/finalizers"),
    ("update", "imagebuildenvs/finalizers"),
    ("update", "imageregistries/finalizers"),
    ("update", "registrycaches/finalizers"),
];

/// Every request that the controller makes is granted, and every grant is used.
#[test]
fn the_controller_may_do_what_it_does_and_nothing_else() {
    let audit = Audit::new();
    let options = Options { controllers: true, api_server_flags: audit.flags(), ..Options::default() };
    let control_plane = ControlPlane::start(&options).unwrap();
    testenv::install_crds(&control_plane).unwrap();
    cert_manager::install_crds(&control_plane);
    kubectl(&control_plane, "create namespace kyma-system", NOTHING).unwrap();
    let rbac = testenv::root().join("manifests/controller/rbac.yaml");
    kubectl(&control_plane, &format!("apply -n kyma-system -f {}", rbac.display()), NOTHING).unwrap();
    let runtime = Runtime::new().unwrap();
    let registry = json!({"persistentVolumeClaim": {"resources": {"requests": {"storage": "1Gi"}}}});
    let controller = Controller::start(&control_plane, with_registry_of_functions(registry));
    let namespace = Namespace::new(&control_plane, "rights");
    // Its Job gets no Pod, and after a while the controller looks for the reason.
    let no_pods = Namespace::new(&control_plane, "no-pods");
    kubectl(&control_plane, "create quota none -n no-pods --hard=pods=0", NOTHING).unwrap();
    no_pods.wait("the quota counts", || no_pods.get("resourcequota none")["status"]["hard"].is_object());
    no_pods.apply("demo", &json!({}));
    exercise(&namespace, &runtime);
    exercise_copies(&control_plane, &namespace);
    exercise_build_envs(&namespace);
    exercise_image_secrets(&namespace);
    exercise_registries(&namespace);
    exercise_function_registries(&control_plane, &namespace);
    exercise_caches(&control_plane, &namespace);
    wait_within(Duration::from_mins(3), "the controller says why there is no Pod", || {
        no_pods.condition("demo", "BuildReady").contains("no Pod was created: ")
    });
    controller.terminate();

    let mut expected = granted(&rbac);
    for (verb, resource) in NOT_PROVOKED {
        assert!(expected.remove(&[verb.to_owned(), resource.to_owned(), String::new()]), "{verb} {resource}");
    }
    let requests: BTreeSet<Right> = audit.requests(USER).into_iter().map(as_granted).collect();
    assert_eq!(requests, expected);
}

/// Makes the controller do everything that it can do.
fn exercise(namespace: &Namespace<'_>, runtime: &Runtime) {
    // All objects are created and changed.
    namespace.apply("demo", &json!({"maxReplicas": 3}));
    namespace.await_condition("demo", "Running", "True");
    namespace.apply("demo", &json!({"maxReplicas": 4}));
    namespace.wait("the autoscaler is changed", || {
        namespace.list("horizontalpodautoscalers")[0]["spec"]["maxReplicas"] == 4
    });
    let changed = json!({"maxReplicas": 4, "source": "y", "env": [{"name": "A", "value": "b"}]});
    namespace.apply_labelled("demo", &changed, &json!({"team": "a", "testenv/build": "hangs"}));
    namespace.await_condition("demo", "BuildReady", "Unknown");
    // Replaced objects are deleted.
    namespace.apply_labelled("demo", &json!({"source": "z"}), &json!({"team": "a"}));
    namespace.wait("the autoscaler is gone", || namespace.list("horizontalpodautoscalers").is_empty());
    namespace.await_condition("demo", "Running", "True DeploymentReady");
    // A change of labels alone changes the Job, too.
    namespace.apply_labelled("demo", &json!({"source": "z"}), &json!({"team": "b"}));
    namespace.wait("the Job is relabelled", || {
        namespace.list("jobs").iter().all(|job| job["metadata"]["labels"]["team"] == "b")
    });
    // A leftover of the reference implementation, with another name.
    namespace.add_leftover("deployments");
    namespace.wait("the leftover is gone", || namespace.list("deployments").len() == 1);

    // A source that is too large for the cache is read from the API server.
    let mut random = fastrand::Rng::with_seed(1);
    let source: String = std::iter::repeat_with(|| random.alphanumeric()).take(100_000).collect();
    let spec = json!({"source": source, "runtime": "nodejs12", "minReplicas": 1, "maxReplicas": 1});
    namespace.kubectl("create -f -", &crate::harness::cluster::function("large", &spec)).unwrap();
    namespace.await_condition("large", "Running", "True");

    namespace.apply_labelled("fails", &json!({}), &json!({"testenv/build": "fails"}));
    namespace.await_condition("fails", "BuildReady", "False");

    // A source from a Git server, whose key is recorded; the ConfigMap of the inline source is not needed any more.
    let code = Repository::new();
    let mine = new_key(Algorithm::Ed25519);
    let server = runtime.block_on(Ssh::start(&code, new_key(Algorithm::Ed25519), mine.public_key(), 0));
    namespace.add_secret("git-credentials", &json!({"key": text(&mine).as_str()}));
    namespace.add_repository(&server.url, "key");
    let git = json!({"type": "git", "source": "code", "baseDir": "fn", "reference": "main"});
    namespace.apply_labelled("demo", &git, &json!({"team": "b"}));
    namespace.wait("the ConfigMap is gone", || {
        !namespace.made().iter().any(|name| name.starts_with("configmap/demo"))
    });
    namespace.await_condition("demo", "Running", "True DeploymentReady");
}

/// Makes it create copies of each kind, change them, create them again and delete them.
fn exercise_copies(control_plane: &ControlPlane, namespace: &Namespace<'_>) {
    let bases = bases("rights");
    let is_there = |name: &str| namespace.kubectl(&format!("get {name}"), NOTHING).ok;
    for (object, ..) in &bases {
        kubectl(control_plane, "apply -n kyma-system -f -", object).unwrap();
    }
    for (_, name, ..) in &bases {
        namespace.wait(&format!("{name} is copied"), || is_there(name));
        namespace
            .kubectl(&format!("annotate {name} serverless.kyma-project.io/copied-from-"), NOTHING)
            .unwrap();
        namespace.wait(&format!("{name} is restored"), || {
            let annotations = namespace.get(name)["metadata"]["annotations"].clone();
            annotations["serverless.kyma-project.io/copied-from"] == "kyma-system"
        });
    }
    let (mut binding, name, ..) = bases[4].clone();
    binding["roleRef"]["name"] = "other".into();
    binding["subjects"] = json!([]);
    let role = "create role other -n kyma-system --verb=get --resource=configmaps";
    kubectl(control_plane, role, NOTHING).unwrap();
    namespace.kubectl("create role other --verb=get --resource=configmaps", NOTHING).unwrap();
    kubectl(control_plane, "replace --force -n kyma-system -f -", &binding).unwrap();
    let role = format!("get {name} -o jsonpath={{.roleRef.name}}");
    namespace.wait("the binding is made again", || namespace.kubectl(&role, NOTHING).out == "other");
    kubectl(control_plane, "delete secret/rights-secret -n kyma-system", NOTHING).unwrap();
    namespace.wait("the copy is gone", || !is_there("secret/rights-secret"));
}

/// Makes it start a Redis and remove it again.
fn exercise_build_envs(namespace: &Namespace<'_>) {
    let secret = json!({"config.json": "{}"});
    namespace.add_secret("credentials", &secret);
    let build_env = |redis: bool| {
        json!({
            "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
            "kind": "ImageBuildEnv",
            "metadata": {"name": "example"},
            "spec": {"redis": redis, "secrets": [{"secretName": "credentials"}]},
        })
    };
    let service = || namespace.kubectl("get service imagebuildenv-example-redis", NOTHING).ok;
    let mut of_the_original = build_env(true);
    of_the_original["metadata"]["finalizers"] = json!(["registry.mgoltzsche.github.com/inputrefs"]);
    namespace.kubectl("create -f -", &of_the_original).unwrap();
    namespace.wait("the Redis has a Service", service);
    namespace.wait("the finalizer is removed", || {
        namespace.get("imagebuildenv example")["metadata"]["finalizers"].is_null()
    });
    namespace.kubectl("apply -f -", &build_env(false)).unwrap();
    namespace.wait("the Redis is gone", || !service());
}

/// Makes it create an account and a Secret, and delete accounts: of a secret that is deleted, and one that expires.
fn exercise_image_secrets(namespace: &Namespace<'_>) {
    let object = |kind: &str, spec: Value| {
        json!({
            "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
            "kind": kind,
            "metadata": {"name": "example"},
            "spec": spec,
        })
    };
    let is_there = |what: &str| namespace.kubectl(&format!("get {what}"), NOTHING).ok;
    let volume = json!({"resources": {"requests": {"storage": "1Gi"}}});
    namespace
        .kubectl("apply -f -", &object("ImageRegistry", json!({"persistentVolumeClaim": volume})))
        .unwrap();
    let status = json!({"status": {"hostname": "example.org"}}).to_string();
    namespace
        .kubectl(
            &format!("patch imageregistry example --subresource=status --type=merge -p {status}"),
            NOTHING,
        )
        .unwrap();
    for kind in ["ImagePushSecret", "ImagePullSecret"] {
        let what = kind.to_lowercase();
        let reference = json!({"registryRef": {"name": "example"}});
        namespace.kubectl("apply -f -", &object(kind, reference)).unwrap();
        namespace.wait("it is ready", || {
            namespace.get(&format!("{what} example"))["status"]["conditions"][0]["status"] == "True"
        });
        namespace.kubectl(&format!("delete {what} example"), NOTHING).unwrap();
    }
    assert!(namespace.list("imageregistryaccounts").is_empty());
    let hash = "$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e";
    namespace
        .kubectl("apply -f -", &object("ImageRegistryAccount", json!({"password": hash, "ttl": "2s"})))
        .unwrap();
    namespace.wait("the expiry is reported", || {
        namespace.get("imageregistryaccount example")["status"]["expiresAt"].is_string()
    });
    wait_within(Duration::from_mins(1), "the account is gone", || !is_there("imageregistryaccount example"));
}

/// Makes it create each object of a registry, change it, and delete what is no longer wanted.
fn exercise_registries(namespace: &Namespace<'_>) {
    let registry = |spec: &Value| {
        let registry = json!({
            "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
            "kind": "ImageRegistry",
            "metadata": {"name": "images"},
            "spec": spec,
        });
        namespace.kubectl("apply -f -", &registry).unwrap();
    };
    let issuer = json!({"issuerRef": {"name": "none", "kind": "Issuer"}});
    let volume = json!({"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}});
    registry(&json!({"replicas": 2, "persistentVolumeClaim": volume}));
    let is_there = |name: &str| namespace.kubectl(&format!("get {name}"), NOTHING).ok;
    let kinds = ["networkpolicy", "poddisruptionbudget", "role", "rolebinding", "serviceaccount"];
    let names = kinds.map(|kind| format!("{kind}/imageregistry-images"));
    let others = ["service/images", "statefulset/images"];
    for name in names.iter().map(String::as_str).chain(others) {
        namespace.wait(&format!("{name} is made"), || is_there(name));
        let label = "app.kubernetes.io/managed-by";
        namespace.kubectl(&format!("label {name} {label}-"), NOTHING).unwrap();
        namespace.wait(&format!("{name} is restored"), || {
            namespace.get(name)["metadata"]["labels"][label] == "serverless-controller"
        });
    }
    // One that another program has made is replaced.
    let uid = || {
        namespace
            .kubectl("get statefulset images --ignore-not-found -o jsonpath={.metadata.uid}", NOTHING)
            .unwrap()
    };
    let before = uid();
    namespace.kubectl("annotate statefulset images serverless.kyma-project.io/applied-", NOTHING).unwrap();
    namespace.wait("the StatefulSet is replaced", || !["", &before].contains(&uid().as_str()));
    let claim = "persistentvolumeclaim/imageregistry-images-pvc";
    namespace.wait("the claim is made", || is_there(claim));
    namespace.kubectl(&format!("label {claim} app-"), NOTHING).unwrap();
    namespace.wait("the claim is restored", || {
        namespace.get(claim)["metadata"]["labels"]["app"] == "imageregistry-images"
    });
    registry(&json!({"replicas": 1, "persistentVolumeClaim": volume, "tls": issuer}));
    let certificate = "certificate/imageregistry-images-tls";
    namespace.wait("cert-manager is asked", || is_there(certificate));
    let label = "label --overwrite certificate imageregistry-images-tls app=other";
    namespace.kubectl(label, NOTHING).unwrap();
    namespace.wait("the Certificate is restored", || {
        namespace.get(certificate)["metadata"]["labels"]["app"] == "imageregistry-images"
    });
    namespace.wait("the budget is gone", || !is_there("poddisruptionbudget/imageregistry-images"));
    registry(&json!({"replicas": 1, "persistentVolumeClaim": volume}));
    namespace.wait("the Certificate is gone", || !is_there(certificate));
}

/// Makes it restore the registry of Functions and a push secret, and delete that.
fn exercise_function_registries(control_plane: &ControlPlane, namespace: &Namespace<'_>) {
    let of_functions = Namespace::bare(control_plane, "rights-registry");
    of_functions.apply("demo", &json!({}));
    let push_secret = "imagepushsecret serverless-functions";
    let is_there = || of_functions.kubectl(&format!("get {push_secret}"), NOTHING).ok;
    of_functions.wait("there is a push secret", is_there);
    let patch = "patch -n kyma-system imageregistry registry --type=merge -p {\"spec\":{\"persistentVolumeClaim\":{\"deleteClaim\":null}},\"metadata\":{\"annotations\":{\"serverless.kyma-project.io/applied\":\"x\"}}}";
    kubectl(control_plane, patch, NOTHING).unwrap();
    let applied = || {
        let get = "get -n kyma-system imageregistry registry -o jsonpath={.metadata.annotations.serverless\\.kyma-project\\.io/applied}";
        kubectl(control_plane, get, NOTHING).out
    };
    namespace.wait("the registry is restored", || applied() != "x");
    of_functions.kubectl("delete function demo", NOTHING).unwrap();
    wait_within(Duration::from_mins(2), "nobody needs the push secret", || !is_there());
}

/// Makes it run a cache whose upstream is away, and end it.
fn exercise_caches(control_plane: &ControlPlane, namespace: &Namespace<'_>) {
    let cache = json!({
        "apiVersion": "serverless.kyma-project.io/v1alpha1",
        "kind": "RegistryCache",
        "metadata": {"name": "rights"},
        "spec": {"upstream": "rights.test", "remoteURL": "http://127.0.0.1:1"},
    });
    kubectl(control_plane, "create -f -", &cache).unwrap();
    let is_there =
        || kubectl(control_plane, "get -n kyma-system statefulset registry-rights-test", NOTHING).ok;
    namespace.wait("the cache has Pods", is_there);
    kubectl(control_plane, "delete registrycache rights", NOTHING).unwrap();
    namespace.wait("the cache is gone", || !is_there());
}
