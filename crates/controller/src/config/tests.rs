#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::time::Duration;

use api::registry::ImageRegistrySpec;
use decide::function::config::Runtime;
use decide::function::{Config as FunctionConfig, Engine};
use policy::HostKeys;
use remote::git::GitConfig;
use remote::registry::RegistryConfig;
use rstest::rstest;
use serde_json::json;

use super::*;

fn loaded(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let variable =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let path = file.path().display().to_string();
    load(Some(file.path()), variable).map_err(|error| error.to_string().replace(&path, "FILE"))
}

#[test]
fn what_is_not_set_is_built_in() {
    let config = loaded("# nothing\n", &[]).unwrap();
    assert_eq!(config, Config::default());
    assert_eq!((config.max_builds, config.git.poll), (5, Duration::from_mins(5)));
}

#[rstest]
#[case(1, 1)]
#[case(2, 1)]
#[case(5, 4)]
#[case(50, 40)]
fn a_fifth_of_the_build_slots_is_left_for_other_namespaces(#[case] all: usize, #[case] of_one: usize) {
    let config = loaded(&format!("build: {{maxSimultaneousJobs: {all}}}\n"), &[]).unwrap();
    assert_eq!(config.builds_per_namespace(), of_one);
}

#[rstest]
#[case("{}", Engine::Buildkit, "docker.io/moby/buildkit:v0.34.2", &[])]
#[case("{engine: buildkit}", Engine::Buildkit, "docker.io/moby/buildkit:v0.34.2", &[])]
#[case(
    "{engine: buildkit-rootless}",
    Engine::BuildkitRootless,
    "docker.io/moby/buildkit:v0.34.2-rootless",
    &[]
)]
#[case(
    "{engine: kaniko}",
    Engine::Kaniko,
    "ghcr.io/osscontainertools/kaniko:v1.28.3",
    &["--skip-unused-stages", "--log-format=text", "--cache=true"]
)]
#[case("{engine: kaniko, executorImage: e, executorArgs: []}", Engine::Kaniko, "e", &[])]
#[case("{engine: buildkit, executorImage: e, executorArgs: [--no-cache]}", Engine::Buildkit, "e", &["--no-cache"])]
fn an_engine_has_its_image_and_its_arguments(
    #[case] build: &str,
    #[case] engine: Engine,
    #[case] image: &str,
    #[case] args: &[&str],
) {
    let functions = loaded(&format!("build: {build}\n"), &[]).unwrap().functions;
    assert_eq!((functions.engine, functions.executor_image.as_str()), (engine, image));
    assert_eq!(functions.executor_args, args);
}

/// They would be for kaniko in a configuration from before there was another engine.
#[test]
fn an_executor_without_an_engine_is_refused_wherever_it_is_set() {
    let remedy = "needs build.engine beside it: \"kaniko\" if it is for kaniko, which was the default before, otherwise \"buildkit\" or \"buildkit-rootless\"";
    let error = loaded("build:\n  executorImage: e\n  executorArgs: [--cache=true]\n", &[]).unwrap_err();
    assert_eq!(error, format!("FILE:2: build.executorImage: {remedy}\nFILE:3: build.executorArgs: {remedy}"));
    for name in ["APP_FUNCTION_BUILD_EXECUTOR_IMAGE", "APP_FUNCTION_BUILD_EXECUTOR_ARGS"] {
        let error = loaded("", &[(name, "x")]).unwrap_err();
        let field = if name.ends_with("ARGS") { "build.executorArgs" } else { "build.executorImage" };
        assert_eq!(error, format!("{name}: {field}: {remedy}"));
        assert!(loaded("build: {engine: kaniko}", &[(name, "x")]).is_ok());
    }
}

fn created() -> ImageRegistrySpec {
    let claim = json!({"resources": {"requests": {"storage": "1Gi"}}});
    serde_json::from_value(json!({"replicas": 1, "persistentVolumeClaim": claim})).unwrap()
}

/// Every key of the section, with other values than the built-in ones.
fn image_registries() -> ImageRegistries {
    ImageRegistries {
        zone: "example.org".to_owned(),
        rotation_interval: Duration::from_hours(12),
        default_name: "images".to_owned(),
        default_namespace: Some("infra".to_owned()),
        for_functions: Some(ForFunctions {
            name: "functions".to_owned(),
            namespace: None,
            create: Some(created()),
        }),
        registry_image: "r".to_owned(),
        gateway_image: "g".to_owned(),
        redis_image: "d".to_owned(),
    }
}

