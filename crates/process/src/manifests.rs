//! Files as people keep them: YAML or JSON, cut into documents, each with its place. Of a manifest also what an API server
//! makes of it: the objects of a list, and the data of a Secret that is written in clear. What a kind means is not here.

use std::io::{self, Read as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value};

/// The name of the standard input.
const STDIN: &str = "-";

/// A document: one of those that a text holds.
#[derive(Debug)]
pub struct Document {
    /// The line at which it begins, from 1.
    pub line: usize,
    /// Its text, as far as places in it are of interest.
    pub text: String,
    /// Its content.
    pub value: Value,
}

/// A document that cannot be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not {language}: {text}")]
pub struct Unreadable {
    /// What it was taken for.
    pub language: &'static str,
    /// What is wrong: what was expected, never what was there.
    pub text: String,
    /// The line, from 1, at which that is.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

type Documents = Vec<Result<Document, Unreadable>>;

impl Document {
    /// The objects of a list, or the one that it is, each with what leads to it: nothing, or `items[0].`.
    #[must_use]
    pub fn objects(&self) -> Vec<(String, &Value)> {
        let kind = self.value.get("kind").and_then(Value::as_str).unwrap_or_default();
        match self.value.get("items").and_then(Value::as_array).filter(|_| kind.ends_with("List")) {
            Some(items) => {
                items.iter().enumerate().map(|(index, item)| (format!("items[{index}]."), item)).collect()
            }
            None => vec![(String::new(), &self.value)],
        }
    }
}

/// The text of a file; `-` is the standard input.
///
/// # Errors
/// If it cannot be read, or is no text.
pub fn read(file: &Path) -> io::Result<String> {
    if file.as_os_str() != STDIN {
        return std::fs::read_to_string(file);
    }
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    Ok(text)
}

/// The documents of a text, and errors for those that cannot be read.
#[must_use]
pub fn documents(text: &str) -> Documents {
    if !text.trim_start().starts_with(['{', '[']) {
        return yaml_documents(text);
    }
    let json = json_documents(text);
    if json.iter().all(Result::is_ok) {
        return json;
    }
    // YAML can begin with a bracket, too.
    let yaml = yaml_documents(text);
    if yaml.iter().all(Result::is_ok) { yaml } else { json }
}

/// One JSON value after another: a document, lines of JSON, or several documents.
fn json_documents(text: &str) -> Documents {
    let mut documents = Vec::new();
    let mut start = 0;
    while let Some(rest) = text.get(start..).filter(|rest| !rest.trim().is_empty()) {
        let skipped = rest.len() - rest.trim_start().len();
        let line = line_of(text, start + skipped);
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        match stream.next() {
            Some(Ok(value)) => {
                let end = start + stream.byte_offset();
                let text = text.get(start + skipped..end).unwrap_or_default().to_owned();
                documents.push(Ok(Document { line, text, value }));
                start = end;
            }
            Some(Err(error)) => {
                documents.push(Err(Unreadable {
                    language: "JSON",
                    text: without_place(&error.to_string()).to_owned(),
                    line: line_of(text, start) + error.line().saturating_sub(1),
                    column: error.column(),
                }));
                // With lines of JSON the next line may be whole.
                let Some(next) = rest.get(skipped..).and_then(|rest| rest.find('\n')) else { break };
                start += skipped + next + 1;
                if !text.get(start..).is_some_and(|rest| rest.starts_with('{')) {
                    break;
                }
            }
            None => break,
        }
    }
    documents
}

/// The documents of a YAML stream. A line that begins with `---` separates them, even in a block of text.
fn yaml_documents(text: &str) -> Documents {
    let mut documents = Vec::new();
    let mut start = 1;
    let mut document = String::new();
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let rest = line.strip_prefix("---").filter(|rest| rest.trim().is_empty() || rest.starts_with(' '));
        let Some(rest) = rest else {
            document.push_str(line);
            continue;
        };
        documents.extend(yaml_document(start, &std::mem::take(&mut document)));
        start = index + 2;
        // A document may begin on that line.
        if !is_blank(rest.trim_start()) {
            document.push_str(rest);
            start = index + 1;
        }
    }
    documents.extend(yaml_document(start, &document));
    documents
}

fn yaml_document(line: usize, text: &str) -> Option<Result<Document, Unreadable>> {
    let parsed: Result<Value, _> = serde_saphyr::from_str(text);
    match parsed {
        Ok(Value::Null) => None,
        Ok(value) => Some(Ok(Document { line, text: text.to_owned(), value })),
        Err(_) if text.lines().all(is_blank) => None,
        Err(error) => {
            let at = |number: Option<u64>| number.map_or(1, |number| usize::try_from(number).unwrap_or(1));
            let location = error.location();
            Some(Err(Unreadable {
                language: "YAML",
                text: without_place(&error.without_snippet().to_string()).to_owned(),
                line: line + at(location.map(|location| location.line())) - 1,
                column: at(location.map(|location| location.column())),
            }))
        }
    }
}

/// Whether a line says nothing: it is empty, a comment, or a directive such as `%YAML 1.2`.
fn is_blank(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with(['#', '%'])
}

fn without_place(text: &str) -> &str {
    text.rsplit_once(" at line ").map_or(text, |(before, _)| before)
}

fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).map_or(1, |before| before.bytes().filter(|byte| *byte == b'\n').count() + 1)
}

/// Moves `stringData` of a Secret into `data`, as an API server does. Values of a wrong type stay as they are, for decoding
/// to report.
pub fn fold_string_data(secret: &mut Value) {
    let Some(members) = secret.as_object_mut() else { return };
    let Some(Value::Object(strings)) = members.get("stringData").cloned() else { return };
    members.remove("stringData");
    let data = members.entry("data").or_insert_with(|| Map::new().into());
    if data.is_null() {
        *data = Map::new().into();
    }
    let Some(data) = data.as_object_mut() else { return };
    for (key, value) in strings {
        let value = value.as_str().map_or_else(|| value.clone(), |text| BASE64.encode(text).into());
        data.insert(key, value);
    }
}

#[cfg(test)]
mod tests;
