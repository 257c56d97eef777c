//! Everything that users set or see is documented. The names come from the programs: their command lines, the types of
//! their configurations, their metrics, the names and types of `api`, the alerts and the servers of runtimes.

use std::fs;

use api::cache::{CacheConditionType, CacheReason, RegistryCache};
use api::registry::{
    ImageBuildEnv, ImagePullSecret, ImagePushSecret, ImageRegistry, ImageRegistryAccount,
    RegistryConditionType, RegistryReason,
};
use api::{ConditionType, Reason};
use clap::Command;
use kube::CustomResourceExt as _;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use testenv::root;

use crate::harness::cli::run;
use crate::harness::metrics;

const WEBHOOK: &str = "docs/webhook.md";
const CONTROLLER: &str = "docs/controller.md";
const AGENT: &str = "docs/nodes.md";
const REGISTRIES: &str = "docs/registries.md";
const CACHES: &str = "docs/caches.md";

/// Each program with its document.
fn programs() -> [(Command, &'static str); 4] {
    [
        (serverless_webhook::cli::command(), WEBHOOK),
        (controller::cli::command(), CONTROLLER),
        (node_agent::cli::command(), AGENT),
        (registry::cli::command(), REGISTRIES),
    ]
}

#[test]
fn every_command_flag_and_variable_has_its_place() {
    for (program, path) in programs() {
        let document = read(path);
        for command in program.get_subcommands() {
            let name = command.get_name();
            let section = section(&document, name);
            assert!(!section.is_empty(), "{path} has no section of {name:?}");
            let wanted = flags(command);
            assert_eq!(missing(&section, &wanted), [""; 0], "in the section of {name:?} in {path}");
        }
        let settings: Vec<_> = match path {
            WEBHOOK => serverless_webhook::config::SETTINGS.names().collect(),
            CONTROLLER => controller::config::SETTINGS.names().collect(),
            // It has flags alone.
            _ => continue,
        };
        let variables = settings.into_iter().map(|(variable, _)| variable.to_owned()).collect::<Vec<_>>();
        assert!(variables.len() > 10, "{path}");
        assert_eq!(missing(&document, &variables), [""; 0], "in {path}");
    }
}

#[test]
fn every_key_of_the_configurations_has_its_place() {
    for (keys, path, at_least) in [
        (keys::<policy::config::RawConfig>(), WEBHOOK, 23),
        (keys::<controller::config::RawConfig>(), CONTROLLER, 29),
    ] {
        assert!(keys.len() >= at_least, "only {keys:?}");
        assert_eq!(missing(&read(path), &keys), [""; 0], "in {path}");
    }
}

#[test]
fn every_metric_has_its_place() {
    for (metrics, path, at_least) in [
        (metrics::of_webhook(), WEBHOOK, 15),
        (metrics::of_controller(), CONTROLLER, 15),
        (metrics::of_agent(), AGENT, 10),
        (metrics::of_registry(), REGISTRIES, 10),
        (metrics::of_cache(), REGISTRIES, 15),
    ] {
        let names: Vec<_> = metrics.lines().filter_map(metric).collect();
        assert!(names.len() >= at_least, "only {names:?}");
        assert_eq!(missing(&read(path), &names), [""; 0], "in {path}");
    }
}

#[test]
fn every_label_and_annotation_has_its_place() {
    for (source, prefix, path, at_least) in [
        ("crates/api/src/names.rs", api::names::LABEL_PREFIX, CONTROLLER, 25),
        ("crates/api/src/names/registry.rs", "registry.mgoltzsche.github.com/", REGISTRIES, 5),
        ("crates/api/src/names/cache.rs", api::names::LABEL_PREFIX, CACHES, 1),
    ] {
        let names = read(source);
        let literals = names.split('"').skip(1).step_by(2);
        let keys = literals.filter(|text| text.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty()));
        let keys: Vec<_> = keys.map(str::to_owned).collect();
        assert!(keys.len() >= at_least, "only {keys:?}");
        assert_eq!(missing(&read(path), &keys), [""; 0], "in {path}");
    }
}

#[test]
fn every_field_has_its_place() {
    let of_authors = section(&read("docs/authors.md"), "Fields");
    let of_registries = read(REGISTRIES);
    let of_caches = read(CACHES);
    for (crd, document) in [
        (api::Function::crd(), &of_authors),
        (api::GitRepository::crd(), &of_authors),
        (ImageRegistry::crd(), &of_registries),
        (ImageRegistryAccount::crd(), &of_registries),
        (ImagePushSecret::crd(), &of_registries),
        (ImagePullSecret::crd(), &of_registries),
        (ImageBuildEnv::crd(), &of_registries),
        (RegistryCache::crd(), &of_caches),
    ] {
        let crd = serde_json::to_value(crd).unwrap();
        let mut fields = Vec::new();
        for part in ["spec", "status"] {
            let schema = format!("/spec/versions/0/schema/openAPIV3Schema/properties/{part}/properties");
            let names = crd.pointer(&schema).and_then(Value::as_object).into_iter().flatten();
            fields.extend(names.map(|(name, _)| format!("{part}.{name}")));
        }
        assert!(fields.len() >= 2, "{fields:?}");
        assert_eq!(missing(document, &fields), [""; 0], "{}", crd["spec"]["names"]["kind"]);
    }
}

