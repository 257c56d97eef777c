//! What was answered before: recorded beside the question, and compared with.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::ask::{Answer, Rules};

/// The file of a fixture that holds the answer.
pub(super) const ANSWER: &str = "response.json";

/// What differs from the answer that is recorded.
pub(super) fn compare(question: &Path, answer: &Answer) -> Option<String> {
    let path = beside(question);
    let recorded = match std::fs::read_to_string(&path) {
        Ok(recorded) => recorded,
        Err(error) => return Some(format!("{}: {error}", path.display())),
    };
    let recorded: Value = match serde_json::from_str(&recorded) {
        Ok(recorded) => recorded,
        Err(error) => return Some(format!("{}: {error}", path.display())),
    };
    let recorded = Answer { review: recorded, microseconds: 0, rules: Rules::default() };
    let (was, is) = (decoded(&recorded), decoded(answer));
    if was == is {
        return None;
    }
    let differing = differing(&was, &is);
    Some(format!("{} holds another answer: {differing} differs", path.display()))
}

/// Writes the answer beside the question.
pub(super) fn record(question: &Path, answer: &Answer) -> Result<(), String> {
    let path = beside(question);
    std::fs::write(&path, format!("{:#}\n", answer.review))
        .map_err(|error| format!("{}: {error}", path.display()))
}

fn beside(question: &Path) -> PathBuf {
    question.with_file_name(ANSWER)
}

/// The answer with its patch in clear, since spaces in a patch mean nothing.
fn decoded(answer: &Answer) -> Value {
    let mut review = answer.review.clone();
    if let (Some(patch), Some(place)) = (answer.patch(), review.pointer_mut("/response/patch")) {
        *place = serde_json::to_value(patch).unwrap_or_default();
    }
    review
}

/// The members of the response that differ. Their values may be secret.
fn differing(was: &Value, is: &Value) -> String {
    let members =
        |review: &Value| review.get("response").and_then(Value::as_object).cloned().unwrap_or_default();
    let (was, is) = (members(was), members(is));
    let mut names: Vec<_> =
        was.keys().chain(is.keys()).filter(|name| was.get(*name) != is.get(*name)).cloned().collect();
    names.sort();
    names.dedup();
    if names.is_empty() { "apiVersion or kind".to_owned() } else { names.join(", ") }
}
