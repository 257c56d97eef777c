//! The credential helper of docker for the registry: it asks the gateway beside it, and prints what it gets.

use std::io::{self, Read as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use zeroize::Zeroizing;

use super::socket::Answer;

/// How long the gateway may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The longest answer, in bytes: a Secret has at most 1 MiB.
const ANSWER_MAX: u64 = 4 << 20;

/// Why there are no credentials. No text holds any part of them.
#[derive(Debug, thiserror::Error)]
pub enum HelperError {
    /// The gateway is away.
    #[error("the gateway does not answer: {0}")]
    Away(#[from] io::Error),
    /// It has none.
    #[error("the gateway has no credentials yet")]
    None,
    /// It answers something else.
    #[error("the answer of the gateway is not understood")]
    Answer,
}

#[derive(Serialize)]
struct Printed<'a> {
    #[serde(rename = "ServerURL")]
    server: &'a str,
    #[serde(rename = "Username")]
    username: &'a str,
    #[serde(rename = "Secret")]
    secret: &'a str,
}

/// Asks the gateway at a socket. Returns what a helper prints for a server.
///
/// # Errors
/// There are no credentials.
pub fn get(socket: &Path, server: &str) -> Result<Zeroizing<Vec<u8>>, HelperError> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    let mut line = Zeroizing::new(Vec::with_capacity(16 << 10));
    stream.take(ANSWER_MAX).read_to_end(&mut line)?;
    match serde_json::from_slice(&line).map_err(|_| HelperError::Answer)? {
        Answer::None => Err(HelperError::None),
        Answer::Login::<String> { username, password } => {
            let (username, password) = (Zeroizing::new(username), Zeroizing::new(password));
            let printed = Printed { server, username: &username, secret: &password };
            serde_json::to_vec(&printed).map(Zeroizing::new).map_err(|_| HelperError::Answer)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::Arc;

    use policy::container_registries::HiddenText;

    use super::*;
    use crate::cache::credentials::{Credentials, Login};
    use crate::cache::socket::Socket;
    use crate::metrics::Metrics;

    #[tokio::test(flavor = "multi_thread")]
    async fn the_helper_prints_the_last_credentials_and_fails_without_any() {
        let folder = std::env::temp_dir().join(format!("credentials-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("socket");
        let ask = async || {
            let path = path.clone();
            let asked =
                tokio::task::spawn_blocking(move || get(&path, "registry.example.com")).await.unwrap();
            asked
                .map(|printed| String::from_utf8(printed.to_vec()).unwrap())
                .map_err(|error| error.to_string())
        };
        let away = "the gateway does not answer: No such file or directory (os error 2)";
        assert_eq!(ask().await.unwrap_err(), away);

        let credentials = Arc::new(Credentials::awaited(Metrics::of_cache().1));
        // What another process has left.
        std::fs::write(&path, "").unwrap();
        tokio::spawn(Socket::bind(&path).unwrap().serve(Arc::clone(&credentials)));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        assert_eq!(ask().await.unwrap_err(), "the gateway has no credentials yet");
        for password in ["hush", "\"\\\n: *&é"] {
            credentials.put(Login { username: "me".to_owned(), password: HiddenText::new(password) });
            let printed: serde_json::Value = serde_json::from_str(&ask().await.unwrap()).unwrap();
            let expected = serde_json::json!({
                "ServerURL": "registry.example.com",
                "Username": "me",
                "Secret": password,
            });
            assert_eq!(printed, expected);
        }
        assert!(!format!("{credentials:?}").contains("hush"));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
