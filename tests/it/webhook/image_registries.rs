//! The kinds of registries on a real API server: what the CRDs refuse by themselves, what is filled in, what kubectl shows.

use std::fs;

use rstest::rstest;
use serde_json::{Value, json};
use testenv::ControlPlane;

use crate::harness::cluster::{BARE, NOTHING, kubectl};
use crate::harness::installed::INSTALLED;

const CREATE: &str = "create --dry-run=server -o name -f -";
const HASH: &str = "$2a$10$fVH8e28OQRj9tqiDXs1e1uxpsjN0c7II7YPKXua2NAKYvM6iQk7dq";

fn object(kind: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    })
}

/// An `ImageRegistry` with a volume, and what a row adds.
#[allow(clippy::needless_pass_by_value, reason = "the callers are rows of tables")]
fn registry(more: Value) -> Value {
    let mut spec = json!({"persistentVolumeClaim": {"resources": {"requests": {"storage": "1Gi"}}}});
    json_patch::merge(&mut spec, &more);
    object("ImageRegistry", "registry", &spec)
}

fn in_bucket(more: &Value) -> Value {
    let mut s3 = json!({"bucket": "my-images", "region": "eu-central-1", "secretName": "my-bucket"});
    json_patch::merge(&mut s3, more);
    registry(json!({"persistentVolumeClaim": null, "storage": {"s3": s3}}))
}

fn account(spec: &Value) -> Value {
    object("ImageRegistryAccount", "ci", spec)
}

/// What is wrong with a manifest by the CRDs alone, sorted: the API server checks fields in no certain order.
#[track_caller]
fn refusal(control_plane: &ControlPlane, command: &str, manifest: &Value) -> Vec<String> {
    let printed = kubectl(control_plane, command, manifest);
    let (_, said) = printed.err.split_once(" is invalid: ").unwrap_or_else(|| panic!("{printed:?}"));
    let said = said.trim().trim_start_matches("* ").split("\n* ");
    let mut said: Vec<_> = said.filter(|text| !text.starts_with("<nil>")).map(str::to_owned).collect();
    said.sort_unstable();
    said
}

