//! A row per rule and boundary of defaulting, with exact patches.

mod any;

use json_patch::PatchOperation;
use rstest::rstest;
use serde_json::{Value, json};

use super::default;
use crate::config::{Config, RawConfig};
use crate::decision::{Decision, Warning};
use crate::decode::decode;
use crate::functions::validate;
use crate::rule::Rule;

fn config() -> Config {
    RawConfig::default().check().unwrap()
}

fn decide(object: &Value) -> Decision {
    default(&config(), &decode(&object.to_string()).unwrap(), || None)
}

fn decide_update(object: &Value, old: &Value) -> Decision {
    let decode_old = || Some(decode(&old.to_string()).unwrap());
    default(&config(), &decode(&object.to_string()).unwrap(), decode_old)
}

fn adds(decision: &Decision) -> Vec<(String, Value)> {
    let add = |operation: &PatchOperation| match operation {
        PatchOperation::Add(add) => (add.path.to_string(), add.value.clone()),
        other => panic!("not an addition: {other:?}"),
    };
    decision.patch.iter().map(add).collect()
}

fn group(request: (&str, &str), limit: (&str, &str)) -> Value {
    json!({"requests": {"cpu": request.0, "memory": request.1}, "limits": {"cpu": limit.0, "memory": limit.1}})
}

fn medium() -> Value {
    group(("50m", "64Mi"), ("100m", "128Mi"))
}

fn normal() -> Value {
    group(("700m", "700Mi"), ("1100m", "1100Mi"))
}

/// A complete Function but for what `spec` says; null takes a member away.
#[allow(clippy::needless_pass_by_value, reason = "the callers are rows of tables")]
fn complete(spec: Value) -> Value {
    let mut complete = json!({
        "source": "x", "runtime": "nodejs12", "minReplicas": 1, "maxReplicas": 1,
        "resources": medium(), "buildResources": normal(),
    });
    json_patch::merge(&mut complete, &spec);
    json!({"metadata": {"name": "demo"}, "spec": complete})
}

#[test]
fn fills_in_everything_that_is_absent() {
    let decision = decide(&json!({"metadata": {"name": "demo"}, "spec": {"source": "x"}}));
    let expected = [
        ("/spec/minReplicas", json!(1)),
        ("/spec/maxReplicas", json!(1)),
        ("/spec/resources", medium()),
        ("/spec/buildResources", normal()),
        ("/spec/runtime", json!("nodejs12")),
    ];
    assert_eq!(adds(&decision), expected.map(|(path, value)| (path.to_owned(), value)));
    assert_eq!(decision.warnings, []);
}

#[rstest]
#[case::complete(json!({}), json!({}))]
#[case::min_absent(json!({"minReplicas": null}), json!({"/spec/minReplicas": 1}))]
#[case::min_absent_and_max_below_the_preset(json!({"minReplicas": null, "maxReplicas": 0}), json!({"/spec/minReplicas": 0}))]
#[case::min_absent_and_max_above(json!({"minReplicas": null, "maxReplicas": 7}), json!({"/spec/minReplicas": 1}))]
#[case::max_absent(json!({"maxReplicas": null}), json!({"/spec/maxReplicas": 1}))]
#[case::max_absent_and_min_above_the_preset(json!({"maxReplicas": null, "minReplicas": 4}), json!({"/spec/maxReplicas": 4}))]
#[case::both_set_and_contradictory(json!({"minReplicas": 5, "maxReplicas": 2}), json!({}))]
#[case::runtime_absent(json!({"runtime": null}), json!({"/spec/runtime": "nodejs12"}))]
#[case::runtime_empty(json!({"runtime": ""}), json!({"/spec/runtime": "nodejs12"}))]
#[case::runtime_unknown(json!({"runtime": "cobol"}), json!({}))]
#[case::group_empty(json!({"resources": {"requests": null, "limits": null}}), json!({
    "/spec/resources/requests": {"cpu": "50m", "memory": "64Mi"}, "/spec/resources/limits": {"cpu": "100m", "memory": "128Mi"},
}))]
#[case::one_limit_below_the_preset(json!({"resources": {"requests": null, "limits": {"cpu": "20m", "memory": null}}}), json!({
    "/spec/resources/requests": {"cpu": "20m", "memory": "64Mi"}, "/spec/resources/limits/memory": "128Mi",
}))]
#[case::one_request_above_the_preset(json!({"resources": {"limits": null, "requests": {"cpu": 1, "memory": null}}}), json!({
    "/spec/resources/requests/memory": "64Mi", "/spec/resources/limits": {"cpu": "1", "memory": "128Mi"},
}))]
#[case::request_at_the_limit_of_the_preset(json!({"resources": {"limits": {"cpu": null}, "requests": {"cpu": "0.1"}}}), json!({
    "/spec/resources/limits/cpu": "100m",
}))]
#[case::zero_is_absent(json!({"resources": {"requests": {"cpu": "0", "memory": 0}, "limits": {"cpu": "0Ki"}}}), json!({
    "/spec/resources/requests/cpu": "50m", "/spec/resources/requests/memory": "64Mi", "/spec/resources/limits/cpu": "100m",
}))]
#[case::canonical_when_raised(json!({"buildResources": {"requests": {"cpu": "2000m", "memory": "2048Mi"}, "limits": null}}), json!({
    "/spec/buildResources/limits": {"cpu": "2", "memory": "2Gi"},
}))]
#[case::request_and_limit_contradictory(json!({"resources": {"requests": {"cpu": "2"}}}), json!({}))]
#[case::other_resources(json!({"resources": {"requests": {"cpu": null, "ephemeral-storage": "1Gi"}, "limits": {"ephemeral-storage": "0"}}}), json!({
    "/spec/resources/requests/cpu": "50m",
}))]
#[case::unparsable_leaves_its_group_alone(
    json!({"resources": {"requests": {"cpu": "much", "memory": null}}, "buildResources": {"limits": null}}),
    json!({"/spec/buildResources/limits": {"cpu": "1100m", "memory": "1100Mi"}})
)]
#[case::unparsable_other_resource(json!({"resources": {"requests": {"cpu": null, "ephemeral-storage": "x"}}}), json!({}))]
fn fills_in_what_is_absent(#[case] spec: Value, #[case] expected: Value) {
    let decision = decide(&complete(spec));
    let added: serde_json::Map<_, _> = adds(&decision).into_iter().collect();
    assert_eq!((Value::from(added), decision.violations), (expected, vec![]));
}

