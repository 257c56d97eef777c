//! Writes to each Secret with credentials which caches use it.

use std::time::Duration;

use api::names::cache::USED_BY;
use cluster::Error;
use decide::Kind;
use process::causes::Causes;
use serde_json::json;

use super::caches::RegistryCaches;

/// The pause after an annotation could not be written.
const PAUSE: Duration = Duration::from_secs(15);

impl RegistryCaches {
    /// Keeps the annotations of Secrets right.
    pub(super) async fn follow_uses(&self) {
        loop {
            let mut is_done = true;
            self.uses.wait().await;
            for (secret, text) in self.uses.due(&self.store.state()) {
                if let Err(error) = self.write_use(&secret, text.as_deref()).await {
                    tracing::warn!(error = %Causes(&error), secret, "cannot note on a Secret which caches use it");
                    is_done = false;
                }
            }
            if !is_done {
                tokio::time::sleep(PAUSE).await;
                self.uses.changed();
            }
        }
    }

    /// Writes the annotation, if there is such a Secret.
    async fn write_use(&self, secret: &str, text: Option<&str>) -> Result<(), Error> {
        let patch = json!({"metadata": {"annotations": {(USED_BY): text}}});
        match self.writer.patch(Kind::Secret, &self.config.namespace, secret, patch).await {
            Err(error) if error.is_not_found() => self.uses.said(secret, None),
            patched => {
                patched?;
                self.uses.said(secret, text);
            }
        }
        Ok(())
    }
}
