//! What each endpoint does with a question: decodes what its rules look at, and asks them.

use jiff::Timestamp;
use policy::{
    Config, Decision, FunctionObject, GitRepositoryObject, SecretObject, Violation, functions,
    git_repositories, registry_secrets,
};

use super::wire::Request;

/// Adds what the author of a Function left out.
pub(super) fn default_function(config: &Config, request: &Request<'_>) -> Result<Decision, Violation> {
    if !request.writes_object() {
        return Ok(Decision::allowed());
    }
    match request.decode_object::<FunctionObject>() {
        Ok(function) => Ok(functions::default(config, &function, || request.decode_old_object())),
        Err(violation) if violation.is_too_many() => request.admits_as_before(violation),
        // The schema reports what does not decode, and all of it.
        Err(_) => Ok(Decision::allowed()),
    }
}

/// Says what is wrong with a Function.
pub(super) fn validate_function(config: &Config, request: &Request<'_>) -> Result<Decision, Violation> {
    if request.scales() {
        return Ok(functions::validate_scale(config, request.decode_object()?));
    }
    if !request.writes_object() {
        return Ok(Decision::allowed());
    }
    let function: FunctionObject = match request.decode_object() {
        Ok(function) => function,
        Err(violation) => return request.admits_as_before(violation),
    };
    let old: Option<FunctionObject> = request.decode_old_object();
    Ok(functions::validate(config, &function, old.as_ref()))
}

/// Says what is wrong with a `GitRepository`.
pub(super) fn validate_git_repository(config: &Config, request: &Request<'_>) -> Result<Decision, Violation> {
    if !request.writes_object() {
        return Ok(Decision::allowed());
    }
    let repository: GitRepositoryObject = match request.decode_object() {
        Ok(repository) => repository,
        Err(violation) => return request.admits_as_before(violation),
    };
    let old: Option<GitRepositoryObject> = request.decode_old_object();
    Ok(git_repositories::validate(config.git_urls, &repository, old.as_ref()))
}

/// Writes the docker configuration of a registry Secret.
pub(super) fn mutate_registry_secret(_: &Config, request: &Request<'_>) -> Result<Decision, Violation> {
    mutate_secret(request, registry_secrets::mutate)
}

/// Writes the files of nodes into a Secret that holds their registries.
pub(super) fn mutate_container_registries(_: &Config, request: &Request<'_>) -> Result<Decision, Violation> {
    mutate_secret(request, |new, old| decide::nodes::secret::mutate(new, old, Timestamp::now()))
}

fn mutate_secret(
    request: &Request<'_>,
    mutate: impl FnOnce(&SecretObject<'_>, Option<&SecretObject<'_>>) -> Decision,
) -> Result<Decision, Violation> {
    if !request.writes_object() {
        return Ok(Decision::allowed());
    }
    let secret: SecretObject = match request.decode_object() {
        Ok(secret) => secret,
        Err(violation) => return request.admits_as_before(violation),
    };
    let old: Option<SecretObject> = request.decode_old_object();
    Ok(mutate(&secret, old.as_ref()))
}
