//! What the admin port answers: liveness and readiness, also those of the registry, and metrics.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use process::https::Phase;
use process::https::reload::NotAfter;
use tokio::sync::watch;

use crate::gateway::Gateway;
use crate::metrics::Metrics;

/// What readiness depends on.
#[derive(Clone, Debug)]
pub struct Readiness {
    /// When the served certificate expires, if there is TLS.
    pub not_after: Option<NotAfter>,
    /// How far the end has come.
    pub phase: watch::Receiver<Phase>,
    /// Whether all is known that requests depend on.
    pub synced: watch::Receiver<bool>,
    /// What is not known before.
    pub awaits: &'static str,
}

/// The router of the admin port.
pub fn router(metrics: Arc<Metrics>, readiness: Readiness, gateway: Arc<Gateway>) -> Router {
    let asked = Arc::clone(&gateway);
    Router::new()
        // The registry listens on loopback, where the kubelet cannot ask it.
        .route("/registry/livez", get(async move || lives(asked.health().await)))
        .route("/registry/readyz", get(async move || is_ready(gateway.health().await)))
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(async move || readiness.answer(SystemTime::now())))
        .route("/metrics", process::admin::metrics(move || metrics.render()))
}

/// The registry lives if it answers anything.
fn lives(health: Option<StatusCode>) -> (StatusCode, &'static str) {
    match health {
        Some(_) => (StatusCode::OK, "ok\n"),
        None => (StatusCode::SERVICE_UNAVAILABLE, "the registry does not answer\n"),
    }
}

/// The registry is ready if it can use its storage.
fn is_ready(health: Option<StatusCode>) -> (StatusCode, &'static str) {
    match health {
        Some(status) if status.is_server_error() => {
            (StatusCode::SERVICE_UNAVAILABLE, "the registry cannot use its storage\n")
        }
        health => lives(health),
    }
}

impl Readiness {
    fn answer(&self, now: SystemTime) -> (StatusCode, Cow<'static, str>) {
        let not = |why: &'static str| (StatusCode::SERVICE_UNAVAILABLE, Cow::Borrowed(why));
        if *self.phase.borrow() != Phase::Serving {
            not("shutting down\n")
        } else if !*self.synced.borrow() {
            let why = format!("starting: {} are not known yet\n", self.awaits);
            (StatusCode::SERVICE_UNAVAILABLE, Cow::Owned(why))
        } else if self.not_after.as_ref().is_some_and(|not_after| now > **not_after.load()) {
            not("the serving certificate has expired\n")
        } else {
            (StatusCode::OK, Cow::Borrowed("ok\n"))
        }
    }
}

#[cfg(test)]
mod tests {
    use arc_swap::ArcSwap;
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_registry_is_ready_with_its_storage() {
        let not = |why| (StatusCode::SERVICE_UNAVAILABLE, why);
        let ok = (StatusCode::OK, "ok\n");
        let judged = |health| [lives(health), is_ready(health)];
        assert_eq!(judged(Some(StatusCode::OK)), [ok, ok]);
        assert_eq!(judged(Some(StatusCode::UNAUTHORIZED)), [ok, ok]);
        let without_storage = not("the registry cannot use its storage\n");
        assert_eq!(judged(Some(StatusCode::SERVICE_UNAVAILABLE)), [ok, without_storage]);
        assert_eq!(judged(None), [not("the registry does not answer\n"); 2]);
    }

    #[test]
    fn it_is_ready_with_accounts_and_a_certificate_until_it_leaves() {
        let now = SystemTime::now();
        let answer = |phase, synced, left: i64| {
            let not_after =
                if left > 0 { now + Duration::from_mins(1) } else { now - Duration::from_mins(1) };
            let (_phase, phase) = watch::channel(phase);
            let (_synced, synced) = watch::channel(synced);
            let not_after = Some(Arc::new(ArcSwap::from_pointee(not_after)));
            Readiness { not_after, phase, synced, awaits: "the accounts" }.answer(now)
        };
        let not = |why: &'static str| (StatusCode::SERVICE_UNAVAILABLE, why.into());
        assert_eq!(answer(Phase::Serving, true, 1), (StatusCode::OK, "ok\n".into()));
        assert_eq!(answer(Phase::Leaving, true, 1), not("shutting down\n"));
        assert_eq!(answer(Phase::Serving, false, 1), not("starting: the accounts are not known yet\n"));
        assert_eq!(answer(Phase::Serving, true, -1), not("the serving certificate has expired\n"));
    }
}
