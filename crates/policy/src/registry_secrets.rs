//! The registry Secret: from `username` and `password` the docker configuration is written that builds push and
//! Deployments pull with. No text here ever holds a value.

use api::names::registry_secret::{
    DEFAULT_NAME, DOCKER_CONFIG_KEY, IS_INTERNAL, LABEL, LABEL_VALUE, NAME, PASSWORD, REGISTRY_ADDRESS,
    REQUIRED, SERVER_ADDRESS, TYPE, USED, USERNAME,
};
use api::names::{copy_mark, owned_label};
use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, PatchOperation, ReplaceOperation};

use crate::decision::{Decision, Warning};
use crate::registries::docker_config::{self, DockerConfig};
use crate::registries::{RegistryAddress, RegistryAddressError};
use crate::rule::Rule;
use crate::secret_object::{SecretBytes, SecretData, SecretObject};
use crate::syntax;
use crate::violation::{Value, Violation, Violations};

/// The longest server address, in bytes.
const SERVER_ADDRESS_MAX: usize = 1024;

/// Checks a registry Secret and writes its docker configuration; `old` is the Secret before an UPDATE.
#[must_use]
pub fn mutate(new: &SecretObject<'_>, old: Option<&SecretObject<'_>>) -> Decision {
    // It is no registry Secret, or not any more, or it is being deleted, or it cannot change.
    if !is_labelled(new) || new.metadata.is_being_deleted() || old.is_some_and(|old| old.immutable) {
        return Decision::allowed();
    }
    let mut decision = match new.data() {
        Ok(data) => judge(data),
        Err(violations) => Decision::of(violations),
    };
    let Some(old) = old.filter(|old| old.has_same_data(new)) else {
        decision.warnings.extend(about_use(new));
        return decision;
    };
    // Nothing but metadata changes: that is never refused, so that a labelled Secret can always be deleted.
    let violations = std::mem::take(&mut decision.violations);
    if is_labelled(old) {
        decision.warnings.clear();
    } else {
        let warning = |violation: &Violation| Warning::new(violation.rule, violation.to_string());
        decision.warnings.extend(violations.iter().map(warning));
        decision.warnings.extend(about_use(new));
    }
    decision
}

fn is_labelled(secret: &SecretObject<'_>) -> bool {
    secret.metadata.label(LABEL) == Some(LABEL_VALUE)
}

/// What keeps a valid Secret from being used.
fn about_use(secret: &SecretObject<'_>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if secret.secret_type != TYPE {
        let text = format!(
            "the kubelet pulls images only with Secrets of type {TYPE}: this Secret has another type"
        );
        warnings.push(Warning::new(Rule::SecretType, text));
    }
    let name = secret.metadata.display_name();
    if !USED.contains(&name) {
        let text =
            format!("only Secrets named {NAME:?} or {DEFAULT_NAME:?} are used: this one is named {name:?}");
        warnings.push(Warning::new(Rule::SecretNameUnused, text));
    }
    warnings.extend(about_copy(secret));
    warnings
}

/// That the controller restores a copy, whose data somebody is writing.
fn about_copy(secret: &SecretObject<'_>) -> Option<Warning> {
    let origin = secret.metadata.annotation(|all| &all.copied_from)?;
    if secret.metadata.label(owned_label::MANAGED_BY) == Some(copy_mark::KEPT_BY_USER) {
        return None;
    }
    let origin = if syntax::dns_1123_subdomain(origin).is_ok() { origin } else { "another namespace" };
    let text = format!(
        "this is a copy of {origin}/{}: the controller restores it; label it {}={} to keep yours",
        secret.metadata.display_name(),
        owned_label::MANAGED_BY,
        copy_mark::KEPT_BY_USER
    );
    Some(Warning::new(Rule::SecretCopyEdited, text))
}

fn judge(data: SecretData) -> Decision {
    let violations = check(&data);
    if !violations.is_empty() {
        let warnings = about_docker(&data).into_iter().collect();
        return Decision { warnings, ..Decision::of(violations) };
    }
    let newline = |key: &&str| data.get(*key).is_some_and(|value| value.ends_with(b"\n"));
    let warn = |key: &str| {
        let text = format!(
            "data.{key} ends with a newline, which is part of the value: encode it with `echo -n` or printf"
        );
        Warning::new(Rule::NewlineAtEnd, text)
    };
    let mut decision = Decision {
        warnings: REQUIRED.into_iter().filter(newline).map(warn).collect(),
        ..Decision::default()
    };
    write_docker_config(data, &mut decision);
    decision
}

/// That somebody has made the Secret with the tool for the docker configuration alone.
fn about_docker(data: &SecretData) -> Option<Warning> {
    let is_of_docker =
        data.contains_key(DOCKER_CONFIG_KEY) && REQUIRED.iter().all(|key| !data.contains_key(*key));
    is_of_docker.then(|| {
        let text = format!(
            "a registry Secret has the keys {USERNAME}, {PASSWORD}, {SERVER_ADDRESS}, such as https://index.docker.io/v1/, and {REGISTRY_ADDRESS}, such as docker.io/acme: the webhook writes {DOCKER_CONFIG_KEY} from them"
        );
        Warning::new(Rule::RegistrySecretOfDocker, text)
    })
}

