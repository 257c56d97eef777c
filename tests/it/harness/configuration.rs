//! The parser of the registry, which says what it reads of a configuration.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;
use serde_json::{Value, json};

/// The running parser. Ends when dropped.
pub struct Reader {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

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
        let mut child =
            Command::new(path).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let questions = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, questions, answers }
    }

    pub fn read(&mut self, configuration: &str) -> Read {
        writeln!(self.questions, "{}", json!(configuration)).unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