#[rstest]
#[case::no_storage(registry(json!({"persistentVolumeClaim": null})), &["spec.persistentVolumeClaim: Required value: the volume that holds the images, or storage.s3"])]
#[case::two_storages(registry(json!({"storage": {"s3": {"bucket": "my-images", "region": "any", "secretName": "s"}}})), &["spec.persistentVolumeClaim: Forbidden: must not be set with storage.s3, which holds the images: remove one of them"])]
#[case::no_size(registry(json!({"persistentVolumeClaim": {"resources": null}})), &["spec.persistentVolumeClaim.resources: Required value: the size of the volume, as requests.storage, such as 10Gi"])]
#[case::size_zero(registry(json!({"persistentVolumeClaim": {"resources": {"requests": {"storage": 0}}}})), &["spec.persistentVolumeClaim.resources: Invalid value: must be greater than 0"])]
#[case::two_replicas(registry(json!({"replicas": 2})), &["spec.persistentVolumeClaim.accessModes: Invalid value: must hold ReadWriteMany if there is more than one replica, since they share the volume; or use storage.s3"])]
#[case::replicas_below_0(registry(json!({"replicas": -1})), &["spec.replicas: Invalid value: -1: spec.replicas in body should be greater than or equal to 0"])]
#[case::access_mode(registry(json!({"persistentVolumeClaim": {"accessModes": ["ReadOnlyMany"]}})), &["spec.persistentVolumeClaim.accessModes[0]: Unsupported value: \"ReadOnlyMany\": supported values: \"ReadWriteOnce\", \"ReadWriteOncePod\", \"ReadWriteMany\""])]
#[case::bucket(in_bucket(&json!({"bucket": "My_Images"})), &["spec.storage.s3.bucket: Invalid value: must be the name of a bucket: 3 to 63 lower-case letters, digits, '-' or '.', such as my-images"])]
#[case::endpoint(in_bucket(&json!({"endpoint": "https://me:hush-hush@h"})), &["spec.storage.s3.endpoint: Invalid value: must be an address without a path, a query or credentials, such as https://s3.example.com"])]
#[case::two_certificates(registry(json!({"tls": {"secretName": "a", "issuerRef": {"name": "b", "kind": "Issuer"}}})), &["spec.tls.secretName: Forbidden: must not be set with issuerRef: remove one of them"])]
#[case::issuer(registry(json!({"tls": {"issuerRef": {}}})), &["spec.tls.issuerRef.kind: Required value", "spec.tls.issuerRef.name: Required value"])]
#[case::two_acls(registry(json!({"auth": {"configMapName": "a", "policy": "Shared"}})), &["spec.auth.policy: Forbidden: must not be set with configMapName, whose access control list takes its place: remove one of them"])]
#[case::policy(registry(json!({"auth": {"policy": "Open"}})), &["spec.auth.policy: Unsupported value: \"Open\": supported values: \"Shared\", \"PerNamespace\""])]
#[case::service(registry(json!({"service": {"type": "ExternalName"}})), &["spec.service.type: Unsupported value: \"ExternalName\": supported values: \"LoadBalancer\", \"ClusterIP\", \"NodePort\""])]
#[case::token(registry(json!({"tokenTTL": {"pull": "59s"}})), &["spec.tokenTTL.pull: Invalid value: \"59s\": must be a duration between 60s and 1h, such as 90s or 15m"])]
#[case::no_duration(registry(json!({"tokenTTL": {"push": "soon"}})), &["spec.tokenTTL.push: Invalid value: \"soon\": must be a duration between 60s and 1h, such as 90s or 15m"])]
#[case::no_password(account(&json!({"ttl": "24h"})), &["spec.password: Required value: the bcrypt hash of the password, or passwordHashes"])]
#[case::plain_text(account(&json!({"password": "hush-hush"})), &["spec.password: Invalid value: must be a bcrypt hash of 60 characters that starts with $2a$, $2b$ or $2y$ and has a cost between 04 and 14: `htpasswd -nBC 10 NAME` prints one"])]
#[case::plain_text_in_a_list(account(&json!({"passwordHashes": [{"hash": "hush-hush"}]})), &["spec.passwordHashes[0].hash: Invalid value: must be a bcrypt hash of 60 characters that starts with $2a$, $2b$ or $2y$ and has a cost between 04 and 14: `htpasswd -nBC 10 NAME` prints one"])]
#[case::cost(account(&json!({"password": HASH.replace("$10$", "$15$")})), &["spec.password: Invalid value: must be a bcrypt hash of 60 characters that starts with $2a$, $2b$ or $2y$ and has a cost between 04 and 14: `htpasswd -nBC 10 NAME` prints one"])]
#[case::long_plain_text(account(&json!({"password": "hush-hush".repeat(100)})), &["spec.password: Too long: may not be more than 256 bytes"])]
#[case::two_forms(account(&json!({"password": HASH, "passwordHashes": [{"hash": HASH}]})), &["spec.password: Forbidden: must not be set with passwordHashes: remove one of them"])]
#[case::three_passwords(account(&json!({"passwordHashes": [{"hash": HASH}, {"hash": HASH}, {"hash": HASH}]})), &["spec.passwordHashes: Too many: 3: must have at most 2 items"])]
#[case::label(account(&json!({"password": HASH, "labels": {"origin": ["cr"]}})), &["spec.labels: Forbidden: must not set origin and account: the token server sets them itself"])]
#[case::days(account(&json!({"password": HASH, "ttl": "7d"})), &["spec.ttl: Invalid value: \"7d\": must be a duration between 1s and 87600h, such as 24h"])]
#[case::account_name(object("ImageRegistryAccount", "serviceaccount", &json!({"password": HASH})), &["metadata.name: Invalid value: must not be serviceaccount: this user logs in with the token of a service account"])]
#[case::empty_build_env(object("ImageBuildEnv", "demo", &json!({"secrets": []})), &["spec.secrets: Required value: at least one Secret with a docker configuration, unless redis is true"])]
#[case::redis_name(object("ImageBuildEnv", "my.builds", &json!({"redis": true})), &["spec.redis: Invalid value: must be false, unless the name of the ImageBuildEnv has at most 43 characters and no dot: the Service is named imagebuildenv-<name>-redis, which must be a DNS label"])]
#[case::secret_twice(object("ImageBuildEnv", "demo", &json!({"secrets": [{"secretName": "a"}, {"secretName": "a"}]})), &["spec.secrets[1]: Duplicate value: {\"secretName\":\"a\"}"])]
fn is_refused_by_the_crds_alone(#[case] manifest: Value, #[case] texts: &[&str]) {
    assert_eq!(refusal(&BARE, CREATE, &manifest), texts);
}

