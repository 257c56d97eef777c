//! The certificate of a listener, renewed without a restart.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::ServerConfig;

use super::tls::{TlsContent, TlsFiles};
use crate::reread::watch;

/// When the served certificate expires, for the probe of readiness.
pub type NotAfter = Arc<ArcSwap<SystemTime>>;

/// Keeps the TLS configuration up to date with the files. A pair that cannot be served leaves the old one in use. Reports
/// for each changed content when the new certificate expires, or `None` if it cannot be used.
pub async fn certificate(
    files: TlsFiles,
    known: TlsContent,
    tls: Arc<ArcSwap<ServerConfig>>,
    not_after: NotAfter,
    every: Duration,
    mut report: impl FnMut(Option<SystemTime>),
) {
    let read = {
        let files = files.clone();
        move || files.read()
    };
    watch(known, every, read, |content| match content.and_then(|content| files.build(content)) {
        Ok(new) => {
            tls.store(new.config);
            not_after.store(Arc::new(new.not_after));
            report(Some(new.not_after));
            tracing::info!("the certificate has changed: the new one is served");
        }
        Err(error) => {
            report(None);
            tracing::error!(%error, "the changed certificate cannot be used: the old one stays in use");
        }
    })
    .await;
}
