//! A row per rule and boundary of the validation of Functions, with exact texts.

mod metadata;
mod runtime;

use rstest::rstest;
use serde_json::{Value, json};

use super::{validate, validate_scale};
use crate::config::{Config, RawConfig};
use crate::decision::{Decision, Warning};
use crate::decode::decode;
use crate::rule::Rule;

fn config() -> Config {
    RawConfig::default().check().unwrap()
}

fn judge(object: &Value, old: Option<&Value>) -> Decision {
    let old = old.map(|old| decode(&old.to_string()).unwrap());
    validate(&config(), &decode(&object.to_string()).unwrap(), old.as_ref())
}

/// A valid Function but for what `change` says; null takes a member away.
fn with(change: &Value) -> Value {
    let mut object = json!({
        "metadata": {"name": "demo"},
        "spec": {
            "source": "x", "runtime": "nodejs22", "minReplicas": 1, "maxReplicas": 1,
            "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"cpu": "100m", "memory": "128Mi"}},
            "buildResources": {"requests": {"cpu": "700m", "memory": "700Mi"}, "limits": {"cpu": "1100m", "memory": "1100Mi"}},
        },
    });
    json_patch::merge(&mut object, change);
    object
}

fn texts(decision: &Decision) -> Vec<String> {
    decision.violations.iter().map(ToString::to_string).collect()
}

const DNS_1035: &str = "must be a DNS-1035 label: lower-case letters, digits or '-', starting with a letter and ending with a letter or digit (such as 'my-name' or 'abc-123')";

#[rstest]
#[case::as_it_is(json!({}))]
#[case::longest_name(json!({"metadata": {"name": "a".repeat(51)}}))]
#[case::generate_name(json!({"metadata": {"name": null, "generateName": "demo-"}}))]
#[case::longest_generate_name(json!({"metadata": {"name": null, "generateName": "a".repeat(46)}}))]
#[case::generated_name_is_judged_as_a_name(json!({"metadata": {"name": "a".repeat(51), "generateName": "A"}}))]
#[case::inline(json!({"spec": {"type": "inline"}}))]
#[case::no_type(json!({"spec": {"type": ""}}))]
#[case::env(json!({"spec": {"env": [{"name": "A", "value": "1"}, {"name": "a.b-C_1"}, {"name": "B", "value": "", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}}))]
#[case::labels(json!({"spec": {"labels": {"app": "x", "example.com/a": "", "serverless.kyma-project.io/mine": "x"}}}))]
#[case::at_the_minima(json!({"spec": {
    "resources": {"requests": {"cpu": "0.01", "memory": "16Mi"}, "limits": {"cpu": "10m", "memory": 16_777_216}},
    "buildResources": {"requests": {"cpu": "200m", "memory": "200Mi"}, "limits": {"cpu": "2e-1", "memory": "200Mi"}},
}}))]
#[case::deps_blank(json!({"spec": {"deps": " \n"}}))]
#[case::deps(json!({"spec": {"deps": " {\"a\": {}}\n"}}))]
#[case::python_deps(json!({"spec": {"runtime": "python312", "deps": "requests==2.24.0"}}))]
#[case::git(json!({"spec": {"type": "git", "source": "my.repo", "baseDir": "/", "reference": "main", "deps": "x"}}))]
#[case::git_dots_in_a_name(json!({"spec": {"type": "git", "source": "r", "baseDir": "a/..b/...", "reference": "v1"}}))]
#[case::longest_texts(json!({"spec": {"source": "é".repeat(1 << 20), "deps": format!("{{{}}}", " ".repeat((1 << 20) - 2))}}))]
fn allows(#[case] change: Value) {
    assert_eq!(judge(&with(&change), None), Decision::allowed());
}

