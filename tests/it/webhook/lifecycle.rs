//! The process from its start to its end: readiness, signals, logs.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::Value;
use serverless_webhook::certificates::dev_certs;
use tempfile::TempDir;

use crate::harness::cli::webhook;
use crate::harness::tls::write_certs;
use crate::harness::wait::PATIENCE;

/// A server process, killed when dropped.
struct Process {
    child: Child,
    log: Arc<Mutex<String>>,
    port: u16,
    admin: String,
    ca_certificate: String,
    folder: TempDir,
}

impl Process {
    fn start(format: &str, extra: &[&str]) -> Self {
        let certs = dev_certs::make("kyma-system").unwrap();
        let folder = tempfile::tempdir().unwrap();
        write_certs(folder.path(), &certs);
        Self::start_in(folder, certs.authority.certificate, format, extra)
    }

    fn start_in(folder: TempDir, ca_certificate: String, format: &str, extra: &[&str]) -> Self {
        let mut child = serve(folder.path(), format).args(extra).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        collect(child.stderr.take().unwrap(), Arc::clone(&log));
        let mut process = Self { child, log, port: 0, admin: String::new(), ca_certificate, folder };
        let line = process.wait_for_log("serving on https://");
        let addresses = line.split("serving on https://").nth(1).unwrap();
        let (listen, admin) = addresses.split_once(", admin on http://").unwrap();
        process.port = listen.rsplit(':').next().unwrap().parse().unwrap();
        process.admin = admin.chars().take_while(|character| !matches!(character, '"' | '\n')).collect();
        process
    }

    fn wait_for_log(&self, text: &str) -> String {
        let start = Instant::now();
        loop {
            let log = self.log.lock().unwrap().clone();
            if let Some(line) = log.lines().find(|line| line.contains(text)) {
                return line.to_owned();
            }
            assert!(start.elapsed() < PATIENCE, "no {text:?} in {log}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.admin).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    fn signal(&self, name: &str) {
        let sent =
            Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Replays a fixture to it.
    fn replay(&self, case: &str) -> std::process::Output {
        let ca = self.folder.path().join("ca.crt");
        std::fs::write(&ca, &self.ca_certificate).unwrap();
        webhook()
            .args(["replay", "--expect", "--url", &format!("https://localhost:{}", self.port), "--ca-file"])
            .args([ca.to_str().unwrap(), &format!("fixtures/admission/{case}")])
            .output()
            .unwrap()
    }

    fn exit(&mut self) -> Option<i32> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(start.elapsed() < PATIENCE, "it does not end: {}", self.log.lock().unwrap());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(folder: &Path, format: &str) -> Command {
    let mut command = webhook();
    command.args([
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--admin-listen",
        "127.0.0.1:0",
        "--log-format",
        format,
    ]);
    command.arg("--tls-cert-file").arg(folder.join("tls.crt"));
    command.arg("--tls-private-key-file").arg(folder.join("tls.key"));
    command
}

fn collect(stderr: ChildStderr, log: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let mut log = log.lock().unwrap();
            log.push_str(&line);
            log.push('\n');
        }
    });
}

#[test]
fn readiness_fails_first_and_reviews_are_answered_until_the_end() {
    let mut process = Process::start("json", &["--shutdown-delay", "2s", "--drain-timeout", "5s"]);
    assert_eq!(process.get("/livez"), (200, "ok\n".to_owned()));
    assert_eq!(process.get("/readyz"), (200, "ok\n".to_owned()));
    assert!(process.get("/metrics").1.ends_with("# EOF\n"));
    assert!(process.replay("validation-functions/minimal-defaulted").status.success());
    let start = Instant::now();
    process.signal("TERM");
    process.wait_for_log("reporting that the server is not ready");
    assert_eq!(process.get("/readyz"), (503, "shutting down\n".to_owned()));
    assert_eq!(process.get("/livez").0, 200);
    assert!(process.replay("validation-functions/minimal-defaulted").status.success());
    assert_eq!(process.exit(), Some(0));
    assert!(start.elapsed() >= Duration::from_secs(2));
    process.wait_for_log("all connections have ended");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut process = Process::start("json", &["--shutdown-delay", "10m"]);
    process.signal("TERM");
    process.wait_for_log("reporting that the server is not ready");
    process.signal("INT");
    assert_eq!(process.exit(), Some(0));
    process.wait_for_log("second signal");
}

#[test]
fn connections_that_do_not_end_are_left_after_the_drain_timeout() {
    let mut process = Process::start("json", &["--shutdown-delay", "0s", "--drain-timeout", "300ms"]);
    // Still in the TLS handshake, which a shutdown does not end.
    let holding = TcpStream::connect(("127.0.0.1", process.port)).unwrap();
    let start = Instant::now();
    while !process.get("/metrics").1.contains("serverless_webhook_connections 1\n") {
        assert!(start.elapsed() < PATIENCE);
    }
    process.signal("TERM");
    assert_eq!(process.exit(), Some(0));
    process.wait_for_log("connections were still open after 300ms");
    drop(holding);
}

#[test]
fn a_certificate_that_has_expired_is_served_but_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2020, 2, 1);
    let key = KeyPair::generate().unwrap();
    std::fs::write(folder.path().join("tls.crt"), params.self_signed(&key).unwrap().pem()).unwrap();
    std::fs::write(folder.path().join("tls.key"), key.serialize_pem()).unwrap();
    let process = Process::start_in(folder, String::new(), "json", &[]);
    assert_eq!(process.get("/readyz"), (503, "the serving certificate has expired\n".to_owned()));
    process.wait_for_log("the certificate has expired");
}

