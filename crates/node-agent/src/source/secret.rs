//! The Secret with the value: read once, then watched. The account may read this one Secret alone.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use api::names::container_registries::OF_NODES;
use decide::owner::is_own;
use http_body_util::BodyExt as _;
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::value::{Fault, Newest, Value};
use crate::account::{Account, Error, SIZE_MAX};
use crate::pause::jittered;

/// The name of the Secret.
pub(super) const NAME: &str = OF_NODES;
/// How long the API server keeps a watch open at least. It ends each within twice that time.
const WATCH_SECONDS: u64 = 300;
/// How long a watch may be silent until it is started again: the API server sends a bookmark every minute.
const SILENCE: Duration = Duration::from_secs(90);
/// How long to wait before the next watch, so that a server that ends each at once is not asked without a pause.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest wait for an API server that is away.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

#[derive(Deserialize)]
struct Secret<'a> {
    metadata: Metadata,
    #[serde(borrow, default)]
    data: Option<Data<'a>>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "resourceVersion")]
    version: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    values: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct WatchError {
    code: u16,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    object: &'a RawValue,
}

/// Reads the value for as long as the process lives.
pub(super) async fn follow(account: &Account, namespace: &str, newest: &Newest) {
    let mut failures = 0_u32;
    loop {
        let pause = match watch(account, namespace, newest, SILENCE).await {
            Ok(()) => {
                failures = 0;
                jittered(PAUSE)
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                newest.failed();
                let pause = decide::backoff::retry(failures, fastrand::f64()).min(jittered(LONGEST_PAUSE));
                tracing::warn!(secret = NAME, namespace, %error, ?pause, "the Secret cannot be read: this node stays as it is");
                pause
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Reads the Secret and watches it until the API server ends the watch, or says nothing for too long.
async fn watch(account: &Account, namespace: &str, newest: &Newest, silence: Duration) -> Result<(), Error> {
    let all = format!("/api/v1/namespaces/{namespace}/secrets");
    let from = match account.get(&format!("{all}/{NAME}")).await? {
        // Without a version, a watch starts with what is there by then.
        None => {
            newest.hand_on(Value::Missing);
            String::new()
        }
        Some(bytes) => {
            let (value, version) = parse(&bytes)?;
            newest.hand_on(value);
            format!("&resourceVersion={version}")
        }
    };
    let seconds = fastrand::u64(WATCH_SECONDS..2 * WATCH_SECONDS);
    let query = format!(
        "watch=true&allowWatchBookmarks=true&fieldSelector=metadata.name%3D{NAME}&timeoutSeconds={seconds}{from}"
    );
    let mut answer = account.ask(&format!("{all}?{query}")).await?;
    let mut line = Zeroizing::new(Vec::new());
    // Whether an API server that is silent is still there, the next request finds out.
    while let Ok(Some(frame)) = timeout(silence, answer.response.frame()).await {
        let Ok(bytes) = frame.map_err(|error| Error::Body(error.into()))?.into_data() else { continue };
        newest.heard();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            if line.len() + part.len() > SIZE_MAX {
                return Err(Error::Body("an event is too large".into()));
            }
            line.extend_from_slice(part);
            if line.ends_with(b"\n") && !handle(&line, newest)? {
                return Ok(());
            }
            if line.ends_with(b"\n") {
                line = Zeroizing::new(Vec::new());
            }
        }
    }
    Ok(())
}

/// Handles an event. Returns whether the watch goes on.
fn handle(line: &[u8], newest: &Newest) -> Result<bool, Error> {
    let event: Event = serde_json::from_slice(line).map_err(|error| Error::Body(error.into()))?;
    match event.kind {
        "ADDED" | "MODIFIED" => newest.hand_on(parse(event.object.get().as_bytes())?.0),
        "DELETED" => newest.hand_on(Value::Missing),
        "ERROR" => {
            let status: WatchError =
                serde_json::from_str(event.object.get()).map_err(|error| Error::Body(error.into()))?;
            return match StatusCode::from_u16(status.code) {
                // The version is too old: start again.
                Ok(StatusCode::GONE) => Ok(false),
                Ok(code) => Err(Error::Status(code)),
                Err(error) => Err(Error::Body(error.into())),
            };
        }
        _ => {}
    }
    Ok(true)
}

/// The value of a Secret, and the version of the Secret. One without the key is an empty text, which is no valid value, and
/// one that the controller has not written has none.
fn parse(bytes: &[u8]) -> Result<(Value, String), Error> {
    let secret: Secret = serde_json::from_slice(bytes).map_err(|error| Error::Body(error.into()))?;
    let Metadata { version, labels } = secret.metadata;
    if !is_own(&labels) {
        return Ok((Value::Unusable(Fault::Foreign), version));
    }
    let encoded = Zeroizing::new(secret.data.and_then(|data| data.values).unwrap_or_default().into_owned());
    let bytes = policy::base64::decode(&encoded);
    Ok((bytes.map_or(Value::Unusable(Fault::NotText), |bytes| Value::of_bytes(&bytes)), version))
}

#[cfg(test)]
mod tests;
