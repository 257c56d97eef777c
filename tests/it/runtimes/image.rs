//! Plays the Dockerfile of a runtime in a folder, with an interpreter of its language in place of the base image.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::thread;

use serde_json::{Map, Value};
use testenv::Process;

use crate::harness::call::{Answer, call};
use crate::harness::packages;

/// What the Dockerfiles use, and where it is played.
const FOLDERS: [&str; 2] = ["/kubeless", "/opt/serverless"];

/// The image of a Function, as a folder.
pub struct Image {
    /// The runtime and its interpreter, for messages.
    pub name: String,
    pub is_node: bool,
    folder: tempfile::TempDir,
    interpreter: PathBuf,
    env: Vec<(String, String)>,
    command: Vec<String>,
}

/// The Function of the tests, built with every interpreter: of the versions that the runtimes are named after where they
/// can be had, otherwise of one before and one after: 3.8 and 3.12 of Python cannot. `PYTHON_HOMES` adds others, as in `/opt/python3.8:/opt/python3.12`.
pub static IMAGES: LazyLock<Vec<Image>> = LazyLock::new(|| {
    let current = testenv::root().join("target/interpreters/current");
    assert!(current.exists(), "{} is not there: run `make interpreters`", current.display());
    let brought = [
        ("nodejs10", "node10"),
        ("nodejs12", "node12"),
        ("nodejs22", "node22"),
        ("nodejs24", "node24"),
        ("python38", "python3.10"),
        ("python313", "python3.13"),
        ("python313", "python3.14"),
    ];
    let mut all: Vec<_> = brought.map(|(runtime, home)| (runtime, current.join(home))).into();
    let further = std::env::var("PYTHON_HOMES").unwrap_or_default();
    all.extend(further.split(':').filter(|home| !home.is_empty()).map(|home| ("python38", home.into())));
    let building: Vec<_> =
        all.into_iter().map(|(runtime, home)| thread::spawn(move || Image::build(runtime, &home))).collect();
    building.into_iter().map(|image| image.join().unwrap()).collect()
});

impl Image {
    fn build(runtime: &str, interpreter: &Path) -> Self {
        let is_node = runtime.starts_with("nodejs");
        let folder = tempfile::tempdir().unwrap();
        let name = format!("{runtime} with {}", interpreter.file_name().unwrap().display());
        let interpreter = interpreter.to_owned();
        let mut image = Self { name, is_node, folder, interpreter, env: Vec::new(), command: Vec::new() };
        image.write_sources();
        let files = config_map(runtime);
        image.write_runtime(&files);
        for line in files["Dockerfile"].as_str().unwrap().lines() {
            let (instruction, rest) = line.split_once(' ').unwrap();
            image.play(instruction, rest);
        }
        image
    }

    /// As the build Job mounts them.
    fn write_sources(&self) {
        let sources = self.path("/src");
        fs::create_dir(&sources).unwrap();
        let files = if self.is_node {
            let dependencies = include_str!("../../packages/package.json");
            [("handler.js", include_str!("handler.js")), ("package.json", dependencies)]
        } else {
            let dependencies = include_str!("../../packages/requirements.txt");
            [("handler.py", include_str!("handler.py")), ("requirements.txt", dependencies)]
        };
        for (file, text) in files {
            fs::write(sources.join(file), text).unwrap();
        }
    }

    /// As the build Job mounts them: the files of the ConfigMap, beside its Dockerfile.
    fn write_runtime(&self, files: &Map<String, Value>) {
        let folder = self.path("/runtime");
        fs::create_dir(&folder).unwrap();
        for (name, text) in files.iter().filter(|(name, _)| *name != "Dockerfile") {
            fs::write(folder.join(name), text.as_str().unwrap()).unwrap();
        }
    }

