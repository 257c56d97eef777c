//! What Secrets with certificates mean for decisions.

use std::collections::BTreeSet;
use std::time::SystemTime;

use api::names::image_registry::certificate_key::TRUSTED;
use decide::owner::is_owned;
use decide::registry::certificates::ServerSecret;
use decide::registry::observed::Own;
use decide::registry::secrets::is_of_original;
use process::certificates::Certificate;
use serde_json::Value;

use super::stored_secret::{StoredSecret, life};

/// A Secret that the object with this UID owns, or not.
pub(crate) fn own(uid: &str, stored: Option<Value>) -> Own<StoredSecret> {
    match stored {
        None => Own::Missing,
        Some(stored) if is_owned(&stored, uid) && is_of_original(&stored) => {
            Own::Stored(StoredSecret::default())
        }
        Some(stored) if is_owned(&stored, uid) => Own::Stored(StoredSecret::of(&stored)),
        Some(_) => Own::Foreign,
    }
}

/// What is read of such a Secret.
pub(crate) fn mapped<T>(own: &Own<StoredSecret>, read: impl FnOnce(&StoredSecret) -> T) -> Own<T> {
    match own {
        Own::Missing => Own::Missing,
        Own::Foreign => Own::Foreign,
        Own::Stored(secret) => Own::Stored(read(secret)),
    }
}

/// A certificate; `root` is the authority of the installation.
pub(crate) fn server(
    names: &[String],
    secret: &StoredSecret,
    root: Option<&StoredSecret>,
    now: SystemTime,
) -> ServerSecret {
    let (serves, signs) = (secret.signs(), root.and_then(StoredSecret::signs));
    let is_as_wanted = serves.as_ref().zip(signs.as_ref()).is_some_and(|(server, root)| {
        let (wanted, found): (BTreeSet<_>, BTreeSet<_>) =
            (names.iter().cloned().collect(), found(&server.certificate).collect());
        wanted == found && server.serves(&root.certificate, names, now)
    });
    ServerSecret {
        serves: serves.map(|server| life(&server.certificate)),
        is_as_wanted,
        has_authorities: secret.text(TRUSTED) == root.and_then(|root| root.text(TRUSTED)),
    }
}

/// The names and the addresses that a certificate is for.
fn found(certificate: &Certificate) -> impl Iterator<Item = String> {
    let addresses = certificate.addresses().into_iter().map(|address| address.to_string());
    certificate.names().into_iter().chain(addresses)
}
