//! What the kubelet asks, and what it is answered: `credentialprovider.kubelet.k8s.io/v1`.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use decide::nodes::credentials_file::Login;
use policy::container_registries::HiddenText;
use serde::{Deserialize, Deserializer, Serialize};

const API_VERSION: &str = "credentialprovider.kubelet.k8s.io/v1";
const REQUEST: &str = "CredentialProviderRequest";
const RESPONSE: &str = "CredentialProviderResponse";

/// The most bytes of a request: the name of an image, a token and annotations are a few thousand.
const SIZE_MAX: u64 = 1 << 20;

/// How long the kubelet keeps an answer: not at all. A login changes on a node within seconds, and reading it again takes
/// a millisecond; a kept one would let pulls fail until it is forgotten.
const CACHE_DURATION: &str = "0s";

/// Why there is no request to answer. No text holds a part of it: it may hold a token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the request cannot be read: {0}")]
    Read(#[source] io::Error),
    #[error("the request is larger than {SIZE_MAX} bytes")]
    TooLarge,
    #[error("the standard input holds no {REQUEST} as JSON (line {line}, column {column})")]
    Invalid { line: usize, column: usize },
    #[error("the request is no {REQUEST} of {API_VERSION}, which is all that this program answers")]
    Kind,
    #[error("the request names no image")]
    NoImage,
}

/// What the kubelet asks.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    api_version: String,
    kind: String,
    #[serde(default)]
    image: String,
    /// The token of the Pod's service account, if the configuration of the kubelet asks for it.
    #[serde(default, deserialize_with = "hidden")]
    service_account_token: HiddenText,
}

fn hidden<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HiddenText, D::Error> {
    String::deserialize(deserializer).map(HiddenText::new)
}

impl Request {
    pub(crate) fn read(input: &mut dyn Read) -> Result<Self, Error> {
        let mut text = String::new();
        let read = input.take(SIZE_MAX + 1).read_to_string(&mut text);
        // Hidden at once, so that it is wiped.
        let text = HiddenText::new(text);
        match read {
            Ok(length) if length as u64 > SIZE_MAX => return Err(Error::TooLarge),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(Error::Invalid { line: 1, column: 1 });
            }
            Err(error) => return Err(Error::Read(error)),
        }
        let request: Self = serde_json::from_str(text.reveal())
            .map_err(|error| Error::Invalid { line: error.line(), column: error.column() })?;
        if request.api_version != API_VERSION || request.kind != REQUEST {
            return Err(Error::Kind);
        }
        if request.image.is_empty() { Err(Error::NoImage) } else { Ok(request) }
    }

    pub(crate) fn image(&self) -> &str {
        &self.image
    }

    /// The login with the token in it; none for a Pod without a service account.
    pub(crate) fn service_account(&self) -> Option<Login> {
        let token = &self.service_account_token;
        (!token.reveal().is_empty()).then(|| Login::of_service_account(token.clone()))
    }
}

/// What the kubelet is answered.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response<'a> {
    api_version: &'static str,
    kind: &'static str,
    cache_key_type: &'static str,
    cache_duration: &'static str,
    /// Logins by the hosts that the kubelet uses them for.
    auth: BTreeMap<&'a str, &'a Login>,
}

impl<'a> Response<'a> {
    /// The answer for a host.
    pub(crate) fn new(host: &'a str, login: Option<&'a Login>) -> Self {
        Self {
            api_version: API_VERSION,
            kind: RESPONSE,
            cache_key_type: "Registry",
            cache_duration: CACHE_DURATION,
            auth: login.into_iter().map(|login| (host, login)).collect(),
        }
    }

    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        // Texts and maps of texts always become JSON.
        let text = HiddenText::new(serde_json::to_string(self).unwrap_or_default() + "\n");
        out.write_all(text.reveal().as_bytes())?;
        out.flush()
    }
}
