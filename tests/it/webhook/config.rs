//! Reading the configuration: what is wrong is reported at its place, in the file or in the environment.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use policy::config::{Installed, Language};
use rstest::rstest;
use serverless_webhook::config::{SETTINGS, load, parse, parse_runtimes};
use serverless_webhook::metrics::Metrics;
use serverless_webhook::reload;
use serverless_webhook::rules::Rules;

use crate::harness::wait::eventually;

const NO_ENVIRONMENT: [(&str, &str); 0] = [];

fn problems(text: &str, environment: &[(&str, &str)]) -> String {
    let variable =
        |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    parse(Some((Path::new("webhook.yaml"), text)), variable).unwrap_err().to_string()
}

#[rstest]
#[case::unknown_key(
    "function:\n  replica: {}\n",
    "webhook.yaml:2: function.replica: unknown field `replica`, expected one of replicas, resources"
)]
#[case::wrong_type(
    "function:\n  replicas:\n    minValue: two\n",
    "webhook.yaml:3: function.replicas.minValue: invalid i32"
)]
#[case::syntax("function: {\n", "webhook.yaml:1: unclosed bracket '{'")]
#[case::no_such_default_preset(
    "defaultRuntime: nodejs12\nfunction:\n  replicas:\n    defaultPreset: XXL\n",
    "webhook.yaml:4: function.replicas.defaultPreset: there is no preset \"XXL\"; there are: L, M, S, XL"
)]
#[case::default_preset_below_the_minimum_that_is_set(
    "function:\n  replicas:\n    minValue: 2\n",
    "webhook.yaml:2: function.replicas.presets.S.min: the default preset must not be below the minimum: 1 is less than function.replicas.minValue, 2\n\
     webhook.yaml:2: function.replicas.presets.S.max: the default preset must not be below the minimum: 1 is less than function.replicas.minValue, 2"
)]
#[case::request_above_limit(
    "function:\n  resources:\n    presets:\n      tiny.one:\n        requestCpu: 2\n        limitCpu: 1500m\n",
    "webhook.yaml:4: function.resources.presets.tiny.one: requestCpu (2) must not be greater than limitCpu (1500m)"
)]
#[case::not_a_quantity(
    "buildJob:\n  resources:\n    minRequestCpu: 1x\n",
    "webhook.yaml:3: buildJob.resources.minRequestCpu: \"1x\" must be a quantity such as 100m, 0.5, 64Mi or 1e3"
)]
#[case::no_such_runtime(
    "defaultRuntime: nodejs8\n",
    "webhook.yaml:1: defaultRuntime: there is no runtime \"nodejs8\"; there are: nodejs10, nodejs12, nodejs22, nodejs24, python312, python313, python38"
)]
fn names_file_line_and_field(#[case] text: &str, #[case] expected: &str) {
    assert_eq!(problems(text, &NO_ENVIRONMENT), expected);
}

#[rstest]
#[case::not_a_number(
    ("WEBHOOK_VALIDATION_FUNCTION_REPLICAS_MIN_VALUE", "many"),
    "WEBHOOK_VALIDATION_FUNCTION_REPLICAS_MIN_VALUE: \"many\" must be a whole number"
)]
#[case::not_json(
    ("WEBHOOK_DEFAULTING_FUNCTION_REPLICAS_PRESETS_MAP", "{\"XS\": {\"min\": \"1\"}}"),
    "WEBHOOK_DEFAULTING_FUNCTION_REPLICAS_PRESETS_MAP: must be a JSON object of presets by name: XS.min: invalid type: string \"1\", expected i32 at line 1 column 18"
)]
#[case::no_json_at_all(
    ("WEBHOOK_DEFAULTING_FUNCTION_REPLICAS_PRESETS_MAP", "XS"),
    "WEBHOOK_DEFAULTING_FUNCTION_REPLICAS_PRESETS_MAP: must be a JSON object of presets by name: expected value at line 1 column 1"
)]
#[case::no_such_preset(
    ("WEBHOOK_DEFAULTING_FUNCTION_RESOURCES_DEFAULT_PRESET", "XXL"),
    "WEBHOOK_DEFAULTING_FUNCTION_RESOURCES_DEFAULT_PRESET: function.resources.defaultPreset: there is no preset \"XXL\"; there are: L, M, S, XL, XS"
)]
#[case::bad_preset(
    ("WEBHOOK_DEFAULTING_BUILD_JOB_RESOURCES_PRESETS_MAP", "{\"odd\": {\"requestCpu\": \"-1\"}}"),
    "WEBHOOK_DEFAULTING_BUILD_JOB_RESOURCES_PRESETS_MAP: buildJob.resources.presets.odd.requestCpu: \"-1\" must not be negative"
)]
fn names_the_variable_of_the_environment(#[case] variable: (&str, &str), #[case] expected: &str) {
    assert_eq!(problems("", &[variable]), expected);
}

