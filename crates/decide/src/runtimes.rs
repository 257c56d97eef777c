//! Which runtimes the webhook is to know of: what the controller hands over, so that a runtime is added in one place.

use std::collections::BTreeMap;

use api::Language;
use api::names::runtime_label::{DEPRECATED, LANGUAGE, RUNTIME, SUCCESSOR};
use api::runtimes::shipped;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use policy::config::{Installed, RawRuntime};
use policy::text::on_one_line;

use crate::function::Config;

/// The longest text that authors get, in characters.
const TEXT_MAX: usize = 200;

/// A runtime as the `ConfigMap` of the base namespace describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// Its name.
    pub runtime: String,
    /// What it says of itself; `None` if it names no language that there is.
    description: Option<Description>,
}

#[derive(Clone, Debug, PartialEq)]
struct Description {
    language: Language,
    deprecated: Option<String>,
    successor: Option<String>,
}

impl Described {
    /// `None` of a ConfigMap without the label of a runtime.
    #[must_use]
    pub fn of(metadata: &ObjectMeta) -> Option<Self> {
        let annotation = |key: &str| metadata.annotations.as_ref()?.get(key).map(String::as_str);
        let text = |key: &str| {
            let text = annotation(key).map(str::trim).filter(|text| !text.is_empty());
            text.map(|text| on_one_line(text.chars(), TEXT_MAX))
        };
        let description = annotation(LANGUAGE).and_then(Language::parse).map(|language| Description {
            language,
            deprecated: text(DEPRECATED),
            successor: text(SUCCESSOR),
        });
        Some(Self { runtime: metadata.labels.as_ref()?.get(RUNTIME)?.clone(), description })
    }
}

/// What is handed over: the runtimes of the base namespace, those that are configured beside the built-in ones, and those that
/// the configuration takes away.
#[must_use]
pub fn handed<'a>(config: &Config, described: impl Iterator<Item = &'a Described>) -> Installed {
    let mut by_name = BTreeMap::<&str, Vec<&Described>>::new();
    for one in described {
        by_name.entry(&one.runtime).or_default().push(one);
    }
    let mut runtimes = BTreeMap::new();
    for (name, runtime) in &config.runtimes {
        if let Some(language) = runtime.language.filter(|_| shipped(name).is_none()) {
            let raw = RawRuntime { language, deprecated: None, successor: None };
            runtimes.insert(name.clone(), Some(raw));
        }
    }
    for (name, described) in by_name {
        // Of two nothing can be built.
        let [Described { description: Some(description), .. }] = described.as_slice() else { continue };
        let Description { language, deprecated, successor } = description.clone();
        // As it is built: what is configured or built in does not change its language.
        let language = config.runtimes.get(name).and_then(|known| known.language).unwrap_or(language);
        runtimes.insert(name.to_owned(), Some(RawRuntime { language, deprecated, successor }));
    }
    runtimes.extend(config.removed_runtimes.iter().map(|name| (name.clone(), None)));
    Installed { runtimes }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::{Value, json};

    use super::*;
    use crate::function::config::Runtime;

    fn described(runtime: &str, annotations: &Value) -> Described {
        let metadata = json!({"labels": {RUNTIME: runtime}, "annotations": annotations});
        Described::of(&serde_json::from_value(metadata).unwrap()).unwrap()
    }

    fn handed_of(config: &Config, described: &[Described]) -> Value {
        serde_json::to_value(handed(config, described.iter())).unwrap()["runtimes"].clone()
    }

    #[test]
    fn what_the_base_namespace_says_is_handed_over() {
        let described = [
            described("nodejs26", &json!({LANGUAGE: "nodejs"})),
            described(
                "nodejs12",
                &json!({LANGUAGE: "nodejs", DEPRECATED: " It is\nold ", SUCCESSOR: "nodejs26"}),
            ),
            described("go", &json!({LANGUAGE: "go"})),
            described("plain", &Value::Null),
            described("twice", &json!({LANGUAGE: "python"})),
            described("twice", &json!({LANGUAGE: "nodejs"})),
        ];
        let expected = json!({
            "nodejs26": {"language": "nodejs"},
            "nodejs12": {"language": "nodejs", "deprecated": "It is old", "successor": "nodejs26"},
        });
        assert_eq!(handed_of(&Config::default(), &described), expected);
    }

    #[test]
    fn what_is_configured_is_handed_over_and_keeps_its_language() {
        let mut config = Config::default();
        config.runtimes.insert("ours".to_owned(), Runtime::of("ours", Language::Python));
        config.runtimes.insert("unknown".to_owned(), Runtime::default());
        config.runtimes.remove("nodejs10");
        config.removed_runtimes.insert("nodejs10".to_owned());
        let described =
            ["ours", "nodejs10", "python38"].map(|name| described(name, &json!({LANGUAGE: "nodejs"})));
        let expected = json!({
            "ours": {"language": "python"}, "nodejs10": null, "python38": {"language": "python"},
        });
        assert_eq!(handed_of(&config, &described), expected);
    }

    #[test]
    fn texts_are_bounded_and_blank_ones_are_none() {
        let long = "x".repeat(300);
        let one = described("a", &json!({LANGUAGE: "nodejs", DEPRECATED: long, SUCCESSOR: " "}));
        let expected = json!({"a": {"language": "nodejs", "deprecated": "x".repeat(200)}});
        assert_eq!(handed_of(&Config::default(), &[one]), expected);
        assert_eq!(Described::of(&ObjectMeta::default()), None);
    }
}
