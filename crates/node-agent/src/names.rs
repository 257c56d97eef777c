//! The addresses of hosts, each looked up once at a time: a look-up holds a thread until the resolver gives up, long after the
//! probe that needs it has. Writes need threads of the same pool, so look-ups never take all of them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::lookup_host;
use tokio::sync::{Semaphore, watch};

/// How many look-ups hold a thread at the same time: half of those that tokio has.
const MOST_AT_ONCE: usize = 256;

/// What a look-up has found; `None` while it is under way.
type Found = Option<Vec<IpAddr>>;

/// The look-ups that are under way, by the names of hosts.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    under_way: Arc<Mutex<BTreeMap<String, watch::Receiver<Found>>>>,
    threads: Arc<Semaphore>,
}

impl Default for Names {
    fn default() -> Self {
        Self { under_way: Arc::default(), threads: Arc::new(Semaphore::new(MOST_AT_ONCE)) }
    }
}

impl Names {
    /// The addresses of a host, an IPv6 address without brackets. None if nobody knows it.
    pub(crate) async fn addresses(&self, host: &str) -> Vec<IpAddr> {
        self.addresses_by(host, look_up).await
    }

    async fn addresses_by<F>(&self, host: &str, look_up: impl FnOnce(String) -> F) -> Vec<IpAddr>
    where
        F: Future<Output = Vec<IpAddr>> + Send + 'static,
    {
        if let Ok(address) = host.parse() {
            return vec![address];
        }
        let mut found = self.under_way(host, look_up);
        let found = found.wait_for(Option::is_some).await;
        found.ok().and_then(|found| found.clone()).unwrap_or_default()
    }

    /// The look-up of a host, which ends even if nobody waits for it any longer.
    fn under_way<F>(&self, host: &str, look_up: impl FnOnce(String) -> F) -> watch::Receiver<Found>
    where
        F: Future<Output = Vec<IpAddr>> + Send + 'static,
    {
        let mut all = self.lock();
        if let Some(found) = all.get(host) {
            return found.clone();
        }
        let (sender, found) = watch::channel(None);
        all.insert(host.to_owned(), found.clone());
        let (names, host) = (self.clone(), host.to_owned());
        let addresses = look_up(host.clone());
        tokio::spawn(async move {
            let thread = names.threads.acquire().await;
            let addresses = addresses.await;
            drop(thread);
            names.lock().remove(&host);
            sender.send_replace(Some(addresses));
        });
        found
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, watch::Receiver<Found>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn look_up(host: String) -> Vec<IpAddr> {
    let found = lookup_host((host, 0)).await;
    found.map(|addresses| addresses.map(|address| address.ip()).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::sync::Notify;
    use tokio::task::spawn_blocking;
    use tokio::time::timeout;

    use super::*;

    const FOUND: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

    #[tokio::test]
    async fn a_name_is_looked_up_once_at_a_time_however_often_it_is_asked_for() {
        let (names, count, resolver) = (Names::default(), AtomicUsize::new(0), Arc::new(Notify::new()));
        let ask = || {
            names.addresses_by("mirror.test", |_| {
                count.fetch_add(1, Ordering::Relaxed);
                let resolver = Arc::clone(&resolver);
                async move {
                    resolver.notified().await;
                    vec![FOUND]
                }
            })
        };
        for _ in 0..10 {
            assert!(timeout(Duration::ZERO, ask()).await.is_err());
        }
        resolver.notify_one();
        assert_eq!((ask().await, count.load(Ordering::Relaxed)), (vec![FOUND], 1));
        // What was found is not kept.
        resolver.notify_one();
        assert_eq!((ask().await, count.load(Ordering::Relaxed)), (vec![FOUND], 2));
    }

    /// More than tokio has threads, with a resolver that is silent.
    #[tokio::test]
    async fn other_work_on_threads_does_not_wait_for_look_ups() {
        let (resolver, silent) = std::sync::mpsc::channel::<()>();
        let (names, silent) = (Names::default(), Arc::new(Mutex::new(silent)));
        for number in 0..600 {
            let host = format!("mirror-{number}.test");
            let asked = names.addresses_by(&host, |_| {
                let silent = Arc::clone(&silent);
                async move {
                    spawn_blocking(move || silent.lock().unwrap().recv().is_err()).await.unwrap();
                    vec![FOUND]
                }
            });
            assert!(timeout(Duration::ZERO, asked).await.is_err());
        }
        timeout(Duration::from_secs(10), spawn_blocking(|| ())).await.unwrap().unwrap();
        assert_eq!(names.threads.available_permits(), 0);
        drop(resolver);
        let last = names.addresses_by("mirror-599.test", |_| async { Vec::new() });
        assert_eq!(last.await, [FOUND]);
    }

    #[tokio::test]
    async fn addresses_are_not_looked_up() {
        let names = Names::default();
        for address in ["192.0.2.1", "2001:db8::1"] {
            let found = names.addresses_by(address, |_| async { Vec::new() }).await;
            assert_eq!(found, [address.parse::<IpAddr>().unwrap()]);
        }
    }
}
