//! Whether the agent is being uninstalled, or its Pod alone ends, as in a rolling update.

use std::time::Duration;

use hyper::StatusCode;
use serde::Deserialize;

use crate::account::{Account, Error};
use crate::pause::jittered;

/// How often a refusal is not taken for an answer, and how long to wait in between: an API server that has just started may
/// not know all roles. Together less than the time in which a Pod ends.
const RETRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(4);

#[derive(Deserialize)]
struct DaemonSet {
    metadata: Metadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    deletion_timestamp: Option<String>,
}

/// Whether a `DaemonSet` is gone, or is being deleted. An account that is gone, or has no rights any more, was deleted with it.
///
/// # Errors
/// If nobody knows.
pub(crate) async fn is_gone(account: &Account, namespace: &str, name: &str) -> Result<bool, Error> {
    is_gone_after(PAUSE, account, namespace, name).await
}

async fn is_gone_after(
    pause: Duration,
    account: &Account,
    namespace: &str,
    name: &str,
) -> Result<bool, Error> {
    let path = format!("/apis/apps/v1/namespaces/{namespace}/daemonsets/{name}");
    for _ in 0..RETRIES {
        match account.get(&path).await {
            // The rights of the account are gone, or the account itself.
            Err(Error::Status(StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED)) => {
                tokio::time::sleep(jittered(pause)).await;
            }
            Err(error) => return Err(error),
            Ok(None) => return Ok(true),
            Ok(Some(bytes)) => {
                let found: DaemonSet =
                    serde_json::from_slice(&bytes).map_err(|error| Error::Body(error.into()))?;
                return Ok(found.metadata.deletion_timestamp.is_some());
            }
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::fs;

    use rcgen::CertificateParams;
    use rstest::rstest;
    use tokio::net::TcpListener;

    use super::*;
    use crate::test_server::{acceptor, serve};

    /// What follows from the answers of an API server, each with its status and body, and how many were needed.
    async fn after(answers: &[(&str, &str)]) -> (bool, usize) {
        let (acceptor, ca) = acceptor(&CertificateParams::new(["127.0.0.1".to_owned()]).unwrap());
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ca.crt"), ca).unwrap();
        fs::write(folder.path().join("token"), "t").unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let account = Account::at("127.0.0.1".to_owned(), port, folder.path());
        let mut served = 0;
        let serving = async {
            for (status, body) in answers {
                let mut stream = acceptor.accept(listener.accept().await.unwrap().0).await.unwrap();
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
                serve(&mut stream, &answer).await;
                served += 1;
            }
            std::future::pending::<()>().await;
        };
        let gone = tokio::select! {
            gone = is_gone_after(Duration::from_millis(1), &account, "ns", "agent") => gone.unwrap(),
            () = serving => false,
        };
        (gone, served)
    }

    const FOUND: (&str, &str) = ("200 OK", r#"{"metadata":{}}"#);
    const ENDING: (&str, &str) = ("200 OK", r#"{"metadata":{"deletionTimestamp":"2026-11-26T00:00:00Z"}}"#);
    const FORBIDDEN: (&str, &str) = ("403 Forbidden", "{}");
    const UNAUTHORIZED: (&str, &str) = ("401 Unauthorized", "{}");

    #[rstest]
    #[case::there(&[FOUND], false, 1)]
    #[case::being_deleted(&[ENDING], true, 1)]
    #[case::absent(&[("404 Not Found", "{}")], true, 1)]
    #[case::refused_at_first(&[FORBIDDEN, UNAUTHORIZED, FORBIDDEN, UNAUTHORIZED, FOUND], false, 5)]
    #[case::refused_for_good(&[UNAUTHORIZED, FORBIDDEN, UNAUTHORIZED, FORBIDDEN, UNAUTHORIZED], true, 5)]
    #[tokio::test]
    async fn an_agent_is_gone_with_its_daemon_set_or_its_account(
        #[case] answers: &[(&str, &str)],
        #[case] expected: bool,
        #[case] needed: usize,
    ) {
        assert_eq!(after(answers).await, (expected, needed));
    }
}
