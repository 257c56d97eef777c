//! What an API server with these webhooks would do with a manifest when it is created: strict decoding, the schema, what is
//! filled in, what is refused.

use api::names::gardener::{MIRROR_CONFIG, REGISTRY_CONFIG, SHOOT};
use jiff::Timestamp;
use serde_json::Value;

use super::strict::{Judged, Schemas, with_dots};
use super::string_data::fold_string_data;
use crate::config::Config;
use crate::decision::Decision;
use crate::decode::decode;
use crate::gardener::Secrets;
use crate::object::ShootObject;
use crate::rule::Rule;
use crate::secret_object::SecretObject;
use crate::violation::Violation;
use crate::{
    functions, gardener, git_repositories, image_build_envs, image_registries, image_registry_accounts,
    image_secrets, registry_caches, registry_secrets, upstream_credentials,
};

/// The kind of caches.
const CACHE: &str = "RegistryCache";
/// Where a cache names its Secret.
const REFERENCE: &str = "/spec/secretReferenceName";

/// Judges manifests by a configuration.
#[derive(Debug)]
pub struct Judge {
    config: Config,
    schemas: Schemas,
    now: Timestamp,
    of_nodes: MutateSecret,
    secrets: Secrets,
}

/// What becomes of a manifest.
#[derive(Debug)]
pub struct Judgement {
    /// All that is wrong, and what its author should know.
    pub decision: Decision,
    /// The object before anything was added. What is of a wrong type is not in it.
    pub before: Value,
    /// The object with what was added.
    pub after: Value,
    /// Whether the object is as its author wrote it, but for what was added.
    pub is_whole: bool,
}

/// Decides about a Secret, which replaces another one if there is one.
pub type MutateSecret = fn(&SecretObject<'_>, Option<&SecretObject<'_>>, Timestamp) -> Decision;

/// Decides about an object, which is given as JSON.
type Step = fn(&Judge, &str) -> Result<Decision, Violation>;

impl Judge {
    /// By a configuration. `of_nodes` decides about Secrets that hold the registries of nodes.
    #[must_use]
    pub fn new(config: Config, now: Timestamp, of_nodes: MutateSecret) -> Self {
        Self { config, schemas: Schemas::new(), now, of_nodes, secrets: Secrets::default() }
    }

    /// Keeps an object that is a Secret, for objects that refer to it.
    pub fn see(&mut self, object: &Value, default_namespace: &str) {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        if (text("/apiVersion"), text("/kind")) != ("v1", "Secret") {
            return;
        }
        let namespace = Some(text("/metadata/namespace")).filter(|namespace| !namespace.is_empty());
        let mut secret = object.clone();
        fold_string_data(&mut secret);
        self.secrets.add(namespace.unwrap_or(default_namespace), text("/metadata/name"), &secret);
    }

    /// The Secrets that were seen.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Whether an object is judged together with Secrets that it refers to.
    #[must_use]
    pub fn refers_to_secrets(kind: &str, object: &Value) -> bool {
        kind == SHOOT.kind || (kind == CACHE && object.pointer(REFERENCE).is_some())
    }

    /// Goes through the steps of the API server: its own, then the rules that add, then those that look at the result.
    #[must_use]
    pub fn judge(&self, kind: &str, object: &Value) -> Judgement {
        if let Some(decision) = self.judge_of_gardener(kind, object) {
            return Judgement { decision, is_whole: true, before: object.clone(), after: object.clone() };
        }
        let judged = self.schemas.judge(kind, object.clone());
        let mut all = Decision::of(judged.violations.iter().chain(&judged.by_schema).cloned().collect());
        let mut object = judged.object.clone();
        for step in steps(kind) {
            let decision = step(self, &object.to_string());
            let decision = decision.unwrap_or_else(|violation| Decision::of(vec![violation]));
            add(&mut all, decision.violations, &judged);
            all.warnings.extend(decision.warnings);
            // A patch that the rules made of this object applies to it.
            let _ = json_patch::patch(&mut object, &decision.patch);
        }
        if kind == CACHE {
            all.violations.extend(self.judge_credentials(&object));
        }
        Judgement {
            decision: all,
            is_whole: judged.by_schema.is_empty(),
            before: judged.object,
            after: object,
        }
    }
}

