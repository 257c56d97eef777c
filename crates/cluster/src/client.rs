//! The client of the API server, which reports each request.

use kube::client::ClientBuilder;
use kube::{Client, Config};
use tower::util::MapRequestLayer;

/// Is called for every request, with its method and query.
pub trait Called: Fn(&str, Option<&str>) + Clone + Send + Sync + 'static {}

impl<F: Fn(&str, Option<&str>) + Clone + Send + Sync + 'static> Called for F {}

/// A client for the cluster in the environment: from a kubeconfig, or the account of the Pod.
///
/// # Errors
/// If neither exists, or the address or credentials are invalid.
pub async fn connect(called: impl Called) -> anyhow::Result<Client> {
    with(process::kubernetes::config().await?, called)
}

/// A client for a certain cluster.
///
/// # Errors
/// If the address or the credentials are invalid.
pub fn with(config: Config, called: impl Called) -> anyhow::Result<Client> {
    let count = move |request: http::Request<_>| {
        called(request.method().as_str(), request.uri().query());
        request
    };
    Ok(ClientBuilder::try_from(config)?.with_layer(&MapRequestLayer::new(count)).build())
}
