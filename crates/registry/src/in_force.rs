//! What the token server is configured with, from files that change: the rules, and the authority whose keys sign. Each of
//! them that cannot be used leaves the last one in force.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use decide::registry::acl::{Acl, AclErrors, Policy};
use decide::registry::token::Config;
use process::reread;
use zeroize::Zeroizing;

use crate::metrics::Metrics;
use crate::server::{Server, State};
use crate::sign::Signer;
use crate::signing::{Authority, AuthorityFiles, SigningError};

/// Where the configuration comes from.
#[derive(Clone, Debug)]
pub struct Sources {
    /// What tokens have in common.
    pub config: Config,
    /// The rules without a file.
    pub policy: Policy,
    /// The file of rules, if there is one.
    pub acl: Option<PathBuf>,
    /// The authority of the keys that sign.
    pub authority: AuthorityFiles,
}

/// What the files hold.
#[derive(Clone, Eq, PartialEq)]
pub struct Content {
    rules: Option<Zeroizing<String>>,
    authority: Authority,
}

impl Content {
    fn signer(&self) -> Result<Signer, SourceError> {
        Ok(self.authority.signer(SystemTime::now())?)
    }
}

/// Why files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file of rules cannot be read.
    #[error("--acl-file {}: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The rules are wrong.
    #[error("--acl-file {}: {errors}", path.display())]
    Rules {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        errors: AclErrors,
    },
    /// No key can sign.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

impl Sources {
    /// Reads the files.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub fn read(&self) -> Result<Content, SourceError> {
        let read = |path: &PathBuf| {
            let text = std::fs::read_to_string(path).map(Zeroizing::new);
            text.map_err(|cause| SourceError::Read { path: path.clone(), cause })
        };
        Ok(Content { rules: self.acl.as_ref().map(read).transpose()?, authority: self.authority.read()? })
    }

    /// The configuration that the files give. What the author of rules should know is logged.
    ///
    /// # Errors
    /// What is wrong.
    pub fn state(&self, content: &Content) -> Result<State, SourceError> {
        let (acl, signer) = (self.acl(content)?, content.signer()?);
        Ok(State { config: self.config.clone(), acl: Arc::new(acl), signer: Arc::new(signer) })
    }

    fn acl(&self, content: &Content) -> Result<Acl, SourceError> {
        let (Some(path), Some(text)) = (&self.acl, &content.rules) else { return Ok(self.policy.acl()) };
        let acl = Acl::read(text).map_err(|errors| SourceError::Rules { path: path.clone(), errors })?;
        for warning in acl.warnings() {
            tracing::warn!(%warning, "the rules of the registry");
        }
        Ok(acl)
    }

    /// Keeps the server up to date with the files, and replaces the key that signs long before it ends.
    pub async fn keep(
        self,
        known: Content,
        mut last: State,
        server: Arc<Server>,
        metrics: Arc<Metrics>,
        every: Duration,
    ) {
        let read = {
            let sources = self.clone();
            move || sources.read()
        };
        reread::watch(known, every, read, |content| {
            let mut is_in_force = content.is_ok();
            let mut or_last = |error: SourceError| {
                is_in_force = false;
                tracing::error!(%error, "changed files cannot be used: what they held before stays in force");
            };
            match content {
                Ok(content) => {
                    self.acl(content).map_or_else(&mut or_last, |acl| last.acl = Arc::new(acl));
                    content.signer().map_or_else(&mut or_last, |signer| last.signer = Arc::new(signer));
                    metrics.signing_certificate(last.signer.not_after());
                    server.replace(last.clone());
                }
                Err(error) => or_last(error),
            }
            metrics.reloaded("rules", is_in_force);
        })
        .await;
    }
}
