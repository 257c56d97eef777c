//! The fragment `files:` of a `KubeadmConfig`: the files of a node come from a Secret of the management cluster.

use policy::container_registries::{HiddenText, Registries};
use serde::Serialize;

use super::hosts::{self, Options};
use crate::nodes::files::{Files, Rendered};
use crate::nodes::secret_keys::secret_key;

/// The name of the file.
pub const FILE_NAME: &str = "kubeadm-files.yaml";
/// `config_path` of containerd on the node.
const FOLDER: &str = "/etc/containerd/certs.d";

#[derive(Serialize)]
struct Fragment<'a> {
    files: Vec<File<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    path: String,
    owner: &'static str,
    permissions: &'static str,
    content_from: Source<'a>,
}

#[derive(Serialize)]
struct Source<'a> {
    secret: SecretKey<'a>,
}

#[derive(Serialize)]
struct SecretKey<'a> {
    name: &'a str,
    key: String,
}

/// The fragment for the files that [`hosts::render`] makes by default, which the Secret of that name holds.
#[must_use]
pub fn render(registries: &Registries, secret: &str) -> Rendered {
    let Rendered { files, losses } = hosts::render(registries, Options::default());
    let files = files.0.keys().map(|path| File {
        path: format!("{FOLDER}/{path}"),
        owner: "root:root",
        permissions: "0600",
        content_from: Source { secret: SecretKey { name: secret, key: secret_key(path) } },
    });
    let fragment = Fragment { files: files.collect() };
    // Lists and texts always become YAML.
    let text = HiddenText::new(serde_saphyr::to_string(&fragment).unwrap_or_default());
    Rendered { files: Files([(FILE_NAME.to_owned(), text)].into()), losses }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::examples::{endpoint, registry};

    #[test]
    fn names_the_secret_and_no_content() {
        let registries = registry("example.com:5000", vec![endpoint("mirror.example.com")]);
        let rendered = render(&registries, "registries");
        let expected = "\
files:
- path: /etc/containerd/certs.d/example.com:5000/hosts.toml
  owner: root:root
  permissions: \"0600\"
  contentFrom:
    secret:
      name: registries
      key: example.com_5000.hosts.toml
";
        assert_eq!(rendered.files.0.get(FILE_NAME).unwrap().reveal(), expected);
    }
}
