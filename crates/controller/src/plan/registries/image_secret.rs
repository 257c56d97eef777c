//! What an `ImagePushSecret` or an `ImagePullSecret` would become: an account, and the Secret with its credentials.

use std::collections::BTreeMap;

use api::Condition;
use api::names::registry::hostname;
use api::registry::{ImageRegistry, PasswordHash};
use decide::registry::instance::{Instance, Source};
use decide::registry::rotation;
use decide::registry::secret::account::OwnAccount;
use decide::registry::secret::data::{Authority, Credentials};
use decide::registry::secret::stored::Stored;
use decide::registry::secret::{Defaults, ImageSecret, Next, Observed, Registry, Request};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use serde::de::DeserializeOwned;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::config::Config;
use crate::plan::manifests::{Manifests, decode, store};
use crate::plan::planned::Draft;

/// The password of an account in a plan, and its hash.
const MADE: &str = "(made by the controller)";
/// The certificate of a registry that has one of the installation.
const AUTHORITY: Authority<'_> = Authority::Own(b"(that of the registry)");
/// The label of a namespace that is its name.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Adds the objects. Returns the conditions.
pub(super) fn plan<K: ImageSecret + DeserializeOwned>(
    config: &Config,
    manifests: &Manifests,
    object: &Value,
    draft: &mut Draft,
) -> Result<Vec<Condition>, String> {
    let secret: K = decode(object)?;
    let request = Request::of(&secret, &defaults(config));
    let (registry, authority) = registry(config, manifests, &request)?;
    let labels = labels(manifests, &request.namespace)?;
    let mut observed = Observed {
        registry: Some(&registry),
        authority,
        labels: &labels,
        accounts: &[],
        stored: &Stored::Missing,
        leftovers: &[],
        held: None,
        status: None,
    };
    let now = Timestamp::UNIX_EPOCH;
    let plan = request.decide(&observed, now);
    let Some(Next::Rotate(rotation::Next::Create(number, _))) = plan.next else {
        return Ok(plan.status.conditions.unwrap_or_default());
    };

    let account = request.account(number, &PasswordHash(MADE.to_owned()));
    draft.object(&account.object);
    let credentials =
        Credentials { number, username: request.numbered(number), password: Zeroizing::new(MADE.to_owned()) };
    let secret = request.secret(&observed, &credentials).ok_or("there is no Secret")?;
    draft.object(&secret.object);

    let stored = request.stored(Some(&decode::<Secret>(&secret.object)?));
    let ttl = request.lifetimes.interval;
    let accounts =
        [OwnAccount { namespace: account.namespace, name: account.name, number, created: now, ttl }];
    (observed.accounts, observed.stored) = (&accounts, &stored);
    Ok(request.decide(&observed, now).status.conditions.unwrap_or_default())
}

fn defaults(config: &Config) -> Defaults {
    let registries = &config.image_registries;
    let namespace = registries.default_namespace.as_ref().unwrap_or(&config.namespace);
    Defaults {
        interval: registries.rotation_interval,
        registry: (namespace.clone(), registries.default_name.clone()),
    }
}

/// The registry of the manifests, or one as the defaults make it.
fn registry(
    config: &Config,
    manifests: &Manifests,
    request: &Request,
) -> Result<(Registry, Authority<'static>), String> {
    let (namespace, name) = &request.registry;
    let is_it = |object: &&Value| {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        text("/kind") == Some("ImageRegistry")
            && text("/metadata/namespace") == Some(namespace)
            && text("/metadata/name") == Some(name)
    };
    let hostname = Some(hostname(name, namespace, &config.image_registries.zone));
    let Some(mut object) = manifests.of_registries.iter().find(is_it).cloned() else {
        let registry = Registry { hostname, certificate: None, allowed: None, is_per_namespace: false };
        return Ok((registry, AUTHORITY));
    };
    store(&mut object);
    let given: ImageRegistry = decode(&object)?;
    let config = config.image_registries.of_instances();
    let is_own = Instance::of(&config, &given).is_some_and(|instance| instance.tls() == Source::Own);
    let authority = if is_own { AUTHORITY } else { Authority::Public };
    Ok((Registry { hostname, ..Registry::of(&given) }, authority))
}

/// The labels of a namespace. Every namespace has the label with its name.
fn labels(manifests: &Manifests, namespace: &str) -> Result<BTreeMap<String, String>, String> {
    let given: Option<Namespace> = manifests.named("Namespace", &(String::new(), namespace.to_owned()))?;
    let mut labels = given.and_then(|given| given.metadata.labels).unwrap_or_default();
    labels.insert(NAME_LABEL.to_owned(), namespace.to_owned());
    Ok(labels)
}
