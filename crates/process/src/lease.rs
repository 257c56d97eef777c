//! One writer at a time. As in other Kubernetes programs, how long a holder has been silent is measured by the clock of
//! the observer, so clocks that differ or jump do no harm.

use std::time::{Duration, Instant};

use crate::causes::Causes;
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease as Object, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A Lease that this process tries to hold.
#[derive(Debug)]
pub struct Lease {
    api: Api<Object>,
    name: String,
    identity: String,
    duration: Duration,
    /// The version that was last seen of a Lease that somebody else holds, and when it was first seen.
    seen: Option<(Option<String>, Instant)>,
    /// The Lease as this process wrote it last, so that renewing needs no read.
    held: Option<Object>,
    /// Whether it was logged that the API server is away.
    is_away: bool,
}

impl Lease {
    /// Sends no request yet. `duration` is how long this process waits for a silent holder.
    #[must_use]
    pub fn new(client: Client, namespace: &str, name: &str, identity: &str, duration: Duration) -> Self {
        let api = Api::namespaced(client, namespace);
        Self {
            api,
            name: name.to_owned(),
            identity: identity.to_owned(),
            duration,
            seen: None,
            held: None,
            is_away: false,
        }
    }

    /// Takes the Lease as soon as nobody else has it, and renews it for as long as what is returned lives.
    pub async fn lead(mut self) -> Leader {
        let pause = self.duration / 4;
        let until = watch::Sender::new(None);
        let term = Term(until.subscribe());
        loop {
            if self.renew(&until).await {
                break;
            }
            tokio::time::sleep(pause).await;
        }
        tracing::info!(lease = self.name, identity = self.identity, "this process leads");
        let (stop, mut stopped) = oneshot::channel::<()>();
        let renewal = tokio::spawn(async move {
            let renew = async {
                loop {
                    tokio::time::sleep(pause).await;
                    self.renew(&until).await;
                }
            };
            tokio::select! {
                () = renew => {}
                _ = &mut stopped => {}
            }
            // This process writes nothing from here on, so another may lead immediately.
            until.send_replace(None);
            match timeout(self.duration, self.release()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(error = %Causes(&error), "cannot release the Lease: it expires by itself");
                }
                Err(_) => tracing::warn!("the API server does not answer: the Lease expires by itself"),
            }
        });
        Leader { term, stop, renewal }
    }

    /// Whether this process leads.
    async fn renew(&mut self, until: &watch::Sender<Option<Instant>>) -> bool {
        // From before it was written, so that it ends here before it ends for others; with a margin for what is on its way.
        let end = Instant::now() + self.duration * 4 / 5;
        let Ok(held) = timeout(self.duration / 2, self.hold()).await else {
            self.warn("the API server does not answer");
            return false;
        };
        match held {
            Ok(is_held) => {
                self.is_away = false;
                until.send_replace(is_held.then_some(end));
                is_held
            }
            // The term that is promised already stays valid.
            Err(error) => {
                self.warn(&Causes(&error).to_string());
                false
            }
        }
    }

    /// Logs once that the API server is away.
    fn warn(&mut self, error: &str) {
        if !std::mem::replace(&mut self.is_away, true) {
            let verb = if self.held.is_some() { "renew" } else { "acquire" };
            tracing::warn!(error, lease = self.name, "cannot {verb} the Lease; retrying");
        }
    }

    /// Gives the Lease back, if this process holds it.
    async fn release(&self) -> kube::Result<()> {
        let Some(mut lease) = self.api.get_opt(&self.name).await? else { return Ok(()) };
        let spec = lease.spec.get_or_insert_default();
        if spec.holder_identity.as_deref() != Some(&self.identity) {
            return Ok(());
        }
        spec.holder_identity = None;
        unless_changed(self.api.replace(&self.name, &PostParams::default(), &lease).await).map(drop)
    }

    /// Takes or renews the Lease. Whether this process holds it.
    ///
    /// # Errors
    /// If the API server cannot be asked.
    pub async fn hold(&mut self) -> kube::Result<bool> {
        if let Some(held) = self.held.take()
            && self.write(held).await?
        {
            return Ok(true);
        }
        let Some(lease) = self.api.get_opt(&self.name).await? else {
            let metadata = ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() };
            let lease = Object { metadata, spec: Some(self.spec(None)) };
            self.held = unless_created(self.api.create(&PostParams::default(), &lease).await)?;
            return Ok(self.held.is_some());
        };
        let holder = lease.spec.as_ref().and_then(|spec| spec.holder_identity.as_deref()).unwrap_or_default();
        if holder != self.identity
            && !holder.is_empty()
            && !self.is_silent(lease.metadata.resource_version.as_ref())
        {
            return Ok(false);
        }
        self.write(lease).await
    }

    /// Writes this process into a Lease, unless that has changed since.
    async fn write(&mut self, mut lease: Object) -> kube::Result<bool> {
        let known = lease.spec.take();
        lease.spec = Some(self.spec(known));
        let replaced = self.api.replace(&self.name, &PostParams::default(), &lease).await;
        self.held = unless_changed(replaced)?;
        Ok(self.held.is_some())
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

/// The time for which this process leads.
#[derive(Clone, Debug)]
pub struct Term(watch::Receiver<Option<Instant>>);

impl Term {
    /// A term without an end, for a process that runs alone.
    #[must_use]
    pub fn endless() -> Self {
        Self::until(Instant::now() + Duration::from_hours(24 * 365 * 100))
    }

    /// A term that ends at a certain time.
    #[must_use]
    pub fn until(end: Instant) -> Self {
        Self(watch::Sender::new(Some(end)).subscribe())
    }

    /// Whether this process leads. Callers check it before every write.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.0.borrow().is_some_and(|until| Instant::now() < until)
    }

    /// Waits until it ends, or something else does.
    pub async fn ended_or(self, other: impl Future<Output = ()>) {
        tokio::select! {
            () = self.ended() => {}
            () = other => {}
        }
    }

    /// Waits until it ends.
    pub async fn ended(mut self) {
        loop {
            let until = *self.0.borrow_and_update();
            let Some(left) = until.and_then(|until| until.checked_duration_since(Instant::now())) else {
                return;
            };
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                changed = self.0.changed() => if changed.is_err() { tokio::time::sleep(left).await },
            }
        }
    }
}

/// The one that leads.
#[derive(Debug)]
pub struct Leader {
    /// For how long.
    pub term: Term,
    stop: oneshot::Sender<()>,
    renewal: JoinHandle<()>,
}

impl Leader {
    /// Ends the term, so that another process can lead immediately.
    pub async fn resign(self) {
        let _ = self.stop.send(());
        // If the Lease is not released, others wait until it expires.
        let _ = self.renewal.await;
    }
}

/// `None` if somebody else has created the object in the meantime.
///
/// # Errors
/// Any other answer of the API server.
pub fn unless_created<T>(result: kube::Result<T>) -> kube::Result<Option<T>> {
    unless(result, &[409])
}

/// `None` if somebody else has changed or deleted the object in the meantime.
///
/// # Errors
/// Any other answer of the API server.
pub fn unless_changed<T>(result: kube::Result<T>) -> kube::Result<Option<T>> {
    unless(result, &[404, 409])
}

fn unless<T>(result: kube::Result<T>, codes: &[u16]) -> kube::Result<Option<T>> {
    match result {
        Ok(written) => Ok(Some(written)),
        Err(kube::Error::Api(status)) if codes.contains(&status.code) => Ok(None),
        Err(error) => Err(error),
    }
}
