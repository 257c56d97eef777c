//! Clients of a registry on loopback: programs with a home of their own, which trust its authority alone.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::harness::command::{Printed, piped};
use crate::harness::registry;

/// A user and its password.
pub type Login<'a> = (&'a str, &'a str);

/// A program, and whom it talks to.
pub struct Client {
    name: &'static str,
    program: PathBuf,
    host: String,
    home: TempDir,
}

impl Client {
    /// `crane`, `oras` or `regctl`.
    pub fn new(name: &'static str, port: u16, authority: &str) -> Self {
        let program = match name {
            "crane" => registry::tool(name),
            _ => testenv::built("clients").unwrap().join(name),
        };
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("ca.crt"), authority).unwrap();
        Self { name, program, host: format!("localhost:{port}"), home }
    }

    /// An image of the registry.
    pub fn image(&self, repository: &str) -> String {
        format!("{}/{repository}", self.host)
    }

    /// Where it runs, and keeps what it remembers.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn log_in(&self, (user, password): Login<'_>) -> Printed {
        let (words, stdin) = match self.name {
            "crane" => (&["auth", "login"][..], "--password-stdin"),
            "regctl" => (&["registry", "login"][..], "--pass-stdin"),
            // It would talk to loopback without TLS.
            _ => (&["login", "--plain-http=false"][..], "--password-stdin"),
        };
        let mut command = self.command(words);
        command.args([&self.host, "-u", user, stdin]);
        piped(command, password)
    }

    pub fn run(&self, arguments: &[&str]) -> Printed {
        piped(self.command(arguments), "")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let home = self.home();
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(home);
        command.env("HOME", home).env("DOCKER_CONFIG", home).env("SSL_CERT_FILE", home.join("ca.crt"));
        command.env("REGCTL_CONFIG", home.join("regctl.json"));
        command
    }
}
