//! One YAML document as kubectl reads it. Where the parser is stricter or laxer than the one of kubectl, that is made up for
//! here.

use serde_json::Value;
use serde_saphyr::Error;

use super::documents::{Document, Unreadable};
use super::words;

/// How many lines of quoted texts are indented before a document is given up.
const INDENTED_MAX: usize = 100;
/// More than any key is indented.
const INDENTATION: &str = "                                                                ";
/// What the parser says of a quoted text that goes on at the indentation of its key.
const NOT_INDENTED: &str = "invalid indentation in multiline quoted scalar";

/// Reads a document that begins at `line`.
pub(super) fn parse(line: usize, mut text: String) -> Result<Document, Unreadable> {
    let mut parsed = value_of(&text);
    for _ in 0..INDENTED_MAX {
        // kubectl reads such a text; leading spaces of its lines mean nothing.
        let Some(at) = parsed.as_ref().err().and_then(line_to_indent) else { break };
        let Some(indented) = indent(&text, at) else { break };
        text = indented;
        parsed = value_of(&text);
    }
    let value = parsed.map_err(|error| words::of_yaml(&error, line))?;
    match first_tab(&text, &value) {
        Some(tab) => Err(words::not_yaml("a tab cannot indent a line: use spaces", line + tab)),
        None => Ok(Document::new(line, text, value)),
    }
}

fn value_of(text: &str) -> Result<Value, Error> {
    serde_saphyr::from_str_with_options(text, serde_saphyr::options! { with_snippet: false })
}

fn line_to_indent(error: &Error) -> Option<usize> {
    let line = error.location()?.line();
    let is_known = error.without_snippet().to_string().contains(NOT_INDENTED);
    usize::try_from(line).ok().filter(|_| is_known)
}

/// The text with one line, from 1, indented.
fn indent(text: &str, line: usize) -> Option<String> {
    let at = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let (before, after) = text.split_at_checked(at)?;
    Some([before, INDENTATION, after].concat())
}

/// The first line, from 0, that is nothing but white space with a tab in its indentation, outside of texts. kubectl
/// refuses it. Such a line is a comment as far as this parser is concerned: that changes a text, and nothing else.
fn first_tab(text: &str, value: &Value) -> Option<usize> {
    let is_tab = |line: &str| {
        let content = line.trim_start();
        (content.is_empty() || content.starts_with('#')) && line.trim_start_matches(' ').starts_with('\t')
    };
    let first = text.lines().position(is_tab)?;
    let commented: Vec<_> = text.lines().map(|line| if is_tab(line) { "#" } else { line }).collect();
    let is_outside = value_of(&commented.join("\n")).is_ok_and(|commented| commented == *value);
    is_outside.then_some(first)
}
