//! What an API server with these webhooks would do with a manifest when it is created: strict decoding, the schema, what is
//! filled in, what is refused.

use jiff::Timestamp;
use serde_json::Value;

use super::strict::{Judged, Schemas, with_dots};
use crate::config::Config;
use crate::decision::Decision;
use crate::decode::decode;
use crate::rule::Rule;
use crate::secret_object::SecretObject;
use crate::violation::Violation;
use crate::{
    functions, git_repositories, image_build_envs, image_registries, image_registry_accounts, image_secrets,
    registry_caches, registry_secrets, upstream_credentials,
};

/// Judges manifests by a configuration.
#[derive(Debug)]
pub struct Judge {
    config: Config,
    schemas: Schemas,
    now: Timestamp,
    of_nodes: MutateSecret,
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
        Self { config, schemas: Schemas::new(), now, of_nodes }
    }

    /// Goes through the steps of the API server: its own, then the rules that add, then those that look at the result.
    #[must_use]
    pub fn judge(&self, kind: &str, object: &Value) -> Judgement {
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
        Judgement {
            decision: all,
            is_whole: judged.by_schema.is_empty(),
            before: judged.object,
            after: object,
        }
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
            |_, object| Ok(registry_caches::default(&decode(object)?)),
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
