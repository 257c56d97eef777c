//! What answers requests for tokens, however it finds out what a client may do.

use std::net::IpAddr;
use std::sync::OnceLock;

use decide::registry::token::Refusal;
use zeroize::Zeroizing;

/// The body of an answer with a token.
pub type Body = Zeroizing<Vec<u8>>;

/// Answers requests for tokens of a registry.
pub trait TokenServer: Send + Sync + 'static {
    /// The registry that tokens are for.
    fn service(&self) -> String;

    /// Answers a GET.
    ///
    /// # Errors
    /// Why there is no token.
    fn get(
        &self,
        query: &str,
        authorization: Option<&[u8]>,
        client: &Client,
    ) -> impl Future<Output = Result<Body, Refusal>> + Send;

    /// Answers a POST.
    ///
    /// # Errors
    /// Why there is no token.
    fn post(&self, body: &[u8], client: &Client) -> impl Future<Output = Result<Body, Refusal>> + Send;
}

/// Who asks.
#[derive(Debug)]
pub struct Client {
    /// From where.
    pub address: IpAddr,
    /// The account that it has named, if there is one. Another name could be a password in the wrong place.
    account: OnceLock<String>,
}

impl Client {
    /// A client that has named no account yet.
    #[must_use]
    pub fn at(address: IpAddr) -> Self {
        Self { address, account: OnceLock::new() }
    }

    /// The account that it has named, whether its password was right or not.
    #[must_use]
    pub fn account(self) -> Option<String> {
        self.account.into_inner()
    }

    pub(crate) fn named(&self, account: &str) {
        // It names one.
        let _ = self.account.set(account.to_owned());
    }
}
