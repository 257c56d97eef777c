//! The Pods of a cache, each with a volume of its own: the registry, and the gateway before it.

use std::collections::BTreeMap;

use api::RawQuantity;
use api::names::cache::{POD, POD_VALUE, tls, token_authority};
use api::names::image_registry::certificate_key::{CERTIFICATE, KEY};
use api::names::image_registry::config_key::{AUTHORITIES, REGISTRY};
use serde_json::{Value, json};

use super::{gateway, registry};
use crate::Kind;
use crate::cache::instance::{Access, Instance};
use crate::cache::paths::IMAGES_VOLUME;
use crate::cache::paths::key::REMOTE_CA;
use crate::object::{wanted, with};
use crate::plan::Wanted;
use crate::pod::{account, pod, secret, security};
use crate::resources::quantities;

/// The size of the volume if the cache does not say so.
const SIZE: &str = "10Gi";

/// The `StatefulSet`; `config` is the Secret with the configuration.
pub(in super::super) fn stateful_set(instance: &Instance<'_>, config: &str, has_remote_ca: bool) -> Wanted {
    let security = security();
    let mut own = json!({
        "containers": [
            registry::container(instance, has_remote_ca, &security),
            gateway::container(instance, has_remote_ca),
        ],
        "volumes": volumes(instance, config, has_remote_ca),
    });
    if instance.secret().is_some() {
        let helper = gateway::helper(instance, &security);
        own = with(own, json!({"serviceAccountName": instance.resource, "initContainers": [helper]}));
    }
    let mut labels = instance.selector();
    labels.insert(POD.to_owned(), POD_VALUE.to_owned());
    let spec = json!({
        "replicas": instance.replicas(),
        "selector": {"matchLabels": instance.selector()},
        "podManagementPolicy": "Parallel",
        "revisionHistoryLimit": 2,
        // The volumes go with the cache, and stay while it hibernates.
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Retain"},
        "template": {"metadata": {"labels": labels}, "spec": with(pod(&instance.selector()), own)},
        "volumeClaimTemplates": [claim(instance)],
    });
    wanted(Kind::StatefulSet, &instance.metadata(instance.resource.clone()), json!({"spec": spec}))
}

fn volumes(instance: &Instance<'_>, config: &str, has_remote_ca: bool) -> Vec<Value> {
    let upstream = &instance.spec.upstream;
    let is_authorizing = instance.access() == Access::Authorize;
    let config_keys: &[&str] = if is_authorizing { &[REGISTRY, AUTHORITIES] } else { &[REGISTRY] };
    let mut volumes = vec![secret("config", config, config_keys)];
    if instance.has_tls() {
        volumes.push(secret("tls", &tls(upstream), &[CERTIFICATE, KEY]));
    }
    if is_authorizing {
        volumes.push(secret("token-authority", &token_authority(upstream), &[CERTIFICATE, KEY]));
    }
    if instance.secret().is_some() {
        volumes.push(account());
        volumes.push(json!({"name": "helper", "emptyDir": {}}));
        volumes.push(json!({"name": "socket", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}));
    }
    if has_remote_ca {
        volumes.push(secret("remote-ca", config, &[REMOTE_CA]));
    }
    volumes
}

fn claim(instance: &Instance<'_>) -> Value {
    let volume = instance.spec.volume.as_ref();
    let size = volume.and_then(|volume| volume.size.clone()).unwrap_or_else(|| RawQuantity::from(SIZE));
    let requests = quantities(Some(&BTreeMap::from([("storage".to_owned(), size)])));
    let mut spec = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": requests}});
    if let Some(class) = volume.and_then(|volume| volume.storage_class_name.as_deref()) {
        spec = with(spec, json!({"storageClassName": class}));
    }
    json!({
        "apiVersion": Kind::PersistentVolumeClaim.api_version(),
        "kind": Kind::PersistentVolumeClaim.as_str(),
        "metadata": {"name": IMAGES_VOLUME, "labels": instance.selector()},
        "spec": spec,
    })
}