#[rstest]
#[case::no_name(json!({"metadata": {"name": null}}), &["metadata.name: Required value: name or generateName is required".to_owned()])]
#[case::upper_case(json!({"metadata": {"name": "Demo"}}), &[format!("metadata.name: Invalid value: \"Demo\": {DNS_1035}")])]
#[case::leading_digit(json!({"metadata": {"name": "1a"}}), &[format!("metadata.name: Invalid value: \"1a\": {DNS_1035}")])]
#[case::dot(json!({"metadata": {"name": "a.b"}}), &[format!("metadata.name: Invalid value: \"a.b\": {DNS_1035}")])]
#[case::trailing_dash(json!({"metadata": {"name": "a-"}}), &[format!("metadata.name: Invalid value: \"a-\": {DNS_1035}")])]
#[case::long_name(json!({"metadata": {"name": "a".repeat(52)}}), &[format!("metadata.name: Invalid value: \"{}\": must be no longer than 51 characters: the build Job is named <name>-build-xxxxx, which must not be longer than 63", "a".repeat(52))])]
#[case::generate_name(json!({"metadata": {"name": null, "generateName": "1-"}}), &["metadata.generateName: Invalid value: \"1-\": must be the beginning of a DNS-1035 label: lower-case letters, digits or '-', starting with a letter (such as 'my-name-')".to_owned()])]
#[case::long_generate_name(json!({"metadata": {"name": null, "generateName": "a".repeat(47)}}), &[format!("metadata.generateName: Invalid value: \"{}\": must be no longer than 46 characters: the build Job is named <name>-build-xxxxx, which must not be longer than 63", "a".repeat(47))])]
fn refuses_names(#[case] change: Value, #[case] expected: &[String]) {
    assert_eq!(texts(&judge(&with(&change), None)), expected);
}

