//! `config.toml` of containerd 1.x: mirrors and logins in the configuration of its CRI plugin.

use policy::container_registries::Tree;

use super::fields::Fields;
use super::mirrors::{self, Format};
use super::url::Paths;
use super::{Imported, toml};
use crate::nodes::files::Files;

/// The identifiers of the plugin, newest first.
const PLUGINS: [&str; 3] = ["io.containerd.cri.v1.images", "io.containerd.grpc.v1.cri", "cri"];

/// Reads the file at a path. Authorities are in the other files, beside it or at the paths that it names. What is not about
/// registries is of no interest.
#[must_use]
pub fn import(path: &str, files: &Files) -> Imported {
    let mut imported = Imported::default();
    let Some(text) = files.0.get(path) else { return imported };
    let tree = match toml::parse(text.reveal()) {
        Ok(tree) => tree,
        Err(error) => {
            imported.not_readable(path, &error);
            return imported;
        }
    };
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let format =
        Format { paths: Paths::OfApiUnlessNone, token: "identitytoken", has_aliases: false, files, folder };
    for plugin in PLUGINS {
        let registry =
            ["plugins", plugin, "registry"].iter().try_fold(&tree, |tree: &Tree, key| tree.get(key));
        let Some(registry) = registry else { continue };
        let place = format!("{path}: plugins[{plugin}].registry");
        let Some(registry) = Fields::new(&mut imported, registry, place) else { continue };
        registry.only(&mut imported, &["config_path", "mirrors", "configs", "auths", "headers"]);
        if registry.text(&mut imported, "config_path").is_some() {
            registry.leave_out(
                &mut imported,
                "config_path",
                "the folder that it names is of the format hosts",
            );
        }
        if !matches!(registry.get("headers"), Some(Tree::Map(headers)) if headers.is_empty()) {
            registry.leave_out(&mut imported, "headers", "headers other than logins cannot be kept");
        }
        mirrors::read(&mut imported, &registry, &format);
    }
    imported
}

#[cfg(test)]
mod tests;
