//! The verifiers of registries, which say what a token allows.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::harness::oracle::Oracle;

/// The running verifiers. End when dropped.
pub struct Verifiers(Oracle);

/// What both generations make of a token.
#[derive(Debug, Deserialize)]
pub struct Answer {
    pub current: Verdict,
    pub older: Verdict,
}

/// What a token says, or why it is refused.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Verdict {
    pub claims: Value,
    pub error: String,
}

impl Verifiers {
    /// They trust the certificate in a file.
    pub fn start(authority: &Path) -> Self {
        let path = testenv::built("tokens").unwrap().join("tokens");
        let mut command = Command::new(path);
        command.arg(authority);
        Self(Oracle::start(command))
    }

    /// What registries make of a token that expect an issuer and an audience.
    pub fn ask(&mut self, token: &str, issuer: &str, audience: &str) -> Answer {
        self.0.ask(&json!({"token": token, "issuer": issuer, "audience": audience}))
    }
}
