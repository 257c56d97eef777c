//! What a Function would become in a cluster where all goes well, without one: the decisions of the loop on a simulated
//! cluster. What the manifests leave out is as in a fresh installation.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::names::{GROUP, VERSION, config_label, registry_secret};
use api::runtimes::{config_map, shipped};
use api::{Condition, GitRepository};
use decide::function::simulation::Simulation;
use decide::function::{
    Answer, Config, Function, Git, Installed, Observed, Registry, RegistryProblem, RegistrySecret, Remote,
    RuntimeImage, RuntimeMap, RuntimeProblem, registry, runtime_image,
};
use k8s_openapi::api::core::v1::Secret;
use policy::FunctionObject;
use policy::manifests::fold_string_data;
use process::manifests::Documents;
use remote::git::is_commit;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The command that this is.
pub(crate) const COMMAND: &str = "serverless-controller plan";
/// The registry of a fresh installation.
const REGISTRY: &str = "registry.example.com";
/// The commit that a branch or tag stands for, of which only the remote knows the true one.
const COMMIT: &str = "0000000000000000000000000000000000000000";
/// The UID of a Function that no API server has stored. Names are derived from it, so they differ in a cluster.
const UID: &str = "00000000-0000-0000-0000-000000000000";

/// The manifests that a plan is made from.
#[derive(Debug)]
pub struct Manifests {
    namespace: String,
    functions: Vec<Value>,
    repositories: BTreeMap<(String, String), GitRepository>,
    registries: BTreeMap<(String, String), Secret>,
    /// Namespace, name and content of each ConfigMap of a runtime.
    runtimes: Vec<(String, String, RuntimeMap)>,
}

/// What becomes of a Function.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Planned {
    /// Whether it would run.
    pub is_ready: bool,
    /// The objects, as YAML, and what is said of the Function, as comments.
    pub text: String,
}

impl Manifests {
    /// None yet; `namespace` is that of what names none.
    #[must_use]
    pub fn new(namespace: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            functions: Vec::new(),
            repositories: BTreeMap::new(),
            registries: BTreeMap::new(),
            runtimes: Vec::new(),
        }
    }

    /// Reads documents, unjudged. What a plan does not need is passed over.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn read(&mut self, text: &str) -> Result<(), String> {
        let documents = Documents::new(text.as_bytes(), COMMAND);
        for document in documents.map_err(|error| error.to_string())? {
            let mut document = document.map_err(|error| format!("{error} at line {}", error.line))?;
            document.take_objects().into_iter().try_for_each(|(_, object)| self.add(object).map(drop))?;
        }
        Ok(())
    }

    /// Adds an object, if a plan needs it: one that it does not need is passed over, whatever is in it.
    ///
    /// # Errors
    /// The kind and the name of what does not decode, and the field.
    pub fn add(&mut self, mut object: Value) -> Result<bool, String> {
        let text =
            |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (api_version, kind, name) = (text("/apiVersion"), text("/kind"), text("/metadata/name"));
        let namespace = Some(text("/metadata/namespace")).filter(|namespace| !namespace.is_empty());
        let namespace = namespace.unwrap_or_else(|| self.namespace.clone());
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("namespace".to_owned(), namespace.clone().into());
        }
        let is_ours = api_version == format!("{GROUP}/{VERSION}");
        match kind.as_str() {
            "Function" if is_ours => self.functions.push(object),
            "GitRepository" if is_ours => {
                self.repositories.insert((namespace, name), decode(&object)?);
            }
            "Secret" if api_version == "v1" && registry_secret::USED.contains(&name.as_str()) => {
                fold_string_data(&mut object);
                self.registries.insert((namespace, name), decode(&object)?);
            }
            "ConfigMap" if api_version == "v1" && is_runtime(&object) => {
                let map = RuntimeMap::of(&decode(&object)?);
                self.runtimes.extend(map.map(|map| (namespace, name, map)));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn registry(&self, namespace: &str) -> Result<Registry, RegistryProblem> {
        let secret = |name: &str| {
            self.registries.get(&(namespace.to_owned(), name.to_owned())).map(RegistrySecret::of)
        };
        let (own, default) = (secret(registry_secret::NAME), secret(registry_secret::DEFAULT_NAME));
        match registry(own.as_ref(), default.as_ref()) {
            Err(RegistryProblem::Missing) => Ok(Registry {
                secret: registry_secret::DEFAULT_NAME.to_owned(),
                push: REGISTRY.to_owned(),
                pull: REGISTRY.to_owned(),
                ..Registry::default()
            }),
            chosen => chosen,
        }
    }

    /// The runtimes that any of the ConfigMaps describes.
    fn installed(&self) -> Installed {
        let maps = self.runtimes.iter();
        Installed(maps.filter_map(|(.., map)| Some((map.runtime.clone(), map.language?))).collect())
    }

    fn runtime_image(&self, namespace: &str, runtime: &str) -> Result<RuntimeImage, RuntimeProblem> {
        let here = self.runtimes.iter().filter(|(of, ..)| of == namespace);
        match runtime_image(here.map(|(_, name, map)| (name.as_str(), map)), runtime) {
            Err(RuntimeProblem::Missing) => Ok(installed(runtime)),
            chosen => chosen,
        }
    }
}

/// What a fresh installation holds for a runtime. Its hash is left out, so the tags of images differ in a cluster.
fn installed(runtime: &str) -> RuntimeImage {
    let files = shipped(runtime).map_or(&[][..], |shipped| shipped.language.server_files());
    let files = files.iter().map(|&file| file.to_owned()).collect();
    RuntimeImage { config_map: config_map(runtime), hash: String::new(), files }
}

fn is_runtime(map: &Value) -> bool {
    let labels = map.pointer("/metadata/labels");
    labels
        .and_then(|labels| labels.get(config_label::KEY))
        .is_some_and(|label| label == config_label::RUNTIME)
}

/// The error names the field that does not decode, and never its value.
fn decode<T: DeserializeOwned>(object: &Value) -> Result<T, String> {
    let title = |key: &str| object.pointer(key).and_then(Value::as_str).unwrap_or_default();
    policy::decode::decode(&object.to_string())
        .map_err(|violation| format!("{} {}: {violation}", title("/kind"), title("/metadata/name")))
}

/// What becomes of each Function, with presets filled in as the webhook does.
#[must_use]
pub fn plan(config: &Config, manifests: &Manifests) -> Vec<Planned> {
    let builtin = policy::config::RawConfig::default().check();
    let presets = builtin.map_err(|errors| errors.iter().map(ToString::to_string).collect());
    let planner = Planner { config, manifests, presets, installed: Arc::new(manifests.installed()) };
    manifests.functions.iter().map(|function| planner.plan(function.clone())).collect()
}

/// What all Functions are planned with.
struct Planner<'a> {
    config: &'a Config,
    manifests: &'a Manifests,
    /// The configuration of the webhook of a fresh installation.
    presets: Result<policy::Config, String>,
    installed: Arc<Installed>,
}