#[rstest]
#[case::reference(json!({"registryRef": {"name": "registry.infra", "namespace": "a.b"}}), &["spec.registryRef.name: Invalid value: \"registry.infra\": must name an ImageRegistry: lower-case letters, digits or '-', starting with a letter and ending with a letter or digit, no longer than 49 characters", "spec.registryRef.namespace: Invalid value: \"a.b\": must name a namespace: lower-case letters, digits or '-', starting and ending with a letter or digit, no longer than 63 characters"])]
#[case::interval(json!({"rotationInterval": "1m"}), &["spec.rotationInterval: Invalid value: \"1m\": must be a duration between 2m and 8760h, such as 24h"])]
#[case::overlap_alone(json!({"overlap": "1h"}), &["spec.rotationInterval: Required value: overlap is a part of it, so set both"])]
#[case::long_overlap(json!({"rotationInterval": "24h", "overlap": "12h1s"}), &["spec.overlap: Invalid value: must be at most half the rotationInterval: no more than two passwords are valid at a time"])]
#[case::secret_of_functions(json!({"secretName": "serverless-registry-config"}), &["spec.secretName: Forbidden: this is the registry Secret of Functions: set forFunctions of an ImagePushSecret in place of it"])]
fn both_kinds_of_secrets_are_refused_by_the_crds_alone(#[case] spec: Value, #[case] texts: &[&str]) {
    for kind in ["ImagePushSecret", "ImagePullSecret"] {
        assert_eq!(refusal(&BARE, CREATE, &object(kind, "example", &spec)), texts, "{kind}");
    }
}

#[rstest]
#[case::of_a_registry("ImageRegistry", 49, registry(json!({}))["spec"].take(), "the Pods have the label app: imageregistry-<name>, which must not be longer than 63")]
#[case::of_a_push_secret("ImagePushSecret", 237, json!({}), "the Secret is named imagepushsecret-<name>, which must not be longer than 253")]
#[case::of_a_pull_secret("ImagePullSecret", 237, json!({}), "the Secret is named imagepullsecret-<name>, which must not be longer than 253")]
#[case::of_a_build_env("ImageBuildEnv", 234, json!({"secrets": [{"secretName": "a"}]}), "the Secret is named imagebuildenv-<name>-conf, which must not be longer than 253")]
fn a_name_leaves_room_for_what_is_derived_from_it(
    #[case] kind: &str,
    #[case] longest: usize,
    #[case] spec: Value,
    #[case] why: &str,
) {
    kubectl(&BARE, CREATE, &object(kind, &"a".repeat(longest), &spec)).unwrap();
    let text = format!("metadata.name: Invalid value: must be no longer than {longest} characters: {why}");
    assert_eq!(refusal(&BARE, CREATE, &object(kind, &"a".repeat(longest + 1), &spec)), [text]);
}

