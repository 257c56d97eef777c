//! Registries in the cluster that nodes pull from: those in the namespace of the controller, which no tenant can change. What
//! nodes need of them is in the Secret of their certificate and in their Service.

use std::net::IpAddr;
use std::sync::Arc;

use api::names::container_registries::OF_IMAGE_REGISTRY;
use api::names::image_registry::certificate_key::{CERTIFICATE, TRUSTED};
use api::names::image_registry::managed_label;
use api::registry::ImageRegistry;
use cluster::{Cache, Change, Error, InNamespace, Presence, Writer};
use decide::Kind;
use decide::nodes::compose::{Composed, Source};
use decide::nodes::of_registry::of_registry;
use k8s_openapi::api::core::v1::{Secret, Service};
use kube::api::PartialObjectMeta;
use kube::runtime::watcher::Config as WatcherConfig;
use kube::{Api, Client};
use policy::container_registries::Registries;
use process::certificates::Certificate;
use serde::Deserialize as _;
use tokio::task::JoinSet;

use super::following::{authorities, awaited, follow_certificates, value};
use crate::base_namespace::Wake;

/// What is cached of an `ImageRegistry`.
#[derive(Debug, PartialEq)]
struct Published {
    hostname: String,
    /// The Secret with its certificate.
    certificate: String,
}

/// The registries of the namespace of the controller.
#[derive(Default)]
pub(super) struct OwnRegistries(Cache<InNamespace<Published>>);

impl OwnRegistries {
    /// Follows registries and what they are published by. Without the CRD of registries, nobody waits for them.
    pub(super) fn follow(
        self: &Arc<Self>,
        client: &Client,
        namespace: &str,
        wake: &Wake,
        tasks: &mut JoinSet<()>,
    ) {
        let (registries, wake_on_change) = (Arc::clone(self), wake.clone());
        let api = Api::<ImageRegistry>::namespaced(client.clone(), namespace);
        tasks.spawn(async move {
            let keep = |registry: &ImageRegistry| InNamespace::of(&registry.metadata, || published(registry));
            let changed = |change: Change<InNamespace<Published>>| {
                let value = |side: &Option<Arc<InNamespace<Published>>>| {
                    side.as_ref().map(|side| side.value.certificate.clone())
                };
                if value(&change.before) != value(&change.after) {
                    wake_on_change.wake();
                }
            };
            registries.0.follow(api, WatcherConfig::default(), keep, changed).await;
        });
        let (registries, wake_once) = (Arc::clone(self), wake.clone());
        tasks.spawn(async move {
            registries.0.ready().await;
            wake_once.wake();
        });
        let (registries, of) = (Arc::clone(self), namespace.to_owned());
        let holds_one = move |secret: &str| registries.is_certified_by(&of, secret);
        tasks.spawn(follow_certificates(client.clone(), namespace.to_owned(), holds_one, wake.clone()));
        let wake_on_change = wake.clone();
        let api = Api::<PartialObjectMeta<Service>>::namespaced(client.clone(), namespace);
        tasks.spawn(async move {
            let made = format!("{}={}", managed_label::KEY, managed_label::VALUE);
            let changed = |_: Change<Presence>| wake_on_change.wake();
            Cache::default().follow(api, WatcherConfig::default().labels(&made), Presence::of, changed).await;
        });
    }

    /// What nodes learn of them. What is composed of them stays until the watch has shown them.
    pub(super) async fn sources(
        &self,
        writer: &Writer,
        namespace: &str,
        present: Option<&Composed>,
    ) -> Result<Vec<Source>, Error> {
        if !self.0.is_ready() {
            return Ok(awaited(present, OF_IMAGE_REGISTRY));
        }
        let mut sources = Vec::new();
        for ((_, name), registry) in self.0.group(namespace) {
            let registries = read(writer, namespace, &name, &registry.value).await?;
            sources.push(Source { name: format!("{OF_IMAGE_REGISTRY}{name}"), registries });
        }
        Ok(sources)
    }

    fn is_certified_by(&self, namespace: &str, secret: &str) -> bool {
        self.0.group(namespace).iter().any(|(_, registry)| registry.value.certificate == secret)
    }
}

fn published(registry: &ImageRegistry) -> Option<Published> {
    let status = registry.status.as_ref()?;
    Some(Published { hostname: status.hostname.clone()?, certificate: status.tls_secret_name.clone()? })
}

/// What nodes learn of a registry; none if its certificate cannot be read.
async fn read(
    writer: &Writer,
    namespace: &str,
    name: &str,
    registry: &Published,
) -> Result<Option<Registries>, Error> {
    let Some(secret) = writer.get(Kind::Secret, namespace, &registry.certificate).await? else {
        return Ok(None);
    };
    let service = writer.get(Kind::Service, namespace, name).await?;
    let secret = Secret::deserialize(&secret).map_err(Error::of_json)?;
    let authorities = authorities(value(&secret, TRUSTED));
    let Some(certificate) = Certificate::all(value(&secret, CERTIFICATE)).into_iter().next() else {
        return Ok(None);
    };
    let address = service
        .as_ref()
        .and_then(|service| service.pointer("/spec/clusterIP")?.as_str()?.parse::<IpAddr>().ok());
    let address = address.filter(|address| certificate.addresses().contains(address));
    Ok(Some(of_registry(&registry.hostname, address, &authorities)))
}
