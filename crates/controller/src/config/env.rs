//! The environment variables of the reference implementation and of image-registry-operator, which override the file. The
//! chart of the first misspelt two of them: both spellings are accepted.

use process::settings::{Variable, set};

use super::raw::RawConfig;

/// Each variable, the field that it sets, and how.
#[rustfmt::skip]
pub(super) const VARIABLES: [Variable<RawConfig>; 17] = [
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
    Variable::new("OPERATOR_DNS_ZONE", "imageRegistries.zone",
        |raw, text| set::text(&mut raw.image_registries.zone, text)),
    Variable::new("OPERATOR_SECRET_TTL", "imageRegistries.rotationInterval",
        |raw, text| set::text(&mut raw.image_registries.rotation_interval, text)),
    Variable::new("OPERATOR_DEFAULT_REGISTRY_NAME", "imageRegistries.defaultRegistry.name",
        |raw, text| set::text(&mut raw.image_registries.default_registry.name, text)),
    Variable::new("OPERATOR_DEFAULT_REGISTRY_NAMESPACE", "imageRegistries.defaultRegistry.namespace",
        |raw, text| set::text(&mut raw.image_registries.default_registry.namespace, text)),
    Variable::new("OPERATOR_IMAGE_REGISTRY", "imageRegistries.registryImage",
        |raw, text| set::text(&mut raw.image_registries.registry_image, text)),
];