#[test]
fn every_condition_and_reason_has_its_place() {
    let stages = ConditionType::ALL.iter().map(|stage| stage.as_str());
    let words: Vec<_> =
        stages.chain(Reason::ALL.iter().map(|reason| reason.as_str())).map(str::to_owned).collect();
    assert_eq!(missing(&section(&read("docs/authors.md"), "Conditions"), &words), [""; 0]);
    let of_registries = RegistryConditionType::ALL.iter().map(|condition| condition.as_str());
    let reasons = RegistryReason::ALL.iter().map(|reason| reason.as_str());
    let words: Vec<_> = of_registries.chain(reasons).map(str::to_owned).collect();
    assert_eq!(missing(&section(&read(REGISTRIES), "Conditions"), &words), [""; 0]);
    let types = CacheConditionType::ALL.iter().map(|kind| kind.as_str());
    let reasons = CacheReason::ALL.iter().map(|reason| reason.as_str());
    let words: Vec<_> = types.chain(reasons).map(str::to_owned).collect();
    assert_eq!(missing(&section(&read(CACHES), "Conditions"), &words), [""; 0]);
}

#[test]
fn every_alert_has_an_entry_in_the_runbook() {
    let rules = read("manifests/chart/files/monitoring/prometheusrule.yaml");
    let rules: Value = serde_saphyr::from_str(&rules).unwrap();
    let groups = rules["spec"]["groups"].as_array().unwrap().iter();
    let alerts: Vec<_> = groups.flat_map(|group| group["rules"].as_array().unwrap()).collect();
    assert!(alerts.len() >= 16);
    let runbook = read("docs/operators.md");
    for alert in alerts {
        let name = alert["alert"].as_str().unwrap();
        assert!(runbook.lines().any(|line| line == format!("### {name}")), "no entry of {name}");
        let entry = format!("docs/operators.md#{}", name.to_lowercase());
        assert_eq!(alert["annotations"]["runbook"], entry, "{name}");
    }
}

#[test]
fn every_setting_of_the_runtimes_has_its_place() {
    let servers = ["runtimes/nodejs/server.js", "runtimes/python/server.py"].map(read).concat();
    let calls = servers.split("setting(").skip(1);
    let settings = calls.filter_map(|call| call.strip_prefix(['\'', '"'])?.split(['\'', '"']).next());
    let settings: Vec<_> = settings.map(str::to_owned).collect();
    assert!(settings.len() >= 9, "only {settings:?}");
    assert_eq!(missing(&section(&read("docs/authors.md"), "Environment"), &settings), [""; 0]);
}

/// The example shows the built-in values, except for one runtime.
#[test]
fn the_documented_configuration_of_the_webhook_is_what_is_built_in() {
    let document = section(&read(WEBHOOK), "Configuration");
    let text = document.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let mut config = serverless_webhook::config::parse(Some((WEBHOOK.as_ref(), text)), |_| None).unwrap();
    let builtin = serverless_webhook::config::parse(None, |_| None).unwrap();
    config.runtimes.clone_from(&builtin.runtimes);
    config.configured_runtimes.clear();
    assert_eq!(config, builtin);
}

/// The tables of presets show the built-in presets.
#[test]
fn the_documented_presets_are_built_in() {
    let document = read("docs/authors.md");
    let of_replicas = table(&document, "`replicas-preset`", &["min", "max"]);
    let resources = ["requestCpu", "requestMemory", "limitCpu", "limitMemory"];
    let of_functions = table(&document, "`function-resources-preset`", &resources);
    let of_builds = table(&document, "`build-resources-preset`", &resources);
    let config = json!({
        "function": {"replicas": {"presets": of_replicas}, "resources": {"presets": of_functions}},
        "buildJob": {"resources": {"presets": of_builds}},
    });
    let documented: policy::config::RawConfig = serde_json::from_value(config).unwrap();
    assert_eq!(documented.check().unwrap(), policy::config::RawConfig::default().check().unwrap());
}

/// The samples run wherever there is a registry: all objects that they refer to are optional.
#[test]
fn the_samples_need_no_other_object() {
    for path in ["fixtures/manifests/hello.yaml", "fixtures/manifests/orders.yaml"] {
        assert_eq!(run(&["check", path]).0, 0, "{path}");
        let objects: Vec<Value> = serde_saphyr::from_multiple(&read(path)).unwrap();
        let variables = objects.iter().filter_map(|object| object["spec"]["env"].as_array()).flatten();
        let references = variables.filter_map(|variable| variable["valueFrom"].as_object()).flatten();
        for (kind, reference) in references {
            assert_eq!(reference["optional"], true, "{kind} in {path}");
        }
    }
}

