//! Whether the controller has stopped, by its Lease.

use std::time::{Duration, Instant};

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use kube::{Api, Client};

use super::options::Options;
use super::report::Error;

/// How often the Lease is read.
const PAUSE: Duration = Duration::from_millis(500);

/// Waits until nobody holds the Lease, or its holder has not renewed it for its duration. Clocks are not compared.
pub(super) async fn wait_for_the_end(client: &Client, options: &Options) -> Result<(), Error> {
    let leases = Api::<Lease>::namespaced(client.clone(), &options.namespace);
    let start = Instant::now();
    let mut seen: Option<(Option<String>, Instant)> = None;
    loop {
        let lease = leases.get_opt(&options.lease).await.map_err(|source| Error::Read {
            what: format!("Lease {}/{}", options.namespace, options.lease),
            source,
        })?;
        let Some(lease) = lease else { return Ok(()) };
        let spec = lease.spec.unwrap_or_default();
        let Some(holder) = spec.holder_identity.clone().filter(|holder| !holder.is_empty()) else {
            return Ok(());
        };
        let version = lease.metadata.resource_version;
        match &seen {
            Some((known, since)) if *known == version => {
                if since.elapsed() > duration(&spec, options.patience) {
                    return Ok(());
                }
            }
            _ => seen = Some((version, Instant::now())),
        }
        if start.elapsed() > options.patience {
            let (namespace, lease) = (options.namespace.clone(), options.lease.clone());
            return Err(Error::Running { holder, namespace, lease });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// How long a holder that does not renew keeps the Lease. The duration in the Lease is used up to half of the patience.
fn duration(spec: &LeaseSpec, patience: Duration) -> Duration {
    let seconds = spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
    Duration::from_secs(seconds.unwrap_or_default()).min(patience / 2)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::as_written(Some(10), 10)]
    #[case::none(None, 0)]
    #[case::negative(Some(-1), 0)]
    #[case::for_ever(Some(i32::MAX), 15)]
    fn the_lease_is_waited_for_within_bounds(#[case] seconds: Option<i32>, #[case] expected: u64) {
        let spec = LeaseSpec { lease_duration_seconds: seconds, ..LeaseSpec::default() };
        assert_eq!(duration(&spec, Duration::from_secs(30)), Duration::from_secs(expected));
    }
}
