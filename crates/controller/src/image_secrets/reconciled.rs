//! The two kinds that are reconciled.

use std::fmt::Debug;

use api::registry::{ImagePullSecret, ImagePushSecret};
use decide::registry::secret::ImageSecret;
use serde::de::DeserializeOwned;

/// One of both kinds.
pub(super) trait Reconciled:
    ImageSecret + Clone + Debug + DeserializeOwned + Send + Sync + 'static
{
}

impl Reconciled for ImagePushSecret {}
impl Reconciled for ImagePullSecret {}