#[rstest]
#[case::blank_source(json!({"source": "\n "}), &["spec.source: Required value: the source code of the Function"])]
#[case::no_source(json!({"source": null}), &["spec.source: Required value: the source code of the Function"])]
#[case::type_unknown(json!({"type": "Git"}), &["spec.type: Unsupported value: \"Git\": supported values: \"git\", \"inline\""])]
#[case::runtime_unknown(json!({"runtime": "nodejs8"}), &["spec.runtime: Unsupported value: \"nodejs8\": supported values: \"nodejs10\", \"nodejs12\", \"nodejs22\", \"nodejs24\", \"python312\", \"python313\", \"python38\""])]
#[case::no_runtime(json!({"runtime": null}), &["spec.runtime: Unsupported value: \"\": supported values: \"nodejs10\", \"nodejs12\", \"nodejs22\", \"nodejs24\", \"python312\", \"python313\", \"python38\""])]
#[case::env_no_name(json!({"env": [{"value": "hush"}]}), &["spec.env[0].name: Required value: the name of the environment variable"])]
#[case::env_digit(json!({"env": [{"name": "1A", "value": "hush"}]}), &["spec.env[0].name: Invalid value: \"1A\": must consist of letters, digits, '_', '-' or '.' and not start with a digit (such as 'MY_ENV.NAME')"])]
#[case::env_dots(json!({"env": [{"name": "..a", "value": "hush"}]}), &["spec.env[0].name: Invalid value: \"..a\": must not be '.' or '..' nor start with '..'"])]
#[case::env_reserved(json!({"env": [{"name": "A"}, {"name": "NODE_PATH", "value": "hush"}]}), &["spec.env[1].name: Forbidden: \"NODE_PATH\" is reserved for the runtime"])]
#[case::env_duplicate(json!({"env": [{"name": "A", "value": "hush"}, {"name": "A"}]}), &["spec.env[1].name: Duplicate value: \"A\""])]
#[case::env_both(json!({"env": [{"name": "A", "value": "hush", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}), &["spec.env[0].name: Invalid value: \"A\": must not set both value and valueFrom"])]
#[case::env_no_source(json!({"env": [{"name": "A"}, {"name": "B", "valueFrom": {}}]}), &["spec.env[1].valueFrom: Required value: one source: configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef or fileKeyRef"])]
#[case::env_no_key(json!({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "redis"}}}]}), &["spec.env[0].valueFrom.secretKeyRef.key: Required value: the key in the Secret"])]
#[case::label_owned(json!({"labels": {"serverless.kyma-project.io/uuid": "x"}}), &["spec.labels[serverless.kyma-project.io/uuid]: Forbidden: the controller sets this label itself"])]
#[case::label_key(json!({"labels": {"a b": "x"}}), &["spec.labels[a b]: Invalid value: \"a b\": the name part of a label key must consist of letters, digits, '-', '_' or '.', start and end with a letter or digit and be no longer than 63 characters (such as 'MyName' or '123-abc')"])]
#[case::label_prefix(json!({"labels": {"A_/b": "x"}}), &["spec.labels[A_/b]: Invalid value: \"A_/b\": the prefix of a label key must be a lower-case RFC 1123 subdomain no longer than 253 characters (such as 'example.com/MyName')"])]
#[case::label_value(json!({"labels": {"a": "-"}}), &["spec.labels[a]: Invalid value: \"-\": a label value must be empty or consist of letters, digits, '-', '_' or '.', start and end with a letter or digit and be no longer than 63 characters (such as 'my_value' or '12345')"])]
#[case::min_above_max(json!({"minReplicas": 2}), &["spec.maxReplicas: Invalid value: 1: must be greater than or equal to minReplicas (2)"])]
#[case::replicas_below_the_minimum(json!({"minReplicas": 0, "maxReplicas": 0}), &["spec.minReplicas: Invalid value: 0: must be at least 1", "spec.maxReplicas: Invalid value: 0: must be at least 1"])]
#[case::request_below(json!({"resources": {"requests": {"cpu": "9.9m"}}}), &["spec.resources.requests.cpu: Invalid value: \"9900u\": must be at least 10m"])]
#[case::limits_below(json!({"buildResources": {"requests": {"memory": "1Mi"}, "limits": {"memory": "199Mi"}}}), &["spec.buildResources.requests.memory: Invalid value: \"1Mi\": must be at least 200Mi", "spec.buildResources.limits.memory: Invalid value: \"199Mi\": must be at least 200Mi"])]
#[case::absent_counts_as_zero(json!({"resources": {"limits": null}}), &["spec.resources.limits.cpu: Invalid value: \"0\": must be at least 10m", "spec.resources.limits.memory: Invalid value: \"0\": must be at least 16Mi"])]
#[case::request_above_limit(json!({"resources": {"requests": {"cpu": "0.2"}}}), &["spec.resources.limits.cpu: Invalid value: \"100m\": must be greater than or equal to the cpu request of 200m"])]
#[case::other_request_above_limit(json!({"resources": {"requests": {"a/b": 2}, "limits": {"a/b": 1}}}), &["spec.resources.limits.a/b: Invalid value: \"1\": must equal the a/b request of 2"])]
#[case::other_request_below_limit(json!({"resources": {"requests": {"hugepages-2Mi": "2Mi"}, "limits": {"hugepages-2Mi": "4Mi"}}}), &["spec.resources.limits.hugepages-2Mi: Invalid value: \"4Mi\": must equal the hugepages-2Mi request of 2Mi"])]
#[case::other_request_without_limit(json!({"resources": {"requests": {"a/b": 2}}}), &["spec.resources.limits.a/b: Required value: must equal the a/b request of 2"])]
#[case::storage_above_limit(json!({"resources": {"requests": {"ephemeral-storage": "2Gi"}, "limits": {"ephemeral-storage": "1Gi"}}}), &["spec.resources.limits.ephemeral-storage: Invalid value: \"1Gi\": must be greater than or equal to the ephemeral-storage request of 2Gi"])]
#[case::negative(json!({"resources": {"requests": {"cpu": "-1"}}}), &["spec.resources.requests.cpu: Invalid value: \"-1\": must not be negative"])]
#[case::unparsable(json!({"resources": {"requests": {"cpu": "1x"}, "limits": null}}), &["spec.resources.requests.cpu: Invalid value: \"1x\": must be a quantity such as 100m, 0.5, 64Mi or 1e3"])]
#[case::resource_in_upper_case(json!({"resources": {"limits": {"CPU": 1}}}), &["spec.resources.limits[CPU]: Invalid value: \"CPU\": must be cpu, memory, ephemeral-storage, hugepages-<size> or a name with a prefix, such as example.com/gpu"])]
#[case::resource_of_a_shell(json!({"buildResources": {"requests": {"$(x)": "1"}}}), &["spec.buildResources.requests[$(x)]: Invalid value: \"$(x)\": must be cpu, memory, ephemeral-storage, hugepages-<size> or a name with a prefix, such as example.com/gpu"])]
#[case::deps(json!({"deps": "lodash"}), &["spec.deps: Invalid value: \"lodash\": the dependencies of a Node.js Function are a package.json: must start with '{' and end with '}'"])]
#[case::deps_open(json!({"deps": "{"}), &["spec.deps: Invalid value: \"{\": the dependencies of a Node.js Function are a package.json: must start with '{' and end with '}'"])]
#[case::git_blank(json!({"type": "git", "source": " ", "baseDir": "", "reference": " "}), &["spec.source: Required value: the source of a git Function names a GitRepository", "spec.baseDir: Required value: the directory of the repository that holds the Function; \"/\" is its root", "spec.reference: Required value: the branch, tag or commit to build"])]
#[case::git_leaves(json!({"type": "git", "source": "r", "baseDir": "a/../../b", "reference": "m"}), &["spec.baseDir: Invalid value: \"a/../../b\": must not leave the repository: no \"..\""])]
#[case::git_source(json!({"type": "git", "source": "a b", "baseDir": "/", "reference": "m"}), &["spec.source: Invalid value: \"a b\": the source of a git Function names a GitRepository: must be a lower-case RFC 1123 subdomain: lower-case letters, digits, '-' or '.', starting and ending with a letter or digit, no longer than 253 characters (such as 'example.com')"])]
fn refuses(#[case] spec: Value, #[case] expected: &[&str]) {
    let decision = judge(&with(&json!({"spec": spec})), None);
    assert_eq!(texts(&decision), expected);
    assert_eq!((decision.patch, decision.warnings), (vec![], vec![]));
    assert!(!expected.join("").contains("hush"));
}

