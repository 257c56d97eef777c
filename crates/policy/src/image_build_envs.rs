//! The rules of an `ImageBuildEnv`.

use api::names::registry::build_env_conf;
use api::registry::{ImageBuildEnvSpec, must};

use crate::decision::Decision;
use crate::object::{ImageBuildEnvObject, Meta};
use crate::registry_fields as fields;
use crate::rule::Rule;
use crate::violation::{Violation, Violations};

/// What is wrong with an `ImageBuildEnv`, on CREATE and UPDATE; `old` is the object before the UPDATE.
#[must_use]
pub fn validate(new: &ImageBuildEnvObject, old: Option<&ImageBuildEnvObject>) -> Decision {
    if new.is_untouched_since(old, &[]) {
        return Decision::allowed();
    }
    let mut violations = Vec::new();
    if old.is_none() {
        let (longest, must) = (must::build_env_name_max(), must::build_env_name_length());
        fields::name_length(&new.metadata, Rule::BuildEnvNameLength, longest, &must, &mut violations);
    }
    let Some(spec) = &new.spec else {
        violations.push(Violation::required(Rule::SchemaRequired, "spec", ""));
        return Decision::of(violations);
    };
    check_redis(&new.metadata, spec, &mut violations);
    check_secrets(&new.metadata, spec, &mut violations);
    Decision::of(violations)
}

/// An UPDATE can ask for a Redis, too, so the name is judged each time.
fn check_redis(meta: &Meta, spec: &ImageBuildEnvSpec, violations: &mut Violations) {
    let (_, name, length) = fields::name(meta);
    if spec.redis == Some(true) && (length > must::REDIS_NAME_MAX || name.contains('.')) {
        violations.push(Violation::invalid(Rule::BuildEnvRedisName, "spec.redis", "true", must::REDIS_NAME));
    }
}

fn check_secrets(meta: &Meta, spec: &ImageBuildEnvSpec, violations: &mut Violations) {
    let secrets = spec.secrets.as_deref().unwrap_or_default();
    if secrets.is_empty() && spec.redis != Some(true) {
        violations.push(Violation::required(Rule::BuildEnvEmpty, "spec.secrets", must::BUILD_ENV));
    }
    let own = build_env_conf(&meta.name);
    for (index, secret) in secrets.iter().enumerate() {
        let (field, name) = (format!("spec.secrets[{index}].secretName"), secret.secret_name.as_str());
        if secrets.iter().take(index).any(|known| known == secret) {
            violations.push(Violation::duplicate(Rule::BuildEnvSecretDuplicate, field, name));
        } else if name == own {
            violations.push(Violation::forbidden(Rule::BuildEnvOwnSecret, field, must::OWN_SECRET));
        } else {
            fields::reference(&field, name, "a Secret with a docker configuration", violations);
        }
    }
}

#[cfg(test)]
mod tests;