fn check(data: &SecretData) -> Violations {
    let mut violations = Vec::new();
    for key in REQUIRED {
        let field = format!("data.{key}");
        let Some(value) = data.get(key).filter(|value| !value.trim_ascii().is_empty()) else {
            violations.push(Violation::required(Rule::RegistryKeyMissing, field, ""));
            continue;
        };
        let judged = match key {
            USERNAME if value.contains(&b':') => Err((
                Rule::RegistryUsernameColon,
                "must not hold ':', which ends the user name in the docker configuration",
            )),
            SERVER_ADDRESS => check_server_address(value, data),
            REGISTRY_ADDRESS => check_registry_address(value),
            _ => Ok(()),
        };
        if let Err((rule, must)) = judged {
            violations.push(Violation::invalid(rule, field, Value::Withheld, must));
        }
    }
    violations
}

/// The rule that is broken, and what the value must be.
type Judged = Result<(), (Rule, &'static str)>;

fn check_server_address(value: &[u8], data: &SecretData) -> Judged {
    // Of a registry in the cluster it is the beginning of the names of the images that are pulled.
    if data.get(IS_INTERNAL).is_some_and(|value| value.as_slice() == b"true") {
        return check_registry_address(value);
    }
    let refused = |must| Err((Rule::ServerAddressInvalid, must));
    let Ok(text) = std::str::from_utf8(value) else { return refused(NOT_UTF8) };
    if text.len() > SERVER_ADDRESS_MAX {
        return refused("must be no longer than 1024 bytes");
    }
    // A newline at the end alone is the mark of `echo | base64`: that is a warning.
    let line = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    let is_blank = |character: char| character.is_control() || character.is_whitespace();
    if line.contains(is_blank) { refused("must not hold spaces or control characters") } else { Ok(()) }
}

/// Requests of the controller and image names start with it, so even a newline at its end is refused.
fn check_registry_address(value: &[u8]) -> Judged {
    let text = std::str::from_utf8(value).map_err(|_| (Rule::RegistryAddressForm, NOT_UTF8))?;
    RegistryAddress::parse(text).map(drop).map_err(|error| (rule_of(error), error.as_str()))
}

fn rule_of(error: RegistryAddressError) -> Rule {
    match error {
        RegistryAddressError::Blank | RegistryAddressError::Length | RegistryAddressError::Form => {
            Rule::RegistryAddressForm
        }
        RegistryAddressError::Unprintable => Rule::RegistryAddressSpaces,
        RegistryAddressError::Scheme => Rule::RegistryAddressScheme,
        RegistryAddressError::Host => Rule::RegistryAddressHost,
        RegistryAddressError::Port => Rule::RegistryAddressPort,
        RegistryAddressError::Path => Rule::RegistryAddressPath,
    }
}

const NOT_UTF8: &str = "must be UTF-8";

/// Sets the entry for `serverAddress`, which alone is ours; entries for other servers stay.
fn write_docker_config(mut data: SecretData, decision: &mut Decision) {
    let empty = SecretBytes::default();
    let present = data.remove(DOCKER_CONFIG_KEY);
    let exists = present.is_some();
    let existing = present.filter(|json| !json.trim_ascii().is_empty());
    if existing.as_ref().is_some_and(|json| !DockerConfig::is_small(json)) {
        let field = format!("data[{DOCKER_CONFIG_KEY:?}]");
        let must = format!("must hold no more than {} names and values", docker_config::VALUES_MAX);
        let violation = Violation::invalid(Rule::DockerConfigTooLarge, field, Value::Withheld, must);
        decision.violations.push(violation);
        return;
    }
    // The text is dropped as soon as it is parsed: it may be most of the Secret.
    let parsed = existing.map(|json| DockerConfig::parse(&json));
    let value = |key: &str| data.get(key).unwrap_or(&empty);
    let mut config = match parsed {
        None => DockerConfig::empty(),
        Some(Some(config)) => config,
        Some(None) => {
            let text =
                format!("data[{DOCKER_CONFIG_KEY:?}] is not a docker configuration: the webhook replaces it");
            decision.warnings.push(Warning::new(Rule::DockerConfigReplaced, text));
            DockerConfig::empty()
        }
    };
    let Ok(server) = std::str::from_utf8(value(SERVER_ADDRESS)) else { return };
    if !config.set(server, value(USERNAME), value(PASSWORD)) {
        return;
    }
    let path = PointerBuf::from_tokens(["data", DOCKER_CONFIG_KEY]);
    let value = config.to_base64().into();
    decision.patch.push(if exists {
        PatchOperation::Replace(ReplaceOperation { path, value })
    } else {
        PatchOperation::Add(AddOperation { path, value })
    });
}

#[cfg(test)]
mod tests;
