//! The controller as a process, with its own metrics and those of the kernel.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use testenv::ControlPlane;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Kernel clock ticks per second (`getconf CLK_TCK`).
const TICKS: f64 = 100.0;

/// The controller. It ends when this is dropped.
pub struct Process {
    child: Child,
    admin: String,
}

impl Process {
    pub async fn start(program: &Path, control_plane: &ControlPlane, slots: usize) -> Self {
        let admin = format!("127.0.0.1:{}", testenv::free_port().unwrap());
        // All slots for the only namespace.
        let build = format!("build: {{maxSimultaneousJobs: {slots}, maxJobsPerNamespace: {slots}}}\n");
        let config = control_plane.folder().join("controller.yaml");
        fs::write(&config, build).unwrap();
        let log = fs::File::create(control_plane.folder().join("controller.log")).unwrap();
        let child = Command::new(program)
            .args(["run", "--namespace=default", "--admin-listen", &admin])
            .env("KUBECONFIG", control_plane.kubeconfig())
            .arg("--config")
            .arg(config)
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let process = Self { child, admin };
        while !process.metrics().await.contains("serverless_controller_leads 1") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        process
    }

    /// Requests to the API server so far, by verb.
    pub async fn calls(&self) -> Vec<(String, u64)> {
        let metrics = self.metrics().await;
        let call = |line: &str| {
            let (verb, number) =
                line.strip_prefix("serverless_controller_api_requests_total{verb=\"")?.split_once("\"} ")?;
            Some((verb.to_owned(), number.parse().ok()?))
        };
        let mut calls: Vec<_> = metrics.lines().filter_map(call).collect();
        calls.sort();
        calls
    }

    async fn metrics(&self) -> String {
        let Ok(mut stream) = TcpStream::connect(&self.admin).await else { return String::new() };
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// CPU time so far, user and system, in seconds.
    pub fn cpu_seconds(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<_> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        let ticks = |index: usize| fields[index].parse::<f64>().unwrap();
        (ticks(11) + ticks(12)) / TICKS
    }

    pub fn peak_mib(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
