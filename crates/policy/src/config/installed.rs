//! The runtimes that are installed in the cluster, as the controller hands them over: added to those of the configuration.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::checked::{Config, Runtime};
use super::raw::RawRuntime;

/// The runtimes that are installed, in the shape of the section `runtimes` of a configuration.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Installed {
    /// By name; null takes one away.
    pub runtimes: BTreeMap<String, Option<RawRuntime>>,
}

impl Config {
    /// This configuration with the runtimes that are installed. Those that it names itself stay as it says, and so does the
    /// default runtime.
    #[must_use]
    pub fn with_installed(&self, installed: &Installed) -> Self {
        let mut config = self.clone();
        for (name, runtime) in &installed.runtimes {
            if self.configured_runtimes.contains(name) {
                continue;
            }
            match runtime {
                Some(runtime) => drop(config.runtimes.insert(name.clone(), runtime.clone().into())),
                None if *name == self.default_runtime => {}
                None => drop(config.runtimes.remove(name)),
            }
        }
        config
    }
}

impl From<RawRuntime> for Runtime {
    fn from(raw: RawRuntime) -> Self {
        let RawRuntime { language, deprecated, successor } = raw;
        Self { language, deprecated, successor }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;
    use crate::config::RawConfig;

    fn config(configured: &serde_json::Value, installed: &serde_json::Value) -> Config {
        let raw: RawConfig = serde_json::from_value(json!({"runtimes": configured})).unwrap();
        let installed: Installed = serde_json::from_value(json!({"runtimes": installed})).unwrap();
        raw.check().unwrap().with_installed(&installed)
    }

    #[test]
    fn installed_runtimes_are_added_changed_and_taken_away() {
        let installed = json!({
            "nodejs26": {"language": "nodejs", "deprecated": "soon", "successor": "nodejs28"},
            "nodejs10": null,
            "python38": {"language": "python"},
        });
        let config = config(&json!({}), &installed);
        let names: Vec<_> = config.runtimes.keys().map(String::as_str).collect();
        let expected = ["nodejs12", "nodejs22", "nodejs24", "nodejs26", "python312", "python313", "python38"];
        assert_eq!(names, expected);
        let added = &config.runtimes["nodejs26"];
        assert_eq!(
            (added.language, added.deprecated.as_deref()),
            (crate::config::Language::Nodejs, Some("soon"))
        );
        assert_eq!(config.runtimes["python38"].deprecated, None);
    }

    #[test]
    fn the_configuration_wins_and_the_default_runtime_stays() {
        let configured = json!({"nodejs26": {"language": "python"}, "nodejs24": null});
        let installed = json!({
            "nodejs26": {"language": "nodejs"}, "nodejs24": {"language": "nodejs"}, "nodejs12": null,
        });
        let config = config(&configured, &installed);
        assert_eq!(config.runtimes["nodejs26"].language, crate::config::Language::Python);
        assert!(!config.runtimes.contains_key("nodejs24"));
        assert!(config.runtimes.contains_key("nodejs12"));
    }
}
