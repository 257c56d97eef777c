#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;

const UID: &str = "a-uid";

fn env(secrets: &[&str], redis: bool) -> BuildEnv {
    let secrets = secrets.iter().map(|&name| name.to_owned()).collect();
    BuildEnv { namespace: "team".to_owned(), name: "example".to_owned(), uid: UID.to_owned(), secrets, redis }
}

fn input(kind: &str, data: &[(&str, &str)]) -> Input {
    let data = data.iter().map(|(key, value)| ((*key).to_owned(), ByteString((*value).into()))).collect();
    Input { kind: kind.to_owned(), data }
}

fn docker(config: &Value) -> Input {
    input("kubernetes.io/dockerconfigjson", &[(".dockerconfigjson", &config.to_string())])
}

fn observed(given: Vec<Option<Input>>) -> Observed {
    let mut inputs = Inputs::default();
    for input in given {
        inputs.add(input);
    }
    Observed {
        inputs,
        stored: BTreeMap::new(),
        new_password: "0123456789abcdef0123456789abcdef".to_owned(),
        redis_image: "redis:8".to_owned(),
    }
}

/// The values of a Secret of a plan, as texts.
fn texts(plan: &Plan, name: &str) -> BTreeMap<String, String> {
    let found = plan.apply.iter().find(|wanted| wanted.kind == Kind::Secret && wanted.name == name);
    let data: BTreeMap<String, ByteString> =
        serde_json::from_value(found.unwrap().object["data"].clone()).unwrap();
    data.into_iter().map(|(key, value)| (key, String::from_utf8(value.0).unwrap())).collect()
}

/// What the API server stores of a plan.
fn stored(plan: &Plan) -> BTreeMap<(Kind, String), Value> {
    plan.apply.iter().map(|wanted| ((wanted.kind, wanted.name.clone()), wanted.object.clone())).collect()
}

#[test]
fn secrets_are_merged_and_the_later_one_wins() {
    let first = input(
        "kubernetes.io/dockerconfigjson",
        &[
            (
                ".dockerconfigjson",
                r#"{"auths": {"a.example.com": {"auth": "dTpw"}, "b.example.com": {"auth": "dTpw"}}}"#,
            ),
            ("registry", "a.example.com"),
            ("ca.crt", "a certificate"),
        ],
    );
    let second = input(
        "Opaque",
        &[(
            "config.json",
            r#"{"auths": {"b.example.com": {"username": "u2", "password": "p:2"}, "c.example.com": {"identitytoken": "t"}},
                "credHelpers": {"d.example.com": "ecr-login"}, "credsStore": "desktop", "HttpHeaders": {"x": "y"}}"#,
        )],
    );
    let plan = env(&["one", "two"], false).decide(&observed(vec![Some(first), Some(second)]));
    assert_eq!((&plan.verdict, plan.wake, plan.apply.len()), (&Verdict::Ready, None, 1));
    let config = concat!(
        r#"{"auths":{"a.example.com":{"auth":"dTpw"},"b.example.com":{"password":"p:2","username":"u2"},"#,
        r#""c.example.com":{"identitytoken":"t"}},"credHelpers":{"d.example.com":"ecr-login"},"credsStore":"desktop"}"#
    );
    let makisu = concat!(
        r#"{"a.example.com":{".*":{"security":{"basic":{"password":"p","username":"u"}}}},"#,
        r#""b.example.com":{".*":{"security":{"basic":{"password":"p:2","username":"u2"}}}}}"#
    );
    let expected = [
        (".dockerconfigjson", config),
        ("ca.crt", "a certificate"),
        ("config.json", config),
        ("makisu.yaml", makisu),
        ("registry", "a.example.com"),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(texts(&plan, "imagebuildenv-example-conf"), expected.into());
    let refs = ["one", "two"].map(|name| SecretRef { secret_name: name.to_owned() });
    assert_eq!(plan.merged, Some(refs.into()));
    let metadata = json!({
        "name": "imagebuildenv-example-conf",
        "namespace": "team",
        "labels": {"registry.mgoltzsche.github.com/of": "imagebuildenv"},
        "ownerReferences": [{
            "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
            "kind": "ImageBuildEnv",
            "name": "example",
            "uid": UID,
            "controller": true,
            "blockOwnerDeletion": true,
        }],
    });
    assert_eq!(plan.apply[0].object["metadata"], metadata);
}

