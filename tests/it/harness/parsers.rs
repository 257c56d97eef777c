//! The parsers of runtimes, which say what a node makes of a configuration.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use serde_json::json;

use crate::harness::oracle::Oracle;

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
pub struct Parser(Oracle);

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
        command.arg(parser);
        Self(Oracle::start(command))
    }

    /// What the runtime asks for the images of some hosts, with the configuration at a path.
    pub fn ask(&mut self, path: &Path, hosts: &[&str]) -> Answer {
        self.0.ask(&json!({"path": path, "hosts": hosts}))
    }
}