#[test]
fn what_no_volume_claim_can_change_is_refused_by_the_crds_alone() {
    const STAYS: &str = "must not change: Kubernetes changes no volume claim; create another ImageRegistry and copy the images";
    kubectl(&BARE, "create namespace fixed", NOTHING).unwrap();
    let claim = |storage_class: &str, mode: &str, size: &str| {
        registry(json!({"persistentVolumeClaim": {
            "storageClassName": storage_class, "accessModes": [mode], "resources": {"requests": {"storage": size}},
        }}))
    };
    kubectl(&BARE, "create --namespace=fixed -f -", &claim("standard", "ReadWriteOnce", "2Gi")).unwrap();
    let replace = "replace --namespace=fixed -f -";
    let found = refusal(&BARE, replace, &claim("fast", "ReadWriteMany", "1Gi"));
    let expected = [
        format!("spec.persistentVolumeClaim.accessModes: Invalid value: {STAYS}"),
        "spec.persistentVolumeClaim.resources: Invalid value: must not become smaller: Kubernetes shrinks no volume".to_owned(),
        format!("spec.persistentVolumeClaim.storageClassName: Invalid value: {STAYS}"),
    ];
    assert_eq!(found, expected);
    kubectl(&BARE, replace, &claim("standard", "ReadWriteOnce", "3Gi")).unwrap();
}

#[test]
fn the_examples_of_the_original_are_admitted_as_they_are() {
    let namespace = INSTALLED.namespace("image-registry");
    let text = fs::read_to_string(testenv::root().join("fixtures/manifests/image-registry.yaml")).unwrap();
    let objects: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
    assert_eq!(objects.len(), 4);
    for said in ["created", "unchanged"] {
        let printed =
            namespace.kubectl("apply -f -", &json!({"apiVersion": "v1", "kind": "List", "items": objects}));
        let resource = |object: &Value| {
            let (kind, name) =
                (object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap());
            format!("{}.registry.mgoltzsche.github.com/{name} {said}\n", kind.to_lowercase())
        };
        assert_eq!(printed.out, objects.iter().map(resource).collect::<String>(), "{}", printed.err);
    }
    for object in objects {
        let stored = namespace.get(&format!(
            "{} {}",
            object["kind"].as_str().unwrap(),
            object["metadata"]["name"].as_str().unwrap()
        ));
        assert_eq!(stored["spec"], object["spec"]);
    }
}

#[test]
fn what_a_registry_leaves_out_is_filled_in_and_stays() {
    let namespace = INSTALLED.namespace("image-registry-defaults");
    let manifest = registry(json!({"service": {}, "tokenTTL": {}}));
    namespace.kubectl("apply --server-side -f -", &manifest).unwrap();
    let defaulted = json!({
        "replicas": 1,
        "persistentVolumeClaim": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        "service": {"type": "LoadBalancer"},
        "tokenTTL": {"pull": "60s", "push": "900s"},
    });
    assert_eq!(namespace.get("imgreg registry")["spec"], defaulted);
    assert_eq!(namespace.kubectl("diff --server-side -f -", &manifest).unwrap(), "");
    // Neither an apply nor a replacement that leaves the access modes out changes them.
    namespace.kubectl("replace -f -", &registry(json!({"service": {"type": "ClusterIP"}}))).unwrap();
    let stored = namespace.get("imgreg registry");
    assert_eq!(stored["spec"]["persistentVolumeClaim"]["accessModes"], json!(["ReadWriteOnce"]));
    // More replicas need another volume.
    let printed = namespace.kubectl("scale imgreg registry --replicas=2", NOTHING);
    assert!(!printed.ok, "{}", printed.out);
    let patch = r#"patch imgreg registry --type=merge -p {"spec":{"replicas":2}}"#;
    assert_eq!(
        namespace.kubectl(patch, NOTHING).err,
        "The ImageRegistry \"registry\" is invalid: spec.persistentVolumeClaim.accessModes: Invalid value: must hold ReadWriteMany if there is more than one replica, since they share the volume; or use storage.s3\n"
    );
}

