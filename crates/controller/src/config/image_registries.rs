//! The section of registries in the cluster: as it is written, and checked.

use std::time::Duration;

use api::names::registry::{DEFAULT_REGISTRY, DEFAULT_ZONE};
use api::registry::{ImageRegistrySpec, must};
use decide::nodes::secret;
use decide::{Key, Kind};
use jiff::Timestamp;
use policy::config::RawConfig;
use policy::manifests::Judge;
use policy::syntax::{dns_1035_label, dns_1123_subdomain, is_dns_1123_label};
use serde::Deserialize;
use serde_json::{Value, json};

use super::errors::Errors;

/// Registries in the cluster.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawImageRegistries {
    /// What the hostnames of registries end with: NAME.NAMESPACE.ZONE.
    pub zone: Option<String>,
    /// How long a password of a push or pull secret is valid that does not say so itself, such as `24h`.
    pub rotation_interval: Option<String>,
    /// The registry of push and pull secrets that name none.
    pub default_registry: RawRegistryRef,
    /// The registry of the Functions of namespaces that have no other; without it, the controller makes none.
    pub for_functions: Option<RawForFunctions>,
    /// The image of the registry.
    pub registry_image: Option<String>,
    /// The image of `serverless-registry`, which stands in front of it.
    pub gateway_image: Option<String>,
    /// The image of the Redis of build environments.
    pub redis_image: Option<String>,
}

/// A registry.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawRegistryRef {
    /// Its name.
    pub name: Option<String>,
    /// Its namespace; if absent or empty, the namespace of the controller.
    pub namespace: Option<String>,
}

/// The registry of Functions.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RawForFunctions {
    /// Its name.
    pub name: Option<String>,
    /// Its namespace; if absent or empty, the namespace of the controller.
    pub namespace: Option<String>,
    /// The specification of an `ImageRegistry` that the controller creates, in its own namespace.
    pub create: Option<Value>,
}

/// The registry of Functions.
#[derive(Clone, Debug, PartialEq)]
pub struct ForFunctions {
    /// Its name.
    pub name: String,
    /// Its namespace; if absent, the namespace of the controller.
    pub namespace: Option<String>,
    /// What the controller creates it with, if it does.
    pub create: Option<ImageRegistrySpec>,
}

/// Registries in the cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageRegistries {
    /// What the hostnames of registries end with: NAME.NAMESPACE.ZONE.
    pub zone: String,
    /// How long a password of a push or pull secret is valid that does not say so itself.
    pub rotation_interval: Duration,
    /// The name of the registry of push and pull secrets that name none.
    pub default_name: String,
    /// Its namespace; if absent, the namespace of the controller.
    pub default_namespace: Option<String>,
    /// The registry of the Functions of namespaces that have no other.
    pub for_functions: Option<ForFunctions>,
    /// The image of the registry.
    pub registry_image: String,
    /// The image of `serverless-registry`.
    pub gateway_image: String,
    /// The image of the Redis of build environments.
    pub redis_image: String,
}

impl ImageRegistries {
    /// What all registries have in common.
    #[must_use]
    pub fn of_instances(&self) -> decide::registry::instance::Config {
        decide::registry::instance::Config {
            zone: self.zone.clone(),
            registry_image: self.registry_image.clone(),
            gateway_image: self.gateway_image.clone(),
        }
    }
}

impl Default for ImageRegistries {
    fn default() -> Self {
        Self {
            zone: DEFAULT_ZONE.to_owned(),
            rotation_interval: Duration::from_hours(24),
            default_name: DEFAULT_REGISTRY.to_owned(),
            default_namespace: None,
            for_functions: None,
            registry_image: "docker.io/library/registry:3.1.2".to_owned(),
            gateway_image: concat!("serverless-registry:", env!("CARGO_PKG_VERSION")).to_owned(),
            redis_image: "docker.io/library/redis:8-alpine".to_owned(),
        }
    }
}

