//! BuildKit in the container of a build: a script starts a buildkitd for this build alone, and buildctl asks it.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{AppArmorProfile, Capabilities, SeccompProfile, SecurityContext};
use policy::registries::{RegistryAddress, is_plain};

use super::env::variable;
use super::executor::{Executor, REPORT, Scratch, own_authority};
use super::fetch::WORKSPACE;
use crate::function::inputs::Inputs;

/// The script that builds; it needs a POSIX shell.
const SCRIPT: &str = include_str!("buildkit.sh");
/// Compress fast: what a build waits for is its time, not the few per cent that a layer is smaller.
const COMPRESSION: &str = "compression=gzip,compression-level=1";
/// How large layers and snapshots of one build may become.
const LIMIT: &str = "20Gi";

/// In a user namespace of the Pod: root there is nobody on the node.
pub(super) fn in_user_namespace(inputs: &Inputs<'_>, image: &str) -> Executor {
    // Steps of a build share the network of the Pod: another one would need more than a user namespace gives.
    let daemon = "buildkitd --oci-worker-snapshotter=overlayfs --oci-worker-net=host";
    let scratch = [("buildkit", "/var/lib/buildkit", LIMIT), ("run", "/run", "64Mi"), ("tmp", "/tmp", "1Gi")];
    let privileges = SecurityContext {
        run_as_user: Some(0),
        // To mount and to start containers, in its user namespace. The script refuses to start outside of one.
        capabilities: Some(Capabilities { add: Some(vec!["SYS_ADMIN".to_owned()]), drop: None }),
        ..unconfined()
    };
    Executor { host_users: Some(false), ..executor(inputs, image, daemon, privileges, scratch) }
}

/// As a user without privileges, who makes a user namespace.
pub(super) fn rootless(inputs: &Inputs<'_>, image: &str) -> Executor {
    // Steps of a build see the processes of each other: without more privileges no /proc can be mounted.
    let daemon = "rootlesskit buildkitd --oci-worker-no-process-sandbox";
    let privileges = SecurityContext { run_as_user: Some(1000), run_as_group: Some(1000), ..unconfined() };
    executor(inputs, image, daemon, privileges, [("buildkit", "/home/user/.local/share/buildkit", LIMIT)])
}

/// The default profiles forbid making namespaces, mounting in them, and the keyrings of containers.
fn unconfined() -> SecurityContext {
    let unconfined = "Unconfined".to_owned();
    SecurityContext {
        seccomp_profile: Some(SeccompProfile { type_: unconfined.clone(), localhost_profile: None }),
        app_armor_profile: Some(AppArmorProfile { type_: unconfined, localhost_profile: None }),
        ..SecurityContext::default()
    }
}

fn executor(
    inputs: &Inputs<'_>,
    image: &str,
    daemon: &str,
    security: SecurityContext,
    scratch: impl IntoIterator<Item = (&'static str, &'static str, &'static str)>,
) -> Executor {
    let command = ["/bin/sh", "-c", SCRIPT, "build"].map(str::to_owned).into();
    let plain = plain_registries(inputs).into_iter().collect::<Vec<_>>().join(" ");
    let mut env = vec![
        variable("APP_BUILDKITD", daemon),
        variable("APP_PLAIN_REGISTRIES", &plain),
        variable("APP_REPORT", REPORT),
    ];
    if let Some((host, file)) = own_authority(inputs) {
        env.extend([variable("APP_REGISTRY", host), variable("APP_REGISTRY_CA", &file)]);
    }
    Executor {
        command: Some(command),
        args: args(inputs, image),
        env,
        security,
        host_users: None,
        scratch: scratch.into_iter().map(|(name, path, limit)| Scratch { name, path, limit }).collect(),
    }
}

/// The arguments of `buildctl build`.
fn args(inputs: &Inputs<'_>, image: &str) -> Vec<String> {
    let mut args = vec!["--frontend=dockerfile.v0".to_owned()];
    args.extend(["context", "dockerfile"].map(|name| format!("--local={name}={WORKSPACE}")));
    let base_image = inputs.runtime.base_image.as_ref();
    args.extend(base_image.map(|image| format!("--opt=build-arg:base_image={image}")));
    // buildctl asks for tokens, and buildkitd, which has a file for this, pushes.
    let authority = own_authority(inputs);
    args.extend(authority.map(|(host, file)| format!("--registry-auth-tlscontext=host={host},ca={file}")));
    args.push(format!("--output=type=image,name={image},push=true,{COMPRESSION}"));
    if inputs.config.build_cache {
        let cache = inputs.cache_image();
        args.push(format!("--import-cache=type=registry,ref={cache}"));
        // A registry that takes no caches fails no build.
        args.push(format!(
            "--export-cache=type=registry,ref={cache},mode=max,ignore-error=true,{COMPRESSION}"
        ));
    }
    args
}

/// The registries without TLS, and that of the images with its port if it is one of them: BuildKit compares both.
fn plain_registries(inputs: &Inputs<'_>) -> BTreeSet<String> {
    let listed = &inputs.config.plain_http;
    let mut plain = listed.clone();
    let address = RegistryAddress::parse(&inputs.registry.push).ok();
    if let Some(host) = address.as_ref().and_then(RegistryAddress::host)
        && is_plain(listed, host, address.as_ref().and_then(RegistryAddress::port))
    {
        plain.extend(inputs.registry.push.split('/').next().map(str::to_owned));
    }
    plain
}