/// The webhook refuses what the CRDs cannot judge, and no refusal shows a password.
#[test]
fn the_webhook_refuses_what_the_crds_cannot_judge() {
    let namespace = INSTALLED.namespace("image-registry-refusals");
    let selector = json!({"matchExpressions": [{"key": "team", "operator": "In"}]});
    let manifest = registry(json!({"auth": {"allowedNamespaces": {"push": selector}}}));
    assert_eq!(
        namespace.kubectl("create -f -", &manifest).err,
        "The ImageRegistry \"registry\" is invalid: spec.auth.allowedNamespaces.push.matchExpressions[0].values: Required value: In and NotIn need values\n"
    );
    let itself = json!({"secrets": [{"secretName": "imagebuildenv-demo-conf"}]});
    assert_eq!(
        namespace.kubectl("create -f -", &object("ImageBuildEnv", "demo", &itself)).err,
        "The ImageBuildEnv \"demo\" is invalid: spec.secrets[0].secretName: Forbidden: this is the Secret that the ImageBuildEnv becomes\n"
    );
    for manifest in [
        account(&json!({"password": "hush-hush"})),
        in_bucket(&json!({"endpoint": "https://me:hush-hush@h"})),
    ] {
        let printed = namespace.kubectl("apply -f -", &manifest);
        assert!(!printed.ok && !printed.err.contains("hush-hush"), "{printed:?}");
    }
}

/// `None` for a column that only `-o wide` shows.
#[rstest]
#[case::registry(registry(json!({})), json!({"hostname": "registry.a.svc.cluster.local", "conditions": [{"type": "Ready", "status": "False", "reason": "Updating", "message": "1/2 Pods are updated"}]}), "NAME READY REASON HOSTNAME AGE", "registry False Updating registry.a.svc.cluster.local")]
#[case::account(account(&json!({"password": HASH, "ttl": "24h"})), json!({"expiresAt": "2126-11-27T08:00:00Z"}), "NAME EXPIRES LAST USED AGE", "ci 2126-11-27T08:00:00Z <unset>")]
#[case::push_secret(object("ImagePushSecret", "example", &json!({})), json!({"registry": {"name": "registry", "namespace": "infra"}, "validUntil": "2126-11-27T08:00:00Z", "nextRotation": "2126-11-26T20:00:00Z", "conditions": [{"type": "Ready", "status": "True"}]}), "NAME READY REASON REGISTRY VALID UNTIL NEXT ROTATION AGE", "example True <unset> registry 2126-11-27T08:00:00Z 2126-11-26T20:00:00Z")]
#[case::build_env(object("ImageBuildEnv", "example", &json!({"redis": true})), json!({"conditions": [{"type": "Ready", "status": "False", "reason": "Pending"}]}), "NAME READY REASON REDIS AGE", "example False Pending true")]
fn columns_show_how_it_goes(
    #[case] manifest: Value,
    #[case] status: Value,
    #[case] head: &str,
    #[case] row: &str,
) {
    let kind = manifest["kind"].as_str().unwrap();
    let (name, namespace) =
        (manifest["metadata"]["name"].as_str().unwrap(), format!("columns-{}", kind.to_lowercase()));
    kubectl(&BARE, &format!("create namespace {namespace}"), NOTHING).unwrap();
    let run =
        |words: &str, manifest: &Value| kubectl(&BARE, &format!("{words} --namespace={namespace}"), manifest);
    run("create -f -", &manifest).unwrap();
    let patch = json!({"status": status}).to_string().replace(' ', "\\u0020");
    run(&format!("patch {kind} {name} --subresource=status --type=merge -p {patch}"), NOTHING).unwrap();
    let printed = run(&format!("get {kind}"), NOTHING).unwrap();
    let words: Vec<_> =
        printed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(words[0], head);
    let row = row.replace(" <unset>", "");
    assert!(words[1].starts_with(&row), "{printed}");
}
