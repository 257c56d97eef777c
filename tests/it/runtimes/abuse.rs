//! Malicious callers: none can fill the memory of a Function, or block its server for ever.

use std::io::{Read as _, Write as _};
use std::thread;
use std::time::{Duration, Instant};

use super::image::{IMAGES, Server};

/// The memory limit of the preset M, which is the default.
const LIMIT_KIB: u64 = 128 * 1024;
/// The default body limit in Python.
const PYTHON_BODY: usize = 1024 * 1024;

/// The peak memory of the server, in KiB.
fn peak(server: &Server) -> u64 {
    server.get("/peak").body.parse().unwrap()
}

/// Three thousand time series would be five megabytes of metrics.
#[test]
fn methods_that_callers_make_up_are_one_series() {
    for image in IMAGES.iter() {
        let name = &image.name;
        let server = image.serve(&[]);
        assert_eq!(server.get("/text").status, 200, "{name}");
        let before = peak(&server);
        // Node.js itself accepts a few dozen methods, and no others.
        let methods: Vec<String> = if image.is_node {
            ["PROPFIND", "MKCOL", "REPORT", "PURGE"].map(str::to_owned).into()
        } else {
            (0..3000).map(|number| format!("M{number}X")).collect()
        };
        for method in &methods {
            assert_eq!(server.ask(method, "/text", &[], b"").status, 200, "{name}: {method}");
        }
        let metrics = server.get("/metrics").body;
        let calls: Vec<_> =
            metrics.lines().filter(|line| line.starts_with("function_calls_total{")).collect();
        let expected = format!("function_calls_total{{method=\"other\"}} {}", methods.len());
        assert!(calls.iter().any(|line| line.trim_end_matches(".0") == expected), "{name}: {calls:?}");
        assert_eq!(calls.len(), 2, "{name}: {calls:?}");
        assert!(metrics.len() < 20_000, "{name}: {}", metrics.len());
        let grown = peak(&server) - before;
        assert!(image.is_node || grown < 8 * 1024, "{name}: {grown} KiB");
    }
}

#[test]
fn bodies_at_the_limit_on_all_connections_fit_into_the_memory_of_the_default_preset() {
    for image in IMAGES.iter().filter(|image| !image.is_node) {
        let server = image.serve(&[]);
        let body = vec![b'x'; PYTHON_BODY];
        thread::scope(|scope| {
            for _ in 0..28 {
                scope.spawn(|| {
                    assert_eq!(server.ask("POST", "/hold", &[], &body).body, PYTHON_BODY.to_string());
                });
            }
        });
        assert!(peak(&server) < LIMIT_KIB, "{}: {} KiB", image.name, peak(&server));
        let refused = server.ask("POST", "/length", &[], &vec![b'x'; PYTHON_BODY + 1]);
        assert_eq!(refused.status, 413, "{}", image.name);
        // The largest structure for JSON of this size.
        let lists = format!("[{}[]]", "[],".repeat(PYTHON_BODY / 3 - 2));
        let answer = server.ask("POST", "/length", &["Content-Type: application/json"], lists.as_bytes());
        assert_eq!(answer.status, 200, "{}: {}", image.name, answer.body);
        assert!(peak(&server) < LIMIT_KIB, "{}: {} KiB", image.name, peak(&server));
    }
}

/// A body without an announced length is limited, too, and so is the head.
#[test]
fn chunks_and_heads_without_end_are_refused() {
    for image in IMAGES.iter() {
        let name = &image.name;
        let server = image.serve(&[]);
        let chunk = format!("100000\r\n{}\r\n", "x".repeat(0x10_0000));
        let head =
            "POST /length HTTP/1.1\r\nHost: f\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
        let answer = server.send(format!("{head}{}0\r\n\r\n", chunk.repeat(100)).as_bytes());
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413 "), "{name}: {answer}");
        let answer = server.send(format!("{head}5\r\nhello\r\n0\r\n\r\n").as_bytes());
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains('5'), "{name}: {answer}");
        let header = |number| format!("X-{number}: {}\r\n", "x".repeat(1000));
        let headers: String = (0..100_000).map(header).collect();
        let answer = server.send(format!("GET /text HTTP/1.1\r\n{headers}").as_bytes());
        let is_refused = |status: &str| answer.starts_with(&format!("HTTP/1.1 {status} "));
        // Each interpreter has its own message.
        assert!(
            answer.is_empty() || ["400", "413", "431"].iter().any(|status| is_refused(status)),
            "{name}: {answer}"
        );
        assert!(peak(&server) < LIMIT_KIB, "{name}: {} KiB", peak(&server));
        assert_eq!(server.get("/text").status, 200, "{name}");
    }
}

/// With a timeout for each single read, every byte would restart it.
#[test]
fn a_request_that_does_not_arrive_in_time_is_ended() {
    for image in IMAGES.iter() {
        let name = &image.name;
        let server = image.serve(&[("FUNC_READ_TIMEOUT", "2")]);
        let mut stream = server.connect();
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        stream.write_all(b"POST /length HTTP/1.1\r\nHost: f\r\nContent-Length: 1000\r\n\r\n").unwrap();
        let started = Instant::now();
        let ended = loop {
            if stream.write_all(b"x").is_err() {
                break started.elapsed();
            }
            let mut answer = [0; 1024];
            match stream.read(&mut answer) {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Ok(_) | Err(_) => break started.elapsed(),
            }
            assert!(started.elapsed() < Duration::from_secs(8), "{name}: still open");
        };
        assert!(ended > Duration::from_millis(1500), "{name}: {ended:?}");
        // A call may take longer than the arrival of a request.
        assert_eq!(server.get("/slow").status, 200, "{name}");
    }
}

/// A path with a line break would add a line to the log.
#[test]
fn a_request_is_one_line_of_the_log() {
    for image in IMAGES.iter() {
        let server = image.serve(&[("KYMA_INTERNAL_LOGGER_ENABLED", "true")]);
        server.get("/none%0aGET%20/forged%20200%201%20ms");
        let is_logged = || {
            server.process.output().contains("/none%0AGET") || server.process.output().contains("/none%0aGET")
        };
        crate::harness::wait::wait_until("the line", is_logged);
        let output = server.process.output();
        assert!(!output.lines().any(|line| line.starts_with("GET /forged")), "{}: {output}", image.name);
    }
}
