//! The parser of the registry, which says what it reads of a configuration.

use std::process::Command;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::harness::oracle::Oracle;

/// The running parser. Ends when dropped.
pub struct Reader(Oracle);

/// What the registry reads, or why it reads nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Read {
    /// Without what is empty. Durations are in nanoseconds.
    pub read: Value,
    pub error: String,
}

impl Reader {
    pub fn start() -> Self {
        let path = testenv::built("configuration").unwrap().join("configuration");
        // Variables of the environment would override what it reads.
        let mut command = Command::new(path);
        command.env_clear();
        Self(Oracle::start(command))
    }

    pub fn read(&mut self, configuration: &str) -> Read {
        self.0.ask(&json!(configuration))
    }
}
