//! Rules of an `ImageBuildEnv`. That it does not list its own Secret is for the webhook: a rule over names of Secrets and
//! the name of the object would cost more than the API server grants a rule.

use kube::core::cel::Rule;

use super::shared::name_length;
use crate::cel::{required, rule};
use crate::registry::must;

/// The length of `metadata.name` of an `ImageBuildEnv`.
pub(crate) fn build_env_name_length() -> Rule {
    name_length(must::build_env_name_max(), &must::build_env_name_length())
}

/// An `ImageBuildEnv` with a Redis, whose Service must have a valid name. An update can ask for it, too.
pub(crate) fn build_env_name_of_redis() -> Rule {
    let expression = format!(
        "!has(self.spec.redis) || !self.spec.redis || self.metadata.name.matches('^[-a-z0-9]{{1,{}}}$')",
        must::REDIS_NAME_MAX
    );
    rule(&expression, must::REDIS_NAME).field_path(".spec.redis")
}

/// `spec` of an `ImageBuildEnv`.
pub(crate) fn build_env_has_content() -> Rule {
    let expression = "(has(self.redis) && self.redis) || (has(self.secrets) && size(self.secrets) > 0)";
    required(expression, must::BUILD_ENV).field_path(".secrets")
}
