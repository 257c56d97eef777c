//! Authorities of a cache: that of the upstream, in a Secret of somebody else, and its own for tokens.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use process::certificates::{Certificate, Pair, authority, server};
use serde_json::json;

use super::cluster::Cache;
use crate::harness::cluster::NOTHING;
use crate::harness::registry::{Auth, Registry};
use testenv::free_port;

const DAY: Duration = Duration::from_hours(24);

/// An authority that is valid for a day.
fn made(name: &str) -> Pair {
    authority(name, SystemTime::now() - DAY, SystemTime::now() + DAY).unwrap()
}

/// An upstream on `localhost` with a certificate of an authority, and the folder with it.
fn serving(authority: &Pair) -> (Registry, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let served =
        server(authority, vec!["localhost".to_owned()], SystemTime::now() - DAY, SystemTime::now() + DAY);
    let served = served.unwrap();
    std::fs::write(path("tls.crt"), &served.certificate).unwrap();
    std::fs::write(path("tls.key"), served.key.as_str()).unwrap();
    let tls = json!({"certificate": path("tls.crt"), "key": path("tls.key")});
    let port = free_port().unwrap();
    (Registry::start_with("127.0.0.1", port, Auth::Basic, "first", &tls), folder)
}

#[test]
fn the_authority_of_the_upstream_is_read_from_a_secret_and_pods_follow_it() {
    let [right, other] = ["right", "other"].map(made);
    let (upstream, _folder) = serving(&right);

    let cache = Cache::named("remote");
    cache.add_volumes(1);
    cache.add_credentials("remote-v1", "first");
    let remote_url = format!("https://{}", upstream.address().replace("127.0.0.1", "localhost"));
    let spec = json!({"remoteURL": remote_url, "remoteCA": {"secretName": "remote-ca"}, "secretReferenceName": "remote-v1"});
    cache.apply(&upstream.address(), &spec);
    let missing = "False CertificateMissing Secret kyma-system/remote-ca must hold the authority of the upstream in ca.crt, in PEM: remoteCA.secretName refers to it";
    let unproven = "False CredentialsUnproven The credentials of Secret kyma-system/remote-v1 are not proven yet; the cache starts when the upstream has accepted some";
    cache.awaits("Ready", missing);
    cache.awaits("CredentialsValid", unproven);
    cache.kubectl("create secret generic remote-ca --from-literal=other=x", NOTHING).unwrap();
    for (number, text) in
        ["nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"].into_iter().enumerate()
    {
        cache.replace("remote-ca", &[("ca.crt", Some(text))]);
        // A change of the cache shows when the Secret was read.
        cache.patch(&json!({"resources": {"requests": {"cpu": format!("{}m", number + 10)}}}));
        cache.await_reconcile();
        let found = (cache.condition("Ready"), cache.condition("CredentialsValid"));
        assert_eq!(found, (missing.to_owned(), unproven.to_owned()));
        assert!(!cache.made().contains(&"statefulset.apps/registry-remote-test".to_owned()));
    }

    // That of somebody else: the upstream is asked, and not believed.
    cache.replace("remote-ca", &[("ca.crt", Some(&other.certificate))]);
    let distrusted = "False UpstreamUnreachable The upstream cannot be reached, so the credentials of Secret kyma-system/remote-v1 are not proven yet: its certificate is not trusted";
    cache.awaits("CredentialsValid", distrusted);
    // More than the authority is in the Secret, and comes no further.
    let with_key = format!("{}{}", right.certificate, right.key.as_str());
    cache.replace("remote-ca", &[("ca.crt", Some(&with_key))]);
    cache.awaits("CredentialsValid", "True CredentialsProven ");
    cache.awaits("Ready", "True Running 1/1 Pods are ready");
    cache.awaits("Serving", "True Running ");
    let trusted = || cache.text(&cache.configuration(), "remote-ca.crt");
    assert_eq!(Certificate::all(trusted().as_bytes()), Certificate::all(right.certificate.as_bytes()));
    assert!(!trusted().contains("PRIVATE KEY"));

    // The next one is added: Pods start again with both.
    let (before, old) = (cache.generation(), cache.configuration());
    let both = [right.certificate.as_str(), other.certificate.as_str()].concat();
    cache.replace("remote-ca", &[("ca.crt", Some(&both))]);
    cache.wait("Pods get both", || cache.configuration() != old);
    assert_eq!(Certificate::all(trusted().as_bytes()), Certificate::all(both.as_bytes()));
    cache.wait("what no Pod uses is deleted", || !cache.kubectl(&format!("get secret {old}"), NOTHING).ok);
    cache.awaits("Ready", "True Running 1/1 Pods are ready");
    assert_eq!(cache.generation(), before + 1);

    // Without it, Pods stay as they are, and go on.
    let new = cache.configuration();
    cache.kubectl("delete secret remote-ca", NOTHING).unwrap();
    cache.awaits("Ready", missing);
    assert_eq!((cache.generation(), cache.configuration()), (before + 1, new.clone()));
    assert_eq!(Certificate::all(trusted().as_bytes()).len(), 2);
    assert!(cache.condition("CredentialsValid").starts_with("True CredentialsProven "));
    assert!(cache.condition("Serving").starts_with("True Running "));
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "remote-ca"}, "stringData": {"ca.crt": both}});
    cache.kubectl("create -f -", &secret).unwrap();
    cache.awaits("Ready", "True Running 1/1 Pods are ready");
    assert_eq!((cache.generation(), cache.configuration()), (before + 1, new));
}

/// A registry reads whom it trusts when it starts: so Pods start once with both authorities before the next one signs, and once
/// without the old one when its tokens have ended.
#[test]
fn a_token_authority_that_is_due_is_followed_by_another() {
    let upstream = Registry::start(Auth::Open, "");
    let cache = Cache::named("tokens");
    cache.add_volumes(1);
    cache.apply(&upstream.address(), &json!({"access": "Authorize"}));
    cache.awaits("Ready", "True Running 1/1 Pods are ready");
    let before = cache.generation();
    let secret = "registry-tokens-test-token-authority";
    let now = SystemTime::now();
    let old = authority("old", now - DAY * 1500, now + DAY * 325).unwrap();
    let (certificate, key) = (Some(old.certificate.as_str()), Some(old.key.as_str()));
    cache.replace(secret, &[("tls.crt", certificate), ("tls.key", key), ("ca.crt", certificate)]);
    cache.wait("another authority signs", || {
        cache.text(secret, "tls.crt") != old.certificate && !cache.text(secret, "since").is_empty()
    });
    let new = cache.text(secret, "tls.crt");
    let both = [old.certificate.as_str(), &new].concat();
    assert_eq!((cache.text(secret, "ca.crt"), cache.text(secret, "next.crt")), (both.clone(), String::new()));
    let trusted = || cache.text(&cache.configuration(), "token-authorities.crt");
    cache.awaits("Ready", "True Running 1/1 Pods are ready");
    assert_eq!(
        (trusted(), cache.generation()),
        (both, before + 1),
        "tokens of the old one are still accepted"
    );

    // A token lives for a minute; it takes minutes until gateways have the next key.
    let long_ago = Timestamp::try_from(SystemTime::now() - Duration::from_mins(8)).unwrap().to_string();
    cache.replace(secret, &[("since", Some(&long_ago))]);
    cache.wait("the old one is forgotten", || cache.text(secret, "ca.crt") == new);
    cache.wait("Pods forget it, too", || trusted() == new);
    cache.awaits("Ready", "True Running 1/1 Pods are ready");
    assert_eq!(cache.generation(), before + 2);
}
