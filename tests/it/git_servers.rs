//! Git servers on loopback: repositories over HTTP, over SSH and over the Git protocol. The first two carry the real
//! `git http-backend` and `git upload-pack`; the third is `git daemon`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use russh::keys::{PrivateKey, PublicKey};
use russh::server::{Auth, Msg, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId};
use tempfile::TempDir;
use testenv::free_port;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

/// Who may read, where somebody is asked: the name and the password.
pub const ACCOUNT: (&str, &str) = ("reader", "hush-hush");

/// A bare repository `r.git` that is served, and a working copy to change it.
pub struct Repository {
    folder: TempDir,
}

impl Repository {
    /// With a first commit on `main`, a lightweight tag `light`, an annotated tag `v1`, and a branch `feature/x`.
    pub fn new() -> Self {
        let new = Self { folder: tempfile::tempdir().unwrap() };
        let folder = new.folder.path();
        git(folder, "init --quiet --bare --initial-branch=main r.git");
        git(folder, "init --quiet --initial-branch=main work");
        // What a server that lets single commits be fetched says.
        git(&folder.join("r.git"), "config uploadpack.allowAnySHA1InWant true");
        new.commit("fn/handler.js", "module.exports = { main: () => 1 }");
        new.work("tag light");
        new.work("tag -a v1 -m v1");
        new.work("branch feature/x");
        new.work("push --quiet ../r.git main feature/x light v1");
        new
    }

    /// The folder that holds `r.git`.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, commits and pushes to `main`, by force. The commit.
    pub fn commit(&self, file: &str, text: &str) -> String {
        let path = self.root().join("work").join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self.work("add .");
        self.work("commit --quiet -m change");
        self.work("push --quiet --force ../r.git HEAD:main");
        self.id("HEAD")
    }

    /// Runs git in the working copy.
    pub fn work(&self, words: &str) {
        git(&self.root().join("work"), words);
    }

    /// The commit that something is.
    pub fn id(&self, of: &str) -> String {
        let output = git(&self.root().join("work"), &format!("rev-parse {of}^{{commit}}"));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

fn git(folder: &Path, words: &str) -> Output {
    let output = Command::new("git")
        .current_dir(folder)
        .args(words.split(' '))
        .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")])
        .envs([("GIT_AUTHOR_NAME", "a"), ("GIT_AUTHOR_EMAIL", "a@example.com")])
        .envs([("GIT_COMMITTER_NAME", "a"), ("GIT_COMMITTER_EMAIL", "a@example.com")])
        .output()
        .unwrap();
    assert!(output.status.success(), "git {words}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// `git http-backend` behind HTTP.
#[derive(Clone)]
pub struct Http {
    pub url: String,
    /// How often references were asked for.
    pub asked: Arc<AtomicUsize>,
}

struct Backend {
    root: PathBuf,
    needs_account: bool,
    protocol_2: bool,
    asked: Arc<AtomicUsize>,
}

impl Http {
    /// Serves `r.git`; with `needs_account` to [`ACCOUNT`] alone.
    pub async fn start(repository: &Repository, needs_account: bool) -> Self {
        Self::start_with(repository, needs_account, true).await
    }

    /// As [`Self::start`], and maybe without version 2 of the protocol.
    pub async fn start_with(repository: &Repository, needs_account: bool, protocol_2: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/r.git", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let root = repository.root().to_owned();
        let backend = Arc::new(Backend { root, needs_account, protocol_2, asked: Arc::clone(&asked) });
        let router = Router::new().fallback(serve).with_state(backend);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, asked }
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn serve(State(backend): State<Arc<Backend>>, request: Request) -> Response<Body> {
    let headers = request.headers().clone();
    let header =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let account = format!("Basic {}", STANDARD.encode(format!("{}:{}", ACCOUNT.0, ACCOUNT.1)));
    if backend.needs_account && header("authorization") != account {
        let answer = Response::builder().status(StatusCode::UNAUTHORIZED);
        return answer.header(header::WWW_AUTHENTICATE, "Basic realm=\"git\"").body(Body::empty()).unwrap();
    }
    if request.uri().path().ends_with("/info/refs") {
        backend.asked.fetch_add(1, Ordering::SeqCst);
    }
    let protocol = if backend.protocol_2 { header("git-protocol") } else { String::new() };
    let mut command = Command::new("git");
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", &backend.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_PROTOCOL", &protocol)
        .env("REQUEST_METHOD", request.method().as_str())
        .env("PATH_INFO", request.uri().path())
        .env("QUERY_STRING", request.uri().query().unwrap_or_default())
        .env("CONTENT_TYPE", header("content-type"))
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("REMOTE_USER", "reader")
        .env("REMOTE_ADDR", "127.0.0.1");
    let body = axum::body::to_bytes(request.into_body(), 10_000_000).await.unwrap();
    let output = tokio::task::spawn_blocking(move || piped(command, &body)).await.unwrap();
    let (head, body) = split(&output.stdout);
    let mut answer = Response::builder();
    for line in head.lines() {
        let (name, value) = line.split_once(": ").unwrap();
        answer = match name {
            "Status" => answer.status(value[..3].parse::<u16>().unwrap()),
            name => answer.header(name, value),
        };
    }
    answer.body(Body::from(Bytes::copy_from_slice(body))).unwrap()
}

fn piped(mut command: Command, input: &[u8]) -> Output {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // A backend that fails does not read to the end.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn split(output: &[u8]) -> (&str, &[u8]) {
    let end = output.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    (std::str::from_utf8(&output[..end]).unwrap(), &output[end + 4..])
}

/// `git daemon`.
pub struct Daemon {
    pub url: String,
    _process: testenv::Process,
}

impl Daemon {
    pub fn start(repository: &Repository) -> Self {
        let port = free_port().unwrap();
        let mut command = Command::new("git");
        command.args(["daemon", "--reuseaddr", "--export-all", "--listen=127.0.0.1"]);
        command.arg(format!("--port={port}")).arg(format!("--base-path={}", repository.root().display()));
        let mut process = testenv::Process::start(&command, &repository.root().join("daemon.log")).unwrap();
        let address = format!("127.0.0.1:{port}");
        process.wait_until("listening", || std::net::TcpStream::connect(&address).is_ok()).unwrap();
        Self { url: format!("git://{address}/r.git"), _process: process }
    }
}

/// `git upload-pack` behind SSH.
pub struct Ssh {
    pub url: String,
    /// The key of the host, as a line of a `known_hosts` file.
    pub known_hosts: String,
    pub port: u16,
}

#[derive(Clone)]
struct Login {
    root: PathBuf,
    allowed: PublicKey,
    /// The version that a client has asked for.
    protocol: Arc<Mutex<String>>,
    channels: Arc<Mutex<Vec<Channel<Msg>>>>,
}

impl Ssh {
    /// Serves `r.git` to whoever has the key. `port` 0 is any that is free.
    pub async fn start(
        repository: &Repository,
        host_key: PrivateKey,
        allowed: &PublicKey,
        port: u16,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut public = host_key.public_key().clone();
        public.set_comment("");
        let known_hosts = format!("[127.0.0.1]:{port} {}", public.to_openssh().unwrap());
        let config = russh::server::Config { keys: vec![host_key], ..russh::server::Config::default() };
        let config = Arc::new(config);
        let login = Login {
            root: repository.root().to_owned(),
            allowed: allowed.clone(),
            protocol: Arc::default(),
            channels: Arc::default(),
        };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (config, login) = (Arc::clone(&config), login.clone());
                tokio::spawn(async move {
                    if let Ok(session) = russh::server::run_stream(config, stream, login).await {
                        let _ = session.await;
                    }
                });
            }
        });
        Self { url: format!("ssh://git@127.0.0.1:{port}/r.git"), known_hosts, port }
    }
}

impl russh::server::Handler for Login {
    type Error = russh::Error;

