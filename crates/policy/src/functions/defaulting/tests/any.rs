//! What holds of any Function.

use proptest::prelude::*;

use super::*;

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
