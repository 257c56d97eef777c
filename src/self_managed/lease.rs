//! One writer at a time. As in other Kubernetes programs, how long a holder has been silent is measured by the clock of
//! the observer, so clocks that differ or jump do no harm.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease as Object, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};

use super::cluster::{unless_changed, unless_created};

/// A Lease that this process tries to hold.
pub(super) struct Lease {
    api: Api<Object>,
    name: String,
    identity: String,
    duration: Duration,
    /// The version that was last seen of a Lease that somebody else holds, and when it was first seen.
    seen: Option<(Option<String>, Instant)>,
}

impl Lease {
    pub(super) fn new(
        client: Client,
        namespace: &str,
        name: &str,
        identity: &str,
        duration: Duration,
    ) -> Self {
        let api = Api::namespaced(client, namespace);
        Self { api, name: name.to_owned(), identity: identity.to_owned(), duration, seen: None }
    }

    /// Takes or renews the Lease. Whether this process holds it.
    pub(super) async fn hold(&mut self) -> kube::Result<bool> {
        let Some(mut lease) = self.api.get_opt(&self.name).await? else {
            let metadata = ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() };
            let lease = Object { metadata, spec: Some(self.spec(None)) };
            return Ok(unless_created(self.api.create(&PostParams::default(), &lease).await)?.is_some());
        };
        let spec = lease.spec.take().unwrap_or_default();
        let holder = spec.holder_identity.as_deref().unwrap_or_default();
        if holder != self.identity
            && !holder.is_empty()
            && !self.is_silent(lease.metadata.resource_version.as_ref())
        {
            return Ok(false);
        }
        lease.spec = Some(self.spec(Some(spec)));
        let replaced = self.api.replace(&self.name, &PostParams::default(), &lease).await;
        Ok(unless_changed(replaced)?.is_some())
    }

    /// Whether the Lease has been of one version for as long as it lasts.
    fn is_silent(&mut self, version: Option<&String>) -> bool {
        match &self.seen {
            Some((seen, since)) if seen.as_ref() == version => since.elapsed() > self.duration,
            _ => {
                self.seen = Some((version.cloned(), Instant::now()));
                false
            }
        }
    }

    fn spec(&self, known: Option<LeaseSpec>) -> LeaseSpec {
        let now = MicroTime(Timestamp::now());
        let known = known.unwrap_or_default();
        let is_ours = known.holder_identity.as_deref() == Some(&self.identity);
        LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(self.duration.as_secs().max(1)).ok(),
            acquire_time: if is_ours { known.acquire_time } else { Some(now.clone()) },
            renew_time: Some(now),
            lease_transitions: Some(known.lease_transitions.unwrap_or_default() + i32::from(!is_ours)),
            ..LeaseSpec::default()
        }
    }
}
