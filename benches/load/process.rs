//! The process of the server, and its measurements by the kernel.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// The server as a child process. It ends when this is dropped.
pub struct Process {
    child: Child,
    pub port: u16,
    pub ca_certificate: String,
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

/// Kernel clock ticks per second (`getconf CLK_TCK`).
const TICKS: f64 = 100.0;

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
        Self { child, port, ca_certificate }
    }

    /// CPU time so far, user and system, in seconds.
    pub fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<_> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        let ticks = |index: usize| fields[index].parse::<f64>().unwrap();
        (ticks(11) + ticks(12)) / TICKS
    }

    pub fn resident_mib(&self) -> f64 {
        self.status("VmRSS:")
    }

    pub fn peak_mib(&self) -> f64 {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
