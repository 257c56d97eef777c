//! The credential provider of the kubelet, which is asked for the images of one host.

use std::fs;
use std::path::PathBuf;

use decide::nodes::credentials_file::FILE_NAME;
use decide::nodes::render::credential_provider::{CONFIG, render};
use decide::nodes::render::hosts::Options;
use serde_json::json;
use testenv::ControlPlane;

use crate::harness::certs_d;

/// The host in the names of images.
pub const HOST: &str = "provider.test";

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
    fs::write(&path, rendered.files.0[CONFIG].reveal()).unwrap();
    let programs = PathBuf::from(env!("CARGO_BIN_EXE_serverless-webhook"));
    [
        format!("--image-credential-provider-config={}", path.display()),
        format!("--image-credential-provider-bin-dir={}", programs.parent().unwrap().display()),
    ]
}