#[test]
fn everything_can_be_set() {
    let text = "
build: {engine: kaniko, cache: false, executorImage: e, executorArgs: [-a], fetcherImage: f, serviceAccount: b, maxSimultaneousJobs: 9, maxJobsPerNamespace: 4, deadline: 2h, retry: 0s}
function: {serviceAccount: s, targetCpuUtilization: 70}
git: {pollInterval: 1m30s, timeout: 10s, maxBytes: 2048, concurrency: 3, hostKeys: strict, urls: lenient, requireCredentialsLabel: true}
runtimes:
  nodejs10: null
  nodejs22: {like: nodejs12, baseImage: node22}
  go: {sourceFile: handler.go, dependenciesFile: go.mod, env: {A: b}}
caches: {hibernated: true, gatewayImage: c}
imageRegistries: {zone: example.org, rotationInterval: 12h, defaultRegistry: {name: images, namespace: infra}, forFunctions: {name: functions, create: {replicas: 1, persistentVolumeClaim: {resources: {requests: {storage: 1Gi}}}}}, registryImage: r, gatewayImage: g, redisImage: d}
propagation: {baseNamespace: base, excludedNamespaces: [x, y]}
registryCheck: {enabled: false, timeout: 3s, plainHttp: [Localhost, '[::1]:5000', registry.example.com:5000]}
workers: 2
";
    let config = loaded(text, &[]).unwrap();
    let expected = Config {
        functions: FunctionConfig {
            engine: Engine::Kaniko,
            build_cache: false,
            plain_http: config.registries.plain_http.clone(),
            executor_image: "e".to_owned(),
            executor_args: vec!["-a".to_owned()],
            fetcher_image: "f".to_owned(),
            build_service_account: "b".to_owned(),
            build_deadline: Duration::from_hours(2),
            build_retry: None,
            function_service_account: "s".to_owned(),
            host_keys: HostKeys::Strict,
            target_cpu: 70,
            runtimes: config.functions.runtimes.clone(),
            excluded_namespaces: ["x", "y"].map(str::to_owned).into(),
            gives_registries: true,
            removed_runtimes: ["nodejs10".to_owned()].into(),
        },
        max_builds: 9,
        max_builds_per_namespace: Some(4),
        git: GitConfig {
            poll: Duration::from_secs(90),
            timeout: Duration::from_secs(10),
            max_bytes: 2048,
            concurrency: 3,
            host_keys: HostKeys::Strict,
            urls: policy::git_url::GitUrls::Lenient,
            require_credentials_label: true,
        },
        caches: Caches { hibernated: true, registry_image: "r".to_owned(), gateway_image: "c".to_owned() },
        image_registries: image_registries(),
        namespace: "kyma-system".to_owned(),
        propagation: Propagation {
            base_namespace: "base".to_owned(),
            excluded_namespaces: ["x", "y"].map(str::to_owned).into(),
        },
        registry_check: false,
        registries: RegistryConfig {
            timeout: Duration::from_secs(3),
            plain_http: ["localhost", "[::1]:5000", "registry.example.com:5000"].map(str::to_owned).into(),
        },
        workers: 2,
    };
    assert_eq!(config, expected);
}

#[test]
fn runtimes_are_added_changed_and_removed() {
    let text = "
runtimes:
  nodejs10: null
  nodejs22: {like: nodejs12, baseImage: node22}
  go: {sourceFile: handler.go, dependenciesFile: go.mod, env: {A: b}}
";
    let config = loaded(text, &[]).unwrap();
    let names: Vec<_> = config.functions.runtimes.keys().map(String::as_str).collect();
    assert_eq!(names, ["go", "nodejs12", "nodejs22", "nodejs24", "python312", "python313", "python38"]);
    let nodejs22 =
        Runtime { base_image: Some("node22".to_owned()), ..Runtime::builtin()["nodejs12"].clone() };
    assert_eq!(config.functions.runtimes["nodejs22"], nodejs22);
    assert_eq!(config.functions.runtimes["go"].env, [("A".to_owned(), "b".to_owned())]);
}

