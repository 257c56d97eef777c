//! The client of the API server, which counts what it asks for.

use kube::client::ClientBuilder;
use kube::{Client, Config};
use tower::util::MapRequestLayer;

/// Hears of every request, by its method and query.
pub trait Called: Fn(&str, Option<&str>) + Clone + Send + Sync + 'static {}

impl<F: Fn(&str, Option<&str>) + Clone + Send + Sync + 'static> Called for F {}

/// A client of the cluster that the environment names: a kubeconfig, or the account of the Pod.
///
/// # Errors
/// If it names none, or its address or credentials are invalid.
pub async fn connect(called: impl Called) -> anyhow::Result<Client> {
    with(process::kubernetes::config().await?, called)
}

/// A client of a certain cluster.
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
