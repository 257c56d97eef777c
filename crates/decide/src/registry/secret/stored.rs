//! What has the name of the Secret of a push or pull secret, as it is cached: no password is.

use std::collections::BTreeMap;
use std::fmt;

use api::names::registry::{Access, ROTATE, ROTATION, number_of, secret_key};
use api::names::registry_secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use zeroize::Zeroizing;

use super::data::{Authority, Credentials, Target};
use super::request::Request;

/// What has the name of the Secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Stored {
    /// Nothing.
    Missing,
    /// A Secret that another object, or nobody, controls.
    Foreign,
    /// The Secret of the push or pull secret.
    Own(Box<StoredSecret>),
}

/// A Secret, without its credentials.
#[derive(Clone, Eq, PartialEq)]
pub struct StoredSecret {
    /// The number of its account, if its data are the credentials of that account.
    pub number: Option<u64>,
    /// The request for a rotation that it follows.
    pub followed: Option<String>,
    /// The certificate authority.
    pub certificate: Option<Vec<u8>>,
    /// Its labels.
    labels: BTreeMap<String, String>,
    /// Whether it has the type that the kubelet accepts.
    is_typed: bool,
    /// What it is for, as a hash, if all its data agree about that.
    target: Option<String>,
}

impl Stored {
    /// The Secret, if it belongs to the push or pull secret.
    #[must_use]
    pub fn own(&self) -> Option<&StoredSecret> {
        if let Self::Own(secret) = self { Some(secret) } else { None }
    }
}

impl Request {
    /// Reads the Secret that has the name.
    #[must_use]
    pub fn stored(&self, secret: Option<&Secret>) -> Stored {
        let Some(secret) = secret else { return Stored::Missing };
        let is_own = secret
            .owner_references()
            .iter()
            .any(|owner| owner.controller == Some(true) && owner.uid == self.uid);
        if !is_own {
            return Stored::Foreign;
        }
        Stored::Own(Box::new(StoredSecret {
            number: self.credentials(secret).map(|credentials| credentials.number),
            followed: secret.annotations().get(ROTATE).cloned(),
            certificate: value(secret, secret_key::CA).map(<[u8]>::to_vec),
            labels: secret.labels().clone(),
            is_typed: secret.type_.as_deref() == Some(registry_secret::TYPE),
            target: target_of(secret, self.access).map(|target| target.digest()),
        }))
    }

    /// The credentials in a Secret, if they are those of an account of this push or pull secret. Who edits one of the data
    /// gets new ones: nobody can know which of two passwords is right.
    #[must_use]
    pub fn credentials(&self, secret: &Secret) -> Option<Credentials> {
        let (username, password) =
            (text(secret, registry_secret::USERNAME)?, text(secret, registry_secret::PASSWORD)?);
        let number = number_of(&self.account, username)?;
        let annotated = secret.annotations().get(ROTATION)?;
        let target = target_of(secret, self.access)?;
        let data = target.data(username, password);
        let configs = [secret_key::CONFIG, registry_secret::DOCKER_CONFIG_KEY];
        let agrees = |key: &str| data.get(key).is_none_or(|wanted| is_stored(secret, key, wanted));
        if *annotated != number.to_string() || password.is_empty() || !configs.into_iter().all(agrees) {
            return None;
        }
        let password = Zeroizing::new(password.to_owned());
        Some(Credentials { number, username: username.to_owned(), password })
    }
}

impl StoredSecret {
    /// Whether nothing but the credentials could change.
    pub(super) fn is_as(&self, request: &Request, target: &Target<'_>) -> bool {
        let is_labelled = |(key, value): (&str, &String)| self.labels.get(key) == Some(value);
        let mut target = target.clone();
        if target.authority == Authority::Unknown {
            target.authority = self.certificate.as_deref().map_or(Authority::Public, Authority::Own);
        }
        self.is_typed
            && request.labels().iter().map(|(key, value)| (*key, value)).all(is_labelled)
            && self.target == Some(target.digest())
    }
}

/// What a Secret is for, from its data.
fn target_of(secret: &Secret, access: Access) -> Option<Target<'_>> {
    let hostname = text(secret, secret_key::REGISTRY)?.to_owned();
    let address = text(secret, registry_secret::REGISTRY_ADDRESS).map(str::to_owned);
    let is_served =
        text(secret, registry_secret::SERVER_ADDRESS) == address.as_ref().map(|_| hostname.as_str());
    let authority = value(secret, secret_key::CA).map_or(Authority::Public, Authority::Own);
    is_served.then_some(Target { access, hostname, registry_address: address, authority })
}

fn value<'a>(secret: &'a Secret, key: &str) -> Option<&'a [u8]> {
    secret.data.as_ref()?.get(key).map(|value| value.0.as_slice())
}

fn text<'a>(secret: &'a Secret, key: &str) -> Option<&'a str> {
    std::str::from_utf8(value(secret, key)?).ok()
}

/// Whether a key has a value, which is given in base64.
fn is_stored(secret: &Secret, key: &str, wanted: &str) -> bool {
    value(secret, key).is_some_and(|stored| *Zeroizing::new(STANDARD.encode(stored)) == wanted)
}

/// Without the labels, which are somebody else's texts, and the certificate.
impl fmt::Debug for StoredSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, followed, is_typed, target, .. } = self;
        let mut shown = formatter.debug_struct("StoredSecret");
        shown.field("number", number).field("followed", followed);
        shown.field("is_typed", is_typed).field("target", target).finish_non_exhaustive()
    }
}
