//! Whether the agent is being uninstalled, or its Pod alone ends, as in a rolling update.

use std::time::Duration;

use hyper::StatusCode;
use serde::Deserialize;

use crate::account::{Account, Error};
use crate::pause::jittered;

/// How often a refusal is not taken for an answer, and how long to wait in between: an API server that has just started may
/// not know all roles.
const RETRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);

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
    let path = format!("/apis/apps/v1/namespaces/{namespace}/daemonsets/{name}");
    for _ in 0..RETRIES {
        match account.get(&path).await {
            // The rights of the account are gone, or the account itself.
            Err(Error::Status(StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED)) => {
                tokio::time::sleep(jittered(PAUSE)).await;
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