#[rstest]
#[case::gone(
    None,
    RegistryReason::MissingSecret,
    "Secret one does not exist: create it, or remove it from spec.secrets"
)]
#[case::of_another_type(
    Some(input("kubernetes.io/tls", &[("tls.key", "SECRET")])),
    RegistryReason::InvalidSecret,
    "Secret one has type kubernetes.io/tls: it must be kubernetes.io/dockerconfigjson, or Opaque with the key config.json"
)]
#[case::without_the_key(
    Some(input("Opaque", &[(".dockerconfigjson", "{}")])),
    RegistryReason::InvalidSecret,
    "Secret one has no key config.json: it must hold a docker configuration"
)]
#[case::no_json(
    Some(input("Opaque", &[("config.json", "SECRET")])),
    RegistryReason::InvalidSecret,
    "Secret one: config.json is not a docker configuration, such as {\"auths\": {}}"
)]
#[case::other_json(
    Some(docker(&json!({"auths": ["SECRET"]}))),
    RegistryReason::InvalidSecret,
    "Secret one: .dockerconfigjson is not a docker configuration, such as {\"auths\": {}}"
)]
#[case::too_many_values(
    Some(input("Opaque", &[("config.json", &format!("{{\"auths\": {{\"a\": [{}0]}}}}", "0,".repeat(10_000)))])),
    RegistryReason::InvalidSecret,
    "Secret one: there are more than 10000 names and values in all docker configurations: merge fewer"
)]
#[case::too_large(
    Some(input("Opaque", &[("config.json", "{}"), ("x", &"x".repeat(1024 * 1024))])),
    RegistryReason::InvalidSecret,
    "The Secrets of spec.secrets hold more than 1 MiB, which no Secret can hold: merge fewer"
)]
fn what_cannot_be_merged_changes_nothing(
    #[case] given: Option<Input>,
    #[case] reason: RegistryReason,
    #[case] message: &str,
) {
    let good = Some(docker(&json!({"auths": {}})));
    let mut seen = observed(vec![given, good.clone()]);
    seen.stored = stored(&env(&["one", "two"], true).decide(&observed(vec![good.clone(), good])));
    for redis in [true, false] {
        let plan = env(&["one", "two"], redis).decide(&seen);
        assert_eq!(plan.verdict, Verdict::NotReady(reason, message.to_owned()));
        assert_eq!((plan.apply.len(), plan.delete.len(), plan.merged.is_some()), (0, 0, false));
        assert_eq!(plan.wake, Some(Duration::from_secs(30)));
    }
}

