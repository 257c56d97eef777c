//! What is wrong with a document, in words for its author. The texts of the parsers speak of their own options.

use std::borrow::Cow;

use serde_saphyr::Error;

use super::documents::Unreadable;

/// What is wrong with a JSON value that begins at `line`.
pub(super) fn of_json(error: &serde_json::Error, line: usize) -> Unreadable {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(before, _)| before);
    let text = match text {
        _ if error.is_eof() => "it is cut off",
        "expected ident" => "expected value",
        "key must be a string" => "a key must be in double quotes",
        text if text.starts_with("control character") => "a text must end on its line: is a quote missing?",
        text => text,
    };
    Unreadable { text: format!("not JSON: {text}"), line: line + error.line().saturating_sub(1) }
}

/// What is wrong with a YAML document that begins at `line`.
pub(super) fn of_yaml(error: &Error, line: usize) -> Unreadable {
    let at = error.location().map_or(1, |location| location.line());
    not_yaml(&text_of(error), line + usize::try_from(at).unwrap_or(1) - 1)
}

pub(super) fn not_yaml(text: &str, line: usize) -> Unreadable {
    Unreadable { text: format!("not YAML: {text}"), line }
}

fn text_of(error: &Error) -> Cow<'static, str> {
    let text = match error.without_snippet() {
        // It is not shown: without its colon, a value reads as a key.
        Error::DuplicateMappingKey { .. } => "a key is there twice",
        Error::NonFiniteFloat { .. } => "infinity and NaN are not possible here: put the text into quotes",
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. } => {
            "it is too large or nested too deeply, or its aliases stand for too much"
        }
        // Only keys have to be texts.
        Error::NullIntoString { .. } => "a key is null: put it into quotes",
        Error::UnknownAnchor { .. } => "an alias (*) stands for an anchor (&) that is not there",
        Error::AliasError { error, .. } => return text_of(error),
        error => {
            let text = error.to_string();
            let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(before, _)| before);
            return text.to_owned().into();
        }
    };
    text.into()
}
