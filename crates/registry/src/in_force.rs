//! What the token server is configured with, from files that change: the rules, and the authority whose keys sign. Each of
//! the two is replaced by itself, and one that cannot be used leaves the last one in force.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use decide::registry::acl::{Acl, AclErrors, Policy};
use process::reread;
use zeroize::Zeroizing;

use crate::metrics::Metrics;
use crate::server::{Server, State};
use crate::sign::Signer;
use crate::signing::{Authority, AuthorityFiles};

/// Where rules come from.
#[derive(Clone, Debug)]
pub enum Rules {
    /// The rules of a policy.
    Of(Policy),
    /// A file.
    In(PathBuf),
}

/// The text of a file of rules; none for a policy.
pub type Text = Option<Zeroizing<String>>;

/// Why there are no rules.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// The file cannot be read.
    #[error("--acl-file {}: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The rules are wrong.
    #[error("--acl-file {}: {errors}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        errors: AclErrors,
    },
}

impl Rules {
    /// Reads the file, if there is one.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(&self) -> Result<Text, RulesError> {
        let Self::In(path) = self else { return Ok(None) };
        let text = std::fs::read_to_string(path).map(Zeroizing::new);
        text.map(Some).map_err(|cause| RulesError::Read { path: path.clone(), cause })
    }

    /// The rules. What their author should know is logged.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub fn acl(&self, text: &Text) -> Result<Acl, RulesError> {
        let (path, text) = match (self, text) {
            (Self::Of(policy), _) => return Ok(policy.acl()),
            (Self::In(path), text) => (path, text.as_ref().map_or("", |text| text.as_str())),
        };
        let acl = Acl::read(text).map_err(|errors| RulesError::Wrong { path: path.clone(), errors })?;
        for warning in acl.warnings() {
            tracing::warn!(%warning, "the rules of the registry");
        }
        Ok(acl)
    }
}

/// The configuration of a server.
#[derive(Debug)]
pub struct InForce {
    state: Mutex<State>,
    server: Arc<Server>,
    metrics: Arc<Metrics>,
}

impl InForce {
    /// The configuration that the server has.
    #[must_use]
    pub fn new(state: State, server: Arc<Server>, metrics: Arc<Metrics>) -> Self {
        metrics.signing_certificate(state.signer.not_after());
        Self { state: Mutex::new(state), server, metrics }
    }

    /// Keeps the rules up to date with their file.
    pub async fn keep_rules(self: Arc<Self>, rules: Rules, known: Text, every: Duration) {
        let read = {
            let rules = rules.clone();
            move || rules.read()
        };
        reread::watch(known, every, read, |text| {
            let acl = text.and_then(|text| rules.acl(text));
            self.metrics.reloaded("rules", acl.is_ok());
            match acl {
                Ok(acl) => {
                    self.change(|state| state.acl = Arc::new(acl));
                    tracing::info!("the rules have changed: the new ones are in force");
                }
                Err(error) => {
                    tracing::error!(%error, "the changed rules cannot be used: the old ones stay in force");
                }
            }
        })
        .await;
    }

    /// Replaces the key that signs whenever it is due, or its authority is another one.
    pub async fn keep_key(self: Arc<Self>, files: AuthorityFiles, known: Authority, every: Duration) {
        let metrics = Arc::clone(&self.metrics);
        let replace = move |signer| self.change(|state| state.signer = signer);
        keep_key(files, known, every, metrics, replace).await;
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        self.server.replace(state.clone());
    }
}

/// Replaces the key that signs long before it ends, and when the authority changes.
pub(crate) async fn keep_key(
    files: AuthorityFiles,
    known: Authority,
    every: Duration,
    metrics: Arc<Metrics>,
    replace: impl Fn(Arc<Signer>),
) {
    reread::watch(
        known,
        every,
        move || files.read(),
        |authority| {
            let signer = authority.and_then(|authority| authority.signer(SystemTime::now()));
            metrics.reloaded("token_authority", signer.is_ok());
            match signer {
                Ok(signer) => {
                    metrics.signing_certificate(signer.not_after());
                    replace(Arc::new(signer));
                    tracing::info!("a new key signs tokens");
                }
                Err(error) => {
                    tracing::error!(%error, "the token authority gives no new key: the old one stays in use");
                }
            }
        },
    )
    .await;
}
