//! A client that can be held up, cut off and killed between two requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use http::{Method, Request};
use kube::client::{Body, ClientBuilder};
use kube::config::{KubeConfigOptions, Kubeconfig};
use testenv::ControlPlane;
use tokio::sync::Notify;
use tower::{Layer, Service, ServiceExt as _};

/// A gate between a controller and the API server.
#[derive(Clone, Default)]
pub struct Gate {
    /// The number of writes so far.
    pub writes: Arc<AtomicUsize>,
    /// A future that is awaited before each request.
    pub before: Option<Before>,
    /// The number of the write after which the controller is killed; 0 for never.
    pub fatal: usize,
    pub killed: Arc<Notify>,
    /// Whether all requests are held up.
    pub closed: Arc<AtomicBool>,
}

/// An action before each request.
pub type Before = Arc<dyn Fn(&Request<Body>) -> BoxFuture<'static, ()> + Send + Sync>;

pub struct Gated<S> {
    inner: Arc<tokio::sync::Mutex<S>>,
    gate: Gate,
}

impl<S> Layer<S> for Gate {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gated { inner: Arc::new(tokio::sync::Mutex::new(inner)), gate: self.clone() }
    }
}

impl<S> Service<Request<Body>> for Gated<S>
where
    S: Service<Request<Body>> + Send + 'static,
    S::Future: Send,
    S::Response: Send,
    S::Error: Send,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), S::Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (inner, gate) = (Arc::clone(&self.inner), self.gate.clone());
        Box::pin(async move {
            while gate.closed.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            if let Some(before) = &gate.before {
                before(&request).await;
            }
            // A Lease that somebody else has written meanwhile cannot be renewed, so such an attempt does no harm.
            let writes = request.method() != Method::GET && !request.uri().path().contains("/leases/");
            let number = if writes { gate.writes.fetch_add(1, Ordering::SeqCst) + 1 } else { 0 };
            if gate.fatal > 0 && number > gate.fatal {
                // This request would come after the kill.
                return std::future::pending().await;
            }
            let answer = {
                let mut inner = inner.lock().await;
                inner.ready().await?.call(request)
            };
            let answer = answer.await;
            if gate.fatal > 0 && number == gate.fatal {
                gate.killed.notify_one();
                // Nobody receives the answer.
                return std::future::pending().await;
            }
            answer
        })
    }
}

impl Gate {
    pub async fn client(&self, control_plane: &ControlPlane) -> kube::Client {
        let kubeconfig = Kubeconfig::read_from(control_plane.kubeconfig()).unwrap();
        let config =
            kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
        ClientBuilder::try_from(config).unwrap().with_layer(self).build()
    }

    pub fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }
}
