//! The process of the server, and the cores of both.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::rates::Server;

/// The server as a child process. It ends when this is dropped.
pub struct Process {
    child: Child,
    pub server: Server,
}

/// To measure latencies, the server has one core and the client another, so that neither waits for the processor.
const SERVER_CORE: &str = "0";
const CLIENT_CORE: &str = "1";

/// Pins this process to the core of the client.
pub fn pin_client() {
    let pid = std::process::id().to_string();
    let pinned = Command::new("taskset")
        .args(["--cpu-list", "--pid", CLIENT_CORE, &pid])
        .stdout(Stdio::null())
        .status();
    assert!(pinned.unwrap().success(), "two cores are needed");
}

impl Process {
    /// Starts a server on any core.
    pub fn start() -> Self {
        Self::run(&mut Command::new(std::env::current_exe().unwrap()))
    }

    /// Starts a server on its own core.
    pub fn start_pinned() -> Self {
        Self::run(
            Command::new("taskset").args(["--cpu-list", SERVER_CORE]).arg(std::env::current_exe().unwrap()),
        )
    }

    fn run(command: &mut Command) -> Self {
        let mut child = command.arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.next().unwrap().unwrap().parse().unwrap();
        let mut ca_certificate = String::new();
        for line in lines.map_while(Result::ok) {
            ca_certificate += &line;
            ca_certificate.push('\n');
            if line.contains("END CERTIFICATE") {
                break;
            }
        }
        let server = Server { port, ca_certificate, pid: child.id() };
        Self { child, server }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