impl RawImageRegistries {
    pub(super) fn check(self, checked: &mut ImageRegistries, errors: &mut Errors) {
        errors.checked("imageRegistries.zone", self.zone, dns_1123_subdomain, &mut checked.zone);
        let [shortest, longest] = must::ROTATION_INTERVAL_SECONDS.map(Duration::from_secs);
        let (field, interval) = ("imageRegistries.rotationInterval", &mut checked.rotation_interval);
        errors.duration(field, self.rotation_interval, shortest..=longest, interval);
        let (field, default) = ("imageRegistries.defaultRegistry", self.default_registry);
        let (name, namespace) = (&mut checked.default_name, &mut checked.default_namespace);
        default.check(field, (name, namespace), errors);
        checked.for_functions = self.for_functions.map(|given| given.check(errors));
        errors.text("imageRegistries.registryImage", self.registry_image, &mut checked.registry_image);
        errors.text("imageRegistries.gatewayImage", self.gateway_image, &mut checked.gateway_image);
        errors.text("imageRegistries.redisImage", self.redis_image, &mut checked.redis_image);
    }
}

impl RawRegistryRef {
    fn check(self, field: &str, (name, namespace): (&mut String, &mut Option<String>), errors: &mut Errors) {
        let is_name = |name: &str| match dns_1035_label(name) {
            Ok(()) if name.len() <= must::REGISTRY_NAME_MAX => Ok(()),
            _ => Err(must::REGISTRY_REF),
        };
        errors.checked(&format!("{field}.name"), self.name, is_name, name);
        if let Some(given) = self.namespace.filter(|namespace| !namespace.is_empty()) {
            let is_name = |name: &str| is_dns_1123_label(name).then_some(()).ok_or(must::NAMESPACE);
            let checked = namespace.get_or_insert_default();
            errors.checked(&format!("{field}.namespace"), Some(given), is_name, checked);
        }
    }
}

impl RawForFunctions {
    fn check(self, errors: &mut Errors) -> ForFunctions {
        let Self { name, namespace, create } = self;
        let mut checked = ForFunctions { name: DEFAULT_REGISTRY.to_owned(), namespace: None, create: None };
        let field = "imageRegistries.forFunctions";
        RawRegistryRef { name, namespace }.check(field, (&mut checked.name, &mut checked.namespace), errors);
        checked.create = create.map(|spec| created(&checked.name, spec, errors));
        if checked.create.is_some() && checked.namespace.is_some() {
            let problem = "must be absent beside \"create\": the controller creates a registry in its own namespace alone";
            errors.add(&format!("{field}.namespace"), problem.to_owned());
        }
        checked
    }
}

/// The specification of a registry, judged as the webhook judges that of any other.
fn created(name: &str, spec: Value, errors: &mut Errors) -> ImageRegistrySpec {
    let kind = Kind::ImageRegistry;
    let object = json!({
        "apiVersion": kind.api_version(),
        "kind": kind.as_str(),
        "metadata": {"name": name, "namespace": "default"},
        "spec": spec,
    });
    let judged = match RawConfig::default().check() {
        Ok(rules) => Judge::new(rules, Timestamp::now(), secret::mutate).judge(kind.as_str(), &object),
        Err(builtin) => {
            errors.0.extend(builtin);
            return ImageRegistrySpec::default();
        }
    };
    for violation in judged.decision.violations {
        let field = violation.field.trim_start_matches("spec");
        errors.add(&format!("imageRegistries.forFunctions.create{field}"), violation.problem.to_string());
    }
    // What does not decode has been reported.
    serde_json::from_value(spec).unwrap_or_default()
}

impl ForFunctions {
    /// Its namespace and its name, for a controller in a namespace.
    #[must_use]
    pub fn key(&self, own: &str) -> Key {
        (self.namespace.clone().unwrap_or_else(|| own.to_owned()), self.name.clone())
    }
}
