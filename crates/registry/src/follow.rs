//! The accounts of a namespace, followed by a watch: one that is created may log in at once, one that is deleted may not.

use std::sync::Arc;

use api::registry::ImageRegistryAccount;
use decide::registry::expiry::expires;
use decide::registry::labels::Labels;
use kube::runtime::watcher::{Config, Event};
use kube::{Api, ResourceExt as _};
use policy::image_registry_accounts::bcrypt::{self, Bcrypt};
use tokio::sync::watch::Sender;

use crate::accounts::{Account, Accounts};
use crate::metrics::Metrics;
use crate::watch;

/// How many accounts a page of a list has. Each takes some hundred bytes.
const PAGE: u32 = 500;
/// Follows the accounts, without an end. Reports once that all are known.
pub async fn accounts(
    api: Api<ImageRegistryAccount>,
    accounts: Arc<Accounts>,
    metrics: Arc<Metrics>,
    synced: Sender<bool>,
) {
    metrics.of_accounts(Arc::clone(&accounts));
    let mut listed = Vec::new();
    let config = Config::default().page_size(PAGE);
    watch::follow(api, config, "accounts", |event| match event {
        Some(Event::Init) => listed.clear(),
        // One that is being deleted may not log in, however long a finalizer keeps it.
        Some(Event::InitApply(object)) if is_deleted(&object) => {}
        Some(Event::InitApply(object)) => listed.push((object.name_any(), of(&object))),
        Some(Event::InitDone) => {
            accounts.replace(std::mem::take(&mut listed));
            synced.send_replace(true);
        }
        Some(Event::Apply(object)) if !is_deleted(&object) => accounts.put(object.name_any(), of(&object)),
        Some(Event::Apply(object) | Event::Delete(object)) => accounts.remove(&object.name_any()),
        // A watch that goes on says nothing until something changes. One that begins anew says when all accounts are known.
        None => accounts.interrupted(),
    })
    .await;
}

fn is_deleted(object: &ImageRegistryAccount) -> bool {
    object.metadata.deletion_timestamp.is_some()
}

/// What logins need of an object. The webhook refuses what is wrong here; where it was not asked, nobody can log in with
/// such an account.
fn of(object: &ImageRegistryAccount) -> Account {
    read(object).unwrap_or_else(|| {
        tracing::warn!(account = object.name_any(), "an account is invalid: nobody can log in with it");
        Account::default()
    })
}

fn read(object: &ImageRegistryAccount) -> Option<Account> {
    let spec = &object.spec;
    let labels = Labels::of_account(&object.name_any(), spec.labels.clone().unwrap_or_default()).ok()?;
    let several = spec.password_hashes.as_deref().unwrap_or_default();
    let hashes = spec.password.iter().chain(several.iter().map(|password| &password.hash));
    let hashes: Vec<Bcrypt> = hashes.map(|hash| bcrypt::parse(&hash.0).ok()).collect::<Option<_>>()?;
    let ends = several.iter().zip(hashes.iter().skip(usize::from(spec.password.is_some())));
    let ends = ends.filter_map(|(password, hash)| Some((hash.clone(), password.expires_at.as_ref()?.0)));
    let expires = match &spec.ttl {
        None => None,
        Some(ttl) => Some(expires(object, ttl)?),
    };
    Some(Account { labels, ends: ends.collect(), hashes, expires })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const HASHES: [&str; 2] = [
        "$2b$10$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i",
        "$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e",
    ];

    fn read_from(spec: &Value) -> Option<Account> {
        let object = json!({
            "apiVersion": "registry.mgoltzsche.github.com/v1alpha1",
            "kind": "ImageRegistryAccount",
            "metadata": {"name": "push.team.web.1", "creationTimestamp": "2026-11-26T12:00:00Z"},
            "spec": spec,
        });
        read(&serde_json::from_value(object).unwrap())
    }

    #[test]
    fn an_account_has_its_hashes_labels_and_ends() {
        let account =
            read_from(&json!({"password": HASHES[0], "labels": {"accessMode": ["push"]}, "ttl": "24h"}));
        let account = account.unwrap();
        let shown: Vec<_> = account.hashes.iter().map(Bcrypt::as_str).collect();
        assert_eq!(shown, [HASHES[0]]);
        let labels = ["accessMode", "origin", "account"].map(|name| account.labels.values(name).to_vec());
        assert_eq!(labels, [["push"], ["cr"], ["push.team.web.1"]]);
        assert_eq!(
            (account.ends, account.expires),
            (Vec::new(), Some("2026-11-27T12:00:00Z".parse().unwrap()))
        );

        let hashes = json!([{"hash": HASHES[0], "expiresAt": "2026-11-26T13:00:00Z"}, {"hash": HASHES[1]}]);
        let account = read_from(&json!({"passwordHashes": hashes})).unwrap();
        assert_eq!(account.hashes.len(), 2);
        let ends: Vec<_> = account.ends.iter().map(|(hash, end)| (hash.as_str(), end.to_string())).collect();
        assert_eq!(ends, [(HASHES[0], "2026-11-26T13:00:00Z".to_owned())]);
        assert_eq!(account.expires, None);
    }

    #[test]
    fn nobody_logs_in_with_what_is_invalid() {
        for spec in [json!({"password": "secret"}), json!({"password": HASHES[0], "ttl": "tomorrow"})] {
            assert_eq!(read_from(&spec), None, "{spec}");
        }
    }
}
