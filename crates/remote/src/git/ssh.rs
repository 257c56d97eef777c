//! The Git protocol over SSH.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use policy::git_url::Address;
use russh::client::{self, Handle};
use russh::keys::{Algorithm, PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use russh::{ChannelMsg, Preferred, compression, kex};

use policy::HostKeys;

use super::answer::RemoteAnswer;
use super::config::LOOPBACK;
use super::credentials::Credentials;
use super::error::{GitError, words};
use super::host_keys::{self, Judgement, PORT};
use super::private_key;
use super::refs::{Conversation, Turn};
use crate::guard;

/// The user name at servers that grant access by the key alone.
const USER: &str = "git";

pub(super) async fn ask(
    address: &Address,
    credentials: &Credentials,
    policy: HostKeys,
    mut conversation: Conversation,
) -> Result<RemoteAnswer, GitError> {
    let Credentials::Key { key, passphrase, known_hosts, recorded } = credentials else {
        return Err(GitError::Secret("a repository over SSH is read with spec.auth.type \"key\"".to_owned()));
    };
    let (text, passphrase) = (key.clone(), passphrase.clone());
    let key = guard::aside(move || private_key::load(&text, passphrase.as_ref().map(|text| text.as_str())));
    let key = key.await.ok_or(GitError::Panic)?;
    let key = key.map_err(|error| GitError::Secret(format!("the key of the Secret {error}")))?;
    let port = address.port.unwrap_or(PORT);
    let met = Arc::new(Mutex::new(None));
    let host = Host {
        name: address.host.clone(),
        port,
        known: known_hosts.clone().unwrap_or_else(|| recorded.clone()),
        accepts_new: known_hosts.is_none() && policy == HostKeys::AcceptNew,
        met: Arc::clone(&met),
    };
    let stream = guard::connect(&address.host, port, LOOPBACK).await;
    let stream = stream.map_err(|error| GitError::of_connection(&error))?;
    let mut session = client::connect_stream(Arc::new(config()), stream, host).await?;
    let hash = match key.algorithm() {
        Algorithm::Rsa { .. } => session.best_supported_rsa_hash().await?.flatten(),
        _ => None,
    };
    let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
    let user = address.user.as_deref().unwrap_or(USER);
    if !session.authenticate_publickey(user, key).await?.success() {
        return Err(GitError::Refused(String::new()));
    }
    let asked = converse(&session, &address.path, &mut conversation).await;
    // It does not matter whether the server receives it.
    let _ = session.disconnect(russh::Disconnect::ByApplication, "", "").await;
    asked?;
    let new_host_key = met.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(RemoteAnswer { references: conversation.end()?, new_host_key })
}

/// Limits how much a server can make the controller compute: it cannot choose groups, the largest groups are off, and
/// so is compression.
fn config() -> client::Config {
    const KEX: &[kex::Name] = &[
        kex::MLKEM768X25519_SHA256,
        kex::CURVE25519,
        kex::CURVE25519_PRE_RFC_8731,
        kex::DH_G16_SHA512,
        kex::DH_G14_SHA256,
        kex::EXTENSION_SUPPORT_AS_CLIENT,
        kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT,
    ];
    let preferred = Preferred {
        kex: Cow::Borrowed(KEX),
        compression: Cow::Borrowed(&[compression::NONE]),
        ..Preferred::DEFAULT
    };
    client::Config {
        nodelay: true,
        preferred,
        inactivity_timeout: Some(guard::SILENCE),
        ..client::Config::default()
    }
}

async fn converse(
    session: &Handle<Host>,
    path: &str,
    conversation: &mut Conversation,
) -> Result<(), GitError> {
    let mut channel = session.channel_open_session().await?;
    // A server that refuses it answers in an older version.
    channel.set_env(false, "GIT_PROTOCOL", "version=2").await?;
    channel.exec(true, format!("git-upload-pack {}", quoted(path))).await?;
    let mut complaint = Vec::new();
    while let Some(message) = channel.wait().await {
        match message {
            ChannelMsg::Data { data } => match conversation.read(&data)? {
                Turn::Read => {}
                Turn::Say(question) => channel.data_bytes(question).await?,
                Turn::Done => {
                    let _ = channel.data_bytes(b"0000".to_vec()).await;
                    return Ok(());
                }
            },
            ChannelMsg::ExtendedData { data, .. } => {
                let room = 1000_usize.saturating_sub(complaint.len());
                complaint.extend_from_slice(data.get(..room).unwrap_or(&data));
            }
            _ => {}
        }
    }
    if conversation.has_begun() { Ok(()) } else { Err(GitError::NoRepository(words(&complaint))) }
}

/// Quotes a word for a shell. A path in the home directory of a user is given as `/~user/…`; servers expect `~user/…`.
fn quoted(path: &str) -> Cow<'static, str> {
    let path = path.strip_prefix('/').filter(|rest| rest.starts_with('~')).unwrap_or(path);
    format!("'{}'", path.replace('\'', r"'\''")).into()
}

/// Checks the key of the host.
struct Host {
    name: String,
    port: u16,
    known: String,
    accepts_new: bool,
    /// The key that was accepted because it was new.
    met: Arc<Mutex<Option<String>>>,
}

/// The errors of a connection; [`GitError`] plus what the library requires.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Ssh(#[from] russh::Error),
    #[error(transparent)]
    Git(GitError),
}

impl From<Failure> for GitError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Ssh(error) => error.into(),
            Failure::Git(error) => error,
        }
    }
}

impl From<russh::Error> for GitError {
    fn from(error: russh::Error) -> Self {
        match error {
            russh::Error::InactivityTimeout => Self::Timeout(guard::SILENCE),
            error => {
                Self::Unreachable(words(error.to_string().as_bytes()).trim_start_matches(": ").to_owned())
            }
        }
    }
}

impl client::Handler for Host {
    type Error = Failure;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Failure> {
        let key = shown.public_key();
        let refuse = |text: String| Err(Failure::Git(GitError::HostKey(text)));
        let fingerprint = key.fingerprint(russh::keys::HashAlg::Sha256);
        let (known, name, port, shown) = (self.known.clone(), self.name.clone(), self.port, key.clone());
        let judged = guard::aside(move || host_keys::judge(&known, &name, port, &shown));
        let judgement = match judged.await.ok_or(Failure::Git(GitError::Panic))? {
            Ok(judgement) => judgement,
            Err(problem) => return refuse(problem),
        };
        match judgement {
            Judgement::Known => Ok(true),
            Judgement::New if self.accepts_new => {
                *self.met.lock().unwrap_or_else(PoisonError::into_inner) =
                    host_keys::line(&self.name, self.port, &key);
                Ok(true)
            }
            Judgement::New => refuse(format!(
                "the host key {fingerprint} of {} is not known: put its line into known_hosts of the Secret",
                self.name
            )),
            Judgement::Changed => refuse(format!(
                "{} shows another host key than is known, {fingerprint}: if that is right, take the old one out of known_hosts of the Secret, or out of annotation {} of the GitRepository",
                self.name,
                api::names::HOST_KEYS
            )),
        }
    }
}
