//! The parsers of runtimes, which say what a node makes of a configuration.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;
use serde_json::json;

/// Whose parser it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Runtime {
    Containerd1_6,
    Containerd1_7,
    Containerd2_2,
    Containerd2_4,
    K3s,
    Crio,
}

/// A running parser. Ends when dropped.
pub struct Parser {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// What a runtime makes of a configuration.
#[derive(Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Answer {
    /// The servers that it asks for the images of each host, in order.
    pub hosts: BTreeMap<String, Option<Vec<Server>>>,
    /// What it logs.
    pub log: Vec<String>,
    /// Why it reads nothing.
    pub error: String,
}

/// Where a runtime asks for an image.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Server {
    pub url: String,
    pub capabilities: Vec<String>,
    pub header: BTreeMap<String, Vec<String>>,
    pub username: String,
    pub password: String,
    pub token: String,
    pub insecure: bool,
    /// The names of authorities.
    pub authorities: Vec<String>,
    /// In milliseconds.
    pub dial_timeout: u64,
    pub by: String,
}

impl Parser {
    pub fn start(runtime: Runtime) -> Self {
        let (program, parser) = match runtime {
            Runtime::Containerd1_6 => ("older", "containerd-1"),
            Runtime::Containerd1_7 => ("newer", "containerd-1"),
            Runtime::Containerd2_2 => ("older", "containerd-2"),
            Runtime::Containerd2_4 => ("newer", "containerd-2"),
            Runtime::K3s => ("newer", "k3s"),
            Runtime::Crio => ("newer", "crio"),
        };
        let path = testenv::built("parsers").unwrap().join(program);
        let mut command = Command::new(path);
        let mut child = command.arg(parser).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let questions = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, questions, answers }
    }

    /// What the runtime asks for the images of some hosts, with the configuration at a path.
    pub fn ask(&mut self, path: &Path, hosts: &[&str]) -> Answer {
        writeln!(self.questions, "{}", json!({"path": path, "hosts": hosts})).unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

impl Drop for Parser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
