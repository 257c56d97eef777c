//! Whom the controller trusts beside the API server: the authorities of the system, or those that `SSL_CERT_FILE` and
//! `SSL_CERT_DIR` name.

use reqwest::{Client, ClientBuilder};

/// A client that trusts them.
///
/// # Errors
/// What is missing, and the remedy: nothing else can be wrong with the clients of the controller.
pub(crate) fn trusting(client: ClientBuilder) -> Result<Client, &'static str> {
    client.build().map_err(|_| {
        "no certificate authorities are known: mount them into /etc/ssl/certs, or name their file by SSL_CERT_FILE"
    })
}
