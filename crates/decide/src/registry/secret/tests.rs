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
use super::*;

const CA: &[u8] = b"-----BEGIN CERTIFICATE-----";
const HASH: &str = "$2b$10$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i";

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
            status: None,
            is_certificate_there: true,
        }
    }

    fn observed(&self) -> Observed<'_> {
        let authority = if self.is_certificate_there { Authority::Own(CA) } else { Authority::Unknown };
        Observed {
            registry: self.registry.as_ref(),
            authority,
            labels: &self.labels,
            accounts: &self.accounts,
            stored: &self.stored,
            status: self.status.as_ref(),
        }
    }

    fn decide(&self, hours: i64) -> Plan {
        self.request.decide(&self.observed(), at(hours))
    }

    /// Creates an account, as the API server does.
    fn create(&mut self, number: u64, hours: i64) {
        let mut object = self.request.account(number, &PasswordHash(HASH.to_owned())).object;
        object["metadata"]["creationTimestamp"] = at(hours).to_string().into();
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
        let wanted = self.request.secret(&self.observed(), &credentials).unwrap();
        serde_json::from_value(wanted.object).unwrap()
    }

    /// A look that ends after some writes. Returns whether it did all of them.
    fn look(&mut self, hours: i64, writes: usize) -> bool {
        let mut left = writes;
        let mut may_write = move || {
            left = left.saturating_sub(1);
            left > 0
        };
        for _ in 0..3 {
            let plan = self.decide(hours);
            for (namespace, name) in &plan.deletions {
                if !may_write() {
                    return false;
                }
                self.accounts.retain(|own| (&own.namespace, &own.name) != (namespace, name));
            }
            match plan.write {
                Some(Write::Rotate(number, _)) => {
                    if !may_write() {
                        return false;
                    }
                    self.create(number, hours);
                    if !may_write() {
                        return false;
                    }
                    self.store(number);
                }
                Some(Write::Rewrite) => {
                    if !may_write() {
                        return false;
                    }
                    self.store(self.stored.own().unwrap().number.unwrap());
                }
                None => {
                    if self.status.as_ref() != Some(&plan.status) && !may_write() {
                        return false;
                    }
                    self.status = Some(plan.status);
                    return true;
                }
            }
        }
        false
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
