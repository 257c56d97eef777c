//! The watch of an API server that says nothing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::sync::Arc;
use std::time::Instant;

use policy::container_registries::HiddenText;
use rcgen::CertificateParams;
use rstest::rstest;
use tokio::net::TcpListener;

use super::*;
use crate::metrics::Metrics;
use crate::status::Status;
use crate::test_server::{acceptor, serve};

const OBJECT: &str = r#"{"metadata":{"resourceVersion":"7","labels":{"app.kubernetes.io/name":"serverless-controller"}},"data":{"values":"YQ=="}}"#;
const MARK: &str = r#""app.kubernetes.io/name":"serverless-controller""#;

/// No API server stores what is no base64.
#[rstest]
#[case::text(MARK, r#"{"values":"YQ=="}"#, Value::Text(HiddenText::new("a")))]
#[case::without_the_key(MARK, "{}", Value::Text(HiddenText::new("")))]
#[case::without_data(MARK, "null", Value::Text(HiddenText::new("")))]
#[case::not_utf_8(MARK, r#"{"values":"/w=="}"#, Value::Unusable(Fault::NotText))]
#[case::not_base64(MARK, r#"{"values":"?"}"#, Value::Unusable(Fault::NotText))]
#[case::without_labels("", r#"{"values":"YQ=="}"#, Value::Unusable(Fault::Foreign))]
#[case::of_another(
    r#""app.kubernetes.io/name":"somebody""#,
    r#"{"values":"YQ=="}"#,
    Value::Unusable(Fault::Foreign)
)]
#[case::written_by_somebody(
    r#""app.kubernetes.io/name":"serverless-controller","serverless.kyma-project.io/container-registries":"config""#,
    r#"{"values":"YQ=="}"#,
    Value::Unusable(Fault::Foreign)
)]
fn a_secret_of_the_controller_holds_the_value(
    #[case] labels: &str,
    #[case] data: &str,
    #[case] expected: Value,
) {
    let object = format!(r#"{{"metadata":{{"resourceVersion":"7","labels":{{{labels}}}}},"data":{data}}}"#);
    assert_eq!(parse(object.as_bytes()).unwrap(), (expected, "7".to_owned()));
}

/// Proxies keep connections to an API server that is gone.
#[tokio::test]
async fn a_silent_watch_ends_and_the_next_one_reads_the_secret_again() {
    let (acceptor, ca) = acceptor(&CertificateParams::new(["127.0.0.1".to_owned()]).unwrap());
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ca.crt"), ca).unwrap();
    fs::write(folder.path().join("token"), "t").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let account = Account::at("127.0.0.1".to_owned(), listener.local_addr().unwrap().port(), folder.path());

    let (newest, values) =
        Newest::new(Arc::new(Metrics::new()), Status::new("the Secret".to_owned(), Instant::now()));
    let watched = async {
        for _ in 0..2 {
            watch(&account, "ns", &newest, Duration::from_millis(100)).await.unwrap();
        }
    };
    let object = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{OBJECT}", OBJECT.len());
    let bookmark = r#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"8"}}}"#;
    let silent = format!("HTTP/1.1 200 OK\r\n\r\n{bookmark}\n");
    let served = async {
        let mut open = Vec::new();
        let mut heads = Vec::new();
        for answer in [&object, &silent, &object, &silent] {
            let mut stream = acceptor.accept(listener.accept().await.unwrap().0).await.unwrap();
            heads.push(serve(&mut stream, answer).await);
            open.push(stream);
        }
        // The last one, too, stays open.
        (heads, open)
    };
    let both = async { tokio::join!(watched, served) };
    let ((), (heads, _)) = timeout(Duration::from_secs(10), both).await.unwrap();
    let secrets = "GET /api/v1/namespaces/ns/secrets";
    for number in [0, 2] {
        assert!(heads[number].starts_with(&format!("{secrets}/node-registries HTTP/1.1\r\n")), "{heads:?}");
        let query = "watch=true&allowWatchBookmarks=true&fieldSelector=metadata.name%3Dnode-registries&timeoutSeconds=";
        let watch = &heads[number + 1];
        assert!(watch.starts_with(&format!("{secrets}?{query}")), "{watch}");
        assert!(watch.contains("&resourceVersion=7 HTTP/1.1\r\n"), "{watch}");
    }
    assert_eq!(*values.borrow(), Value::Text(HiddenText::new("a")));
}
