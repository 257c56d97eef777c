//! The credential provider of the kubelet: it is asked for the images of one host, for which a file has the logins, and for those
//! of a registry in the cluster, to which Pods log in with tokens of their service accounts.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use decide::nodes::credentials_file::FILE_NAME;
use decide::nodes::render::credential_provider::{CONFIG, PROGRAM, render};
use decide::nodes::render::hosts::Options;
use serde_json::json;
use testenv::ControlPlane;

use crate::harness::certs_d;

/// The host in the names of images.
pub const HOST: &str = "provider.test";

/// The name of the program in the documented provider of tokens.
const BY_TOKEN: &str = "serverless-credential-provider-infra";

/// The file with its logins, which nobody has written yet.
pub fn logins(control_plane: &ControlPlane) -> PathBuf {
    control_plane.folder().join(FILE_NAME)
}

/// The flags of a kubelet that asks it, with what is rendered for a login.
pub fn flags(control_plane: &ControlPlane) -> [String; 2] {
    let endpoint = json!({"endpoint": HOST, "credentials": {"username": "u", "password": "p"}});
    let logins = logins(control_plane).display().to_string();
    let rendered = render(&certs_d::read(HOST, &json!([endpoint])), Options::default(), Some(&logins));
    let path = control_plane.folder().join(CONFIG);
    let documented = documented("kind: CredentialProviderConfig");
    let (_, by_token) = documented.split_once("providers:\n").unwrap();
    fs::write(&path, format!("{}{by_token}", rendered.files.0[CONFIG].reveal())).unwrap();
    let programs = control_plane.folder().join("credential-providers");
    fs::create_dir_all(&programs).unwrap();
    let built = PathBuf::from(env!("CARGO_BIN_EXE_serverless-webhook")).with_file_name(PROGRAM);
    // The kubelet wants one name for each provider.
    for name in [PROGRAM, BY_TOKEN] {
        symlink(&built, programs.join(name)).unwrap();
    }
    [
        format!("--image-credential-provider-config={}", path.display()),
        format!("--image-credential-provider-bin-dir={}", programs.display()),
    ]
}

/// The YAML in the documents of registries that holds a text.
pub fn documented(text: &str) -> String {
    let block = block(text);
    block.strip_prefix("yaml\n").unwrap_or_else(|| panic!("{text} is not in YAML")).to_owned()
}

/// The commands there that hold a text.
pub fn documented_commands(text: &str) -> String {
    let block = block(text);
    block.strip_prefix('\n').unwrap_or_else(|| panic!("{text} is not in commands")).to_owned()
}

/// Without the indentation of a list, as readers see it.
fn block(text: &str) -> String {
    let document = fs::read_to_string(testenv::root().join("docs/registries.md")).unwrap();
    let mut found = document.split("```").skip(1).step_by(2).filter(|block| block.contains(text));
    let block = found.next().unwrap_or_else(|| panic!("no example has {text}"));
    assert_eq!(found.next(), None, "{text} is not the only one");
    let (language, body) = block.split_once('\n').unwrap();
    let lines = || body.lines().filter(|line| !line.trim().is_empty());
    let indentation = lines().map(|line| line.len() - line.trim_start().len()).min().unwrap();
    lines().fold(format!("{language}\n"), |text, line| text + &line[indentation..] + "\n")
}
