//! The runtimes: the test executes their Dockerfiles step by step with real interpreters, starts the result and calls
//! it over HTTP.

use std::time::{Duration, Instant};

use serde_json::json;

use super::image::{self, IMAGES};
use crate::harness::wait::wait_until;

const JSON: &str = "Content-Type: application/json";

#[test]
fn an_event_holds_data_and_attributes_and_its_context_is_told() {
    for image in IMAGES.iter() {
        let name = &image.name;
        let server = image.serve(&[("FUNC_MEMORY_LIMIT", "200Mi")]);
        let attributes = ["Ce-Type: order.created", "Ce-Source: shop", "Ce-Eventtypeversion: v1"];
        let further = ["Ce-Specversion: 1.0", "Ce-Id: 7", "Ce-Time: 2020-04-02T21:37:00Z", JSON];
        let headers: Vec<_> = attributes.into_iter().chain(further).collect();
        let binary = server.ask("POST", "/event", &headers, br#"{"order": 1}"#);
        let fields = json!([
            ["ce-eventtypeversion", "v1"],
            ["ce-id", "7"],
            ["ce-source", "shop"],
            ["ce-specversion", "1.0"],
            ["ce-time", "2020-04-02T21:37:00Z"],
            ["ce-type", "order.created"],
        ]);
        let context = json!({
            "function-name": "main", "timeout": 180, "runtime": "runtime", "memory-limit": "200Mi",
        });
        let expected = json!({"data": {"order": 1}, "fields": fields, "context": context});
        assert_eq!(binary.json(), expected, "{name}");

        let structured = json!({
            "type": "order.created", "source": "shop", "eventtypeversion": "v1", "specversion": "1.0",
            "id": "7", "time": "2020-04-02T21:37:00Z", "data": {"order": 1},
        });
        let headers = ["Content-Type: application/cloudevents+json; charset=utf-8"];
        let structured = server.ask("POST", "/event", &headers, structured.to_string().as_bytes());
        assert_eq!(structured.json(), expected, "{name}");

        let text = server.ask("PUT", "/event", &["Content-Type: text/plain"], "grün".as_bytes()).json();
        assert_eq!(text["data"], "grün", "{name}");
        assert!(text["fields"].as_array().unwrap().iter().all(|field| field[1].is_null()), "{name}: {text}");
    }
}

#[test]
fn what_a_function_returns_is_the_answer() {
    for image in IMAGES.iter() {
        let name = &image.name;
        let server = image.serve(&[]);
        for (path, body) in [("/text", "42"), ("/number", "42"), ("/nothing", ""), ("/dependency", "2 days")]
        {
            // One library returns milliseconds; the other returns its argument.
            let body = if image.is_node && path == "/dependency" { "172800000" } else { body };
            let answer = server.get(path);
            assert_eq!((answer.status, answer.body.as_str()), (200, body), "{name}: {path}");
        }
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            assert_eq!(server.ask(method, "/method", &[], b"").body, method, "{name}");
        }
        assert_eq!(server.get("/query?id=a%20b").body, "a b", "{name}");
        let created = server.get("/created");
        assert_eq!((created.status, created.json()), (201, json!({"made": "up"})), "{name}");
        assert!(created.head.to_lowercase().contains("x-made: up"), "{name}: {}", created.head);
        let broken = server.ask("POST", "/text", &[JSON], b"{");
        assert_eq!(broken.status, 400, "{name}");
        assert!(broken.body.starts_with("the body is not JSON: "), "{name}: {}", broken.body);
    }
}

#[test]
fn the_documented_response_of_node_works() {
    for image in IMAGES.iter().filter(|image| image.is_node) {
        let server = image.serve(&[("FUNC_HANDLER", "documented")]);
        let (bad, good) = (server.get("/"), server.get("/?id=1"));
        assert_eq!((bad.status, bad.body.as_str()), (400, ""), "{}", image.name);
        assert_eq!((good.status, good.body.as_str()), (200, "42"), "{}", image.name);
    }
}