#[test]
fn reports_everything_at_once_in_order() {
    let object = with(&json!({"metadata": {"name": "Demo"}, "spec": {
        "source": "", "runtime": "x", "env": [{"name": ""}], "labels": {"-": "-"}, "minReplicas": 0, "maxReplicas": -1,
        "resources": {"requests": {"cpu": "5m"}, "limits": {"cpu": "1m"}}, "buildResources": {"limits": {"memory": "x"}},
    }}));
    let decision = judge(&object, None);
    let fields: Vec<_> = decision.violations.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "metadata.name",
            "spec.source",
            "spec.runtime",
            "spec.env[0].name",
            "spec.labels[-]",
            "spec.labels[-]",
            "spec.maxReplicas",
            "spec.minReplicas",
            "spec.maxReplicas",
            "spec.resources.requests.cpu",
            "spec.resources.limits.cpu",
            "spec.resources.limits.cpu",
            "spec.buildResources.limits.memory",
        ]
    );
}

#[test]
fn without_a_specification_nothing_else_is_said_of_it() {
    for object in [json!({"metadata": {"name": "demo"}}), json!({"metadata": {"name": "demo"}, "spec": null})]
    {
        assert_eq!(texts(&judge(&object, None)), ["spec: Required value"]);
    }
}

#[test]
fn a_scale_lies_above_the_minimum() {
    let scale = |replicas: i32| {
        let scale = decode(&json!({"spec": {"replicas": replicas}}).to_string()).unwrap();
        texts(&validate_scale(&config(), scale))
    };
    assert_eq!(scale(1), [""; 0]);
    assert_eq!(scale(0), ["spec.replicas: Invalid value: 0: must be at least 1"]);
}

#[test]
fn deps_with_braces_that_are_not_json_are_a_warning_with_their_place() {
    let decision = judge(&with(&json!({"spec": {"deps": "{\n  \"token\": hush\n}"}})), None);
    let warning = Warning::new(Rule::DepsInvalidJson, "spec.deps is not valid JSON: line 2, column 12");
    assert_eq!((decision.violations, decision.warnings), (vec![], vec![warning]));
}

