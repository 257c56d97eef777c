//! The making of certificates: for development, and in Secrets that the webhook manages itself. How a certificate is
//! served is in `tls`, how files are read again in `reload`.

pub mod dev_certs;
mod issue;
pub mod self_managed;
