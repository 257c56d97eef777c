//! `serverless-registry serve` as a process, with a real API server and, if a test needs it, a registry behind it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serverless_webhook::certificates::dev_certs;
use tempfile::TempDir;
use testenv::{Process, free_port};

use crate::harness::call::call;
use crate::harness::guarded::{NAME, exchange, start_registry, token_authority};
use crate::harness::programs::program;
use crate::harness::tls::write_certs;

/// How the program is started, and where it will listen.
pub struct Prepared {
    pub command: Command,
    pub port: u16,
    pub admin: u16,
    pub upstream: u16,
    /// The certificate of the authority that clients trust.
    pub authority: String,
}

impl Prepared {
    /// It follows the accounts of a namespace, as the user of a kubeconfig.
    pub fn new(folder: &TempDir, kubeconfig: &Path, namespace: &str, flags: &[String]) -> Self {
        let certs = dev_certs::make("kyma-system").unwrap();
        let tls = write_certs(folder.path(), &certs);
        let tokens = token_authority(folder);
        let [port, admin, upstream] = [(); 3].map(|()| free_port().unwrap());
        let mut command = Command::new(program("serverless-registry"));
        command.arg("serve").env("KUBECONFIG", kubeconfig).args(flags);
        for (flag, value) in [
            ("listen", format!("127.0.0.1:{port}")),
            ("admin-listen", format!("127.0.0.1:{admin}")),
            ("upstream", format!("127.0.0.1:{upstream}")),
            ("tls-cert-file", tls.certificate.display().to_string()),
            ("tls-private-key-file", tls.key.display().to_string()),
            ("token-issuer", NAME.to_owned()),
            ("token-service", NAME.to_owned()),
            ("token-ca-cert-file", tokens.certificate.display().to_string()),
            ("token-ca-key-file", tokens.key.display().to_string()),
            ("namespace", namespace.to_owned()),
            ("reload-interval", "50ms".to_owned()),
            ("shutdown-delay", "0s".to_owned()),
        ] {
            command.arg(format!("--{flag}={value}"));
        }
        Self { command, port, admin, upstream, authority: certs.authority.certificate }
    }
}

/// Whether a program on loopback is ready, by its admin port.
pub fn is_ready(admin: u16) -> bool {
    call(("127.0.0.1", admin), "GET", "/readyz", &[], b"").is_some_and(|answer| answer.status == 200)
}

/// The program with its files. Ends when dropped.
pub struct Served {
    pub process: Process,
    pub port: u16,
    pub admin: u16,
    /// The certificate of the authority that clients trust.
    pub authority: String,
    upstream: u16,
    registry: Option<Process>,
    folder: TempDir,
}

impl Served {
    /// Nothing but tokens is there yet. See [`Prepared::new`].
    pub fn start(kubeconfig: &Path, namespace: &str, flags: &[String]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let Prepared { command, port, admin, upstream, authority } =
            Prepared::new(&folder, kubeconfig, namespace, flags);
        let mut process = Process::start(&command, &folder.path().join("log")).unwrap();
        process.wait_until("ready", || is_ready(admin)).unwrap();
        Self { process, port, admin, authority, upstream, registry: None, folder }
    }

    /// With a registry behind it.
    pub fn with_registry(mut self) -> Self {
        self.registry = Some(start_registry("registry", &self.folder, self.upstream, self.port));
        self
    }

    /// The status of a request for a token, and its body.
    pub fn ask(&self, user: &str, password: &str, scope: &str) -> (u16, String) {
        let login = STANDARD.encode(format!("{user}:{password}"));
        let request = format!(
            "GET /auth/token?service={NAME}&scope={scope} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Basic {login}\r\n\r\n"
        );
        let answer = exchange(self.port, &self.authority, request.as_bytes(), Duration::ZERO, 1);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// What a token says.
    pub fn claims(&self, user: &str, password: &str, scope: &str) -> serde_json::Value {
        let (status, body) = self.ask(user, password, scope);
        assert_eq!(status, 200, "{body}");
        let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
        let claims = answer["token"].as_str().unwrap().split('.').nth(1).unwrap();
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap();
        serde_json::from_slice(&claims).unwrap()
    }

    pub fn metric(&self, line: &str) -> bool {
        let metrics = call(("127.0.0.1", self.admin), "GET", "/metrics", &[], b"").unwrap().body;
        metrics.lines().any(|known| known == line)
    }
}

/// A file of rules, which can be replaced.
pub struct RulesFile {
    path: PathBuf,
    _folder: TempDir,
}

impl RulesFile {
    pub fn new(rules: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let new = Self { path: folder.path().join("auth_config.yml"), _folder: folder };
        new.write(rules);
        new
    }

    /// Replaces the file as a whole.
    pub fn write(&self, rules: &str) {
        let new = self.path.with_extension("new");
        std::fs::write(&new, rules).unwrap();
        std::fs::rename(new, &self.path).unwrap();
    }

    pub fn flag(&self) -> String {
        format!("--acl-file={}", self.path.display())
    }
}