#[rstest]
#[case("replicas-preset", "L", json!([1, 5, medium(), normal()]))]
#[case("function-resources-preset", "XS", json!([1, 1, group(("10m", "16Mi"), ("25m", "32Mi")), normal()]))]
#[case("build-resources-preset", "local-dev", json!([1, 1, medium(), group(("200m", "200Mi"), ("400m", "400Mi"))]))]
#[case("replicas-preset", "", json!([1, 1, medium(), normal()]))]
#[case("other-preset", "L", json!([1, 1, medium(), normal()]))]
fn presets_are_chosen_by_label(#[case] label: &str, #[case] preset: &str, #[case] expected: Value) {
    let labels = json!({format!("serverless.kyma-project.io/{label}"): preset});
    let decision = decide(&json!({"metadata": {"labels": labels}, "spec": {"runtime": "nodejs12"}}));
    let values: Vec<_> = adds(&decision).into_iter().map(|(_, value)| value).collect();
    assert_eq!((Value::from(values), decision.warnings), (expected, vec![]));
}

#[rstest]
#[case("replicas-preset", "using \"S\"; known presets: L, M, S, XL")]
#[case("function-resources-preset", "using \"M\"; known presets: L, M, S, XL, XS")]
#[case("build-resources-preset", "using \"normal\"; known presets: fast, local-dev, normal, slow")]
fn a_label_that_names_no_preset_is_a_warning(#[case] label: &str, #[case] rest: &str) {
    let label = format!("serverless.kyma-project.io/{label}");
    let mut object = complete(json!({}));
    object["metadata"]["labels"] = json!({&label: "XXL"});
    let decision = decide(&object);
    let warning =
        Warning::new(Rule::PresetUnknown, format!("unknown preset \"XXL\" in label {label}: {rest}"));
    assert_eq!((adds(&decision), decision.warnings), (vec![], vec![warning]));
}

const SET: &str = "minReplicas and maxReplicas are set";
const SET_CPU: &str = "cpu and memory of spec.resources are set";

#[rstest]
#[case::chosen("replicas-preset", "", "L", json!({}), &[format!("has no effect: {SET}; remove them to have the preset applied")])]
#[case::changed("replicas-preset", "M", "L", json!({}), &[format!("has no effect: {SET}; remove them to have the preset applied")])]
#[case::resources("function-resources-preset", "", "L", json!({}), &[format!("has no effect: {SET_CPU}; remove them to have the preset applied")])]
#[case::as_before("replicas-preset", "L", "L", json!({}), &[])]
#[case::removed("replicas-preset", "L", "", json!({}), &[])]
#[case::applied("replicas-preset", "M", "L", json!({"maxReplicas": null}), &[])]
#[case::unknown("replicas-preset", "", "huge", json!({}), &[format!("it has no effect, since {SET}; known presets: L, M, S, XL")])]
#[case::unknown_and_applied("replicas-preset", "", "huge", json!({"maxReplicas": null}), &["using \"S\"; known presets: L, M, S, XL".to_owned()])]
fn a_preset_without_effect_is_a_warning(
    #[case] label: &str,
    #[case] before: &str,
    #[case] after: &str,
    #[case] change: Value,
    #[case] expected: &[String],
) {
    let label = format!("serverless.kyma-project.io/{label}");
    let [mut old, mut new] = [complete(json!({})), complete(change)];
    old["metadata"]["labels"] = json!({&label: before});
    new["metadata"]["labels"] = json!({&label: after});
    let told: Vec<_> = decide_update(&new, &old).warnings.into_iter().map(|warning| warning.text).collect();
    let before = match after {
        "huge" => format!("unknown preset \"huge\" in label {label}: "),
        known => format!("the preset {known:?} of label {label} "),
    };
    let expected: Vec<_> = expected.iter().map(|rest| format!("{before}{rest}")).collect();
    assert_eq!(told, expected);
}

#[rstest]
#[case::none(json!({"metadata": {}}))]
#[case::null(json!({"spec": null}))]
fn without_a_specification_nothing_is_added(#[case] object: Value) {
    assert_eq!(decide(&object), Decision::allowed());
}
