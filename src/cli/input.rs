//! The input of `replay` and `check`: files, folders and the standard input, cut into documents.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::report::Unreadable;

/// The name of the standard input.
const STDIN: &str = "-";

/// A document: one of those that a file holds.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) file: PathBuf,
    /// The line at which it begins, from 1.
    pub(super) line: usize,
    /// Its text, as far as places in it are of interest.
    pub(super) text: String,
    /// Its content.
    pub(super) value: Value,
}

/// All files of the paths: folders with all that is in them, in order.
pub(super) fn files(
    paths: &[PathBuf],
    wanted: fn(&Path) -> bool,
    unreadable: &mut Vec<Unreadable>,
) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            collect(path, wanted, &mut files, unreadable);
        } else {
            files.push(path.clone());
        }
    }
    files
}

fn collect(
    folder: &Path,
    wanted: fn(&Path) -> bool,
    files: &mut Vec<PathBuf>,
    unreadable: &mut Vec<Unreadable>,
) {
    let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut paths: Vec<_> = match entries {
        Ok(entries) => entries.into_iter().map(|entry| entry.path()).collect(),
        Err(error) => {
            return unreadable.push(Unreadable { file: shown(folder), line: 1, problem: error.to_string() });
        }
    };
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, wanted, files, unreadable);
        } else if wanted(&path) {
            files.push(path);
        }
    }
}

/// The documents of a file. What is read before something that cannot be read still counts.
pub(super) fn documents(file: &Path, unreadable: &mut Vec<Unreadable>) -> Vec<Document> {
    let text = match read(file) {
        Ok(text) => text,
        Err(error) => {
            unreadable.push(Unreadable { file: shown(file), line: 1, problem: error.to_string() });
            return Vec::new();
        }
    };
    // YAML could begin so too, but then it is JSON in all but name.
    let is_json = text.trim_start().starts_with(['{', '[']);
    let parsed = if is_json { json_documents(file, &text) } else { yaml_documents(file, &text) };
    let mut documents = Vec::new();
    for document in parsed {
        match document {
            Ok(document) => documents.push(document),
            Err(problem) => unreadable.push(problem),
        }
    }
    documents
}

fn read(file: &Path) -> std::io::Result<String> {
    if file.as_os_str() != STDIN {
        return std::fs::read_to_string(file);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(text)
}

type Parsed = Vec<Result<Document, Unreadable>>;

/// One JSON value after another: a document, lines of JSON, or several documents.
fn json_documents(file: &Path, text: &str) -> Parsed {
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
                documents.push(Ok(Document { file: file.to_owned(), line, text, value }));
                start = end;
            }
            Some(Err(error)) => {
                // The text of the error says what was expected, never what was there.
                let at = line_of(text, start) + error.line().saturating_sub(1);
                documents.push(Err(Unreadable {
                    file: shown(file),
                    line: at,
                    problem: format!("not JSON: {}", without_place(&error.to_string())),
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
fn yaml_documents(file: &Path, text: &str) -> Parsed {
    let mut documents = Vec::new();
    let mut start = 1;
    let mut document = String::new();
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if line.trim_end() == "---" || line.starts_with("--- ") {
            documents.extend(yaml_document(file, start, &std::mem::take(&mut document)));
            start = index + 2;
        } else {
            document.push_str(line);
        }
    }
    documents.extend(yaml_document(file, start, &document));
    documents
}

fn yaml_document(file: &Path, line: usize, text: &str) -> Option<Result<Document, Unreadable>> {
    let parsed: Result<Value, _> = serde_saphyr::from_str(text);
    match parsed {
        Ok(Value::Null) => None,
        Ok(value) => Some(Ok(Document { file: file.to_owned(), line, text: text.to_owned(), value })),
        Err(_) if text.trim().is_empty() => None,
        Err(error) => {
            let at = error.location().map_or(1, |location| usize::try_from(location.line()).unwrap_or(1));
            let problem = format!("not YAML: {}", without_place(&error.without_snippet().to_string()));
            Some(Err(Unreadable { file: shown(file), line: line + at - 1, problem }))
        }
    }
}

fn without_place(text: &str) -> &str {
    text.rsplit_once(" at line ").map_or(text, |(before, _)| before)
}

fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).map_or(1, |before| before.bytes().filter(|byte| *byte == b'\n').count() + 1)
}

/// The name of a file as people see it.
pub(super) fn shown(file: &Path) -> String {
    file.display().to_string()
}
