//! The Git protocol over plain TCP (`git://`), which has no credentials.

use policy::git_url::Address;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::answer::RemoteAnswer;
use super::config::LOOPBACK;
use super::error::GitError;
use super::refs::{Conversation, Turn, packet};
use crate::guard;

const PORT: u16 = 9418;

pub(super) async fn ask(address: &Address, mut conversation: Conversation) -> Result<RemoteAnswer, GitError> {
    let unreachable = |error: std::io::Error| GitError::of_connection(&error);
    let port = address.port.unwrap_or(PORT);
    let mut stream = guard::connect(&address.host, port, LOOPBACK).await.map_err(unreachable)?;
    let hello = format!("git-upload-pack {}\0host={}:{port}\0\0version=2\0", address.path, address.host);
    stream.write_all(&packet(hello.as_bytes())).await.map_err(unreachable)?;
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = tokio::time::timeout(guard::SILENCE, stream.read(&mut buffer)).await;
        let length = read.map_err(|_| GitError::Timeout(guard::SILENCE))?.map_err(unreachable)?;
        if length == 0 {
            break;
        }
        match conversation.read(buffer.get(..length).unwrap_or_default())? {
            Turn::Read => {}
            Turn::Say(request) => stream.write_all(&request).await.map_err(unreachable)?,
            Turn::Done => {
                // Tells the server that nothing more is wanted; it does not matter whether this succeeds.
                let _ = stream.write_all(b"0000").await;
                break;
            }
        }
    }
    if !conversation.has_begun() {
        return Err(GitError::NoRepository(String::new()));
    }
    Ok(RemoteAnswer { references: conversation.end()?, new_host_key: None })
}
