//! The environment variables of the reference implementation, laid over the file. Two of them its chart misspelt: both
//! spellings are known.

use super::raw::RawConfig;

/// Sets a field from a text; otherwise what the text must be.
type Set = fn(&mut RawConfig, &str) -> Result<(), &'static str>;

/// A variable, the field that it stands for, and how it is set.
#[rustfmt::skip]
const VARIABLES: [(&str, &str, Set); 12] = [
    ("APP_FUNCTION_BUILD_EXECUTOR_IMAGE", "build.executorImage",
        |raw, text| { raw.build.executor_image = Some(text.to_owned()); Ok(()) }),
    ("APP_FUNCTION_BUILD_EXECUTOR_ARGS", "build.executorArgs",
        |raw, text| { raw.build.executor_args = Some(list(text)); Ok(()) }),
    ("APP_FUNCTION_BUILD_REPO_FETCHER_IMAGE", "build.fetcherImage",
        |raw, text| { raw.build.fetcher_image = Some(text.to_owned()); Ok(()) }),
    ("APP_FUNCTION_BUILD_REPOFETCHER_IMAGE", "build.fetcherImage",
        |raw, text| { raw.build.fetcher_image = Some(text.to_owned()); Ok(()) }),
    ("APP_FUNCTION_BUILD_SERVICE_ACCOUNT_NAME", "build.serviceAccount",
        |raw, text| { raw.build.service_account = Some(text.to_owned()); Ok(()) }),
    ("APP_FUNCTION_BUILD_MAX_SIMULTANEOUS_JOBS", "build.maxSimultaneousJobs",
        |raw, text| { raw.build.max_simultaneous_jobs = Some(text.parse().map_err(|_| NUMBER)?); Ok(()) }),
    ("APP_FUNCTION_REQUEUE_DURATION", "build.retry",
        |raw, text| { raw.build.retry = Some(text.to_owned()); Ok(()) }),
    ("APP_FUNCTION_IMAGE_PULL_ACCOUNT_NAME", "function.serviceAccount",
        |raw, text| { raw.function.service_account = Some(text.to_owned()); Ok(()) }),
    ("APP_FUNCTION_TARGET_CPU_UTILIZATION_PERCENTAGE", "function.targetCpuUtilization",
        |raw, text| { raw.function.target_cpu_utilization = Some(text.parse().map_err(|_| NUMBER)?); Ok(()) }),
    ("APP_FUNCTION_FUNCTION_READY_REQUEUE_DURATION", "git.pollInterval",
        |raw, text| { raw.git.poll_interval = Some(text.to_owned()); Ok(()) }),
    ("APP_KUBERNETES_BASE_NAMESPACE", "propagation.baseNamespace",
        |raw, text| { raw.propagation.base_namespace = Some(text.to_owned()); Ok(()) }),
    ("APP_KUBERNETES_EXCLUDED_NAMESPACES", "propagation.excludedNamespaces",
        |raw, text| { raw.propagation.excluded_namespaces = Some(list(text)); Ok(()) }),
];

const NUMBER: &str = "a whole number";

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// The names of all variables, with the field that each stands for.
pub fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    VARIABLES.iter().map(|(name, field, _)| (*name, *field))
}

/// Lays the variables that are set over the file. Which variable has set which field, by field.
pub(super) fn overlay(
    raw: &mut RawConfig,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Vec<(&'static str, &'static str)>, Vec<String>> {
    let (mut set, mut errors) = (Vec::new(), Vec::new());
    for (name, field, put) in VARIABLES {
        let Some(text) = variable(name).filter(|text| !text.is_empty()) else { continue };
        match put(raw, &text) {
            Ok(()) => set.push((field, name)),
            Err(wanted) => errors.push(format!("{name}: {text:?} must be {wanted}")),
        }
    }
    if errors.is_empty() { Ok(set) } else { Err(errors) }
}
