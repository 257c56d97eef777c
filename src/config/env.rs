//! The environment variables of the reference implementation, laid over the file.

use std::collections::BTreeMap;

use policy::config::RawConfig;
use process::settings::{Variable, set};
use serde::de::DeserializeOwned;

/// A variable: its name, the path of the field that it stands for, the field.
#[rustfmt::skip]
pub(super) const VARIABLES: [Variable<RawConfig>; 13] = [
    Variable::new("WEBHOOK_DEFAULTING_FUNCTION_REPLICAS_DEFAULT_PRESET", "function.replicas.defaultPreset",
        |raw, text| set::text(&mut raw.function.replicas.default_preset, text)),
    Variable::new("WEBHOOK_DEFAULTING_FUNCTION_REPLICAS_PRESETS_MAP", "function.replicas.presets",
        |raw, text| add_presets(&mut raw.function.replicas.presets, text)),
    Variable::new("WEBHOOK_DEFAULTING_FUNCTION_RESOURCES_DEFAULT_PRESET", "function.resources.defaultPreset",
        |raw, text| set::text(&mut raw.function.resources.default_preset, text)),
    Variable::new("WEBHOOK_DEFAULTING_FUNCTION_RESOURCES_PRESETS_MAP", "function.resources.presets",
        |raw, text| add_presets(&mut raw.function.resources.presets, text)),
    Variable::new("WEBHOOK_DEFAULTING_BUILD_JOB_RESOURCES_DEFAULT_PRESET", "buildJob.resources.defaultPreset",
        |raw, text| set::text(&mut raw.build_job.resources.default_preset, text)),
    Variable::new("WEBHOOK_DEFAULTING_BUILD_JOB_RESOURCES_PRESETS_MAP", "buildJob.resources.presets",
        |raw, text| add_presets(&mut raw.build_job.resources.presets, text)),
    Variable::new("WEBHOOK_DEFAULTING_RUNTIME", "defaultRuntime",
        |raw, text| set::text(&mut raw.default_runtime, text)),
    Variable::new("WEBHOOK_VALIDATION_RESERVED_ENVS", "reservedEnvs",
        |raw, text| set::list(&mut raw.reserved_envs, text)),
    Variable::new("WEBHOOK_VALIDATION_FUNCTION_REPLICAS_MIN_VALUE", "function.replicas.minValue",
        |raw, text| set::number(&mut raw.function.replicas.min_value, text)),
    Variable::new("WEBHOOK_VALIDATION_FUNCTION_RESOURCES_MIN_REQUEST_CPU", "function.resources.minRequestCpu",
        |raw, text| { raw.function.resources.min_request_cpu = Some(text.into()); Ok(()) }),
    Variable::new("WEBHOOK_VALIDATION_FUNCTION_RESOURCES_MIN_REQUEST_MEMORY", "function.resources.minRequestMemory",
        |raw, text| { raw.function.resources.min_request_memory = Some(text.into()); Ok(()) }),
    Variable::new("WEBHOOK_VALIDATION_BUILD_JOB_RESOURCES_MIN_REQUEST_CPU", "buildJob.resources.minRequestCpu",
        |raw, text| { raw.build_job.resources.min_request_cpu = Some(text.into()); Ok(()) }),
    Variable::new("WEBHOOK_VALIDATION_BUILD_JOB_RESOURCES_MIN_REQUEST_MEMORY", "buildJob.resources.minRequestMemory",
        |raw, text| { raw.build_job.resources.min_request_memory = Some(text.into()); Ok(()) }),
];

/// JSON, added to the presets of the file.
fn add_presets<T: DeserializeOwned>(
    presets: &mut BTreeMap<String, Option<T>>,
    json: &str,
) -> Result<(), String> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let added: BTreeMap<String, Option<T>> =
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            // The whole text has no path.
            let path = Some(error.path().to_string()).filter(|path| path != ".");
            let path = path.map(|path| format!("{path}: ")).unwrap_or_default();
            format!("must be a JSON object of presets by name: {path}{}", error.inner())
        })?;
    presets.extend(added);
    Ok(())
}