#[rstest]
#[case(
    "buidl: {}",
    "FILE:1: buidl: unknown field `buidl`, expected one of build, caches, function, git, imageRegistries, propagation, registryCheck, runtimes, workers"
)]
#[case(
    "imageRegistries:\n  zone: a_b",
    "FILE:2: imageRegistries.zone: \"a_b\" must be a lower-case RFC 1123 subdomain: lower-case letters, digits, '-' or '.', starting and ending with a letter or digit, no longer than 253 characters (such as 'example.com')"
)]
#[case(
    "imageRegistries:\n  rotationInterval: 1m",
    "FILE:2: imageRegistries.rotationInterval: \"1m\" must be at least 120 s"
)]
#[case(
    "imageRegistries:\n  forFunctions: {name: a.b}",
    "FILE:2: imageRegistries.forFunctions.name: \"a.b\" must name an ImageRegistry"
)]
#[case(
    "imageRegistries:\n  forFunctions: {create: {persistentVolumeClaim: {resources: {requests: {storage: 1Gi}}}, replicaz: 2}}",
    "FILE:2: imageRegistries.forFunctions.create.replicaz: Forbidden: unknown field: did you mean \"replicas\"?"
)]
#[case(
    "imageRegistries:\n  forFunctions: {create: {persistentVolumeClaim: {resources: {requests: {storage: 1Gi}}}, replicas: 2}}",
    "FILE:2: imageRegistries.forFunctions.create.persistentVolumeClaim.accessModes: Invalid value: \"\": must hold ReadWriteMany if there is more than one replica, since they share the volume; or use storage.s3"
)]
#[case(
    "imageRegistries:\n  forFunctions: {namespace: infra, create: {persistentVolumeClaim: {resources: {requests: {storage: 1Gi}}}}}",
    "FILE:2: imageRegistries.forFunctions.namespace: must be absent beside \"create\": the controller creates a registry in its own namespace alone"
)]
#[case("build:\n  maxSimultaneousJobs: 0", "FILE:2: build.maxSimultaneousJobs: 0 must be at least 1")]
#[case("build:\n  engine: docker", "FILE:2: build.engine: unknown variant `docker`")]
#[case("build:\n  engine: kaniko\n  executorImage: ' '", "FILE:3: build.executorImage: must not be blank")]
#[case(
    "build:\n  deadline: soon",
    "FILE:2: build.deadline: \"soon\" must be a duration such as \"30s\", \"5m\" or \"1h30m\""
)]
#[case("git:\n  pollInterval: 1s", "FILE:2: git.pollInterval: \"1s\" must be at least 5 s")]
#[case(
    "git:\n  pollInterval: 9223372036854775807s",
    "FILE:2: git.pollInterval: \"9223372036854775807s\" must be at most 86400 s"
)]
#[case("git:\n  timeout: 11m", "FILE:2: git.timeout: \"11m\" must be at most 600 s")]
#[case("git:\n  timeout: -5s", "FILE:2: git.timeout: \"-5s\" must be at least 1 s")]
#[case("git:\n  maxBytes: 1073741825", "FILE:2: git.maxBytes: 1073741825 must be at most 1073741824")]
#[case("git:\n  concurrency: 257", "FILE:2: git.concurrency: 257 must be at most 256")]
#[case("git:\n  urls: any", "FILE:2: git.urls: unknown variant `any`")]
#[case("build:\n  deadline: 169h", "FILE:2: build.deadline: \"169h\" must be at most 604800 s")]
#[case(
    "build:\n  retry: 9223372036854775807s",
    "FILE:2: build.retry: \"9223372036854775807s\" must be at most 604800 s"
)]
#[case("registryCheck:\n  timeout: 1h", "FILE:2: registryCheck.timeout: \"1h\" must be at most 600 s")]
#[case(
    "registryCheck:\n  plainHttp: [a.example.com, 'http://b']",
    "FILE:2: registryCheck.plainHttp.1: \"http://b\" must be a host, or a host and a port, such as \"registry.example.com:5000\""
)]
#[case("git:\n  hostKeys: any", "FILE:2: git.hostKeys: unknown variant `any`")]
#[case(
    "function:\n  targetCpuUtilization: 0",
    "FILE:2: function.targetCpuUtilization: 0 must be from 1 to 1000"
)]
#[case("workers: 0", "FILE:1: workers: 0 must be at least 1")]
#[case(
    "runtimes:\n  x: {like: nodejs8}",
    "FILE:2: runtimes.x.like: \"nodejs8\" is no built-in runtime; those are nodejs10, nodejs12, nodejs22, nodejs24, python312, python313, python38"
)]
#[case(
    "runtimes:\n  x: {}",
    "FILE:2: runtimes.x.sourceFile: must be set, or \"like\" with the name of a built-in runtime"
)]
#[case(
    "caches: {}\nimageRegistries:\n  registryImage: registry:2.8.3",
    "FILE:3: imageRegistries.registryImage: \"registry:2.8.3\" is the image of caches, too, and theirs must be distribution 3.1.1 or later, such as docker.io/library/registry:3.1.2, since older ones send the credentials to other hosts (CVE-2026-33540): set caches.registryImage"
)]
#[case(
    "imageRegistries: {registryImage: registry:2.8.3}\ncaches:\n  registryImage: mirror:5000/registry:3.1.0",
    "FILE:3: caches.registryImage: \"mirror:5000/registry:3.1.0\" must be distribution 3.1.1 or later, such as docker.io/library/registry:3.1.2, since older ones send the credentials to other hosts (CVE-2026-33540)"
)]
#[case(
    "runtimes: {nodejs10: null, nodejs12: null, nodejs22: null, nodejs24: null, python312: null, python313: null, python38: null}",
    "FILE:1: runtimes: must leave at least one runtime"
)]
fn what_is_wrong_is_told_with_its_place(#[case] text: &str, #[case] expected: &str) {
    let error = loaded(text, &[]).unwrap_err();
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn caches_can_have_a_newer_image_than_registries() {
    let text = "imageRegistries: {registryImage: registry:2.8.3}\ncaches: {registryImage: registry:3.1.2}";
    let config = loaded(text, &[]).unwrap();
    let images = [config.image_registries.registry_image, config.caches.registry_image];
    assert_eq!(images, ["registry:2.8.3", "registry:3.1.2"]);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let error = loaded("workers: 0\ngit: {timeout: x}", &[]).unwrap_err();
    assert_eq!(error.lines().count(), 2, "{error}");
}

#[test]
fn variables_of_the_reference_go_before_the_file_in_both_spellings() {
    let variables = [
        ("APP_FUNCTION_BUILD_MAX_SIMULTANEOUS_JOBS", "50"),
        ("APP_FUNCTION_BUILD_REPOFETCHER_IMAGE", "f"),
        ("APP_FUNCTION_BUILD_EXECUTOR_ARGS", "--insecure, --cache=true"),
        ("APP_FUNCTION_REQUEUE_DURATION", "5m"),
        ("APP_KUBERNETES_BASE_NAMESPACE", "base"),
        ("APP_KUBERNETES_EXCLUDED_NAMESPACES", "x, y"),
        ("OPERATOR_DNS_ZONE", "example.org"),
        ("OPERATOR_SECRET_TTL", "1h30m"),
        ("OPERATOR_DEFAULT_REGISTRY_NAME", "images"),
        ("OPERATOR_DEFAULT_REGISTRY_NAMESPACE", ""),
        ("OPERATOR_IMAGE_REGISTRY", "registry:3"),
    ];
    let config = loaded("build: {maxSimultaneousJobs: 2, engine: kaniko}", &variables).unwrap();
    assert_eq!((config.max_builds, config.functions.fetcher_image.as_str()), (50, "f"));
    assert_eq!(config.functions.executor_args, ["--insecure", "--cache=true"]);
    assert_eq!(config.functions.build_retry, Some(Duration::from_mins(5)));
    assert_eq!(config.propagation.base_namespace, "base");
    assert_eq!(config.propagation.excluded_namespaces, ["x", "y"].map(str::to_owned).into());
    let expected = ImageRegistries {
        zone: "example.org".to_owned(),
        rotation_interval: Duration::from_mins(90),
        default_name: "images".to_owned(),
        registry_image: "registry:3".to_owned(),
        ..ImageRegistries::default()
    };
    assert_eq!(config.image_registries, expected);

    let error = loaded("", &[("APP_FUNCTION_BUILD_MAX_SIMULTANEOUS_JOBS", "five")]).unwrap_err();
    assert_eq!(error, "APP_FUNCTION_BUILD_MAX_SIMULTANEOUS_JOBS: \"five\" must be a whole number");
    let error = loaded("", &[("APP_FUNCTION_BUILD_MAX_SIMULTANEOUS_JOBS", "0")]).unwrap_err();
    assert_eq!(
        error,
        "APP_FUNCTION_BUILD_MAX_SIMULTANEOUS_JOBS: build.maxSimultaneousJobs: 0 must be at least 1"
    );
}

#[rstest]
#[case("localhost", None, true)]
#[case("LOCALHOST", Some(5000), true)]
#[case("registry.example.com", Some(5000), true)]
#[case("registry.example.com", Some(5001), false)]
#[case("registry.example.com", None, false)]
#[case("::1", Some(5000), true)]
#[case("[::1]", Some(5000), true)]
#[case("127.0.0.1", Some(5000), false)]
#[case("registry.kyma-system.svc.cluster.local", Some(5000), false)]
fn registries_without_tls_are_those_that_are_named(
    #[case] host: &str,
    #[case] port: Option<u16>,
    #[case] expected: bool,
) {
    let text = "registryCheck: {plainHttp: [localhost, '[::1]:5000', registry.example.com:5000]}";
    assert_eq!(loaded(text, &[]).unwrap().registries.is_plain(host, port), expected);
}
