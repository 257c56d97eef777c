//! The certificates of the webhook: for development, and in Secrets that it manages itself. How they are made and read is in
//! `process::certificates`, how files are read again in `reload`.

pub mod dev_certs;
pub mod self_managed;

/// The names under which a Service is called.
#[must_use]
fn service_names(service: &str, namespace: &str) -> Vec<String> {
    vec![
        format!("{service}.{namespace}.svc"),
        format!("{service}.{namespace}.svc.cluster.local"),
        format!("{service}.{namespace}"),
        service.to_owned(),
    ]
}
