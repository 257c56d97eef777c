//! Who is to answer a review: an endpoint that is named, that of a fixture, or those for the resource.

use std::path::Path;

use serde_json::Value;

use crate::admission::routes::{ENDPOINTS, Endpoint};
use crate::cli::json::text_at;
use crate::cli::report::Level;

/// The file of a fixture that holds the question.
const QUESTION: &str = "request.json";

/// The endpoint at a path.
pub(super) fn endpoint_at(path: &str) -> Result<&'static Endpoint, String> {
    let known = || ENDPOINTS.iter().map(|endpoint| endpoint.path).collect::<Vec<_>>().join(", ");
    ENDPOINTS
        .iter()
        .find(|endpoint| endpoint.path == path)
        .ok_or_else(|| format!("must be one of {}", known()))
}

/// The endpoint and the case of a fixture, which its folders name.
pub(super) fn fixture(file: &Path) -> Option<(&'static Endpoint, &str)> {
    if file.file_name()? != QUESTION {
        return None;
    }
    let case = file.parent()?;
    let label = case.parent()?.file_name()?.to_str()?;
    let endpoint = ENDPOINTS.iter().find(|endpoint| endpoint.label == label)?;
    Some((endpoint, case.file_name()?.to_str()?))
}

/// Every endpoint for the resource of a review, in the order in which the API server asks. Of those that select objects, the
/// ones that select this object, if there are any.
pub(super) fn endpoints_for(review: &Value) -> Vec<&'static Endpoint> {
    let group = text_at(review, "/request/resource/group");
    let plural = text_at(review, "/request/resource/resource");
    let version = text_at(review, "/request/resource/version");
    let of = |mutating: bool| {
        ENDPOINTS.iter().filter(move |endpoint| {
            endpoint.mutating == mutating
                && endpoint.resource.group == group
                && endpoint.resource.version == version
                && endpoint.resource.plural == plural
        })
    };
    let all: Vec<_> = of(true).chain(of(false)).collect();
    let selected: Vec<_> = all.iter().copied().filter(|endpoint| selects(endpoint, review)).collect();
    if selected.is_empty() { all } else { selected }
}

/// Whether the API server asks an endpoint about an object: one that has the label, or had it.
fn selects(endpoint: &Endpoint, review: &Value) -> bool {
    let Some((key, value)) = endpoint.selector else { return true };
    let has_label = |object: &str| {
        let labels = review.pointer(&format!("/request/{object}/metadata/labels"));
        labels.and_then(|labels| labels.get(key)).and_then(Value::as_str) == Some(value)
    };
    has_label("object") || has_label("oldObject")
}

/// Why nobody answers a review.
pub(super) fn unanswered(review: &Value) -> (Level, String) {
    let kind = text_at(review, "/request/kind/kind");
    let text = |pointer: &str| text_at(review, pointer).to_owned();
    let (group, version, plural) = (
        text("/request/resource/group"),
        text("/request/resource/version"),
        text("/request/resource/resource"),
    );
    let served = ENDPOINTS.iter().map(|endpoint| &endpoint.resource);
    let known = served.clone().find(|known| known.group == group && known.plural == plural);
    match known {
        Some(known) => {
            let served = format!("{kind} in version {version:?}: the webhook answers for {}", known.version);
            (Level::Warning, served)
        }
        None => {
            (Level::Skipped, format!("a review of {plural:?} of the group {group:?}: no webhook is for it"))
        }
    }
}
