//! Pulls as containerd makes them: a challenge, a token for the repository, the manifest, and all blobs.

use std::fmt::{self, Write as _};
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use serde_json::Value;

use crate::harness::client::Login;
use crate::harness::tls;

/// How long a server may be silent.
const SILENCE: Duration = Duration::from_secs(30);
const MANIFESTS: &str =
    "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json";

/// A client of a registry with TLS at an address.
pub struct Node {
    address: SocketAddr,
    config: Arc<ClientConfig>,
}

/// Why a pull has failed.
#[derive(Debug)]
pub enum Failure {
    /// The connection was refused, or ended early.
    Broken(io::Error),
    /// A request was refused, with a status and a body.
    Refused(u16, String),
    /// An answer that nobody may give.
    Wrong(String),
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Node {
    pub fn new(address: SocketAddr, authority: &str) -> Self {
        Self { address, config: Arc::new(tls::client(authority)) }
    }

    /// Pulls an image whose manifest must have a digest.
    pub fn pull(&self, login: Option<Login<'_>>, image: &str, digest: &str) -> Result<(), Failure> {
        let (repository, tag) = image.split_once(':').unwrap();
        let token = self.token(login, repository, tag)?;
        let manifest = self.fetch(&format!("/v2/{repository}/manifests/{tag}"), &token, digest)?;
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        let layers = manifest["layers"].as_array().unwrap().iter();
        for blob in layers.chain([&manifest["config"]]) {
            let digest = blob["digest"].as_str().unwrap();
            self.fetch(&format!("/v2/{repository}/blobs/{digest}"), &token, digest)?;
        }
        Ok(())
    }

    /// What is served of a manifest to whom has a token for another repository.
    pub fn peek(&self, login: Login<'_>, own: &str, path: &str) -> Result<(), Failure> {
        let (repository, tag) = own.split_once(':').unwrap();
        let token = self.token(Some(login), repository, tag)?;
        self.ask(path, &format!("Bearer {token}"))?.successful().map(|_| ())
    }

    /// Whether a login is known, by a token server at the address.
    pub fn is_known(&self, login: Login<'_>, service: &str) -> bool {
        self.ask(&format!("/auth/token?service={service}"), &basic(login))
            .is_ok_and(|answer| answer.status == 200)
    }

    fn token(&self, login: Option<Login<'_>>, repository: &str, tag: &str) -> Result<String, Failure> {
        let asked = self.ask(&format!("/v2/{repository}/manifests/{tag}"), "")?;
        if asked.status == 200 {
            return Err(Failure::Wrong(format!("{repository}:{tag} is served without a token")));
        }
        let Some(challenge) = asked.head.lines().find(|line| line.starts_with("www-authenticate: ")) else {
            return Err(asked.refused());
        };
        let part = |name: &str| challenge.split(&format!("{name}=\"")).nth(1)?.split('"').next();
        let (realm, service) = part("realm").zip(part("service")).unwrap();
        assert_eq!(realm, format!("https://{}/auth/token", self.address));
        let path = format!("/auth/token?service={service}&scope=repository:{repository}:pull");
        let answer = self.ask(&path, &login.map_or_else(String::new, basic))?.successful()?;
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        Ok(answer["token"].as_str().unwrap().to_owned())
    }

    fn fetch(&self, path: &str, token: &str, digest: &str) -> Result<Vec<u8>, Failure> {
        let answer = self.ask(path, &format!("Bearer {token}"))?.successful()?;
        if sha256(&answer.body) == digest {
            return Ok(answer.body);
        }
        Err(Failure::Wrong(format!("{path} is not {digest}: {}", answer.head)))
    }

    fn ask(&self, path: &str, authorization: &str) -> Result<Answer, Failure> {
        let address = self.address;
        let authorization = match authorization {
            "" => String::new(),
            value => format!("Authorization: {value}\r\n"),
        };
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: {MANIFESTS}\r\n{authorization}Connection: close\r\n\r\n"
        );
        self.exchange(request.as_bytes()).map_err(Failure::Broken)
    }

    fn exchange(&self, request: &[u8]) -> io::Result<Answer> {
        let name = ServerName::from(self.address.ip());
        let connection = ClientConnection::new(Arc::clone(&self.config), name).unwrap();
        let stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(SILENCE))?;
        let mut stream = StreamOwned::new(connection, stream);
        stream.write_all(request)?;
        let mut answer = Vec::new();
        // What came before an error is an answer if it is whole.
        let ended = stream.read_to_end(&mut answer).err();
        let early = || ended.unwrap_or_else(|| io::ErrorKind::UnexpectedEof.into());
        let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return Err(early()) };
        let body = answer.split_off(end + 4);
        let head = String::from_utf8(answer).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if length != Some(body.len()) {
            return Err(early());
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Ok(Answer { status, head, body })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(error) => write!(formatter, "the connection ended: {error}"),
            Self::Refused(status, body) => write!(formatter, "{status} {body}"),
            Self::Wrong(what) => formatter.write_str(what),
        }
    }
}

impl Answer {
    fn successful(self) -> Result<Self, Failure> {
        if self.status == 200 { Ok(self) } else { Err(self.refused()) }
    }

    fn refused(self) -> Failure {
        Failure::Refused(self.status, String::from_utf8_lossy(&self.body).trim().to_owned())
    }
}

fn basic((user, password): Login<'_>) -> String {
    format!("Basic {}", BASE64.encode(format!("{user}:{password}")))
}

fn sha256(content: &[u8]) -> String {
    let mut text = "sha256:".to_owned();
    for byte in digest::digest(&digest::SHA256, content).as_ref() {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}
