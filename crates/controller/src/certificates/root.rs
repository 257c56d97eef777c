//! The authority of the installation. Several reconcilers need it, and it is made once.

use std::sync::Arc;
use std::time::SystemTime;

use api::names::container_registries::OF_NODES;
use api::names::image_registry::certificate_key::TRUSTED;
use api::names::registry::ROOT_CA;
use cluster::{Error, Writer};
use decide::Kind;
use decide::registry::certificates::{AuthoritySecret, ROOT_LIFE, SERVER_LIFE, Step, root_rollover};
use decide::registry::observed::Own;
use decide::registry::published::{HOLDERS, lacks_next};
use decide::registry::secrets::{self, Data, is_root};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::ListParams;
use process::certificates::{self, Keyed};
use tokio::sync::Mutex;

use super::read::mapped;
use super::steps::{authority, bytes, pair, step_of, unmade};
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

    /// What its Secret means for decisions.
    pub(crate) async fn observed(&self, root: &Own<StoredSecret>) -> Result<Own<AuthoritySecret>, Error> {
        let mut observed = mapped(root, StoredSecret::authority);
        if let (Own::Stored(root), Own::Stored(observed)) = (root, &mut observed)
            && observed.published.is_none()
            && let (Some(signs), Some(next)) = (root.signs(), root.next())
        {
            observed.is_everywhere = self.is_everywhere(&signs, &next).await?;
        }
        Ok(observed)
    }

    /// Whether all Secrets that hold the authority hold the next one, too.
    async fn is_everywhere(&self, signs: &Keyed, next: &Keyed) -> Result<bool, Error> {
        let lacks_next = |secret: &Secret| {
            let data = secret.data.as_ref();
            data.is_some_and(|data| lacks_next(data, &signs.pair.certificate, &next.pair.certificate))
        };
        let secrets = Api::<Secret>::all(self.writer.client().clone());
        for label in HOLDERS {
            if self.writer.any(&secrets, ListParams::default().labels(label), lacks_next).await? {
                return Ok(false);
            }
        }
        let of_nodes = self.writer.get(Kind::Secret, &self.namespace, OF_NODES).await?;
        let of_nodes = of_nodes.map(serde_json::from_value::<Secret>).transpose().map_err(Error::of_json)?;
        Ok(!of_nodes.as_ref().is_some_and(lacks_next))
    }

    /// What the Secret of a certificate for these names holds: the certificate, and whom clients trust. `None` if the
    /// authority cannot sign.
    pub(crate) async fn sign(&self, names: Vec<String>, now: SystemTime) -> Result<Option<Data>, Error> {
        let Own::Stored(root) = self.stored().await? else { return Ok(None) };
        let Some(signs) = root.signs() else { return Ok(None) };
        let ends = (now + SERVER_LIFE).min(signs.certificate.not_after());
        let made = certificates::server(&signs.pair, names, now, ends).map_err(|error| unmade(&error))?;
        let mut data = pair(&made);
        data.insert(TRUSTED, bytes(root.text(TRUSTED).unwrap_or_default()));
        Ok(Some(data))
    }

    /// Takes a step, unless another reconciler has taken it meanwhile.
    pub(crate) async fn take(&self, step: Step, now: SystemTime) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        let known = self.stored().await?;
        let next = self.observed(&known).await?.next(|root| root_rollover(root, now), now);
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
