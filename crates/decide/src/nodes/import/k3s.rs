//! `registries.yaml` of k3s and RKE2.

use policy::container_registries::Tree;

use super::Imported;
use super::fields::Fields;
use super::mirrors::{self, Format};
use super::url::Paths;
use crate::nodes::files::Files;

/// Reads the file at a path. Authorities are in the other files, beside it or at the paths that it names.
#[must_use]
pub fn import(path: &str, files: &Files) -> Imported {
    let mut imported = Imported::default();
    let Some(text) = files.0.get(path) else { return imported };
    let tree = match Tree::parse(text.reveal()) {
        Ok(tree) => tree,
        Err(error) => {
            imported.not_readable(path, &error);
            return imported;
        }
    };
    let Some(root) = Fields::new(&mut imported, &tree, format!("{path}: ")) else { return imported };
    root.only(&mut imported, &["mirrors", "configs", "auths"]);
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let paths = Paths::OfApiUnlessRoot;
    mirrors::read(
        &mut imported,
        &root,
        &Format { paths, token: "identity_token", has_aliases: true, files, folder },
    );
    imported
}

#[cfg(test)]
mod tests;
