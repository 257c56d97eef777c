//! The certificate authorities that the controller trusts for servers other than the API server: those of the system,
//! or those in `SSL_CERT_FILE` and `SSL_CERT_DIR`.

use reqwest::{Client, ClientBuilder};

/// Builds a client that trusts these authorities.
///
/// # Errors
/// If they are missing, with the remedy: nothing else can be wrong with the clients of the controller.
pub(crate) fn trusting(client: ClientBuilder) -> Result<Client, &'static str> {
    client.build().map_err(|_| {
        "no certificate authorities are known: mount them into /etc/ssl/certs, or name their file by SSL_CERT_FILE"
    })
}
