//! Git servers on loopback: repositories over HTTP, over SSH and over the Git protocol. The first two run the real `git
//! http-backend` and `git upload-pack`; the third is `git daemon`.

#[path = "git_servers/ssh.rs"] // a benchmark includes this file by its path
mod ssh;

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
use tempfile::TempDir;
use testenv::free_port;
use tokio::net::TcpListener;

pub use ssh::Ssh;

/// The account that may read, for servers that require one: the name and the password.
pub const ACCOUNT: (&str, &str) = ("reader", "hush-hush");

/// A bare repository `r.git` for the servers, and a working copy to change it.
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
        // Servers that allow to fetch single commits have this setting.
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

    /// Writes a file, commits and force-pushes to `main`. Returns the commit.
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

    /// The commit of a revision.
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
    /// How often references were requested.
    pub asked: Arc<AtomicUsize>,
}

struct Backend {
    root: PathBuf,
    needs_account: bool,
    protocol_2: bool,
    asked: Arc<AtomicUsize>,
}

impl Http {
    /// Serves `r.git`; with `needs_account` only to [`ACCOUNT`].
    pub async fn start(repository: &Repository, needs_account: bool) -> Self {
        Self::start_with(repository, needs_account, true).await
    }

    /// Like [`Self::start`], on the address of a host.
    pub async fn start_at(host: &str, repository: &Repository, needs_account: bool) -> Self {
        Self::serve(host, repository, needs_account, true).await
    }

    /// Like [`Self::start`], optionally without version 2 of the protocol.
    pub async fn start_with(repository: &Repository, needs_account: bool, protocol_2: bool) -> Self {
        Self::serve("127.0.0.1", repository, needs_account, protocol_2).await
    }

    async fn serve(host: &str, repository: &Repository, needs_account: bool, protocol_2: bool) -> Self {
        let listener = TcpListener::bind((host, 0)).await.unwrap();
        let url = format!("http://{host}:{}/r.git", listener.local_addr().unwrap().port());
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
    // A backend that fails does not read all its input.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn split(output: &[u8]) -> (&str, &[u8]) {
    let end = output.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    (std::str::from_utf8(&output[..end]).unwrap(), &output[end + 4..])
}

/// `git daemon`. Ends when dropped.
pub struct Daemon {
    pub url: String,
    root: PathBuf,
    port: u16,
    process: Mutex<Option<testenv::Process>>,
}

impl Daemon {
    pub fn start(repository: &Repository) -> Self {
        let port = free_port().unwrap();
        let url = format!("git://127.0.0.1:{port}/r.git");
        let new = Self { url, root: repository.root().to_owned(), port, process: Mutex::default() };
        new.resume();
        new
    }

    /// Stops it.
    pub fn stop(&self) {
        *self.process.lock().unwrap() = None;
    }

    /// Starts it again on the same port.
    pub fn resume(&self) {
        let mut command = Command::new("git");
        command.args(["daemon", "--reuseaddr", "--export-all", "--listen=127.0.0.1"]);
        command.arg(format!("--port={}", self.port)).arg(format!("--base-path={}", self.root.display()));
        let mut process = testenv::Process::start(&command, &self.root.join("daemon.log")).unwrap();
        let listens = || std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok();
        process.wait_until("listening", listens).unwrap();
        *self.process.lock().unwrap() = Some(process);
    }
}