#[test]
fn the_environment_is_laid_over_the_file() {
    let text = "defaultRuntime: nodejs10\nreservedEnvs: [A]\nfunction: {replicas: {minValue: 1, presets: {XS: {min: 1, max: 3}}}}\n";
    let environment = [
        ("WEBHOOK_DEFAULTING_RUNTIME", "python38"),
        ("WEBHOOK_VALIDATION_RESERVED_ENVS", "B, C,"),
        ("WEBHOOK_DEFAULTING_FUNCTION_REPLICAS_DEFAULT_PRESET", ""),
        ("WEBHOOK_DEFAULTING_FUNCTION_REPLICAS_PRESETS_MAP", "{\"S\": {\"min\": 1, \"max\": 4}}"),
        ("WEBHOOK_VALIDATION_FUNCTION_RESOURCES_MIN_REQUEST_CPU", "20m"),
    ];
    let variable =
        |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    let config = parse(Some((Path::new("webhook.yaml"), text)), variable).unwrap();
    assert_eq!(config.default_runtime, "python38");
    assert_eq!(config.reserved_envs, ["B".to_owned(), "C".to_owned()].into());
    assert_eq!(config.function.min_cpu.to_string(), "20m");
    let preset = config.replicas.choose(&policy::Meta::default());
    assert_eq!((preset.min, preset.max), (1, 4));
}

#[test]
fn an_empty_file_is_the_built_in_configuration() {
    let built_in = parse(None, |_| None).unwrap();
    for text in ["", "# nothing\n", "{}", "deployment: {resources: {requests: {cpu: 30m}}}\n"] {
        assert_eq!(parse(Some((Path::new("webhook.yaml"), text)), |_| None).unwrap(), built_in, "{text:?}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = load(Some(Path::new("no/such/webhook.yaml")), |_| None).unwrap_err();
    assert_eq!(error.to_string(), "--config no/such/webhook.yaml: No such file or directory (os error 2)");
}

#[test]
fn every_variable_of_the_reference_is_there() {
    let names: Vec<_> = SETTINGS.names().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 13);
    assert!(
        names
            .iter()
            .all(|name| name.starts_with("WEBHOOK_DEFAULTING_") || name.starts_with("WEBHOOK_VALIDATION_"))
    );
}

/// The controller writes the file, so one that is missing or bad does not keep the webhook from its work.
#[tokio::test]
async fn runtimes_come_and_go_with_their_file_and_bad_ones_are_kept_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runtimes.yaml");
    let configuration = "runtimes: {nodejs26: {language: python}}\n";
    let config = parse(Some((Path::new("webhook.yaml"), configuration)), |_| None).unwrap();
    let rules = Arc::new(Rules::new(config, Installed::default()));
    let in_force = rules.in_force();
    let metrics = Arc::new(Metrics::new());
    let every = Duration::from_millis(20);
    tokio::spawn(reload::runtimes(path.clone(), None, rules, Arc::clone(&metrics), every));
    let language = |name: &str| in_force.load().runtimes.get(name).map(|runtime| runtime.language);
    let shows = |line: &str| metrics.render().lines().any(|known| known == line);
    assert_eq!(language("nodejs28"), None);

    std::fs::write(&path, "runtimes:\n  nodejs26: {language: nodejs}\n  nodejs28: {language: nodejs}\n")
        .unwrap();
    eventually("added", || language("nodejs28") == Some(Language::Nodejs)).await;
    // The configuration wins.
    assert_eq!(language("nodejs26"), Some(Language::Python));
    assert!(shows("serverless_webhook_runtimes_last_reload_successful 1"));

    std::fs::write(&path, "runtimes:\n  nodejs30: {language: cobol}\n").unwrap();
    eventually("kept out", || shows("serverless_webhook_runtimes_last_reload_successful 0")).await;
    assert!(shows("serverless_webhook_reloads_total{file=\"runtimes\",result=\"failure\"} 1"));
    assert_eq!(language("nodejs28"), Some(Language::Nodejs));

    std::fs::remove_file(&path).unwrap();
    eventually("gone", || language("nodejs28").is_none()).await;
    assert_eq!(language("nodejs12"), Some(Language::Nodejs));
    assert!(shows("serverless_webhook_runtimes_last_reload_successful 1"));
}

#[test]
fn what_is_wrong_with_runtimes_is_named_with_its_place() {
    let problem =
        |text: &str| parse_runtimes(Path::new("runtimes.yaml"), Some(text)).unwrap_err().to_string();
    for (text, expected) in [
        ("runtimes:\n  a: {language: cobol}\n", "unknown variant `cobol`, expected one of nodejs, python"),
        ("defaultRuntime: a\n", "unknown field `defaultRuntime`, expected one of runtimes"),
    ] {
        let problem = problem(text);
        assert!(problem.starts_with("runtimes.yaml:") && problem.contains(expected), "{problem}");
    }
    assert_eq!(parse_runtimes(Path::new("runtimes.yaml"), None).unwrap().runtimes.len(), 0);
}