    async fn auth_publickey(
        &mut self,
        _user: &str,
        key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, russh::Error> {
        Ok(if key.public_key.key_data() == self.allowed.key_data() { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: russh::server::ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        reply.accept().await;
        self.channels.lock().unwrap().push(channel);
        Ok(())
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        if name == "GIT_PROTOCOL" {
            value.clone_into(&mut self.protocol.lock().unwrap());
        }
        session.channel_success(channel)
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.channel_success(id)?;
        let command = String::from_utf8(command.to_vec()).unwrap();
        let path = command.strip_prefix("git-upload-pack '").unwrap().strip_suffix('\'').unwrap();
        let mut upload = tokio::process::Command::new("git");
        upload.args(["upload-pack", "--strict"]).arg(self.root.join(path.trim_start_matches('/')));
        upload.env("GIT_PROTOCOL", self.protocol.lock().unwrap().as_str()).kill_on_drop(true);
        upload.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = upload.spawn().unwrap();
        let channel = self.channels.lock().unwrap().pop().unwrap();
        tokio::spawn(async move {
            let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
            let (mut read, write) = channel.split();
            let from_client = tokio::spawn(async move {
                let mut reader = read.make_reader();
                let _ = tokio::io::copy(&mut reader, &mut input).await;
            });
            let mut buffer = vec![0; 30_000];
            while let Ok(length @ 1..) = output.read(&mut buffer).await {
                if write.data_bytes(buffer[..length].to_vec()).await.is_err() {
                    break;
                }
            }
            from_client.abort();
            let mut complaint = Vec::new();
            let _ = child.stderr.take().unwrap().read_to_end(&mut complaint).await;
            let _ = write.extended_data_bytes(1, complaint).await;
            let code = child.wait().await.ok().and_then(|status| status.code()).unwrap_or(1);
            let _ = write.exit_status(u32::try_from(code).unwrap()).await;
            let _ = write.eof().await;
            let _ = write.close().await;
        });
        Ok(())
    }
}
