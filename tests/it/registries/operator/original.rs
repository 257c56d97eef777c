//! What image-registry-operator leaves in a cluster: its CRDs, its objects, and what it made of them.

use k8s_openapi::ByteString;
use process::certificates::Pair;
use serde_json::{Value, json};

const GROUP: &str = "registry.mgoltzsche.github.com";
/// The label of all objects of a registry, and their names.
const APP: &str = "imageregistry-registry";
/// The account that its push secret has.
pub const ACCOUNT: &str = "push.infra.example.3";

/// Kind, name and specification of an object.
type Resource = (&'static str, &'static str, fn() -> Value);

/// Its objects.
pub const RESOURCES: [Resource; 3] = [
    ("ImageRegistry", "registry", registry),
    ("ImagePushSecret", "example", || json!({"registryRef": {"name": "registry"}})),
    ("ImageBuildEnv", "example", || json!({"secrets": [{"secretName": "mine"}]})),
];

fn registry() -> Value {
    json!({
        "replicas": 1,
        "tls": {},
        "auth": {"ca": {}},
        "persistentVolumeClaim": {"storageClassName": "standard", "resources": {"requests": {"storage": "1Gi"}}},
    })
}

/// Its CRDs, which keep what they do not know.
pub fn crds() -> Vec<Value> {
    let kinds =
        ["ImageRegistry", "ImageRegistryAccount", "ImagePushSecret", "ImagePullSecret", "ImageBuildEnv"];
    let crd = |kind: &str| {
        let singular = kind.to_lowercase();
        let plural =
            if kind == "ImageRegistry" { "imageregistries".to_owned() } else { format!("{singular}s") };
        let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{plural}.{GROUP}")},
            "spec": {
                "group": GROUP,
                "names": {"kind": kind, "listKind": format!("{kind}List"), "plural": plural, "singular": singular},
                "scope": "Namespaced",
                "versions": [{
                    "name": "v1alpha1",
                    "served": true,
                    "storage": true,
                    "schema": {"openAPIV3Schema": schema},
                    "subresources": {"status": {}},
                }],
            },
        })
    };
    kinds.map(crd).to_vec()
}

/// The operator itself.
pub fn operator() -> Value {
    let labels = json!({"name": "image-registry-operator"});
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "image-registry-operator"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "operator", "image": "operator"}]},
            },
        },
    })
}

/// An object as its author wrote it, with what the operator added.
pub fn resource(kind: &str, name: &str, spec: &Value) -> Value {
    let finalizers = match kind {
        "ImagePushSecret" => json!(["registry.mgoltzsche.github.com/accounts"]),
        "ImageBuildEnv" => json!(["registry.mgoltzsche.github.com/inputrefs"]),
        _ => json!([]),
    };
    json!({
        "apiVersion": format!("{GROUP}/v1alpha1"),
        "kind": kind,
        "metadata": {"name": name, "finalizers": finalizers},
        "spec": spec,
    })
}

/// What it made of them: their UIDs are in the order of [`RESOURCES`].
pub fn objects(owners: &[Value; 3], authority: &Pair) -> Vec<Value> {
    let labels = json!({"app": APP});
    let owned = |name: &str, by: usize| {
        let (kind, owner, _) = RESOURCES[by];
        let reference = json!({
            "apiVersion": format!("{GROUP}/v1alpha1"), "kind": kind, "name": owner, "uid": owners[by],
            "controller": true, "blockOwnerDeletion": true,
        });
        json!({"name": name, "labels": labels, "ownerReferences": [reference]})
    };
    let object = |version: &str, kind: &str, metadata: Value, rest: &Value| {
        let mut object = json!({"apiVersion": version, "kind": kind, "metadata": metadata});
        object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        object
    };
    let rbac = "rbac.authorization.k8s.io/v1";
    let rules = json!([{"apiGroups": [GROUP], "resources": ["imageregistryaccounts"], "verbs": ["get", "list", "watch"]}]);
    let binding = json!({
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": APP},
        "subjects": [{"kind": "ServiceAccount", "name": APP}],
    });
    let ports = json!([{"name": "https", "port": 443, "targetPort": 8443, "protocol": "TCP"}]);
    let mut service = owned("registry", 0);
    service["annotations"] =
        json!({"external-dns.alpha.kubernetes.io/hostname": "registry.infra.svc.cluster.local"});
    let claim = json!({
        "accessModes": ["ReadWriteMany"],
        "storageClassName": "standard",
        "resources": {"requests": {"storage": "1Gi"}},
    });
    let of_registry = json!({"registry.mgoltzsche.github.com/imageregistry": "registry.infra"});
    let claim_metadata =
        json!({"name": "imageregistry-registry-pvc", "labels": labels, "annotations": of_registry});
    let (mut tls, mut tokens) = (
        owned("imageregistry-registry-selfsigned-tls", 0),
        owned("imageregistry-registry-selfsigned-auth-ca", 0),
    );
    for metadata in [&mut tls, &mut tokens] {
        metadata["labels"]["app.kubernetes.io/managed-by"] = json!("image-registry-operator");
    }
    let certificate = certificate(authority);
    vec![
        object("v1", "ServiceAccount", owned(APP, 0), &json!({})),
        object(rbac, "Role", owned(APP, 0), &json!({"rules": rules})),
        object(rbac, "RoleBinding", owned(APP, 0), &binding),
        object(
            "v1",
            "Service",
            service,
            &json!({"spec": {"type": "LoadBalancer", "selector": labels, "ports": ports}}),
        ),
        object("v1", "PersistentVolumeClaim", claim_metadata, &json!({"spec": claim})),
        object("v1", "Secret", tls, &certificate),
        object("v1", "Secret", tokens, &certificate),
        // For the test.
        object("v1", "Secret", json!({"name": "before"}), &certificate),
        object("apps/v1", "StatefulSet", owned("registry", 0), &json!({"spec": stateful_set()})),
        object("v1", "Secret", push_secret(owned("imagepushsecret-example", 1)), &credentials("hush-hush")),
        account(),
        object("v1", "Secret", mine(&owners[2]), &credentials("mine")),
    ]
}

