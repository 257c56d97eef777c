//! What each endpoint does with a question: decodes what its rules look at, and asks them.

use jiff::Timestamp;
use policy::{
    Config, Decision, FunctionObject, GitRepositoryObject, ImageRegistryObject, RegistryCacheObject,
    ShootObject, Violation, functions, gardener, git_repositories, image_build_envs, image_registries,
    image_registry_accounts, image_secrets, registry_caches, registry_secrets, upstream_credentials,
};
use serde::Deserialize;

use super::wire::Request;

/// Adds what the author of a Function left out.
pub(super) fn default_function(config: &Config, request: &Request<'_>) -> Result<Decision, Violation> {
    fill_in(request, |new: &FunctionObject| functions::default(config, new, || request.decode_old_object()))
}

/// Says what is wrong with a Function.
pub(super) fn validate_function(config: &Config, request: &Request<'_>) -> Result<Decision, Violation> {
    if request.scales() {
        return Ok(functions::validate_scale(config, request.decode_object()?));
    }
    judge(request, |new: &FunctionObject, old| functions::validate(config, new, old))
}

/// Says what is wrong with a `GitRepository`.
pub(super) fn validate_git_repository(config: &Config, request: &Request<'_>) -> Result<Decision, Violation> {
    judge(request, |new: &GitRepositoryObject, old| git_repositories::validate(config.git_urls, new, old))
}

/// Adds what the author of an `ImageRegistry` left out and cannot be changed later.
pub(super) fn default_image_registry(_: &Config, request: &Request<'_>) -> Result<Decision, Violation> {
    fill_in(request, |new: &ImageRegistryObject| {
        image_registries::default(new, request.decode_old_object().as_ref())
    })
}

/// Says what is wrong with an `ImageRegistry`.
pub(super) fn validate_image_registry(_: &Config, request: &Request<'_>) -> Result<Decision, Violation> {
    judge(request, image_registries::validate)
}

/// Says what is wrong with an `ImageRegistryAccount`.
pub(super) fn validate_image_registry_account(
    _: &Config,
    request: &Request<'_>,
) -> Result<Decision, Violation> {
    judge(request, image_registry_accounts::validate)
}

/// Says what is wrong with an `ImagePushSecret`.
pub(super) fn validate_image_push_secret(_: &Config, request: &Request<'_>) -> Result<Decision, Violation> {
    judge(request, image_secrets::validate_push)
}

/// Says what is wrong with an `ImagePullSecret`.
pub(super) fn validate_image_pull_secret(_: &Config, request: &Request<'_>) -> Result<Decision, Violation> {
    judge(request, image_secrets::validate_pull)
}

/// Says what is wrong with an `ImageBuildEnv`.
pub(super) fn validate_image_build_env(_: &Config, request: &Request<'_>) -> Result<Decision, Violation> {
    judge(request, image_build_envs::validate)
}

/// Adds what the author of a `RegistryCache` left out.
pub(super) fn default_registry_cache(_: &Config, request: &Request<'_>) -> Result<Decision, Violation> {
    fill_in(request, |new: &RegistryCacheObject| {
        registry_caches::default(new, request.decode_old_object().as_ref())
    })
}

/// Says what is wrong with a `RegistryCache`.
pub(super) fn validate_registry_cache(_: &Config, request: &Request<'_>) -> Result<Decision, Violation> {
    judge(request, registry_caches::validate)
}

/// Says what is wrong with a Secret that holds the credentials of an upstream, and which caches use one that is deleted.
pub(super) fn validate_upstream_credentials(
    _: &Config,
    request: &Request<'_>,
) -> Result<Decision, Violation> {
    if request.deletes_object() {
        let old = request.decode_old_object();
        return Ok(old.map_or_else(Decision::allowed, |old| upstream_credentials::about_deletion(&old)));
    }
    judge(request, upstream_credentials::validate)
}

/// Says what is wrong with a Shoot of Gardener. No Secret is read: its author may not be able to.
pub(super) fn validate_shoot(_: &Config, request: &Request<'_>) -> Result<Decision, Violation> {
    judge(request, |new: &ShootObject, old| gardener::validate_shoot(new, old, None))
}

/// Writes the docker configuration of a registry Secret.
pub(super) fn mutate_registry_secret(_: &Config, request: &Request<'_>) -> Result<Decision, Violation> {
    judge(request, registry_secrets::mutate)
}

/// Writes the files of nodes into a Secret that holds their registries.
pub(super) fn mutate_container_registries(_: &Config, request: &Request<'_>) -> Result<Decision, Violation> {
    judge(request, |new, old| decide::nodes::secret::mutate(new, old, Timestamp::now()))
}

/// Decodes what is written, and asks the rules that add to it.
fn fill_in<'a, T: Deserialize<'a>>(
    request: &Request<'a>,
    rules: impl FnOnce(&T) -> Decision,
) -> Result<Decision, Violation> {
    if !request.writes_object() {
        return Ok(Decision::allowed());
    }
    match request.decode_object() {
        Ok(object) => Ok(rules(&object)),
        Err(violation) if violation.is_too_many() => request.admits_as_before(violation),
        // The schema reports what does not decode, and all of it.
        Err(_) => Ok(Decision::allowed()),
    }
}

/// Decodes what is written, and asks the rules about it.
fn judge<'a, T: Deserialize<'a>>(
    request: &Request<'a>,
    rules: impl FnOnce(&T, Option<&T>) -> Decision,
) -> Result<Decision, Violation> {
    if !request.writes_object() {
        return Ok(Decision::allowed());
    }
    let object: T = match request.decode_object() {
        Ok(object) => object,
        Err(violation) => return request.admits_as_before(violation),
    };
    let old: Option<T> = request.decode_old_object();
    Ok(rules(&object, old.as_ref()))
}