    fn play(&mut self, instruction: &str, rest: &str) {
        match instruction {
            "ARG" => assert!(rest.starts_with("base_image="), "{rest}"),
            "FROM" => assert_eq!(rest, "${base_image}"),
            "USER" => assert!(["root", "1000"].contains(&rest), "{rest}"),
            "ENV" => {
                let variables = rest.split(' ').map(|variable| variable.split_once('=').unwrap());
                let played: Vec<_> =
                    variables.map(|(name, value)| (name.to_owned(), self.played(value))).collect();
                self.env.extend(played);
            }
            "COPY" => {
                // A layer of its own holds the same files.
                let rest = rest.strip_prefix("--link ").unwrap_or(rest);
                let (from, to) = rest.rsplit_once(' ').unwrap();
                for from in from.split(' ') {
                    self.copy(from, to);
                }
            }
            "RUN" => {
                let mut shell = self.environment(Command::new("sh"));
                let output = shell.args(["-ec", &self.played(rest)]).output().unwrap();
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{}: {rest}: {said}", self.name);
            }
            "CMD" => {
                let words: Vec<String> = serde_json::from_str(rest).unwrap();
                self.command = words.iter().map(|word| self.played(word)).collect();
            }
            other => panic!("{other} is not played"),
        }
    }

    /// A file into a folder, which ends in a slash, or to a path; or what is in a folder into another.
    fn copy(&self, from: &str, to: &str) {
        let (from, is_folder, to) = (self.path(from), to.ends_with('/'), self.path(to));
        fs::create_dir_all(if is_folder || from.is_dir() { &to } else { to.parent().unwrap() }).unwrap();
        let from = if from.is_dir() { from.join(".") } else { from };
        assert!(Command::new("cp").arg("-r").args([from, to]).status().unwrap().success());
    }

    /// Starts the server, with further variables.
    pub fn process(&self, variables: &[(&str, &str)]) -> (Process, u16) {
        let port = testenv::free_port().unwrap();
        let mut command = self.environment(Command::new("env"));
        command.args(&self.command).env("FUNC_PORT", port.to_string()).env("FUNC_RUNTIME", "runtime");
        command.envs(variables.iter().copied());
        let log = self.folder.path().join(format!("{port}.log"));
        (Process::start(&command, &log).unwrap(), port)
    }

    /// Starts the server and waits until it is ready.
    pub fn serve(&self, variables: &[(&str, &str)]) -> Server {
        let (mut process, port) = self.process(variables);
        process.wait_until("ready", || try_ask(port, "GET", "/healthz", &[], b"").is_some()).unwrap();
        Server { process, port }
    }

    fn environment(&self, mut command: Command) -> Command {
        let path = format!("{}:/usr/bin:/bin", self.interpreter.join("bin").display());
        command.env("PATH", path).env("HOME", self.folder.path()).envs(self.env.iter().cloned());
        command.envs(packages::variables(&packages::MIRROR)).env("npm_config_update_notifier", "false");
        command
    }

    /// A text of the Dockerfile with its folders where they are played.
    fn played(&self, text: &str) -> String {
        let base = self.folder.path().display();
        FOLDERS.iter().fold(text.to_owned(), |text, folder| text.replace(folder, &format!("{base}{folder}")))
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path.trim_start_matches('/'))
    }
}

/// What the ConfigMap of a runtime holds.
fn config_map(runtime: &str) -> Map<String, Value> {
    let path = testenv::root().join("manifests/runtimes/runtimes.yaml");
    let manifests: Vec<Value> = serde_saphyr::from_multiple(&fs::read_to_string(path).unwrap()).unwrap();
    let label = "/metadata/labels/serverless.kyma-project.io~1runtime";
    let of_runtime = manifests.iter().find(|manifest| manifest.pointer(label).unwrap() == runtime).unwrap();
    of_runtime["data"].as_object().unwrap().clone()
}

/// A server that is ready.
pub struct Server {
    pub process: Process,
    port: u16,
}

impl Server {
    pub fn ask(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
        try_ask(self.port, method, path, headers, body).expect("an answer")
    }

    /// Bytes as they are, and what comes back until the server closes.
    pub fn send(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        // A server that refuses what it reads need not read the rest.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// A connection of which nothing has been sent yet.
    pub fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).unwrap()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"")
    }
}

fn try_ask(port: u16, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Option<Answer> {
    call(("127.0.0.1", port), method, path, headers, body)
}
