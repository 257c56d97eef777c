//! Clients of Debian, each with a home of its own.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::super::team::Team;
use crate::harness::command::{Printed, piped};

/// Whom skopeo runs as: as root it keeps what it remembers on the machine.
pub const NOBODY: u32 = 65534;

/// A client with the credentials of one account.
pub struct Debian {
    program: &'static str,
    home: TempDir,
}

impl Debian {
    /// A client that trusts an authority.
    pub fn new(program: &'static str, authority: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("ca.crt"), authority).unwrap();
        let containers = home.path().join(".config/containers");
        fs::create_dir_all(&containers).unwrap();
        // Debian installs the same below `/etc`.
        let policy = r#"{"default": [{"type": "insecureAcceptAnything"}]}"#;
        fs::write(containers.join("policy.json"), policy).unwrap();
        let new = Self { program, home };
        if new.runs_as_nobody() {
            chown(new.home(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        new
    }

    /// The others unpack layers, which only root does.
    fn runs_as_nobody(&self) -> bool {
        self.program == "skopeo"
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn run(&self, words: &str, input: &str) -> Printed {
        let (home, debian) = (self.home(), testenv::built("clients").unwrap().join("debian"));
        let machine = format!("{}-linux-gnu", std::env::consts::ARCH);
        let libraries = ["usr/lib", "lib"].map(|lib| debian.join(lib).join(&machine).display().to_string());
        let programs = debian.join("usr/bin");
        let mut command = Command::new(programs.join(self.program));
        command.current_dir(home).env("LD_LIBRARY_PATH", libraries.join(":"));
        command.env("HOME", home).env("XDG_RUNTIME_DIR", home).env("TMPDIR", home);
        command.env("SSL_CERT_FILE", home.join("ca.crt")).env("REGISTRY_AUTH_FILE", home.join("auth.json"));
        if self.runs_as_nobody() {
            command.uid(NOBODY).gid(NOBODY);
        } else {
            // What they remember, they keep where nobody would.
            command.env("_CONTAINERS_ROOTLESS_UID", NOBODY.to_string());
            command.env("PATH", format!("{}:/usr/bin:/bin", programs.display()));
            command.args(["--storage-driver=vfs", "--root=images", "--runroot=containers"]);
        }
        command.args(words.split(' '));
        piped(command, input)
    }

    /// Logs in to the registry of a team.
    pub fn log_in(&self, team: &Team, user: &str, password: &str) -> Printed {
        self.run(&format!("login --username {user} --password-stdin {}", team.host), password)
    }
}