impl Judge {
    /// Documents of Gardener have no CRD: their rules decide alone.
    fn judge_of_gardener(&self, kind: &str, object: &Value) -> Option<Decision> {
        if kind == REGISTRY_CONFIG.kind {
            Some(gardener::validate_registry_config(object))
        } else if kind == MIRROR_CONFIG.kind {
            Some(gardener::validate_mirror_config(object))
        } else if kind == SHOOT.kind {
            let shoot = decode::<ShootObject>(&object.to_string());
            let judge = |shoot| gardener::validate_shoot(&shoot, None, Some(&self.secrets));
            Some(shoot.map_or_else(|violation| Decision::of(vec![violation]), judge))
        } else {
            None
        }
    }

    /// What is wrong with the Secret that a cache refers to, if it is the one Secret of this name. One with the label is
    /// judged by itself.
    fn judge_credentials(&self, cache: &Value) -> Vec<Violation> {
        let reference = cache.pointer(REFERENCE).and_then(Value::as_str).unwrap_or_default();
        let Some((name, secret)) = self.secrets.only(reference) else { return Vec::new() };
        if upstream_credentials::is_labelled(&secret) {
            return Vec::new();
        }
        upstream_credentials::check_referenced("spec.secretReferenceName", reference, &name, &secret)
    }
}

/// Adds what is new: what is wrong with a field is found by more than one. What the schema refuses keeps its words and gets
/// the rule that says more.
fn add(all: &mut Decision, violations: Vec<Violation>, judged: &Judged) {
    for violation in violations {
        let field = with_dots(&violation.field);
        let by_schema = |known: &&mut Violation| known.rule == Rule::SchemaValue && known.field == field;
        if let Some(known) = all.violations.iter_mut().find(by_schema) {
            known.rule = violation.rule;
        } else if !all.violations.contains(&violation) && !judged.covers(&violation.field) {
            all.violations.push(violation);
        }
    }
}

fn steps(kind: &str) -> &'static [Step] {
    match kind {
        "Function" => &[
            |judge, object| Ok(functions::default(&judge.config, &decode(object)?, || None)),
            |judge, object| Ok(functions::validate(&judge.config, &decode(object)?, None)),
        ],
        "GitRepository" => {
            &[|judge, object| Ok(git_repositories::validate(judge.config.git_urls, &decode(object)?, None))]
        }
        "ImageRegistry" => &[
            |_, object| Ok(image_registries::default(&decode(object)?, None)),
            |_, object| Ok(image_registries::validate(&decode(object)?, None)),
        ],
        "ImageRegistryAccount" => {
            &[|_, object| Ok(image_registry_accounts::validate(&decode(object)?, None))]
        }
        "ImagePushSecret" => &[|_, object| Ok(image_secrets::validate_push(&decode(object)?, None))],
        "ImagePullSecret" => &[|_, object| Ok(image_secrets::validate_pull(&decode(object)?, None))],
        "RegistryCache" => &[
            |_, object| Ok(registry_caches::default(&decode(object)?, None)),
            |_, object| Ok(registry_caches::validate(&decode(object)?, None)),
        ],
        "ImageBuildEnv" => &[|_, object| Ok(image_build_envs::validate(&decode(object)?, None))],
        _ => &[
            |_, object| Ok(registry_secrets::mutate(&decode(object)?, None)),
            |_, object| Ok(upstream_credentials::validate(&decode(object)?, None)),
            |judge, object| Ok((judge.of_nodes)(&decode(object)?, None, judge.now)),
        ],
    }
}
