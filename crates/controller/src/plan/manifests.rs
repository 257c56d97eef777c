//! The manifests that a plan is made from.

use std::collections::BTreeMap;

use api::GitRepository;
use api::names::{GROUP, VERSION, config_label, registry, registry_secret};
use decide::Key;
use decide::function::RuntimeMap;
use k8s_openapi::api::core::v1::Secret;
use policy::manifests::fold_string_data;
use process::manifests::Documents;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The command that reads them.
pub(crate) const COMMAND: &str = "serverless-controller plan";
/// The kind of pull-through caches, which have no namespace.
const CACHE: &str = "RegistryCache";
/// The UID of an object that no API server has stored. Names are derived from it, so they differ in a cluster.
const UID: &str = "00000000-0000-0000-0000-000000000000";

/// The kinds of objects that those of registries and caches name.
const NAMED: [&str; 3] = ["ConfigMap", "Namespace", "Secret"];

/// The manifests that a plan is made from.
#[derive(Debug)]
pub struct Manifests {
    namespace: String,
    pub(super) functions: Vec<Value>,
    pub(super) repositories: BTreeMap<Key, GitRepository>,
    /// The registry Secrets of Functions.
    pub(super) registries: BTreeMap<Key, Secret>,
    /// Namespace, name and content of each ConfigMap of a runtime.
    pub(super) runtimes: Vec<(String, String, RuntimeMap)>,
    /// The objects of registries in the cluster.
    pub(super) of_registries: Vec<Value>,
    /// The pull-through caches.
    pub(super) caches: Vec<Value>,
    /// What one of these may name, undecoded: by kind, namespace and name.
    named: BTreeMap<(String, Key), Value>,
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
            of_registries: Vec::new(),
            caches: Vec::new(),
            named: BTreeMap::new(),
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
        let namespace = self.namespace_of(&object);
        if let Some(metadata) =
            object.get_mut("metadata").filter(|_| kind != CACHE).and_then(Value::as_object_mut)
        {
            metadata.insert("namespace".to_owned(), namespace.clone().into());
        }
        let is_of_registries = api_version == format!("{}/{}", registry::GROUP, registry::VERSION);
        let is_ours = api_version == format!("{GROUP}/{VERSION}");
        match kind.as_str() {
            "Function" if is_ours => self.functions.push(object),
            CACHE if is_ours => self.caches.push(object),
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
            "ImageRegistry" | "ImagePushSecret" | "ImagePullSecret" | "ImageBuildEnv" if is_of_registries => {
                self.of_registries.push(object);
            }
            _ => {
                if api_version == "v1" && NAMED.contains(&kind.as_str()) {
                    fold_string_data(&mut object);
                    let namespace = if kind == "Namespace" { String::new() } else { namespace };
                    self.named.insert((kind, (namespace, name)), object);
                }
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether one of the objects of registries, or a cache, names this one; `base` is the namespace of what caches name.
    #[must_use]
    pub fn is_named(&self, object: &Value, base: &str) -> bool {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (kind, name, namespace) = (text("/kind"), text("/metadata/name"), self.namespace_of(object));
        let names = |of: &&Value, pointer: &str| of.pointer(pointer).and_then(Value::as_str) == Some(name);
        let mut here = self.of_registries.iter().filter(|of| self.namespace_of(of) == namespace);
        match kind {
            "ConfigMap" => here.any(|of| names(&of, "/spec/auth/configMapName")),
            "Secret" => {
                let merges = |of: &Value| {
                    let merged = of.pointer("/spec/secrets").and_then(Value::as_array);
                    merged.into_iter().flatten().any(|merged| names(&merged, "/secretName"))
                };
                let of_cache = ["/spec/secretReferenceName", "/spec/remoteCA/secretName"];
                let is_of_cache = |cache| of_cache.iter().any(|pointer| names(&cache, pointer));
                here.any(merges) || (namespace == base && self.caches.iter().any(is_of_cache))
            }
            "Namespace" => self.of_registries.iter().any(|of| self.namespace_of(of) == name),
            _ => false,
        }
    }

    /// An object that may be named, if it is there.
    ///
    /// # Errors
    /// The kind and the name of what does not decode, and the field.
    pub(super) fn named<T: DeserializeOwned>(&self, kind: &str, key: &Key) -> Result<Option<T>, String> {
        self.named.get(&(kind.to_owned(), key.clone())).map(decode).transpose()
    }

    fn namespace_of(&self, object: &Value) -> String {
        let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str);
        namespace.filter(|namespace| !namespace.is_empty()).unwrap_or(&self.namespace).to_owned()
    }
}

fn is_runtime(map: &Value) -> bool {
    let labels = map.pointer("/metadata/labels");
    labels
        .and_then(|labels| labels.get(config_label::KEY))
        .is_some_and(|label| label == config_label::RUNTIME)
}

/// Adds what an API server would.
pub(super) fn store(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.entry("uid").or_insert_with(|| UID.into());
        metadata.entry("generation").or_insert_with(|| 1.into());
    }
}

/// The error names the field that does not decode, and never its value.
pub(super) fn decode<T: DeserializeOwned>(object: &Value) -> Result<T, String> {
    let title = |key: &str| object.pointer(key).and_then(Value::as_str).unwrap_or_default();
    policy::decode::decode(&object.to_string())
        .map_err(|violation| format!("{} {}: {violation}", title("/kind"), title("/metadata/name")))
}
