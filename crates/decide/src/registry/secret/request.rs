//! What a push or pull secret asks for: both kinds, with the defaults of the installation.

use std::time::Duration;

use api::names::registry::{Access, ROTATE, account, numbered, secret};
use api::names::registry_secret;
use api::registry::{ImagePullSecret, ImagePushSecret, ImageSecretStatus, must};
use k8s_openapi::NamespaceResourceScope;
use kube::{Resource, ResourceExt as _};
use policy::image_secrets::Fields;

use crate::registry::expiry::lifetime;
use crate::registry::rotation::Lifetimes;
use crate::{Key, Kind, hash};

/// An `ImagePushSecret` or an `ImagePullSecret`.
pub trait ImageSecret: Resource<DynamicType = (), Scope = NamespaceResourceScope> {
    /// What its account may do.
    const ACCESS: Access;
    /// Its kind.
    const KIND: Kind;

    /// Its specification.
    fn fields(&self) -> Fields<'_>;

    /// Its status.
    fn status(&self) -> Option<&ImageSecretStatus>;
}

/// What applies where a secret says nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Defaults {
    /// How long a password is valid.
    pub interval: Duration,
    /// The registry.
    pub registry: Key,
}

/// What is asked for, with all defaults.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    /// What the account may do.
    pub access: Access,
    /// The kind of the object.
    pub kind: Kind,
    /// Its namespace, which is that of the Secret, too.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// Its generation.
    pub generation: Option<i64>,
    /// The `ImageRegistry`.
    pub registry: Key,
    /// How long passwords are valid.
    pub lifetimes: Lifetimes,
    /// The name of the Secret.
    pub secret: String,
    /// Whether Functions use it.
    pub for_functions: bool,
    /// The hash of the annotation that asks for a rotation: it may be long.
    pub requested: Option<String>,
    /// What the names of the accounts start with, and the value of their label.
    pub account: String,
}

impl Request {
    /// Reads an object.
    #[must_use]
    pub fn of<K: ImageSecret>(object: &K, defaults: &Defaults) -> Self {
        let fields = object.fields();
        let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
        let registry = fields.registry.map(|registry| {
            let of = registry.namespace.as_ref().unwrap_or(&namespace);
            (of.clone(), registry.name.clone())
        });
        let secret = match fields.secret {
            _ if fields.for_functions => registry_secret::NAME.to_owned(),
            Some(name) => name.to_owned(),
            None => secret(K::ACCESS, &name),
        };
        Self {
            access: K::ACCESS,
            kind: K::KIND,
            uid: object.uid().unwrap_or_default(),
            generation: object.meta().generation,
            registry: registry.unwrap_or_else(|| defaults.registry.clone()),
            lifetimes: lifetimes(fields, defaults.interval),
            secret,
            for_functions: fields.for_functions,
            requested: object.annotations().get(ROTATE).map(|value| hash::of_bytes(value.as_bytes())),
            account: account(K::ACCESS, &namespace, &name),
            namespace,
            name,
        }
    }

    /// The account of a number.
    #[must_use]
    pub fn numbered(&self, number: u64) -> String {
        numbered(&self.account, number)
    }
}

/// Within the bounds that the rules demand: an object may be older than they are.
fn lifetimes(fields: Fields<'_>, default: Duration) -> Lifetimes {
    let clamped = |text: Option<&str>, [shortest, longest]: [u64; 2]| {
        let bounds = Duration::from_secs(shortest)..=Duration::from_secs(longest);
        text.and_then(lifetime).map(|given| given.clamp(*bounds.start(), *bounds.end()))
    };
    let interval = clamped(fields.interval, must::ROTATION_INTERVAL_SECONDS).unwrap_or(default);
    let overlap = clamped(fields.overlap, must::OVERLAP_SECONDS).unwrap_or(interval / 2).min(interval / 2);
    Lifetimes { interval, overlap }
}

impl ImageSecret for ImagePushSecret {
    const ACCESS: Access = Access::Push;
    const KIND: Kind = Kind::ImagePushSecret;

    fn fields(&self) -> Fields<'_> {
        (&self.spec).into()
    }

    fn status(&self) -> Option<&ImageSecretStatus> {
        self.status.as_ref()
    }
}

impl ImageSecret for ImagePullSecret {
    const ACCESS: Access = Access::Pull;
    const KIND: Kind = Kind::ImagePullSecret;

    fn fields(&self) -> Fields<'_> {
        (&self.spec).into()
    }

    fn status(&self) -> Option<&ImageSecretStatus> {
        self.status.as_ref()
    }
}
