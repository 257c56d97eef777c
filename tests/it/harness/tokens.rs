//! The verifiers of registries, which say what a token allows.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;
use serde_json::{Value, json};

/// The running verifiers. End when dropped.
pub struct Verifiers {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

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
        let mut child = command.arg(authority).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let questions = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, questions, answers }
    }

    /// What registries make of a token that expect an issuer and an audience.
    pub fn ask(&mut self, token: &str, issuer: &str, audience: &str) -> Answer {
        let question = json!({"token": token, "issuer": issuer, "audience": audience});
        writeln!(self.questions, "{question}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

impl Drop for Verifiers {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
