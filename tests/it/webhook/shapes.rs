//! Objects with many entries: nothing is decoded beyond the limits of the schemas, and objects from before the limits
//! can still be managed.

use rstest::rstest;
use serde_json::{Value, json};
use serverless_webhook::admission::review::review;
use serverless_webhook::admission::routes::ENDPOINTS;

fn entries(count: usize, entry: impl Fn(usize) -> String) -> String {
    (0..count).map(entry).collect::<Vec<_>>().join(",")
}

fn named(index: usize) -> String {
    format!(r#""a{index}":"""#)
}

fn function(spec: &str) -> String {
    format!(r#"{{"metadata":{{"name":"f"}},"spec":{{{spec}}}}}"#)
}

/// The response of an endpoint to a review of these objects.
fn ask(label: &str, object: &str, old: Option<&str>) -> Value {
    let endpoint = ENDPOINTS.iter().find(|endpoint| endpoint.label == label).unwrap();
    let resource = endpoint.resource;
    let resource = json!({"group": resource.group, "version": resource.version, "resource": resource.plural});
    let (operation, old) = old.map_or(("CREATE", "null"), |old| ("UPDATE", old));
    let question = format!(
        r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"u-1","operation":"{operation}","resource":{resource},"object":{object},"oldObject":{old}}}}}"#
    );
    let config = serverless_webhook::config::parse(None, |_| None).unwrap();
    let reviewed = review(endpoint, &config, question.as_bytes()).unwrap();
    serde_json::from_slice::<Value>(reviewed.answer.as_ref()).unwrap()["response"].take()
}

#[rstest]
#[case::env(&format!(r#""env":[{}]"#, entries(300_000, |_| r#"{"name":"A"}"#.to_owned())), "spec.env")]
#[case::labels(&format!(r#""labels":{{{}}}"#, entries(300_000, named)), "spec.labels")]
#[case::limits(&format!(r#""resources":{{"limits":{{{}}}}}"#, entries(300_000, named)), "spec.resources.limits")]
#[case::requests(&format!(r#""buildResources":{{"requests":{{{}}}}}"#, entries(300_000, named)), "spec.buildResources.requests")]
fn hundreds_of_thousands_of_entries_are_refused(
    #[case] spec: &str,
    #[case] field: &str,
    #[values("defaulting-functions", "validation-functions")] label: &str,
) {
    let response = ask(label, &function(spec), None);
    let text = "Too many: 1001: must have at most 1000 items";
    assert_eq!(response["status"]["message"], format!(r#" "f" is invalid: {field}: {text}"#));
    let causes = json!([{"reason": "FieldValueTooMany", "message": text, "field": field}]);
    assert_eq!(response["status"]["details"]["causes"], causes);
}

#[test]
fn labels_and_keys_of_secrets_are_bounded() {
    let many = entries(300_000, named);
    let object = format!(r#"{{"metadata":{{"name":"f","labels":{{{many}}}}}}}"#);
    let response = ask("validation-gitrepositories", &object, None);
    let text = r#" "f" is invalid: metadata.labels: Too many: 1001: must have at most 1000 items"#;
    assert_eq!(response["status"]["message"], text);
    let object = format!(r#"{{"metadata":{{"name":"s"}},"data":{{{many}}}}}"#);
    let response = ask("mutation-registry-secrets", &object, None);
    let text = r#" "s" is invalid: data: Too many: 1001: must have at most 1000 items"#;
    assert_eq!(response["status"]["message"], text);
}

fn secret(config: &str) -> String {
    use base64::Engine as _;
    let encoded = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    json!({
        "metadata": {"name": "s", "labels": {"serverless.kyma-project.io/remote-registry": "config"}},
        "data": {
            "username": encoded("u"), "password": encoded("p"), "serverAddress": encoded("s"),
            "registryAddress": encoded("r"), ".dockerconfigjson": encoded(config),
        },
    })
    .to_string()
}

#[test]
fn a_docker_configuration_of_many_servers_is_refused() {
    let config = format!(r#"{{"auths":{{{}}}}}"#, entries(50_000, |index| format!(r#""{index}":{{}}"#)));
    let response = ask("mutation-registry-secrets", &secret(&config), None);
    let text = r#" "s" is invalid: data[".dockerconfigjson"]: Invalid value: must hold no more than 10000 names and values"#;
    assert_eq!(response["status"]["message"], text);
}

#[test]
fn a_secret_larger_than_can_be_stored_is_refused_before_its_values_are_decoded() {
    let config = json!({"auths": {"other": {"auth": "x".repeat(2 << 20)}}}).to_string();
    let response = ask("mutation-registry-secrets", &secret(&config), None);
    let text = r#" "s" is invalid: data: Too long: may not be more than 1048576 bytes"#;
    assert_eq!(response["status"]["message"], text);
}

#[test]
fn an_object_from_before_the_limits_can_still_be_managed() {
    let spec =
        format!(r#""env":[{}],"source":"x""#, entries(2000, |index| format!(r#"{{"name":"A{index}"}}"#)));
    let before = function(&spec);
    let without_finalizers = before.replace(r#""name":"f""#, r#""name":"f","finalizers":[]"#);
    for label in ["defaulting-functions", "validation-functions"] {
        assert_eq!(ask(label, &without_finalizers, Some(&before)), json!({"uid": "u-1", "allowed": true}));
        let changed = before.replace(r#""source":"x""#, r#""source":"y""#);
        assert_eq!(ask(label, &changed, Some(&before))["allowed"], false);
    }
}
