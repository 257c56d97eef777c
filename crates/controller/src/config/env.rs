//! The environment variables of the reference implementation, which override the file. Its chart misspelt two of them:
//! both spellings are accepted.

use process::settings::{Variable, set};

use super::raw::RawConfig;

/// Each variable, the field that it sets, and how.
#[rustfmt::skip]
pub(super) const VARIABLES: [Variable<RawConfig>; 12] = [
    Variable::new("APP_FUNCTION_BUILD_EXECUTOR_IMAGE", "build.executorImage",
        |raw, text| set::text(&mut raw.build.executor_image, text)),
    Variable::new("APP_FUNCTION_BUILD_EXECUTOR_ARGS", "build.executorArgs",
        |raw, text| set::list(&mut raw.build.executor_args, text)),
    Variable::new("APP_FUNCTION_BUILD_REPO_FETCHER_IMAGE", "build.fetcherImage",
        |raw, text| set::text(&mut raw.build.fetcher_image, text)),
    Variable::new("APP_FUNCTION_BUILD_REPOFETCHER_IMAGE", "build.fetcherImage",
        |raw, text| set::text(&mut raw.build.fetcher_image, text)),
    Variable::new("APP_FUNCTION_BUILD_SERVICE_ACCOUNT_NAME", "build.serviceAccount",
        |raw, text| set::text(&mut raw.build.service_account, text)),
    Variable::new("APP_FUNCTION_BUILD_MAX_SIMULTANEOUS_JOBS", "build.maxSimultaneousJobs",
        |raw, text| set::number(&mut raw.build.max_simultaneous_jobs, text)),
    Variable::new("APP_FUNCTION_REQUEUE_DURATION", "build.retry",
        |raw, text| set::text(&mut raw.build.retry, text)),
    Variable::new("APP_FUNCTION_IMAGE_PULL_ACCOUNT_NAME", "function.serviceAccount",
        |raw, text| set::text(&mut raw.function.service_account, text)),
    Variable::new("APP_FUNCTION_TARGET_CPU_UTILIZATION_PERCENTAGE", "function.targetCpuUtilization",
        |raw, text| set::number(&mut raw.function.target_cpu_utilization, text)),
    Variable::new("APP_FUNCTION_FUNCTION_READY_REQUEUE_DURATION", "git.pollInterval",
        |raw, text| set::text(&mut raw.git.poll_interval, text)),
    Variable::new("APP_KUBERNETES_BASE_NAMESPACE", "propagation.baseNamespace",
        |raw, text| set::text(&mut raw.propagation.base_namespace, text)),
    Variable::new("APP_KUBERNETES_EXCLUDED_NAMESPACES", "propagation.excludedNamespaces",
        |raw, text| set::list(&mut raw.propagation.excluded_namespaces, text)),
];