#[test]
fn a_redis_comes_and_goes() {
    let good = || vec![Some(docker(&json!({"auths": {}})))];
    let plan = env(&["one"], true).decide(&observed(good()));
    assert_eq!(
        plan.verdict,
        Verdict::NotReady(RegistryReason::Pending, "The Redis does not run yet".to_owned())
    );
    let names: Vec<_> = plan.apply.iter().map(|wanted| format!("{} {}", wanted.kind, wanted.name)).collect();
    let expected = [
        "Secret imagebuildenv-example-conf",
        "Secret imagebuildenv-example-redis-conf",
        "Service imagebuildenv-example-redis",
        "Deployment imagebuildenv-example-redis",
    ];
    assert_eq!(names, expected);
    let conf = texts(&plan, "imagebuildenv-example-conf");
    assert_eq!(conf["redis"], "imagebuildenv-example-redis:6379");
    assert_eq!(conf["redis_password"], "0123456789abcdef0123456789abcdef");
    let own = texts(&plan, "imagebuildenv-example-redis-conf");
    assert_eq!(
        own["redis.conf"],
        "requirepass 0123456789abcdef0123456789abcdef\nsave \"\"\nappendonly no\nmaxmemory 256mb\nmaxmemory-policy allkeys-lru\n"
    );

    // The password stays, so nothing is written again.
    let mut seen = Observed { new_password: "another".to_owned(), ..observed(good()) };
    seen.stored = stored(&plan);
    let deployment = (Kind::Deployment, "imagebuildenv-example-redis".to_owned());
    seen.stored.get_mut(&deployment).unwrap()["status"] =
        json!({"updatedReplicas": 1, "availableReplicas": 1});
    let again = env(&["one"], true).decide(&seen);
    assert_eq!((again.apply.len(), &again.verdict), (0, &Verdict::Ready));

    let without = env(&["one"], false).decide(&seen);
    assert_eq!(without.verdict, Verdict::Ready);
    let deleted: Vec<_> = without.delete.iter().map(|(kind, name)| format!("{kind} {name}")).collect();
    assert_eq!(deleted, expected[1..]);
    assert!(!texts(&without, "imagebuildenv-example-conf").contains_key("redis_password"));
}

/// Another line of the configuration could switch the password off.
#[rstest]
#[case::another_line("x\nprotected-mode no")]
#[case::empty("")]
#[case::quoted("\"\"")]
fn a_password_that_somebody_has_written_is_no_configuration(#[case] written: &str) {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as BASE64;
    let good = || vec![Some(docker(&json!({"auths": {}})))];
    let mut seen = observed(good());
    seen.stored = stored(&env(&["one"], true).decide(&observed(good())));
    let secret = (Kind::Secret, "imagebuildenv-example-redis-conf".to_owned());
    seen.stored.get_mut(&secret).unwrap()["data"]["redis_password"] = BASE64.encode(written).into();
    seen.new_password = "new".to_owned();
    let plan = env(&["one"], true).decide(&seen);
    assert_eq!(texts(&plan, "imagebuildenv-example-redis-conf")["redis_password"], "new");
}

#[rstest]
#[case(0, true)]
#[case(3, true)]
#[case(0, false)]
fn an_object_of_somebody_else_stays(#[case] place: usize, #[case] redis: bool) {
    let good = vec![Some(docker(&json!({"auths": {}})))];
    let build_env = env(&["one"], redis);
    let mut seen = observed(good);
    let (kind, name) = build_env.names()[place].clone();
    seen.stored.insert((kind, name.clone()), json!({"metadata": {"name": name}}));
    let plan = build_env.decide(&seen);
    let message = format!(
        "{kind} {name} exists and does not belong to this ImageBuildEnv: delete it, or give the ImageBuildEnv another name"
    );
    assert_eq!(plan.verdict, Verdict::NotReady(RegistryReason::NameConflict, message));
    assert_eq!((plan.apply.len(), plan.delete.len()), (0, 0));
}

/// Somebody else's Redis of the name is no hindrance to who wants none, and is not deleted.
#[test]
fn a_redis_of_somebody_else_is_not_deleted() {
    let build_env = env(&["one"], false);
    let mut seen = observed(vec![Some(docker(&json!({"auths": {}})))]);
    let (kind, name) = build_env.names()[3].clone();
    seen.stored.insert((kind, name.clone()), json!({"metadata": {"name": name}}));
    let plan = build_env.decide(&seen);
    assert_eq!((&plan.verdict, plan.delete), (&Verdict::Ready, Vec::new()));
}

#[test]
fn no_credentials_are_in_debug_output() {
    let given = Some(input("Opaque", &[("config.json", r#"{"auths": {"a": {"auth": "U0VDUkVU"}}}"#)]));
    let plan = env(&["one"], true).decide(&observed(vec![given.clone()]));
    let shown = format!("{given:?} {plan:?}");
    assert!(!shown.contains("U0VDUkVU") && !shown.contains("0123456789abcdef"), "{shown}");
    assert_eq!(format!("{given:?}"), "Some(Input { kind: \"Opaque\", .. })");
}
