//! What a Function would become: the decisions of the loop on a simulated cluster. What the manifests leave out is as in a
//! fresh installation.

use std::sync::Arc;

use api::names::registry_secret;
use api::runtimes::{config_map, shipped};
use decide::function::simulation::Simulation;
use decide::function::{
    Answer, Config, Function, Git, Installed, Observed, Registry, RegistryProblem, RegistrySecret, Remote,
    RuntimeImage, RuntimeProblem, registry, runtime_image,
};
use policy::FunctionObject;
use remote::git::is_commit;
use serde_json::Value;

use super::manifests::{Manifests, decode, store};
use super::planned::{Draft, Planned};

/// The registry of a fresh installation.
const REGISTRY: &str = "registry.example.com";
/// The commit that a branch or tag stands for, of which only the remote knows the true one.
const COMMIT: &str = "0000000000000000000000000000000000000000";

impl Manifests {
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

/// What becomes of each Function, with presets filled in as the webhook does.
#[must_use]
pub(super) fn plan(config: &Config, manifests: &Manifests) -> Vec<Planned> {
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
        let mut draft = Draft::of("Function", &namespace, &name);
        let function = match self.fill_in(&mut object).and_then(|()| convert(&object)) {
            Ok(function) => function,
            Err(error) => return draft.refused(&error),
        };
        let observed = self.observed(&namespace, &function);
        let mut simulation = Simulation::new(self.config.clone(), function, observed);
        simulation.run().iter().for_each(|object| draft.object(object));
        draft.ended(&simulation.status().conditions)
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
        store(object);
        Ok(())
    }
}

fn convert(object: &Value) -> Result<Function, String> {
    let function = decode::<api::Function>(object)?;
    Function::of_v1alpha1(function).ok_or_else(|| "a Function must have a name".to_owned())
}