#[test]
fn a_function_that_fails_or_takes_too_long_is_told_and_counted() {
    for image in IMAGES.iter() {
        let name = &image.name;
        let mut server = image.serve(&[("FUNC_TIMEOUT", "1")]);
        for path in ["/fails", "/rejects"] {
            let answer = server.get(path);
            assert_eq!((answer.status, answer.body.as_str()), (500, "Internal Server Error"), "{name}");
        }
        let started = Instant::now();
        let late = server.get("/slow");
        let took = started.elapsed();
        assert_eq!(
            (late.status, late.body.as_str()),
            (408, "Timeout while processing the function"),
            "{name}"
        );
        assert!((Duration::from_secs(1)..Duration::from_millis(2900)).contains(&took), "{name}: {took:?}");
        assert_eq!(server.ask("POST", "/text", &[], b"").status, 200, "{name}");

        let metrics = server.get("/metrics").body;
        for expected in [
            r#"function_calls_total{method="GET"} 3"#,
            r#"function_calls_total{method="POST"} 1"#,
            r#"function_failures_total{method="GET"} 3"#,
            r#"function_duration_seconds_count{method="GET"} 3"#,
        ] {
            // Some libraries write whole numbers with a decimal point.
            let is_there = |line: &str| line == expected || line == format!("{expected}.0");
            assert!(metrics.lines().any(is_there), "{name}: {expected} in {metrics}");
        }
        let printed = server.process.output();
        assert!(printed.contains("made to fail"), "{name}: {printed}");
        assert!(printed.contains("the Function took longer than 1 s"), "{name}: {printed}");
        server.process.signal("TERM").unwrap();
        assert_eq!(server.process.wait().unwrap(), 0, "{name}");
    }
}

#[test]
fn a_body_above_the_limit_is_refused() {
    let large = vec![b'x'; 1024 * 1024 + 1];
    for image in IMAGES.iter() {
        let (limit, two) = if image.is_node {
            (("REQ_MB_LIMIT", "1"), ("REQ_MB_LIMIT", "2"))
        } else {
            (("FUNC_MEMFILE_MAX", "1048576"), ("FUNC_MEMFILE_MAX", "2097152"))
        };
        let length = |body: &[u8], variables: &[(&str, &str)]| {
            let answer = image.serve(variables).ask("POST", "/length", &[], body);
            (answer.status, answer.body)
        };
        let refused = length(&large, &[limit]);
        assert_eq!(refused.0, 413, "{}: {}", image.name, refused.1);
        assert_eq!(length(&large[1..], &[limit]), (200, "1048576".to_owned()), "{}", image.name);
        assert_eq!(length(&large, &[two]), (200, "1048577".to_owned()), "{}", image.name);
        assert_eq!(length(&large, &[]).0, 413, "{}", image.name);
    }
}

#[test]
fn what_cannot_be_served_is_told_at_once() {
    for image in IMAGES.iter() {
        let suffix = if image.is_node { "js" } else { "py" };
        let function = if image.is_node { "exports no function" } else { "has no function" };
        for (variable, value, expected) in [
            ("FUNC_TIMEOUT", "soon", "FUNC_TIMEOUT: \"soon\" must be a number above 0".to_owned()),
            ("FUNC_TIMEOUT", "-1", "FUNC_TIMEOUT: \"-1\" must be a number above 0".to_owned()),
            ("MOD_NAME", "other", format!("/other.{suffix} is not there")),
            ("FUNC_HANDLER", "other", format!("/handler.{suffix} {function} \"other\"")),
        ] {
            let (mut process, _) = image.process(&[(variable, value)]);
            assert_eq!(process.wait().unwrap(), 1, "{}: {}", image.name, process.output());
            assert!(process.output().contains(&expected), "{}: {}", image.name, process.output());
        }
    }
}

#[test]
fn requests_are_logged_if_asked_for() {
    for image in IMAGES.iter() {
        let quiet = image.serve(&[]);
        let logging = image.serve(&[("KYMA_INTERNAL_LOGGER_ENABLED", "true")]);
        for server in [&quiet, &logging] {
            assert_eq!(server.get("/text?password=x").status, 200);
        }
        let line = |server: &image::Server| {
            let output = server.process.output();
            output.lines().find(|line| line.starts_with("GET /text ")).map(str::to_owned)
        };
        wait_until("the line", || line(&logging).is_some());
        let logged = line(&logging).unwrap();
        assert!(logged.starts_with("GET /text 200 ") && logged.ends_with(" ms"), "{}: {logged}", image.name);
        assert_eq!(line(&quiet), None, "{}", image.name);
    }
}

#[test]
fn a_python_whose_threads_all_hang_is_not_healthy() {
    for image in IMAGES.iter().filter(|image| !image.is_node) {
        let server = image.serve(&[("FUNC_TIMEOUT", "0.2"), ("CHERRYPY_NUMTHREADS", "1")]);
        assert_eq!(server.get("/slow").status, 408, "{}", image.name);
        assert_eq!(server.get("/healthz").status, 503, "{}", image.name);
        wait_until("the end of the call", || server.get("/healthz").status == 200);
        assert_eq!(server.get("/text").status, 200, "{}", image.name);
    }
}
