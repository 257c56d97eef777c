//! Configuration and runtimes, read again when their files change.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use process::reread::watch;

use crate::config;
use crate::metrics::Metrics;
use crate::rules::Rules;

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
