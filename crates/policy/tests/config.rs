//! The built-in configuration is that of the documents, and what cannot be used is said field by field.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test")]

use std::collections::BTreeMap;

use api::names::preset_label;
use policy::config::{Presets, RawConfig, Resources, Runtime};
use policy::{Config, GitUrls, Meta, Rule, Warning};
use rstest::rstest;
use serde_json::{Value, json};

fn check(raw: Value) -> Result<Config, String> {
    let raw: RawConfig = serde_json::from_value(raw).map_err(|error| error.to_string())?;
    raw.check().map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

fn labelled(key: &str, value: &str) -> Meta {
    serde_json::from_value(json!({"labels": {key: value}})).unwrap()
}

fn replicas(config: &Config, name: &str) -> (i32, i32) {
    let meta = labelled(preset_label::REPLICAS, name);
    let preset = config.replicas.choose(&meta);
    assert_eq!(config.replicas.warning(&meta, true, "", || None), None);
    (preset.min, preset.max)
}

fn resources(presets: &Presets<Resources>, label: &str, name: &str) -> String {
    let meta = labelled(label, name);
    let preset = presets.choose(&meta);
    assert_eq!(presets.warning(&meta, true, "", || None), None);
    let (cpu, memory) = (preset.cpu, preset.memory);
    format!("{} / {} - {} / {}", cpu.request, memory.request, cpu.limit, memory.limit)
}

#[test]
fn built_in_values_are_the_tables_of_the_documents() {
    let config = check(json!({})).unwrap();
    for (name, expected) in [("S", (1, 1)), ("M", (1, 2)), ("L", (1, 5)), ("XL", (1, 10)), ("", (1, 1))] {
        assert_eq!(replicas(&config, name), expected, "{name}");
    }
    for (name, expected) in [
        ("XS", "10m / 16Mi - 25m / 32Mi"),
        ("S", "25m / 32Mi - 50m / 64Mi"),
        ("M", "50m / 64Mi - 100m / 128Mi"),
        ("L", "100m / 128Mi - 200m / 256Mi"),
        ("XL", "200m / 256Mi - 400m / 512Mi"),
        ("", "50m / 64Mi - 100m / 128Mi"),
    ] {
        assert_eq!(
            resources(&config.function.presets, preset_label::FUNCTION_RESOURCES, name),
            expected,
            "{name}"
        );
    }
    for (name, expected) in [
        ("local-dev", "200m / 200Mi - 400m / 400Mi"),
        ("slow", "400m / 400Mi - 700m / 700Mi"),
        ("normal", "700m / 700Mi - 1100m / 1100Mi"),
        ("fast", "1100m / 1100Mi - 1700m / 1700Mi"),
        ("", "700m / 700Mi - 1100m / 1100Mi"),
    ] {
        assert_eq!(resources(&config.build.presets, preset_label::BUILD_RESOURCES, name), expected, "{name}");
    }
    let minima =
        [&config.function, &config.build].map(|rules| format!("{} / {}", rules.min_cpu, rules.min_memory));
    assert_eq!((config.min_replicas, minima), (1, ["10m / 16Mi".to_owned(), "200m / 200Mi".to_owned()]));
    let runtime = |(name, runtime): (&String, &Runtime)| {
        let Runtime { language, deprecated, successor } = runtime.clone();
        format!("{name} {language:?} {} {}", deprecated.unwrap_or_default(), successor.unwrap_or_default())
    };
    let runtimes: Vec<_> = config.runtimes.iter().map(runtime).collect();
    let expected = [
        "nodejs10 Nodejs Node.js 10 has had no security fixes since 2021-04-30 nodejs22",
        "nodejs12 Nodejs Node.js 12 has had no security fixes since 2022-04-30 nodejs22",
        "nodejs22 Nodejs  ",
        "nodejs24 Nodejs  ",
        "python312 Python  ",
        "python313 Python  ",
        "python38 Python Python 3.8 has had no security fixes since 2024-10-07 python313",
    ];
    assert_eq!(runtimes, expected);
    assert_eq!((config.default_runtime.as_str(), config.git_urls), ("nodejs12", GitUrls::Strict));
    let reserved: Vec<_> = config.reserved_envs.iter().map(String::as_str).collect();
    assert_eq!(
        reserved,
        ["FUNC_HANDLER", "FUNC_PORT", "FUNC_RUNTIME", "MOD_NAME", "NODE_PATH", "PYTHONPATH"]
    );
}

#[test]
fn entries_are_added_replaced_and_taken_away_and_take_the_rest_from_the_default_preset() {
    let config = check(json!({
        "function": {
            "replicas": {"presets": {"XXL": {"max": 20}, "S": {"min": 1, "max": 3}, "L": null}},
            "resources": {"defaultPreset": "XL", "presets": {"big": {"limitCpu": 1}}},
        },
        "runtimes": {"nodejs26": {"language": "nodejs"}, "nodejs10": null},
        "reservedEnvs": ["ONLY_THIS"],
        "gitUrls": "lenient",
        "deployment": {"resources": {"requests": {"cpu": "30m"}}},
    }))
    .unwrap();
    assert_eq!((replicas(&config, "XXL"), replicas(&config, "S")), ((1, 20), (1, 3)));
    let unknown = labelled(preset_label::REPLICAS, "L");
    let warning = config.replicas.warning(&unknown, true, "", || None);
    assert_eq!(config.replicas.choose(&unknown), config.replicas.choose(&Meta::default()));
    let text = "unknown preset \"L\" in label serverless.kyma-project.io/replicas-preset: using \"S\"; known presets: M, S, XL, XXL";
    assert_eq!(warning, Some(Warning::new(Rule::PresetUnknown, text)));
    let big = resources(&config.function.presets, preset_label::FUNCTION_RESOURCES, "big");
    assert_eq!(big, "200m / 256Mi - 1 / 512Mi");
    let runtimes: Vec<_> = config.runtimes.keys().map(String::as_str).collect();
    let expected = ["nodejs12", "nodejs22", "nodejs24", "nodejs26", "python312", "python313", "python38"];
    assert_eq!(runtimes, expected);
    assert_eq!(config.reserved_envs, ["ONLY_THIS".to_owned()].into());
    assert_eq!(config.git_urls, GitUrls::Lenient);
}

#[rstest]
#[case::min_value(json!({"function": {"replicas": {"minValue": 0}}}), "function.replicas.minValue: must be at least 1")]
#[case::default_gone(json!({"function": {"replicas": {"presets": {"S": null}}}}), "function.replicas.defaultPreset: there is no preset \"S\"; there are: L, M, XL")]
#[case::default_incomplete(json!({"function": {"replicas": {"presets": {"S": {"min": 1}}}}}), "function.replicas.presets.S: the default preset must set min and max")]
#[case::min_above_max(json!({"function": {"replicas": {"presets": {"odd": {"min": 3, "max": 2}}}}}), "function.replicas.presets.odd: min (3) must not be greater than max (2)")]
#[case::min_above_the_max_of_the_default(json!({"function": {"replicas": {"presets": {"odd": {"min": 3}}}}}), "function.replicas.presets.odd: min (3) must not be greater than max (1)")]
#[case::resources_default_gone(json!({"buildJob": {"resources": {"defaultPreset": "M"}}}), "buildJob.resources.defaultPreset: there is no preset \"M\"; there are: fast, local-dev, normal, slow")]
#[case::resources_default_incomplete(json!({"function": {"resources": {"presets": {"M": {}}}}}), "function.resources.presets.M: the default preset must set requestCpu, requestMemory, limitCpu and limitMemory")]
#[case::below_the_minimum(json!({"function": {"resources": {"defaultPreset": "XS", "minRequestMemory": "20Mi"}}}), "function.resources.presets.XS.requestMemory: the default preset must not be below the minimum: 16Mi is less than function.resources.minRequestMemory, 20Mi")]
#[case::request_above_limit(json!({"function": {"resources": {"presets": {"odd": {"requestMemory": "1Gi"}}}}}), "function.resources.presets.odd: requestMemory (1Gi) must not be greater than limitMemory (128Mi)")]
#[case::negative(json!({"function": {"resources": {"minRequestCpu": -1}}}), "function.resources.minRequestCpu: \"-1\" must not be negative")]
#[case::not_a_quantity(json!({"function": {"resources": {"presets": {"odd": {"limitCpu": "x"}}}}}), "function.resources.presets.odd.limitCpu: \"x\" must be a quantity such as 100m, 0.5, 64Mi or 1e3")]
#[case::runtime(json!({"defaultRuntime": "nodejs8"}), "defaultRuntime: there is no runtime \"nodejs8\"; there are: nodejs10, nodejs12, nodejs22, nodejs24, python312, python313, python38")]
#[case::several(json!({"defaultRuntime": "x", "function": {"replicas": {"minValue": -1}}}), "function.replicas.minValue: must be at least 1\ndefaultRuntime: there is no runtime \"x\"; there are: nodejs10, nodejs12, nodejs22, nodejs24, python312, python313, python38")]
#[case::unknown_key(json!({"functions": {}}), "unknown field `functions`, expected one of `function`, `buildJob`, `runtimes`, `defaultRuntime`, `reservedEnvs`, `gitUrls`, `deployment`")]
#[case::language(json!({"runtimes": {"cobol": {"language": "cobol"}}}), "unknown variant `cobol`, expected `nodejs` or `python`")]
fn says_what_cannot_be_used(#[case] raw: Value, #[case] text: &str) {
    assert_eq!(check(raw).unwrap_err(), text);
}

#[test]
fn every_preset_that_is_chosen_is_complete() {
    let only: BTreeMap<String, Value> = [("a".to_owned(), json!({"max": 7}))].into();
    let config = check(json!({"function": {"replicas": {"presets": only}}})).unwrap();
    assert_eq!(replicas(&config, "a"), (1, 7));
}