impl Planner<'_> {
    fn plan(&self, mut object: Value) -> Planned {
        let text =
            |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
        let mut text = format!("# Function {namespace}/{name}\n");
        let function = match self.fill_in(&mut object).and_then(|()| convert(&object)) {
            Ok(function) => function,
            Err(error) => return Planned { is_ready: false, text: format!("{text}# {error}\n") },
        };
        let observed = self.observed(&namespace, &function);
        let mut simulation = Simulation::new(self.config.clone(), function, observed);
        for object in simulation.run() {
            text.push_str("---\n");
            // What was JSON can be YAML.
            text.push_str(&serde_saphyr::to_string(&object).unwrap_or_default());
        }
        let conditions = &simulation.status().conditions;
        let is_ready =
            conditions.iter().all(|condition| condition.status == "True") && !conditions.is_empty();
        for Condition { kind, status, reason, message, .. } in conditions {
            let text_of = |text: &Option<String>| text.clone().unwrap_or_default();
            let words = [kind.clone(), status.clone(), text_of(reason), text_of(message)];
            text.extend(["# ", &words.join(" "), "\n"]);
        }
        Planned { is_ready, text }
    }

    /// What a cluster with these manifests holds for a Function.
    fn observed(&self, namespace: &str, function: &Function) -> Observed {
        let (manifests, source) = (self.manifests, &function.source);
        let repository = manifests.repositories.get(&(namespace.to_owned(), source.text().to_owned()));
        let reference = source.reference().unwrap_or_default();
        let commit = if is_commit(reference) { reference } else { COMMIT };
        Observed {
            installed: Arc::clone(&self.installed),
            runtime_image: manifests.runtime_image(namespace, &function.runtime),
            registry: manifests.registry(namespace),
            git: Git {
                remote: repository.map(|repository| Remote {
                    url: repository.spec.url.clone(),
                    auth: repository.spec.auth.clone(),
                    host_keys: String::new(),
                }),
                answer: Answer::Commit(commit.to_owned()),
                ..Git::default()
            },
            ..Observed::default()
        }
    }

    /// Adds what the webhook would add, and then the API server.
    fn fill_in(&self, object: &mut Value) -> Result<(), String> {
        let function: FunctionObject = decode(object)?;
        let presets = self.presets.as_ref().map_err(String::clone)?;
        let decision = policy::functions::default(presets, &function, || None);
        let patch = json_patch::Patch(decision.patch);
        json_patch::patch(object, &patch).map_err(|error| error.to_string())?;
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.entry("uid").or_insert_with(|| UID.into());
            metadata.entry("generation").or_insert_with(|| 1.into());
        }
        Ok(())
    }
}

fn convert(object: &Value) -> Result<Function, String> {
    let function = decode::<api::Function>(object)?;
    Function::of_v1alpha1(function).ok_or_else(|| "a Function must have a name".to_owned())
}
