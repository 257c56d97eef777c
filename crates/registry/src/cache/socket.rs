//! Gives the credentials for the upstream to the registry in the same Pod, by a Unix socket: whoever connects gets them, so
//! only the user and the group of the gateway can.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::credentials::Credentials;

/// Who may connect.
const MODE: u32 = 0o660;
/// How long a client may take to read.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How many clients are answered at once.
const CLIENTS: usize = 32;
/// How long to wait after a failed accept, so that the loop does not spin.
const BACK_OFF: Duration = Duration::from_millis(50);

/// What a client gets: a line of JSON.
#[derive(Deserialize, Serialize)]
pub(super) enum Answer<T> {
    /// The credentials.
    Login {
        /// The user.
        username: T,
        /// The password.
        password: T,
    },
    /// There are none yet.
    None,
}

/// A socket that does not accept yet.
#[derive(Debug)]
pub struct Socket(UnixListener);

impl Socket {
    /// Binds a path. What an earlier process has left there is replaced.
    ///
    /// # Errors
    /// It cannot be bound.
    pub fn bind(path: &Path) -> io::Result<Self> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, Permissions::from_mode(MODE))?;
        Ok(Self(listener))
    }

    /// Answers clients, without an end.
    pub async fn serve(self, credentials: Arc<Credentials>) {
        let clients = Arc::new(Semaphore::new(CLIENTS));
        loop {
            let Ok(client) = Arc::clone(&clients).acquire_owned().await else { return };
            match self.0.accept().await {
                Ok((stream, _)) => {
                    let credentials = Arc::clone(&credentials);
                    tokio::spawn(async move {
                        // A client that does not read gets nothing.
                        let _ = timeout(TIMEOUT, answer(stream, &credentials)).await;
                        drop(client);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection for credentials");
                    tokio::time::sleep(BACK_OFF).await;
                }
            }
        }
    }
}

async fn answer(mut stream: UnixStream, credentials: &Credentials) -> io::Result<()> {
    let login = credentials.get();
    let answer = match &login {
        Some(login) => Answer::Login { username: login.username.as_str(), password: login.password.reveal() },
        None => Answer::None,
    };
    let mut line = Zeroizing::new(serde_json::to_vec(&answer)?);
    line.push(b'\n');
    stream.write_all(&line).await?;
    stream.shutdown().await
}
