//! Reads the model from the formats of others. What the model cannot hold is reported, never dropped silently, and no
//! report holds a credential.

pub mod containerd_config;
mod credentials;
mod fields;
pub mod hosts;
pub mod k3s;
mod mirrors;
mod toml;
mod url;

use policy::container_registries::{HiddenText, NotYaml, Registries};

use super::files::{Files, MARKER};

/// What files say.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct Imported {
    /// What nodes pull from. Incomplete if there are errors.
    pub registries: Registries,
    /// What is in the files and not in the model, a sentence each that begins with a file and a path in it.
    pub left_out: Vec<String>,
    /// What could not be read, a sentence each that begins with a file, and a line or a path in it.
    pub errors: Vec<String>,
}

impl Imported {
    fn not_readable(&mut self, file: &str, error: &NotYaml) {
        self.errors.push(format!("{file}:{}: {}", error.line, error.must));
    }
}

/// The authorities in a file that another one names: at this path, in this folder, or anywhere under its name.
fn authorities(files: &Files, folder: &str, path: &str) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let in_folder = |path: &str| if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") };
    let (beside, here) = (in_folder(path), in_folder(name));
    let text =
        [path, &beside, &here].into_iter().find_map(|path| files.0.get(path)).map(HiddenText::reveal)?;
    let text = text.strip_prefix(MARKER).map_or(text, |text| text.trim_start_matches(['\r', '\n']));
    // Nothing else is copied to where authorities are shown.
    let is_certificate = text.contains("-----BEGIN CERTIFICATE-----") && !text.contains("PRIVATE KEY");
    is_certificate.then(|| text.to_owned())
}
