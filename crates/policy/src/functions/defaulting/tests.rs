//! A row per rule and boundary of defaulting, with exact patches; and what holds of any Function.

use json_patch::PatchOperation;
use proptest::prelude::*;
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

fn quantity() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[0-9]{1,4}(m|Mi|Gi|k|)".prop_map(Value::from),
        (0..3_i64).prop_map(Value::from),
        "-?[0-9.]{0,3}[a-zA-Z]{0,2}".prop_map(Value::from),
    ]
}

fn members() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec!["cpu", "memory", "ephemeral-storage"]);
    let members = prop::collection::btree_map(names, quantity(), 0..3).prop_map(|members| json!(members));
    prop::option::of(members).prop_map(Value::from)
}

fn resources() -> impl Strategy<Value = Value> {
    prop::option::of((members(), members())).prop_map(|group| {
        group.map_or(Value::Null, |(requests, limits)| json!({"requests": requests, "limits": limits}))
    })
}

prop_compose! {
    fn any_function()(
        preset in prop::sample::select(vec!["S", "XL", "fast", ""]),
        min in prop::option::of(-1..12_i32),
        max in prop::option::of(-1..12_i32),
        runtime in prop::option::of(prop::sample::select(vec!["", "nodejs10", "python38", "cobol"])),
        resources in resources(),
        build in resources(),
        source in "[a-z ]{0,3}",
    ) -> Value {
        let label = |name: &str| format!("serverless.kyma-project.io/{name}-preset");
        json!({
            "metadata": {"name": "demo", "labels": {label("replicas"): preset, label("build-resources"): preset}},
            "spec": {
                "source": source, "runtime": runtime, "minReplicas": min, "maxReplicas": max,
                "resources": resources, "buildResources": build, "unknown": {"kept": true},
            },
        })
    }
}

/// Whether a value is set: present and, if it is a quantity, not zero.
fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Object(_) => true,
        Value::String(text) => {
            crate::quantity::Quantity::parse(text).map_or(!text.is_empty(), |quantity| !quantity.is_zero())
        }
        other => *other != json!(0),
    }
}

/// Every value of the object that is set, by path; of groups their members.
fn set_values(value: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                set_values(member, &format!("{path}/{}", key.replace('/', "~1")), found);
            }
        }
        other if is_set(other) || path.ends_with("Replicas") && !other.is_null() => {
            found.push((path.to_owned(), other.clone()));
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn of_any_function_what_is_set_stays_and_defaulting_again_adds_nothing(object in any_function()) {
        let first = decide(&object);
        let mut defaulted = object.clone();
        json_patch::patch(&mut defaulted, &first.patch).unwrap();
        let mut before = Vec::new();
        set_values(&object, "", &mut before);
        for (path, value) in before {
            prop_assert_eq!(defaulted.pointer(&path), Some(&value), "{}", path);
        }
        let second = decide(&defaulted);
        prop_assert_eq!(adds(&second), vec![]);
        prop_assert_eq!(second.warnings, first.warnings);
    }

    #[test]
    fn of_any_function_whose_set_values_are_valid_the_result_is_valid(
        replicas in (1..5_i32, 0..5_i32), keep in prop::collection::vec(any::<bool>(), 10), cpu in 10..3000_u32, memory in 16..4000_u32,
    ) {
        let group = |offset: usize, factor: u32| {
            let (cpu, memory) = (cpu * factor, memory * factor);
            let pick = |index: usize, value: String| if keep[offset + index] { Value::from(value) } else { Value::Null };
            let mut group = json!({
                "requests": {"cpu": pick(0, format!("{cpu}m")), "memory": pick(1, format!("{memory}Mi"))},
                "limits": {"cpu": pick(2, format!("{}m", cpu + 1)), "memory": pick(3, format!("{memory}Mi"))},
            });
            for kind in ["requests", "limits"] {
                group[kind].as_object_mut().unwrap().retain(|_, value| !value.is_null());
            }
            group
        };
        let (min, more) = replicas;
        let mut object = json!({"metadata": {"name": "demo"}, "spec": {
            "source": "x",
            "minReplicas": keep[8].then_some(min), "maxReplicas": keep[9].then_some(min + more),
            "resources": group(0, 1), "buildResources": group(4, 20),
        }});
        let decision = decide(&object);
        json_patch::patch(&mut object, &decision.patch).unwrap();
        let judged = validate(&config(), &decode(&object.to_string()).unwrap(), None);
        prop_assert_eq!(judged.violations, vec![]);
    }

    #[test]
    fn any_json_is_judged_without_panic(object in any_function(), bytes: Vec<u8>) {
        let defaulted = decide(&object);
        let judged = validate(&config(), &decode(&object.to_string()).unwrap(), None);
        for violation in &judged.violations {
            prop_assert!(!violation.to_string().is_empty());
        }
        prop_assert!(defaulted.violations.is_empty());
        if let Ok(text) = std::str::from_utf8(&bytes) {
            let _ = decode::<crate::object::FunctionObject>(text);
        }
    }
}
