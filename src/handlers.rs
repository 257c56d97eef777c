//! What each endpoint does with a question: decodes what its rules look at, and asks them.

use policy::{
    Config, Decision, FunctionObject, GitRepositoryObject, SecretObject, Violation, defaulting,
    registry_secret, validation,
};

use crate::wire::Request;

/// Decides about a question; an object that does not decode is a violation.
pub type Decide = fn(&Config, &Request<'_>) -> Result<Decision, Violation>;

/// Adds what the author of a Function left out.
pub fn default_function(config: &Config, request: &Request<'_>) -> Result<Decision, Violation> {
    if !request.writes_object() {
        return Ok(Decision::allowed());
    }
    let function: FunctionObject = match request.decode_object() {
        Ok(function) => function,
        Err(violation) => return request.admits_as_before(violation),
    };
    Ok(defaulting::function(config, &function))
}

/// Says what is wrong with a Function.
pub fn validate_function(config: &Config, request: &Request<'_>) -> Result<Decision, Violation> {
    if !request.writes_object() {
        return Ok(Decision::allowed());
    }
    let function: FunctionObject = match request.decode_object() {
        Ok(function) => function,
        Err(violation) => return request.admits_as_before(violation),
    };
    let old: Option<FunctionObject> = request.decode_old_object();
    Ok(validation::function(config, &function, old.as_ref()))
}

/// Says what is wrong with a `GitRepository`.
pub fn validate_git_repository(config: &Config, request: &Request<'_>) -> Result<Decision, Violation> {
    if !request.writes_object() {
        return Ok(Decision::allowed());
    }
    let repository: GitRepositoryObject = match request.decode_object() {
        Ok(repository) => repository,
        Err(violation) => return request.admits_as_before(violation),
    };
    let old: Option<GitRepositoryObject> = request.decode_old_object();
    Ok(validation::git_repository(config.git_urls, &repository, old.as_ref()))
}

/// Writes the docker configuration of a registry Secret.
pub fn mutate_registry_secret(_: &Config, request: &Request<'_>) -> Result<Decision, Violation> {
    if !request.writes_object() {
        return Ok(Decision::allowed());
    }
    let secret: SecretObject = match request.decode_object() {
        Ok(secret) => secret,
        Err(violation) => return request.admits_as_before(violation),
    };
    let old: Option<SecretObject> = request.decode_old_object();
    Ok(registry_secret::registry_secret(&secret, old.as_ref()))
}
