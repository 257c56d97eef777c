//! Makes authorities, and what their Secrets hold after a step.

use std::time::SystemTime;

use api::names::image_registry::certificate_key::{
    CERTIFICATE, KEY, NEXT_CERTIFICATE, NEXT_KEY, PUBLISHED, SINCE, TRUSTED,
};
use cluster::Error;
use decide::registry::certificates::{AUTHORITY_LIFE, Step, authority_name};
use decide::registry::secrets::Data;
use jiff::Timestamp;
use k8s_openapi::ByteString;
use process::certificates::{self, Pair};
use serde_json::Value;

use super::stored_secret::StoredSecret;

/// A new authority for a Secret.
pub(super) fn authority(
    secret: &str,
    namespace: &str,
    now: SystemTime,
    not_after: SystemTime,
) -> Result<Pair, certificates::Error> {
    certificates::authority(&authority_name(secret, namespace, now), now, not_after)
}

/// What the Secret of an authority holds after a step.
pub(super) fn step_of(
    step: Step,
    known: &StoredSecret,
    make: impl FnOnce() -> Result<Pair, certificates::Error>,
    now: SystemTime,
) -> Result<Data, Error> {
    let (signs, next) = (known.signs(), known.next());
    let old = signs.as_ref().map(|signs| signs.pair.certificate.clone()).unwrap_or_default();
    match step {
        Step::Make => {
            let new = make().map_err(|error| unmade(&error))?;
            Ok(trusting(pair(&new), &[&new.certificate]))
        }
        Step::Prepare => {
            let new = make().map_err(|error| unmade(&error))?;
            let mut data = signs.map(|signs| pair(&signs.pair)).unwrap_or_default();
            data.insert(NEXT_CERTIFICATE, bytes(&new.certificate));
            data.insert(NEXT_KEY, bytes(&new.key));
            Ok(trusting(data, &[&old, &new.certificate]))
        }
        Step::Publish => {
            let mut data = signs.map(|signs| pair(&signs.pair)).unwrap_or_default();
            if let Some(next) = next {
                data.insert(NEXT_CERTIFICATE, bytes(&next.pair.certificate));
                data.insert(NEXT_KEY, bytes(&next.pair.key));
            }
            data.insert(PUBLISHED, time(now));
            Ok(trusting(data, &[known.text(TRUSTED).unwrap_or_default()]))
        }
        Step::Promote => {
            let Some(next) = next else { return step_of(Step::Make, known, make, now) };
            let mut data = pair(&next.pair);
            data.insert(SINCE, time(now));
            // The order stays: a registry starts again when what it trusts changes.
            Ok(trusting(data, &[&old, &next.pair.certificate]))
        }
        Step::Forget => {
            let signs = signs.map(|signs| signs.pair);
            let data = signs.as_ref().map(pair).unwrap_or_default();
            Ok(trusting(data, &[&old]))
        }
    }
}

/// What the Secret of a token authority holds after a step; `stored` is what it is now.
pub(crate) fn tokens(
    step: Step,
    secret: &str,
    namespace: &str,
    stored: Option<&Value>,
    now: SystemTime,
) -> Result<Data, Error> {
    let known = stored.map(StoredSecret::of).unwrap_or_default();
    step_of(step, &known, || authority(secret, namespace, now, now + AUTHORITY_LIFE), now)
}

/// With the certificates that are trusted.
fn trusting(mut data: Data, certificates: &[&str]) -> Data {
    data.insert(TRUSTED, bytes(&certificates.concat()));
    data
}

/// A certificate with its key, as a Secret holds them.
pub(super) fn pair(pair: &Pair) -> Data {
    Data::from([(CERTIFICATE, bytes(&pair.certificate)), (KEY, bytes(&pair.key))])
}

fn time(time: SystemTime) -> ByteString {
    bytes(&Timestamp::try_from(time).unwrap_or_default().to_string())
}

/// A text, as a Secret holds it.
pub(crate) fn bytes(text: &str) -> ByteString {
    ByteString(text.as_bytes().to_vec())
}

/// The error of a certificate that cannot be made.
pub(crate) fn unmade(error: &certificates::Error) -> Error {
    Error::Unmade(format!("a certificate or a key cannot be made: {error}"))
}
