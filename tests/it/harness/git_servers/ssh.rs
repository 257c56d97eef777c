//! `git upload-pack` behind SSH.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use russh::keys::{PrivateKey, PublicKey};
use russh::server::{Auth, Msg, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use super::Repository;

/// `git upload-pack` behind SSH.
pub struct Ssh {
    pub url: String,
    /// The key of the host, as a line of a `known_hosts` file.
    pub known_hosts: String,
    pub port: u16,
}

#[derive(Clone)]
struct Login {
    root: PathBuf,
    allowed: PublicKey,
    /// The protocol version that a client has requested.
    protocol: Arc<Mutex<String>>,
    channels: Arc<Mutex<Vec<Channel<Msg>>>>,
}

impl Ssh {
    /// Serves `r.git` on loopback to clients with the key. With `port` 0 it uses any free port.
    pub async fn start(
        repository: &Repository,
        host_key: PrivateKey,
        allowed: &PublicKey,
        port: u16,
    ) -> Self {
        Self::start_at(("127.0.0.1", port), repository, host_key, allowed).await
    }

    /// Like [`Self::start`], on the address of a host.
    pub async fn start_at(
        (host, port): (&str, u16),
        repository: &Repository,
        host_key: PrivateKey,
        allowed: &PublicKey,
    ) -> Self {
        let listener = TcpListener::bind((host, port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut public = host_key.public_key().clone();
        public.set_comment("");
        let known_hosts = format!("[{host}]:{port} {}", public.to_openssh().unwrap());
        let config = russh::server::Config { keys: vec![host_key], ..russh::server::Config::default() };
        let config = Arc::new(config);
        let login = Login {
            root: repository.root().to_owned(),
            allowed: allowed.clone(),
            protocol: Arc::default(),
            channels: Arc::default(),
        };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (config, login) = (Arc::clone(&config), login.clone());
                tokio::spawn(async move {
                    if let Ok(session) = russh::server::run_stream(config, stream, login).await {
                        let _ = session.await;
                    }
                });
            }
        });
        Self { url: format!("ssh://git@{host}:{port}/r.git"), known_hosts, port }
    }
}

impl russh::server::Handler for Login {
    type Error = russh::Error;

    async fn auth_publickey(
        &mut self,
        _user: &str,
        key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, russh::Error> {
        Ok(if key.public_key.key_data() == self.allowed.key_data() { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: russh::server::ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        reply.accept().await;
        self.channels.lock().unwrap().push(channel);
        Ok(())
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        if name == "GIT_PROTOCOL" {
            value.clone_into(&mut self.protocol.lock().unwrap());
        }
        session.channel_success(channel)
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.channel_success(id)?;
        let command = String::from_utf8(command.to_vec()).unwrap();
        let path = command.strip_prefix("git-upload-pack '").unwrap().strip_suffix('\'').unwrap();
        let mut upload = tokio::process::Command::new("git");
        upload.args(["upload-pack", "--strict"]).arg(self.root.join(path.trim_start_matches('/')));
        upload.env("GIT_PROTOCOL", self.protocol.lock().unwrap().as_str()).kill_on_drop(true);
        upload.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = upload.spawn().unwrap();
        let channel = self.channels.lock().unwrap().pop().unwrap();
        tokio::spawn(async move {
            let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
            let (mut read, write) = channel.split();
            let from_client = tokio::spawn(async move {
                let mut reader = read.make_reader();
                let _ = tokio::io::copy(&mut reader, &mut input).await;
            });
            let mut buffer = vec![0; 30_000];
            while let Ok(length @ 1..) = output.read(&mut buffer).await {
                if write.data_bytes(buffer[..length].to_vec()).await.is_err() {
                    break;
                }
            }
            from_client.abort();
            let mut complaint = Vec::new();
            let _ = child.stderr.take().unwrap().read_to_end(&mut complaint).await;
            let _ = write.extended_data_bytes(1, complaint).await;
            let code = child.wait().await.ok().and_then(|status| status.code()).unwrap_or(1);
            let _ = write.exit_status(u32::try_from(code).unwrap()).await;
            let _ = write.eof().await;
            let _ = write.close().await;
        });
        Ok(())
    }
}