#[rstest]
#[case::nothing(json!({}), true)]
#[case::labels(json!({"metadata": {"labels": {"team": "a"}}}), true)]
#[case::finalizers(json!({"metadata": {"finalizers": []}}), true)]
#[case::status(json!({"status": {"runtime": "nodejs12"}}), true)]
#[case::preset_label(json!({"metadata": {"labels": {"serverless.kyma-project.io/replicas-preset": "L"}}}), false)]
#[case::name(json!({"metadata": {"name": "other"}}), false)]
#[case::spec(json!({"spec": {"source": "y"}}), false)]
fn an_update_is_judged_if_it_touches_what_the_rules_look_at(#[case] change: Value, #[case] allowed: bool) {
    let old = with(&json!({"spec": {"runtime": "cobol"}}));
    let mut new = old.clone();
    json_patch::merge(&mut new, &change);
    assert_eq!(judge(&new, Some(&old)).is_allowed(), allowed);
    assert!(!judge(&old, None).is_allowed());
}

/// The author wrote only the label, so the refusal says where the value comes from.
#[test]
fn a_value_below_the_minimum_that_a_preset_filled_in_names_the_preset() {
    let config = json!({"function": {
        "replicas": {"minValue": 1, "presets": {"none": {"min": 0, "max": 0}}},
        "resources": {"presets": {"tiny": {"requestCpu": "5m", "limitMemory": "8Mi", "requestMemory": "8Mi"}}},
    }});
    let config = serde_json::from_value::<RawConfig>(config).unwrap().check().unwrap();
    let labels = json!({"serverless.kyma-project.io/function-resources-preset": "tiny", "serverless.kyma-project.io/replicas-preset": "none"});
    let refused = |requests: Value| {
        let object = with(&json!({"metadata": {"labels": labels}, "spec": {
            "minReplicas": 0, "resources": {"requests": requests, "limits": {"memory": "8Mi"}},
        }}));
        texts(&validate(&config, &decode(&object.to_string()).unwrap(), None))
    };
    let expected = [
        "spec.minReplicas: Invalid value: 0: must be at least 1; 0 comes from preset none",
        "spec.resources.requests.cpu: Invalid value: \"5m\": must be at least 10m; 5m comes from preset tiny",
        "spec.resources.requests.memory: Invalid value: \"8Mi\": must be at least 16Mi; 8Mi comes from preset tiny",
        "spec.resources.limits.memory: Invalid value: \"8Mi\": must be at least 16Mi; 8Mi comes from preset tiny",
    ];
    assert_eq!(refused(json!({"cpu": "0.005", "memory": "8Mi"})), expected);
    assert_eq!(
        refused(json!({"cpu": "6m", "memory": "8Mi"}))[1],
        "spec.resources.requests.cpu: Invalid value: \"6m\": must be at least 10m"
    );
    let warnings: Vec<_> = config.presets_below_minimum().iter().map(ToString::to_string).collect();
    let end = "every Function that chooses this preset is refused";
    assert_eq!(
        warnings,
        [
            format!(
                "function.replicas.presets.none.min: 0 is less than function.replicas.minValue, 1: {end}"
            ),
            format!(
                "function.replicas.presets.none.max: 0 is less than function.replicas.minValue, 1: {end}"
            ),
            format!(
                "function.resources.presets.tiny.requestCpu: 5m is less than function.resources.minRequestCpu, 10m: {end}"
            ),
            format!(
                "function.resources.presets.tiny.requestMemory: 8Mi is less than function.resources.minRequestMemory, 16Mi: {end}"
            ),
            format!(
                "function.resources.presets.tiny.limitMemory: 8Mi is less than function.resources.minRequestMemory, 16Mi: {end}"
            ),
        ]
    );
}

#[test]
fn texts_have_a_greatest_length() {
    let object = with(&json!({"spec": {
        "type": "git", "source": "r", "baseDir": "d".repeat(4097), "reference": "r".repeat(4097),
        "deps": " ".repeat((1 << 20) + 1),
    }}));
    let expected = [
        "spec.deps: Too long: may not be more than 1048576 bytes",
        "spec.baseDir: Too long: may not be more than 4096 bytes",
        "spec.reference: Too long: may not be more than 4096 bytes",
    ];
    assert_eq!(texts(&judge(&object, None)), expected);
    let object = with(&json!({"spec": {"source": "x".repeat((1 << 20) + 1)}}));
    assert_eq!(texts(&judge(&object, None)), ["spec.source: Too long: may not be more than 1048576 bytes"]);
}