fn certificate(pair: &Pair) -> Value {
    let encoded = |text: &str| json!(ByteString(text.as_bytes().to_vec()));
    let certificate = encoded(&pair.certificate);
    let data = json!({"ca.crt": certificate, "tls.crt": certificate, "tls.key": encoded(&pair.key)});
    json!({"type": "kubernetes.io/tls", "data": data})
}

fn stateful_set() -> Value {
    let container = |name: &str, port: u16, volume: &str| {
        json!({
            "name": name,
            "image": format!("{name}:2"),
            "ports": [{"name": name, "containerPort": port}],
            "env": [{"name": "REGISTRY_AUTH", "value": "token"}],
            "volumeMounts": [{"name": volume, "mountPath": format!("/{volume}")}],
            "resources": {"limits": {"cpu": "100m", "memory": "128Mi"}},
        })
    };
    let pod = json!({
        "serviceAccountName": APP,
        "containers": [
            container("registry", 5000, "images"),
            container("auth", 5001, "registry-auth-token-ca"),
            container("nginx", 8443, "tls"),
        ],
        "volumes": [
            {"name": "images", "persistentVolumeClaim": {"claimName": "imageregistry-registry-pvc"}},
            {"name": "tls", "secret": {"secretName": "imageregistry-registry-selfsigned-tls"}},
            {"name": "registry-auth-token-ca", "secret": {"secretName": "imageregistry-registry-selfsigned-auth-ca"}},
        ],
    });
    json!({
        "replicas": 1,
        "serviceName": "registry",
        "selector": {"matchLabels": {"app": APP}},
        "template": {"metadata": {"labels": {"app": APP}}, "spec": pod},
    })
}

fn push_secret(mut metadata: Value) -> Value {
    metadata["annotations"] = json!({"registry.mgoltzsche.github.com/rotation": "3"});
    metadata["labels"] = json!({});
    metadata
}

fn credentials(password: &str) -> Value {
    let auth = json!({"auths": {"registry.infra.svc.cluster.local": {"auth": "dTpw"}}}).to_string();
    json!({
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {
            "username": ACCOUNT,
            "password": password,
            "registry": "registry.infra.svc.cluster.local",
            "ca.crt": "",
            ".dockerconfigjson": auth,
        },
    })
}

fn account() -> Value {
    json!({
        "apiVersion": format!("{GROUP}/v1alpha1"),
        "kind": "ImageRegistryAccount",
        "metadata": {
            "name": ACCOUNT,
            "labels": {"registry.mgoltzsche.github.com/imagepushsecret": "example.infra"},
        },
        "spec": {
            "ttl": "24h0m0s",
            "password": "$2a$10$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i",
            "labels": {"namespace": ["infra"], "name": ["example"], "accessMode": ["push"]},
        },
    })
}

/// A Secret of a person, which a build environment merged.
fn mine(build_env: &Value) -> Value {
    let reference = json!({
        "apiVersion": format!("{GROUP}/v1alpha1"), "kind": "ImageBuildEnv", "name": "example", "uid": build_env,
        "controller": false, "blockOwnerDeletion": false,
    });
    json!({"name": "mine", "ownerReferences": [reference]})
}
