//! The gateway as a process, the registry behind it, and nginx in front of the same registry.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use testenv::free_port;

use crate::harness::cluster::{BARE, kubectl};
use crate::harness::guarded::{NAME, hash, start_registry};
use crate::harness::served::{Prepared, is_ready};
use crate::harness::wait::wait_within;
use crate::rates::Server;

/// What a namespace of accounts is called.
pub const NAMESPACE: &str = "default";

/// A process of ours. It ends when this is dropped.
pub struct Running {
    child: Child,
    pub server: Server,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The gateway with its files.
pub struct Gateway {
    pub running: Running,
    pub registry: Option<testenv::Process>,
    upstream: u16,
    admin: u16,
    folder: TempDir,
}

impl Gateway {
    /// It knows all accounts of the namespace when it is ready.
    pub fn start() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let flags = ["--max-connections-per-peer=4096".to_owned()];
        let prepared = Prepared::new(&folder, &BARE.kubeconfig(), NAMESPACE, &flags);
        let Prepared { mut command, port, admin, upstream, authority } = prepared;
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let server = Server { port, ca_certificate: authority, pid: child.id() };
        let running = Running { child, server };
        wait_within(Duration::from_mins(1), "the gateway is ready", || is_ready(admin));
        Self { running, registry: None, upstream, admin, folder }
    }

    /// With a registry: `registry` or, of the generation before, `registry-2`.
    pub fn with_registry(mut self, program: &str) -> Self {
        self.registry = Some(start_registry(program, &self.folder, self.upstream, self.running.server.port));
        self
    }

    /// Gives the gateway another key that signs tokens: it makes one whenever the files of the token authority change.
    pub fn new_key(&self, number: usize) {
        let path = self.folder.path().join("tokens.crt");
        let certificate = fs::read_to_string(&path).unwrap();
        let new = self.folder.path().join("tokens.new");
        fs::write(&new, certificate + "\n").unwrap();
        fs::rename(new, path).unwrap();
        let line = format!(
            "serverless_registry_reloads_total{{file=\"token_authority\",result=\"success\"}} {number}"
        );
        let is_made = || {
            let metrics = crate::harness::call::call(("127.0.0.1", self.admin), "GET", "/metrics", &[], b"");
            metrics.is_some_and(|answer| answer.body.lines().any(|known| known == line))
        };
        wait_within(Duration::from_secs(20), "a new key signs", is_made);
    }

    /// nginx with the same certificate in front of the same registry; `None` if this machine has none.
    pub fn nginx(&self) -> Option<Running> {
        let program = nginx()?;
        let (folder, port, upstream) = (self.folder.path().display(), free_port().unwrap(), self.upstream);
        let configuration = format!(
            "daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_body_temp_path {folder}/nginx-body; proxy_temp_path {folder}/nginx-proxy;
  fastcgi_temp_path {folder}/nginx-fastcgi; uwsgi_temp_path {folder}/nginx-uwsgi; scgi_temp_path {folder}/nginx-scgi;
  upstream registry {{ server 127.0.0.1:{upstream}; keepalive 8; }}
  server {{
    listen 127.0.0.1:{port} ssl; ssl_certificate {folder}/tls.crt; ssl_certificate_key {folder}/tls.key;
    client_max_body_size 0; sendfile on; tcp_nodelay on;
    location /v2/ {{
      proxy_pass http://registry; proxy_http_version 1.1; proxy_set_header Connection ''; proxy_set_header Host $http_host;
      proxy_request_buffering off; proxy_buffering off;
    }}
  }}
}}"
        );
        let path = self.folder.path().join("nginx.conf");
        fs::write(&path, configuration).unwrap();
        let mut command = Command::new(program);
        command.arg("-c").arg(&path).arg("-e").arg(self.folder.path().join("nginx.log")).stdin(Stdio::null());
        let child = command.spawn().unwrap();
        wait_within(Duration::from_secs(20), "nginx listens", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        let ca_certificate = self.running.server.ca_certificate.clone();
        let server = Server { port, ca_certificate, pid: child.id() };
        Some(Running { child, server })
    }
}

/// Debian's nginx, or the one that the variable `NGINX` names.
fn nginx() -> Option<PathBuf> {
    let named = std::env::var_os("NGINX").map(PathBuf::from);
    named.or_else(|| Some(Path::new("/usr/sbin/nginx").to_owned())).filter(|path| path.is_file())
}

/// An account for pushes.
pub fn account(name: &str, password: &str) -> serde_json::Value {
    account_with(name, &hash(password))
}

/// An account for pushes, with a hash.
pub fn account_with(name: &str, hash: &str) -> serde_json::Value {
    json!({
        "apiVersion": "registry.mgoltzsche.github.com/v1alpha1", "kind": "ImageRegistryAccount",
        "metadata": {"name": name},
        "spec": {"password": hash, "labels": {"accessMode": ["push"], "namespace": ["bench"]}},
    })
}

/// Creates an account.
pub fn create(name: &str, password: &str) {
    kubectl(&BARE, "create -f -", &account(name, password)).unwrap();
}

/// The body of a request for a token.
pub fn token_request((user, password): (&str, &str), scope: &str) -> String {
    format!("grant_type=password&username={user}&password={password}&service={NAME}&scope={scope}")
}
