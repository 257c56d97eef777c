//! Files that are read again when their content changes. By content, every few seconds: a mounted Secret or ConfigMap
//! changes by the swap of a symbolic link, which watching files misses.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::ServerConfig;

use crate::config;
use crate::metrics::Metrics;
use crate::rules::Rules;
use crate::tls::{TlsContent, TlsFiles};

/// When the served certificate expires, for the probe of readiness.
pub(crate) type NotAfter = Arc<ArcSwap<SystemTime>>;

/// Keeps the TLS configuration up to date with the files. A pair that cannot be served leaves the old one in use.
pub async fn certificate(
    files: TlsFiles,
    known: TlsContent,
    tls: Arc<ArcSwap<ServerConfig>>,
    not_after: NotAfter,
    metrics: Arc<Metrics>,
    every: Duration,
) {
    let read = {
        let files = files.clone();
        move || files.read()
    };
    watch(known, every, read, |content| {
        let built = content.and_then(|content| files.build(content));
        metrics.reloaded("certificate", built.is_ok());
        match built {
            Ok(new) => {
                tls.store(new.config);
                not_after.store(Arc::new(new.not_after));
                metrics.certificate(new.not_after);
                tracing::info!("the certificate has changed: the new one is served");
            }
            Err(error) => {
                tracing::error!(%error, "the changed certificate cannot be used: the old one stays in use");
            }
        }
    })
    .await;
}

/// Keeps the configuration up to date with its file. A configuration that cannot be used leaves the old one in use.
pub async fn configuration(
    path: PathBuf,
    known: String,
    rules: Arc<Rules>,
    metrics: Arc<Metrics>,
    every: Duration,
) {
    let read = {
        let path = path.clone();
        move || config::read(&path)
    };
    watch(known, every, read, |text| {
        let loaded =
            text.and_then(|text| config::parse(Some((&path, text)), |name| std::env::var(name).ok()));
        metrics.reloaded("configuration", loaded.is_ok());
        metrics.configuration(loaded.is_ok());
        match loaded {
            Ok(new) => {
                config::warn(&new);
                rules.configure(new);
                tracing::info!("the configuration has changed: the new one is in use");
            }
            Err(error) => {
                tracing::error!(%error, "the changed configuration cannot be used: the old one stays in use");
            }
        }
    })
    .await;
}

/// Keeps the installed runtimes up to date with their file: none if there is no file. A file that cannot be used leaves the old ones in use.
pub async fn runtimes(
    path: PathBuf,
    known: Option<String>,
    rules: Arc<Rules>,
    metrics: Arc<Metrics>,
    every: Duration,
) {
    let read = {
        let path = path.clone();
        move || config::read_runtimes(&path)
    };
    watch(known, every, read, |text| {
        let loaded = text.and_then(|text| config::parse_runtimes(&path, text.as_deref()));
        metrics.reloaded("runtimes", loaded.is_ok());
        metrics.runtimes(loaded.is_ok());
        match loaded {
            Ok(new) => {
                rules.install(new);
                tracing::info!("the runtimes have changed: the new ones are in use");
            }
            Err(error) => {
                tracing::error!(%error, "the changed runtimes cannot be used: the old ones stay in use");
            }
        }
    })
    .await;
}

/// Reads the files again and again. Reports new content, and a failure to read once until it is over.
async fn watch<T, E>(
    mut known: T,
    every: Duration,
    read: impl Fn() -> Result<T, E> + Clone + Send + 'static,
    mut changed: impl FnMut(Result<&T, E>),
) where
    T: Eq + Send + 'static,
    E: Send + 'static,
{
    let mut unreadable = false;
    loop {
        tokio::time::sleep(every).await;
        // On another thread, since reading files blocks.
        let Ok(content) = tokio::task::spawn_blocking(read.clone()).await else { return };
        match content {
            Ok(content) if content == known && !unreadable => {}
            // Reported once for each content: a file may be half written now and complete at the next read.
            Ok(content) => {
                changed(Ok(&content));
                known = content;
                unreadable = false;
            }
            Err(error) if !unreadable => {
                changed(Err(error));
                unreadable = true;
            }
            Err(_) => {}
        }
    }
}
