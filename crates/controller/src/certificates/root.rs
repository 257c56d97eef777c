//! The authority of the installation. Several reconcilers need it, and it is made once.

use std::sync::Arc;
use std::time::SystemTime;

use api::names::registry::ROOT_CA;
use cluster::{Error, Writer};
use decide::Kind;
use decide::registry::certificates::{ROOT_LIFE, Step, root_rollover};
use decide::registry::observed::Own;
use decide::registry::secrets::{self, is_root};
use tokio::sync::Mutex;

use super::read::mapped;
use super::steps::{authority, step_of};
use super::stored_secret::StoredSecret;
use crate::owned::Owned;

/// Whoever holds it may take a step of the authority of the installation.
pub(crate) type Turn = Arc<Mutex<()>>;

/// The authority of the installation.
pub(crate) struct Root {
    writer: Writer,
    /// The namespace of the controller.
    namespace: String,
    turn: Turn,
}

impl Root {
    pub(crate) fn new(writer: Writer, namespace: &str, turn: &Turn) -> Self {
        Self { writer, namespace: namespace.to_owned(), turn: Arc::clone(turn) }
    }

    /// Its Secret.
    pub(crate) async fn stored(&self) -> Result<Own<StoredSecret>, Error> {
        let stored = self.writer.get(Kind::Secret, &self.namespace, ROOT_CA).await?;
        Ok(match stored {
            None => Own::Missing,
            Some(stored) if is_root(&stored) => Own::Stored(StoredSecret::of(&stored)),
            Some(_) => Own::Foreign,
        })
    }

    /// Takes a step, unless another reconciler has taken it meanwhile.
    pub(crate) async fn take(&self, step: Step, now: SystemTime) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        let known = self.stored().await?;
        let next = mapped(&known, StoredSecret::authority).next(|root| root_rollover(root, now), now);
        if next.is_none_or(|next| next.step != Some(step)) {
            return Ok(());
        }
        let known = if let Own::Stored(known) = known { known } else { StoredSecret::default() };
        let made = || authority(ROOT_CA, &self.namespace, now, now + ROOT_LIFE);
        let wanted = secrets::root(&self.namespace, &step_of(step, &known, made, now)?);
        self.writer.create(&Owned { wanted: &wanted, is_ours: &is_root }).await?;
        Ok(())
    }
}
