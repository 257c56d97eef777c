//! The API server, as the account of the Pod may ask it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs, io};

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, HOST, HeaderValue, USER_AGENT};
use hyper::http::Error as InvalidRequest;
use hyper::{Request, StatusCode};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::ask::AGENT;
use crate::http::{self, Answer, Server};

/// How long the head of an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest object that is read: a Secret holds a megabyte, which base64 makes larger.
pub(crate) const SIZE_MAX: usize = 4 << 20;

/// The account of a Pod.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    host: String,
    port: u16,
    /// The folder with the token, which changes, and the authority of the API server.
    folder: PathBuf,
}

/// Why the API server gave no useful answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The process runs in no Pod.
    #[error("no API server is known: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must name it")]
    Unknown,
    /// The folder of the account does not hold what it should.
    #[error("{} cannot be read: {source}", path.display())]
    Account {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The authority of the API server, or the token, is none.
    #[error("{} holds no {what}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// No request can be made of this path.
    #[error("{0}")]
    Request(#[from] InvalidRequest),
    /// TLS cannot be used.
    #[error("{0}")]
    Tls(#[from] rustls::Error),
    /// It cannot be reached.
    #[error("the API server cannot be reached: {0}")]
    Reach(#[from] http::Error),
    /// It is silent.
    #[error("the API server gives no answer")]
    Silent,
    /// It refuses.
    #[error("the API server answers {0}")]
    Status(StatusCode),
    /// Its answer does not end as it should.
    #[error("the answer of the API server cannot be read: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
}

impl Account {
    /// That of the Pod in which this process runs.
    pub(crate) fn of_pod(folder: &Path) -> Result<Self, Error> {
        let variable = |name| env::var(name).map_err(|_| Error::Unknown);
        let host = variable("KUBERNETES_SERVICE_HOST")?;
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        let port = variable("KUBERNETES_SERVICE_PORT")?.parse().map_err(|_| Error::Unknown)?;
        Ok(Self::at(host, port, folder))
    }

    /// That of a folder, at a server whose IPv6 address is in brackets.
    pub(crate) fn at(host: String, port: u16, folder: &Path) -> Self {
        Self { host, port, folder: folder.to_owned() }
    }

    /// Asks for a path. The answer has begun, and is a success.
    pub(crate) async fn ask(&self, path: &str) -> Result<Answer, Error> {
        let request = Request::get(path)
            .header(HOST, format!("{}:{}", self.host, self.port))
            .header(USER_AGENT, AGENT)
            .header(ACCEPT, "application/json")
            .header(AUTHORIZATION, self.authorization()?)
            .body(Empty::<Bytes>::new())?;
        let server = Server { host: &self.host, port: self.port, tls: Some(self.tls()?) };
        let answer = timeout(PATIENCE, http::send(server, request)).await.map_err(|_| Error::Silent)??;
        match answer.response.status() {
            status if status.is_success() => Ok(answer),
            status => Err(Error::Status(status)),
        }
    }

    /// Asks for an object. `None` if there is no such object.
    pub(crate) async fn get(&self, path: &str) -> Result<Option<Bytes>, Error> {
        let answer = match self.ask(path).await {
            Err(Error::Status(StatusCode::NOT_FOUND)) => return Ok(None),
            answer => answer?,
        };
        let body = timeout(PATIENCE, Limited::new(answer.response.into_body(), SIZE_MAX).collect());
        Ok(Some(body.await.map_err(|_| Error::Silent)?.map_err(Error::Body)?.to_bytes()))
    }

    fn authorization(&self) -> Result<HeaderValue, Error> {
        let (path, token) = self.read("token")?;
        let text = std::str::from_utf8(&token).unwrap_or_default().trim();
        let header = Zeroizing::new(format!("Bearer {text}"));
        let value = HeaderValue::from_str(&header).ok().filter(|_| !text.is_empty());
        let mut value = value.ok_or(Error::Content { path, what: "token" })?;
        value.set_sensitive(true);
        Ok(value)
    }

    fn tls(&self) -> Result<Arc<ClientConfig>, Error> {
        let (path, pem) = self.read("ca.crt")?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok));
        if roots.is_empty() {
            return Err(Error::Content { path, what: "certificate" });
        }
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::new(config))
    }

    fn read(&self, name: &str) -> Result<(PathBuf, Zeroizing<Vec<u8>>), Error> {
        let path = self.folder.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok((path, Zeroizing::new(bytes))),
            Err(source) => Err(Error::Account { path, source }),
        }
    }
}
