//! The client of the API server, which counts what it asks for.

use std::sync::Arc;

use kube::client::ClientBuilder;
use kube::{Client, Config};
use tower::util::MapRequestLayer;

use crate::metrics::Metrics;

/// A client of the cluster that the environment names: a kubeconfig, or the account of the Pod.
///
/// # Errors
/// If it names none, or one whose address or credentials are none.
pub async fn connect(metrics: &Arc<Metrics>) -> anyhow::Result<Client> {
    with(Config::infer().await?, metrics)
}

/// A client of a certain cluster.
///
/// # Errors
/// If the address or the credentials are none.
pub fn with(config: Config, metrics: &Arc<Metrics>) -> anyhow::Result<Client> {
    let metrics = Arc::clone(metrics);
    let count = move |request: http::Request<_>| {
        metrics.call(request.method().as_str(), request.uri().query());
        request
    };
    Ok(ClientBuilder::try_from(config)?.with_layer(&MapRequestLayer::new(count)).build())
}