#[test]
fn one_line_is_logged_for_each_review_and_nothing_of_a_secret() {
    let process = Process::start("json", &["--log-level", "debug", "--shutdown-delay", "0s"]);
    for case in [
        "mutation-registry-secrets",
        "validation-functions/env-value-and-value-from",
        "validation-functions/python",
    ] {
        let replayed = process.replay(case);
        assert!(replayed.status.success(), "{}", String::from_utf8_lossy(&replayed.stdout));
    }
    process.wait_for_log("\"verdict\":\"allowed\"");
    let log = process.log.lock().unwrap().clone();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let refusal =
        lines.iter().find(|line| line["verdict"] == "refused" && line["kind"] == "Function").unwrap();
    for (field, value) in [
        ("level", "INFO"),
        ("name", "demo"),
        ("namespace", "default"),
        ("operation", "CREATE"),
        ("endpoint", "validation-functions"),
    ] {
        assert_eq!(refusal[field], value, "{refusal}");
    }
    assert!(
        refusal["uid"].as_str().unwrap().len() == 36
            && refusal["microseconds"].is_u64()
            && refusal["user"].is_string(),
        "{refusal}"
    );
    let reviews = lines.iter().filter(|line| line["message"] == "review").count();
    assert!(reviews > 40, "{reviews}");
    for secret in ["fake-", "ZmFrZ", "PRIVATE KEY"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[test]
fn a_name_cannot_forge_a_line_of_the_log() {
    let process = Process::start("text", &["--shutdown-delay", "0s"]);
    let ca = process.folder.path().join("ca.crt");
    std::fs::write(&ca, &process.ca_certificate).unwrap();
    let text = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures/admission/validation-functions/name-upper-case/request.json"),
    )
    .unwrap();
    let mut review: Value = serde_json::from_str(&text).unwrap();
    review["request"]["name"] = "x\n2026-01-01T00:00:00Z ERROR forged\u{1b}[31m".into();
    review["request"]["userInfo"]["username"] = "a\nforged too".into();
    let request = process.folder.path().join("review.json");
    std::fs::write(&request, review.to_string()).unwrap();
    let replayed = webhook()
        .args([
            "replay",
            "--endpoint",
            "/validation/functions",
            "--url",
            &format!("https://localhost:{}", process.port),
            "--ca-file",
        ])
        .args([ca.to_str().unwrap(), request.to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(replayed.status.code(), Some(1));
    process.wait_for_log("verdict=");
    let log = process.log.lock().unwrap().clone();
    assert!(
        !log.contains('\u{1b}')
            && log.lines().all(|line| !line.starts_with("2026-01-01") && !line.starts_with("forged")),
        "{log}"
    );
}

#[test]
fn a_server_is_asked_whose_certificate_the_system_trusts_or_nobody_verifies() {
    let process = Process::start("text", &[]);
    let other = dev_certs::make("kyma-system").unwrap().authority.certificate;
    let replay = |trusted: &str, flags: &[&str]| {
        let file = process.folder.path().join("system.crt");
        std::fs::write(&file, trusted).unwrap();
        let url = format!("https://localhost:{}", process.port);
        let mut replay = webhook();
        replay.args(["replay", "--expect", "--url", &url]).args(flags);
        replay.arg("fixtures/admission/validation-functions/delete").env("SSL_CERT_FILE", file);
        let output = replay.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(replay(&process.ca_certificate, &[]), (Some(0), String::new()));
    assert_eq!(replay(&other, &["--insecure"]), (Some(0), String::new()));
    let (code, said) = replay(&other, &[]);
    assert!(
        code == Some(69) && said.contains("the server cannot be reached: invalid peer certificate: "),
        "{said}"
    );
}
