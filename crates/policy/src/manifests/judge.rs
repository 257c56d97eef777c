//! What an API server with these webhooks would do with a manifest when it is created: strict decoding, the schema, what is
//! filled in, what is refused.

use serde_json::Value;

use super::strict::{Judged, Schemas, with_dots};
use crate::config::Config;
use crate::decision::Decision;
use crate::decode::decode;
use crate::rule::Rule;
use crate::violation::Violation;
use crate::{functions, git_repositories, registry_secrets};

/// Judges manifests by a configuration.
#[derive(Debug)]
pub struct Judge {
    config: Config,
    schemas: Schemas,
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

type Step = fn(&Config, &str) -> Result<Decision, Violation>;

impl Judge {
    /// By a configuration.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config, schemas: Schemas::new() }
    }

    /// Goes through the steps of the API server: its own, then the rules that add, then those that look at the result.
    #[must_use]
    pub fn judge(&self, kind: &str, object: &Value) -> Judgement {
        let judged = self.schemas.judge(kind, object.clone());
        let mut all = Decision::of(judged.violations.iter().chain(&judged.by_schema).cloned().collect());
        let mut object = judged.object.clone();
        for step in steps(kind) {
            let decision = step(&self.config, &object.to_string());
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
            |config, object| Ok(functions::default(config, &decode(object)?, || None)),
            |config, object| Ok(functions::validate(config, &decode(object)?, None)),
        ],
        "GitRepository" => {
            &[|config, object| Ok(git_repositories::validate(config.git_urls, &decode(object)?, None))]
        }
        _ => &[|_, object| Ok(registry_secrets::mutate(&decode(object)?, None))],
    }
}