#[test]
fn what_is_missing_is_found() {
    let text =
        "# A\n## Flags of `run`\n`--max-connections-per-peer`, `-n`\n### more\n`a.NAME.b`\n## Z\n`--late`\n";
    let wanted = ["--max-connections", "--max-connections-per-peer", "-n", "a.NAME.b", "NAME", "--late"];
    let wanted = wanted.map(str::to_owned);
    assert_eq!(missing(&section(text, "run"), &wanted), ["--max-connections", "NAME", "--late"]);
    assert_eq!(section(text, "runs"), "");
    let keys = keys::<controller::config::RawConfig>();
    assert!(
        keys.contains(&"runtimes.NAME.like".to_owned()) && keys.contains(&"workers".to_owned()),
        "{keys:?}"
    );
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The names that do not occur in a text as whole words.
fn missing(text: &str, names: &[String]) -> Vec<String> {
    let is_of_name = |char: char| char.is_alphanumeric() || "-_./".contains(char);
    let holds = |name: &String| {
        text.match_indices(name.as_str()).any(|(index, _)| {
            let (before, after) = (&text[..index], &text[index + name.len()..]);
            !before.ends_with(is_of_name) && !after.starts_with(is_of_name)
        })
    };
    names.iter().filter(|name| !holds(name)).cloned().collect()
}

/// The section whose heading contains a word, with its subsections.
fn section(text: &str, word: &str) -> String {
    // A single `#` starts the title of a document, or a comment in a code block.
    let level = |line: &str| match line.bytes().take_while(|byte| *byte == b'#').count() {
        1 => 0,
        level => level,
    };
    let mut lines = text.lines().skip_while(|line| {
        let mut words = line.split(|char: char| !char.is_alphanumeric() && char != '-');
        level(line) == 0 || !words.any(|known| known == word)
    });
    let Some(heading) = lines.next() else { return String::new() };
    let is_inside = |line: &&str| level(line) == 0 || level(line) > level(heading);
    lines.take_while(is_inside).flat_map(|line| [line, "\n"]).collect()
}

/// The flags of a command, and the corresponding variables.
fn flags(command: &Command) -> Vec<String> {
    let flags = command.get_arguments().filter(|flag| !["help", "version"].contains(&flag.get_id().as_str()));
    let names = flags.flat_map(|flag| {
        let long = flag.get_long().map(|long| format!("--{long}"));
        let short = flag.get_short().map(|short| format!("-{short}"));
        let variable = flag.get_env().map(|name| name.to_string_lossy().into_owned());
        [long, short, variable]
    });
    names.flatten().collect()
}

/// The keys of a configuration, from the errors of its type, which list the known keys. `NAME` is a name that an
/// operator chooses.
fn keys<T: DeserializeOwned>() -> Vec<String> {
    keys_below::<T>(&[])
}

fn keys_below<T: DeserializeOwned>(path: &[String]) -> Vec<String> {
    let below = |key: &str| [path, &[key.to_owned()]].concat();
    if let Some(fields) = fields::<T>(path) {
        return fields.iter().flat_map(|field| keys_below::<T>(&below(field))).collect();
    }
    let of_any_name = below("NAME");
    match fields::<T>(&of_any_name) {
        Some(fields) => {
            let of_any_name = of_any_name.join(".");
            fields.iter().map(|field| format!("{of_any_name}.{field}")).collect()
        }
        None => vec![path.join(".")],
    }
}

/// The fields of the structure at a path; `None` if there is none.
fn fields<T: DeserializeOwned>(path: &[String]) -> Option<Vec<String>> {
    let unknown = json!({"no such key": {}});
    let config = path.iter().rev().fold(unknown, |inner, key| json!({(key): inner}));
    let error = serde_json::from_value::<T>(config).err()?.to_string();
    let known = error.strip_prefix("unknown field `no such key`, expected ")?;
    Some(known.split('`').skip(1).step_by(2).map(str::to_owned).collect())
}

/// The name of a metric in a query, from the line with its type.
fn metric(line: &str) -> Option<String> {
    let (name, kind) = line.strip_prefix("# TYPE ")?.split_once(' ')?;
    Some(format!("{name}{}", if kind == "counter" { "_total" } else { "" }))
}

/// The rows of a table by their first cells, with a value for each key.
fn table(document: &str, first: &str, keys: &[&str]) -> Value {
    let cells =
        |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let lines = document.lines().skip_while(|line| !line.starts_with(&format!("| {first} | ")));
    let rows = lines.skip(2).take_while(|line| line.starts_with('|')).map(cells);
    let row = |row: Vec<String>| {
        let value = |text: &String| text.parse::<i32>().map_or_else(|_| json!(text), |number| json!(number));
        let values = keys.iter().zip(&row[1..]).map(|(key, text)| ((*key).to_owned(), value(text)));
        (row[0].trim_matches('`').to_owned(), Value::Object(values.collect()))
    };
    let rows: serde_json::Map<_, _> = rows.map(row).collect();
    assert!(rows.len() >= 4, "{rows:?}");
    rows.into()
}
