//! What becomes of a push or pull secret, from what is observed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod objects;
mod states;
mod walk;

use std::collections::BTreeMap;

use api::registry::{ImagePushSecret, ImageRegistryAccount, PasswordHash};
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::data::Credentials;
use super::rotation::Cause;
use super::*;

const CA: &[u8] = b"-----BEGIN CERTIFICATE-----";
const HASH: &str = "$2b$10$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i";

/// To create the first account.
const FIRST: Option<Next> = create(1, Cause::NoSecret);

#[allow(clippy::unnecessary_wraps, reason = "it is compared with what may be missing")]
const fn create(number: u64, cause: Cause) -> Option<Next> {
    Some(Next::Rotate(rotation::Next::Create(number, cause)))
}

fn at(hours: i64) -> Timestamp {
    // A whole second after midnight, UTC.
    Timestamp::from_second(1_795_651_200 + hours * 3600).unwrap()
}

fn defaults() -> Defaults {
    let registry = ("kyma-system".to_owned(), "registry".to_owned());
    Defaults { interval: Duration::from_hours(24), registry }
}

fn push_secret(spec: &Value) -> ImagePushSecret {
    let metadata = json!({"name": "web", "namespace": "team", "uid": "1-2", "generation": 3});
    let kind = json!({"apiVersion": "registry.mgoltzsche.github.com/v1alpha1", "kind": "ImagePushSecret", "metadata": metadata, "spec": spec});
    serde_json::from_value(kind).unwrap()
}

fn request(spec: &Value) -> Request {
    Request::of(&push_secret(spec), &defaults())
}

fn registry(auth: &Value) -> Registry {
    let object = json!({
        "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
        "kind": "ImageRegistry",
        "metadata": {"name": "registry", "namespace": "kyma-system"},
        "spec": {"auth": auth},
        "status": {"hostname": "registry.kyma-system.svc.cluster.local", "tlsSecretName": "tls"},
    });
    Registry::of(&serde_json::from_value(object).unwrap())
}

/// The cluster around the secret.
#[derive(Clone, Debug)]
struct Cluster {
    request: Request,
    registry: Option<Registry>,
    labels: BTreeMap<String, String>,
    accounts: Vec<OwnAccount>,
    stored: Stored,
    /// Its Secrets of other names.
    leftovers: BTreeMap<String, Stored>,
    /// The account whose password the process has.
    held: Option<Key>,
    status: Option<ImageSecretStatus>,
    is_certificate_there: bool,
}

impl Cluster {
    /// With a registry that allows everybody, and nothing yet.
    fn new(request: Request) -> Self {
        Self {
            request,
            registry: Some(registry(&json!({}))),
            labels: BTreeMap::new(),
            accounts: Vec::new(),
            stored: Stored::Missing,
            leftovers: BTreeMap::new(),
            held: None,
            status: None,
            is_certificate_there: true,
        }
    }

    fn observed<'a>(&'a self, leftovers: &'a [Leftover]) -> Observed<'a> {
        let authority = if self.is_certificate_there { Authority::Own(CA) } else { Authority::Unknown };
        Observed {
            registry: self.registry.as_ref(),
            authority,
            labels: &self.labels,
            accounts: &self.accounts,
            stored: &self.stored,
            leftovers,
            held: self.held.as_ref(),
            status: self.status.as_ref(),
        }
    }

    fn decide(&self, hours: i64) -> Plan {
        self.decide_at(at(hours))
    }

    fn decide_at(&self, now: Timestamp) -> Plan {
        let number = |stored: &Stored| stored.own().and_then(|secret| secret.number);
        let leftover =
            |(name, stored): (&String, &Stored)| Leftover { name: name.clone(), number: number(stored) };
        let leftovers: Vec<_> = self.leftovers.iter().map(leftover).collect();
        self.request.decide(&self.observed(&leftovers), now)
    }

    /// The Secret gets another name, as when somebody changes `secretName`.
    fn rename_secret(&mut self, name: &str) {
        let before = std::mem::replace(&mut self.request.secret, name.to_owned());
        let found = self.leftovers.remove(name).unwrap_or(Stored::Missing);
        let left = std::mem::replace(&mut self.stored, found);
        if left.own().is_some() {
            self.leftovers.insert(before, left);
        }
    }

    /// Creates an account, as the API server does.
    fn create(&mut self, number: u64, hours: i64) {
        self.create_at(number, at(hours));
    }

    fn create_at(&mut self, number: u64, now: Timestamp) {
        let mut object = self.request.account(number, &PasswordHash(HASH.to_owned())).object;
        object["metadata"]["creationTimestamp"] = now.to_string().into();
        let account: ImageRegistryAccount = serde_json::from_value(object).unwrap();
        self.accounts.push(self.request.own_account(&account).unwrap());
    }

    /// Stores the credentials of an account in the Secret.
    fn store(&mut self, number: u64) {
        let secret = self.secret(number);
        self.stored = self.request.stored(Some(&secret));
    }

    fn secret(&self, number: u64) -> Secret {
        let username = self.request.numbered(number);
        let password = Zeroizing::new(format!("password-{number}"));
        let credentials = Credentials { number, username, password };
        let wanted = self.request.secret(&self.observed(&[]), &credentials).unwrap();
        serde_json::from_value(wanted.object).unwrap()
    }

    /// A look that ends after some writes, and the process with it. Returns whether it did all of them.
    fn look(&mut self, hours: i64, writes: usize) -> bool {
        let (mut now, mut left) = (at(hours), writes);
        let is_done = loop {
            match self.step(&mut now, &mut left) {
                None => break false,
                Some(true) => break true,
                Some(false) => {}
            }
        };
        if !is_done {
            self.held = None;
        }
        is_done
    }

    /// The writes of a plan, if there are as many left. Returns whether nothing is left to do.
    fn step(&mut self, now: &mut Timestamp, left: &mut usize) -> Option<bool> {
        let mut write = || {
            *left = left.saturating_sub(1);
            (*left > 0).then_some(())
        };
        let plan = self.decide_at(*now);
        for (namespace, name) in &plan.deletions {
            write()?;
            self.accounts.retain(|own| (&own.namespace, &own.name) != (namespace, name));
        }
        match plan.next {
            Some(Next::Rotate(rotation::Next::Create(number, _))) => {
                write()?;
                self.create_at(number, *now);
                self.held = self.accounts.last().map(OwnAccount::key);
            }
            Some(Next::Rotate(rotation::Next::Wait(rest))) => *now = crate::registry::later(*now, rest),
            Some(Next::Rotate(rotation::Next::Store(number, _))) => {
                write()?;
                self.store(number);
                self.held = None;
            }
            Some(Next::Rewrite) => {
                write()?;
                self.store(self.stored.own().unwrap().number.unwrap());
            }
            None => {
                for name in &plan.leftovers {
                    write()?;
                    self.leftovers.remove(name);
                }
                if self.status.as_ref() != Some(&plan.status) {
                    write()?;
                }
                self.status = Some(plan.status);
                return Some(true);
            }
        }
        Some(false)
    }

    /// With everything as it is after a look.
    fn settled(request: Request) -> Self {
        let mut cluster = Self::new(request);
        assert!(cluster.look(0, usize::MAX));
        cluster
    }

    fn numbers(&self) -> Vec<u64> {
        self.accounts.iter().map(|own| own.number).collect()
    }
}
